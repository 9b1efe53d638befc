/* tests/support/odd_answers.h - good answers from tests/cases, and each of them made odd in one
 * place: a value, a record, the list, where it goes on. */
#pragma once
#include "cases.h"

#include "market/adapter.h"
#include "market/loose.h"

#include <glob.h>
#include <jansson.h>

/* --- values -------------------------------------------------------------------------------- */

/* What a reader may make of an odd value, apart from nothing. */
enum {
	ODD_EMPTY = 1,  /* "none", where the platform says so in this way */
	ODD_TEXT = 2,   /* a text that nobody knows */
	ODD_NUMBER = 4, /* a number */
	ODD_BOOL = 8,
	ODD_ABSENT = 16, /* the member is not there: another one may speak for it */
	ODD_PROBE = 64,  /* it shows whether a place is read at all */
	ODD_MEANT = 32,  /* anything: it is a good value of its place */
};

#define ODD_FIVE(x) x x x x x
#define ODD_DEEP(x) ODD_FIVE(x x x x x x x x x x x x x x)

static const struct odd_value {
	const char *name, *token;
	unsigned may;
} odd_values[] = {
	{"null", "null", ODD_EMPTY | ODD_PROBE},
	{"an empty text", "\"\"", ODD_EMPTY},
	{"a blank", "\" \"", ODD_EMPTY | ODD_TEXT},
	{"a bool", "true", ODD_BOOL | ODD_TEXT | ODD_PROBE},
	{"a list", "[]", 0},
	{"a list of numbers", "[7]", 0},
	{"an empty object", "{}", 0},
	{"an object", "{\"value\":{\"of\":7}}", ODD_PROBE},
	{"a time without a zone", "\"2026-11-30T07:00:00\"", ODD_TEXT},
	{"seconds since 1970", "1796022000", ODD_TEXT | ODD_NUMBER | ODD_PROBE},
	{"the same as a text", "\"1796022000\"", ODD_TEXT | ODD_NUMBER},
	{"milliseconds since 1970", "1796022000123", ODD_TEXT | ODD_NUMBER},
	{"day.month.year", "\"30.11.2026 07:00\"", ODD_TEXT},
	{"year 1", "\"0001-01-01T00:00:00Z\"", ODD_EMPTY | ODD_TEXT},
	{"1970", "\"1970-01-01T00:00:00Z\"", ODD_EMPTY | ODD_TEXT},
	{"a number with a unit", "\"5 pcs\"", ODD_TEXT},
	{"a number with a comma", "\"4,5\"", ODD_TEXT},
	{"not a number", "\"NaN\"", ODD_TEXT},
	{"a word of a later day", "\"STATE_OF_A_LATER_DAY\"", ODD_TEXT | ODD_PROBE},
	{"half an emoji", "\"half \\ud83d\"", ODD_TEXT},
	{"a text with a NUL", "\"a\\u0000b\"", ODD_TEXT},
	{"1e400", "1e400", ODD_TEXT},
	{"70 levels", ODD_DEEP("[") ODD_DEEP("]"), 0},
};

/* A list of ids, or one of which nobody knows what it lists. */
static inline bool odd_are_numbers(const json_t *list)
{
	const json_t *one;
	int64_t ignored;
	size_t i;

	json_array_foreach (list, i, one)
		if (!shd_loose_int(one, &ignored))
			return false;
	return json_is_array(list);
}

/* What may be made of it in the place of `is`. */
static inline unsigned odd_may(const struct odd_value *value, const json_t *is)
{
	int64_t n;
	bool yes;

	if (strcmp(value->token, "[]") == 0)
		return json_is_array(is) ? ODD_MEANT : value->may;
	if (value->token[0] == '{') /* an object without the members that were there */
		return json_is_object(is) ? ODD_ABSENT : value->may;
	if (strcmp(value->token, "[7]") == 0)
		return odd_are_numbers(is) ? ODD_MEANT : value->may;
	if (json_is_null(is)) /* of what type it is when there is something nobody knows */
		return value->may & (ODD_NUMBER | ODD_BOOL) ? ODD_MEANT : value->may;
	if ((value->may & ODD_NUMBER) && shd_loose_decimal(is, 6, &n))
		return ODD_MEANT;
	if ((value->may & ODD_BOOL) && shd_loose_bool(is, &yes))
		return ODD_MEANT;
	return value->may & ODD_EMPTY ? value->may | ODD_ABSENT : value->may;
}

