/* What Ozon's answers tell, from brings.def and ratings.def. */
#include "ozon.h"

static const enum shd_field fields[] = {
#define BRINGS(kind, name) SHD_F_##kind##_##name,
#define BRINGS_NUMBER(metric)
#include "brings.def"
#undef BRINGS
#undef BRINGS_NUMBER
};

static const enum shd_metric metrics[] = {
#define RATING(key, metric, from) SHD_M_##metric,
#include "ratings.def"
#undef RATING
#define BRINGS(kind, name)
#define BRINGS_NUMBER(metric) SHD_M_##metric,
#include "brings.def"
#undef BRINGS
#undef BRINGS_NUMBER
};

const struct shd_brings shd_ozon_brings = {
	.fields = fields,
	.field_count = SHD_COUNT(fields),
	.metrics = metrics,
	.metric_count = SHD_COUNT(metrics),
};
