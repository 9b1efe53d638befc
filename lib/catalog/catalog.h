/* catalog/catalog.h - the vocabulary: kinds of entities, their fields, metrics, pollers.
 *
 * Made from kinds.def, fields.def, metrics.def and pollers.def; the rules
 * language, the SQL columns, the API and the documentation are made from the same
 * lists. Constant tables only; safe on any thread. */
#pragma once
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum shd_type {
	SHD_BOOL,     /* n is 0 or 1 */
	SHD_NUMBER,   /* n in micro-units: 4.6 is 4 600 000 */
	SHD_RATIO,    /* n in micro-units: 4 % is 40 000 */
	SHD_DURATION, /* n in ms */
	SHD_TIME,     /* n in ms UTC */
	SHD_MONEY,    /* n in minor units of `currency` */
	SHD_TEXT,     /* text[0..len), NUL-terminated UTF-8 */
};
const char *shd_type_name(enum shd_type type); /* "bool", "number", ... */
const char *shd_type_example(enum shd_type type); /* as the rules language writes one */
const char *shd_type_doc(enum shd_type type);
bool shd_type_find(const char *name, enum shd_type *ret_type); /* false: there is none */

enum shd_kind {
#define KIND(name, doc) SHD_KIND_##name,
#include "kinds.def"
#undef KIND
	SHD_KIND_COUNT
};

/* Fields have one number over all kinds; field - shd_kind_first(kind) is the
 * index within the kind. */
enum shd_field {
#define FIELD(kind, name, type, words, doc) SHD_F_##kind##_##name,
#include "fields.def"
#undef FIELD
	SHD_FIELD_COUNT
};

/* Indexes within every kind. */
enum {
	SHD_I_opened_at,
	SHD_I_progressed_at,
	SHD_I_closed,
	SHD_I_closed_at,
	SHD_I_url,
	SHD_I_unreadable,
	SHD_I_unlisted_since,
	SHD_I_COMMON
};

enum shd_metric {
#define METRIC(name, type, better, doc) SHD_M_##name,
#include "metrics.def"
#undef METRIC
	SHD_METRIC_COUNT
};

enum shd_poller {
#define POLLER(name, every, doc) SHD_P_##name,
#include "pollers.def"
#undef POLLER
	SHD_POLLER_COUNT
};

struct shd_field_row {
	enum shd_kind kind;
	const char *name;
	enum shd_type type;
	const char *words; /* allowed words, separated by spaces; "" for free text */
	const char *doc;
};

struct shd_metric_row {
	const char *name;
	enum shd_type type;
	bool up_is_better;
	const char *doc;
};

const char *shd_kind_name(enum shd_kind kind);
const char *shd_kind_doc(enum shd_kind kind);
bool shd_kind_find(const char *name, size_t len, enum shd_kind *ret_kind);
enum shd_field shd_kind_first(enum shd_kind kind);
int shd_kind_fields(enum shd_kind kind); /* how many, at most 64 */

const struct shd_field_row *shd_field_row(enum shd_field field);
bool shd_field_find(enum shd_kind kind, const char *name, size_t len, enum shd_field *ret_field);
/* Index of a field within its kind. */
int shd_field_index(enum shd_field field);

const struct shd_metric_row *shd_metric_row(enum shd_metric metric);
bool shd_metric_find(const char *name, size_t len, enum shd_metric *ret_metric);

const char *shd_poller_name(enum shd_poller poller);
const char *shd_poller_doc(enum shd_poller poller);
bool shd_poller_find(const char *name, size_t len, enum shd_poller *ret_poller);
/* Time between two polls unless the configuration says otherwise, in ms. */
int64_t shd_poller_every_ms(enum shd_poller poller);

/* The poller that brings a kind or a metric; SHD_POLLER_COUNT: none, the daemon makes
 * it itself. */
enum shd_poller shd_kind_poller(enum shd_kind kind);
enum shd_poller shd_metric_poller(enum shd_metric metric);

/* The field that says since when `field` is the word; false: there is none. */
bool shd_field_begins(enum shd_field field, const char *word, size_t len, enum shd_field *ret_time);

/* Whether this daemon itself gives the field a value, from what it reads or from how it goes;
 * a marketplace may tell it as well (shd_adapter_brings). */
bool shd_field_made(enum shd_field field);