/* Whether a text of the answer is this one, or this time. */
static inline bool odd_says(const json_t *json, const struct shd_value *value)
{
	const json_t *member;
	struct shd_loose_text text;
	struct shd_wall time;
	const char *key;
	size_t i;

	if (json_is_string(json) && value->type == SHD_TEXT)
		return strcmp(json_string_value(json), value->text) == 0;
	if (json_is_integer(json) && value->type == SHD_TEXT)
		return shd_loose_text(json, &text) && text.len == value->len &&
		       memcmp(text.text, value->text, text.len) == 0;
	if (json_is_string(json))
		return value->type == SHD_TIME && shd_loose_time(json, &time) &&
		       time.ms == value->n;
	json_array_foreach (json, i, member)
		if (odd_says(member, value))
			return true;
	json_object_foreach ((json_t *)json, key, member)
		if (odd_says(member, value))
			return true;
	return false;
}

/* Whether the record says of itself that it was not asked for. */
static inline bool odd_is_foreign(const struct shd_endpoint *row, const json_t *record)
{
	const json_t *word = row->only ? shd_loose_at(record, row->only_at) : NULL;

	if (!json_is_string(word))
		return false;
	for (const char *const *only = row->only; *only; only++)
		if (shd_loose_is(word, *only))
			return false;
	return true;
}

/* --- bodies -------------------------------------------------------------------------------- */

#define ODD_MARK "@ODD@"

/* JSON as text with each marker text replaced by `token`. Returns owned. */
static inline char *odd_dump(const json_t *json, const char *token)
{
	char *text shd_autofree = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	struct shd_text out = {0};
	const char *from = text, *mark;

	assert_non_null(text);
	shd_text_init(&out, 4 << 20);
	while ((mark = strstr(from, "\"" ODD_MARK "\""))) {
		shd_text_add(&out, from, (size_t)(mark - from));
		shd_text_puts(&out, token);
		from = mark + strlen(ODD_MARK) + 2;
	}
	shd_text_puts(&out, from);
	assert_true(shd_text_ok(&out));
	return shd_text_take(&out);
}

struct odd_body {
	char name[80];   /* of its case */
	size_t at;       /* the row that it answers */
	const char *id;  /* FOLLOW: what was asked for; in `want` */
	json_t *json;    /* it is all that there is: no page follows */
	json_t *want;    /* the case's expectation */
};

/* The records of an answer: an array, the one record, or NULL. Borrowed. */
static inline json_t *odd_records(const struct shd_endpoint *row, json_t *body)
{
	return row->records ? (json_t *)shd_loose_at(body, row->records) : body;
}

static inline size_t odd_record_count(const json_t *records)
{
	return json_is_array(records) ? json_array_size(records) : json_is_object(records);
}

static inline json_t *odd_record(const json_t *records, size_t i)
{
	return json_is_array(records) ? json_array_get(records, i) : (json_t *)records;
}

/* The answer with its record i replaced by the marker. Owned. */
static inline json_t *odd_without_record(
	const struct shd_endpoint *row, const json_t *body, size_t i)
{
	json_t *copy = json_deep_copy(body), *records = odd_records(row, copy);
	char path[64];

	if (json_is_array(records)) {
		json_array_set_new(records, i, json_string(ODD_MARK));
		return copy;
	}
	if (!row->records) {
		json_decref(copy);
		return json_string(ODD_MARK);
	}
	snprintf(path, sizeof(path), "%s", row->records);
	char *last = strrchr(path, '.');
	if (last)
		*last = '\0';
	json_t *parent = last ? (json_t *)shd_loose_at(copy, path) : copy;
	json_object_set_new(parent, last ? last + 1 : path, json_string(ODD_MARK));
	return copy;
}

/* What goes on is cut off: the case is one page of many. */
static inline void odd_end_list(const struct shd_endpoint *row, json_t *body)
{
	static const char *const members[] = {"cursor", "last_id"};
	json_t *inner = json_object_get(body, "result");
	json_t *envelope = json_is_object(inner) ? inner : body;
	json_t *records = odd_records(row, body);

	if (row->paging == SHD_PAGE_FOLLOW)
		return;
	if (json_object_get(envelope, "has_next"))
		json_object_set_new(envelope, "has_next", json_false());
	for (size_t i = 0; i < SHD_COUNT(members); i++) {
		json_t *is = json_object_get(envelope, members[i]);

		if (json_is_string(is))
			json_object_set_new(envelope, members[i], json_string(""));
		else if (json_is_integer(is))
			json_object_set_new(envelope, members[i], json_integer(0));
	}
	static const char *const totals[] = {"total", "total_items", "count", "counter"};
	for (size_t i = 0; i < SHD_COUNT(totals); i++)
		if (row->records && json_object_get(envelope, totals[i]))
			json_object_set_new(envelope, totals[i],
				json_integer((json_int_t)odd_record_count(records)));
}

