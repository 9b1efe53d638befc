#include "ozon.h"

#include "base/fold.h"

#include <string.h>

enum { REASON_BYTES = 1024 }; /* the reason is told at the beginning of a long text */

static const struct {
	const char *tag, *part;
} causes[] = {
#define CAUSE(tag, part) {#tag, part},
#include "causes.def"
#undef CAUSE
};

void shd_ozon_fold(const char *text, size_t len, char out[SHD_OZON_FOLDED])
{
	size_t n = shd_utf8_cut(text, len, REASON_BYTES);

	if (!shd_text_fold(text, n, out, SHD_OZON_FOLDED - 1, &n))
		n = 0; /* no UTF-8, which jansson does not give */
	out[n] = '\0';
}

const char *shd_ozon_root_cause(const json_t *reason)
{
	char folded[SHD_OZON_FOLDED];

	if (!json_is_string(reason))
		return NULL;
	shd_ozon_fold(json_string_value(reason), json_string_length(reason), folded);
	for (size_t i = 0; i < SHD_COUNT(causes); i++)
		if (strstr(folded, causes[i].part))
			return causes[i].tag;
	return NULL;
}
