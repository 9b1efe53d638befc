#include "catalog.h"

#include <string.h>

static const char *const type_names[] = {
	[SHD_BOOL] = "bool", [SHD_NUMBER] = "number", [SHD_RATIO] = "ratio",
	[SHD_DURATION] = "duration", [SHD_TIME] = "time", [SHD_MONEY] = "money",
	[SHD_TEXT] = "text",
};

static const struct {
	const char *name, *doc;
	enum shd_field first;
} kinds[] = {
#define KIND(name, doc) [SHD_KIND_##name] = {#name, doc, SHD_F_##name##_opened_at},
#include "kinds.def"
#undef KIND
};

static const struct shd_field_row fields[] = {
#define FIELD(kind_, name_, type_, words_, doc_)                                                   \
	[SHD_F_##kind_##_##name_] = {SHD_KIND_##kind_, #name_, SHD_##type_, words_, doc_},
#include "fields.def"
#undef FIELD
};

enum { UP = true, DOWN = false };
static const struct shd_metric_row metrics[] = {
#define METRIC(name_, type_, better_, doc_)                                                        \
	[SHD_M_##name_] = {#name_, SHD_##type_, better_, doc_},
#include "metrics.def"
#undef METRIC
};

static const struct {
	const char *name;
	int64_t every_s;
	const char *doc;
} pollers[] = {
#define POLLER(name, every, doc) [SHD_P_##name] = {#name, every, doc},
#include "pollers.def"
#undef POLLER
};

static const struct {
	const char *example, *doc;
} types[] = {
	[SHD_BOOL] = {"true", "true or false"},
	[SHD_NUMBER] = {"4.6", "scores, counts, pieces, stars"},
	[SHD_RATIO] = {"4%", "a share; compared with shares only"},
	[SHD_DURATION] = {"1d12h", "of w d h m s"},
	[SHD_TIME] = {"now - 2d", "an instant, shown in the store's zone"},
	[SHD_MONEY] = {"5000 RUB", "with its currency, ISO 4217"},
	[SHD_TEXT] = {"\"cdek\"", "in quotes"},
};

static bool same(const char *name, const char *text, size_t len)
{
	return strncmp(name, text, len) == 0 && name[len] == '\0';
}

const char *shd_type_name(enum shd_type type)
{
	return type_names[type];
}

const char *shd_type_example(enum shd_type type)
{
	return types[type].example;
}

const char *shd_type_doc(enum shd_type type)
{
	return types[type].doc;
}

bool shd_type_find(const char *name, enum shd_type *ret_type)
{
	for (int i = SHD_BOOL; i <= SHD_TEXT; i++) {
		if (strcmp(type_names[i], name) == 0) {
			*ret_type = (enum shd_type)i;
			return true;
		}
	}
	return false;
}

const char *shd_kind_name(enum shd_kind kind)
{
	return kinds[kind].name;
}

const char *shd_kind_doc(enum shd_kind kind)
{
	return kinds[kind].doc;
}

bool shd_kind_find(const char *name, size_t len, enum shd_kind *ret_kind)
{
	for (int i = 0; i < SHD_KIND_COUNT; i++) {
		if (same(kinds[i].name, name, len)) {
			*ret_kind = (enum shd_kind)i;
			return true;
		}
	}
	return false;
}

enum shd_field shd_kind_first(enum shd_kind kind)
{
	return kinds[kind].first;
}

int shd_kind_fields(enum shd_kind kind)
{
	enum shd_field end = kind + 1 < SHD_KIND_COUNT ? kinds[kind + 1].first : SHD_FIELD_COUNT;

	return (int)(end - kinds[kind].first);
}

const struct shd_field_row *shd_field_row(enum shd_field field)
{
	return &fields[field];
}

bool shd_field_find(enum shd_kind kind, const char *name, size_t len, enum shd_field *ret_field)
{
	int first = (int)kinds[kind].first, end = first + shd_kind_fields(kind);

	for (int i = first; i < end; i++) {
		if (same(fields[i].name, name, len)) {
			*ret_field = (enum shd_field)i;
			return true;
		}
	}
	return false;
}

int shd_field_index(enum shd_field field)
{
	return (int)(field - kinds[fields[field].kind].first);
}

const struct shd_metric_row *shd_metric_row(enum shd_metric metric)
{
	return &metrics[metric];
}

bool shd_metric_find(const char *name, size_t len, enum shd_metric *ret_metric)
{
	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		if (same(metrics[i].name, name, len)) {
			*ret_metric = (enum shd_metric)i;
			return true;
		}
	}
	return false;
}

const char *shd_poller_name(enum shd_poller poller)
{
	return pollers[poller].name;
}

const char *shd_poller_doc(enum shd_poller poller)
{
	return pollers[poller].doc;
}

bool shd_poller_find(const char *name, size_t len, enum shd_poller *ret_poller)
{
	for (int i = 0; i < SHD_POLLER_COUNT; i++) {
		if (same(pollers[i].name, name, len)) {
			*ret_poller = (enum shd_poller)i;
			return true;
		}
	}
	return false;
}

int64_t shd_poller_every_ms(enum shd_poller poller)
{
	return pollers[poller].every_s * 1000;
}

enum shd_poller shd_kind_poller(enum shd_kind kind)
{
	/* One more than the poller, so that a kind without a line is 0. */
	static const int brings[SHD_KIND_COUNT] = {
#define BRINGS_KIND(kind_, poller_) [SHD_KIND_##kind_] = SHD_P_##poller_ + 1,
#define BRINGS_METRIC(metric_, poller_)
#include "brings.def"
#undef BRINGS_KIND
#undef BRINGS_METRIC
	};

	return brings[kind] ? (enum shd_poller)(brings[kind] - 1) : SHD_POLLER_COUNT;
}

enum shd_poller shd_metric_poller(enum shd_metric metric)
{
	static const int brings[SHD_METRIC_COUNT] = {
#define BRINGS_KIND(kind_, poller_)
#define BRINGS_METRIC(metric_, poller_) [SHD_M_##metric_] = SHD_P_##poller_ + 1,
#include "brings.def"
#undef BRINGS_KIND
#undef BRINGS_METRIC
	};

	return brings[metric] ? (enum shd_poller)(brings[metric] - 1) : SHD_P_account;
}

bool shd_field_made(enum shd_field field)
{
	static const bool made[SHD_FIELD_COUNT] = {
#define MADE(kind, name) [SHD_F_##kind##_##name] = true,
#include "made.def"
#undef MADE
	};
	static const bool common[SHD_I_COMMON] = {[SHD_I_progressed_at] = true,
		[SHD_I_closed] = true, [SHD_I_closed_at] = true, [SHD_I_unreadable] = true,
		[SHD_I_unlisted_since] = true};
	enum shd_kind kind = fields[field].kind;
	int index = shd_field_index(field);

	return (kind != SHD_KIND_store && shd_kind_poller(kind) == SHD_POLLER_COUNT) ||
	       (index < SHD_I_COMMON && common[index]) || made[field];
}

static const struct {
	enum shd_field field, time;
	const char *word; /* "": every one */
} begins[] = {
#define BEGINS(kind, field, word, time) {SHD_F_##kind##_##field, SHD_F_##kind##_##time, word},
#include "begins.def"
#undef BEGINS
};

bool shd_field_begins(enum shd_field field, const char *word, size_t len, enum shd_field *ret_time)
{
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (begins[i].field != field ||
			(begins[i].word[0] && (strlen(begins[i].word) != len ||
						      memcmp(begins[i].word, word, len) != 0)))
			continue;
		*ret_time = begins[i].time;
		return true;
	}
	return false;
}