static inline json_t *odd_load(const char *folder, const char *name)
{
	char path[512];
	size_t len;
	struct shd_error err;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	char *text shd_autofree = case_file(path, &len);
	json_t *json = shd_adapter_parse(text, len, &err);
	if (!json)
		fail_msg("%s: %s", path, err.msg);
	return json;
}

/* A case of an answer that is odd by itself: "...-odd". */
static inline bool odd_is_odd(const char *folder)
{
	size_t len = strlen(folder);

	return len > 4 && strcmp(folder + len - 4, "-odd") == 0;
}

/* All cases of an adapter's rows whose answers are good ones. */
static inline struct odd_body *odd_load_bodies(
	const struct shd_adapter *adapter, const char *pattern, size_t *ret_count)
{
	glob_t found;
	size_t count = 0;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	struct odd_body *bodies = shd_xcalloc(found.gl_pathc, sizeof(*bodies));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *folder = found.gl_pathv[i];
		struct odd_body *body = &bodies[count];

		if (odd_is_odd(folder))
			continue;
		json_t *want = odd_load(folder, "expect.json");
		const struct shd_endpoint *row = shd_adapter_endpoint(
			adapter, json_string_value(json_object_get(want, "endpoint")));

		assert_non_null(row);
		*body = (struct odd_body){.at = (size_t)(row - adapter->endpoints),
			.json = odd_load(folder, "answer.json"),
			.want = want,
			.id = json_string_value(json_object_get(want, "id"))};
		snprintf(body->name, sizeof(body->name), "%s", strrchr(folder, '/') + 1);
		odd_end_list(row, body->json);
		count++;
	}
	*ret_count = count;
	globfree(&found);
	return bodies;
}

static inline void odd_free_bodies(struct odd_body *bodies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_decref(bodies[i].json);
		json_decref(bodies[i].want);
	}
	free(bodies);
}

/* --- places in a record -------------------------------------------------------------------- */

enum { ODD_DEPTH = 8, ODD_PLACES = 400 };

struct odd_place {
	char path[120];             /* "products[].price.amount" */
	const char *keys[ODD_DEPTH]; /* borrowed from the record; NULL: the first of an array */
	int depth;
};

struct odd_places {
	struct odd_place items[ODD_PLACES];
	size_t count;
};

static inline bool odd_has_place(const struct odd_places *places, const char *path)
{
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->items[i].path, path) == 0)
			return true;
	return false;
}

/* Adds every member below `json`, which stands at `at`, whose path is not there yet. */
static inline void odd_add_places(
	const json_t *json, const struct odd_place *at, struct odd_places *places)
{
	struct odd_place place = *at;
	size_t len = strlen(at->path);
	const char *key;
	json_t *value;

	if (at->depth == ODD_DEPTH)
		return;
	place.depth++;
	if (json_array_size(json) > 0) {
		place.keys[at->depth] = NULL;
		snprintf(place.path + len, sizeof(place.path) - len, "[]");
		odd_add_places(json_array_get(json, 0), &place, places);
		return;
	}
	json_object_foreach ((json_t *)json, key, value) {
		place.keys[at->depth] = key;
		snprintf(place.path + len, sizeof(place.path) - len, "%s%s", len ? "." : "", key);
		if (!odd_has_place(places, place.path)) {
			assert_true(places->count < ODD_PLACES);
			places->items[places->count++] = place;
		}
		odd_add_places(value, &place, places);
	}
}

static inline const json_t *odd_value_at(const json_t *record, const struct odd_place *place)
{
	for (int i = 0; i < place->depth; i++)
		record = place->keys[i] ? json_object_get(record, place->keys[i])
					: json_array_get(record, 0);
	return record;
}

/* A copy of the record with the marker at the place, or with nothing there. Owned. */
static inline json_t *odd_at_place(const json_t *record, const struct odd_place *place, bool keep)
{
	json_t *copy = json_deep_copy(record), *at = copy;

	for (int i = 0; i < place->depth - 1; i++)
		at = place->keys[i] ? json_object_get(at, place->keys[i]) : json_array_get(at, 0);
	const char *key = place->keys[place->depth - 1];
	shd_assert(key && json_is_object(at));
	if (keep)
		json_object_set_new(at, key, json_string(ODD_MARK));
	else
		json_object_del(at, key);
	return copy;
}
