/* tests/support/odd_vary.h - all the ways in which an answer is made odd, row by row: its values,
 * its records, its list, where it goes on, refusals, its end. */
#pragma once
#include "odd_laws.h"

/* --- values ------------------------------------------------------------------------------------
 */

struct seen {
	uint64_t signatures[SIGNATURES];
	size_t count;
};

static inline bool is_seen(struct seen *seen, uint64_t signature)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->signatures[i] == signature)
			return true;
	if (seen->count < SIGNATURES)
		seen->signatures[seen->count++] = signature;
	return false;
}

/* All entities of the other records. */
static inline struct shd_harvest *neighbours(
	struct run *run, const struct odd_body *body, size_t odd_record_at)
{
	json_t *records = odd_records(run->row, body->json);
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);
	struct shd_map_in in = {.source = odd_source_of(&run->world), .row = run->row,
		.fetched = {ODD_NOW_MS}, .id = body->id};
	struct shd_error err;

	for (size_t i = 0; i < odd_record_count(records); i++)
		if (i != odd_record_at && !odd_is_foreign(run->row, odd_record(records, i)) &&
			!run->row->map(&in, odd_record(records, i), harvest, &err))
			fail_msg("%s: %s", body->name, err.msg);
	return harvest;
}

/* The record of the body with this text in its place, through all of the daemon. */
static inline void try_record(struct run *run, const struct odd_body *body, size_t at, size_t i,
	const char *text, bool is_bad)
{
	json_auto_t *page = odd_without_record(run->row, body->json, i);
	char *answer shd_autofree = odd_dump(page, text);
	const struct odd_answer odd = {.status = 200, .body = answer};
	struct shd_harvest *others = NULL;

	if (is_bad && odd_record_count(odd_records(run->row, body->json)) > 1 &&
		run->row->paging != SHD_PAGE_FOLLOW)
		run->expected = others = neighbours(run, body, i);
	try(run, at, &odd, is_bad);
	run->expected = NULL;
	shd_harvest_destroy(others);
}

/* The value v at the place, one more than there are: nothing. */
static inline struct shd_harvest *map_odd(struct run *run, const struct odd_body *body,
	const json_t *record, const struct odd_place *place, size_t v, char **ret_text)
{
	bool absent = v == SHD_COUNT(odd_values);
	json_auto_t *marked = odd_at_place(record, place, !absent);

	*ret_text = odd_dump(marked, absent ? "" : odd_values[v].token);
	run->variations++;
	return map(run, body->id, *ret_text);
}

/* Most members are read by nobody, and odd in the same way. */
static inline bool is_read(struct run *run, const struct odd_body *body, const json_t *record,
	const struct odd_place *place, const struct shd_harvest *good)
{
	uint64_t as_it_was = signature(good);
	bool differs = false;

	for (size_t v = 0; v < SHD_COUNT(odd_values) && !differs; v++) {
		char *text shd_autofree = NULL;

		if (!(odd_values[v].may & ODD_PROBE))
			continue;
		struct shd_harvest *odd = map_odd(run, body, record, place, v, &text);
		differs = signature(odd) != as_it_was;
		shd_harvest_destroy(odd);
	}
	return differs;
}

static inline void vary_place(struct run *run, const struct odd_body *body, size_t at, size_t i,
	const struct odd_place *place, const struct shd_harvest *good, struct seen *seen)
{
	const json_t *record = odd_record(odd_records(run->row, body->json), i);

	run->place = place->path;
	run->record = record;
	for (size_t v = 0; v <= SHD_COUNT(odd_values); v++) {
		bool absent = v == SHD_COUNT(odd_values);
		char *text shd_autofree = NULL;

		run->oddity = absent ? "its absence" : odd_values[v].name;
		run->may = absent ? ODD_ABSENT
				  : odd_may(&odd_values[v], odd_value_at(record, place));
		struct shd_harvest *odd = map_odd(run, body, record, place, v, &text);
		run->other = false;
		if (odd)
			compare(run, good, odd);
		if (!is_seen(seen, signature(odd)))
			try_record(run, body, at, i, text, !odd);
		run->other = false;
		shd_harvest_destroy(odd);
	}
}

static inline void vary_values(struct run *run, const struct odd_body *body, size_t at)
{
	json_t *records = odd_records(run->row, body->json);
	struct odd_places *places shd_autofree = shd_xcalloc(1, sizeof(*places));
	struct seen *seen shd_autofree = shd_xcalloc(1, sizeof(*seen));
	const struct odd_place top = {.depth = 0};

	for (size_t i = 0; i < odd_record_count(records) && i < RECORDS; i++) {
		const json_t *record = odd_record(records, i);
		size_t from = places->count;
		char *text shd_autofree = odd_dump(record, "");
		struct shd_harvest *good = map(run, body->id, text);

		if (odd_is_foreign(run->row, record))
			continue;
		assert_non_null(good);
		seen->count = 0;
		is_seen(seen, signature(good));
		odd_add_places(record, &top, places);
		for (size_t k = from; k < places->count; k++)
			if (k == from || is_read(run, body, record, &places->items[k], good))
				vary_place(run, body, at, i, &places->items[k], good, seen);
		shd_harvest_destroy(good);
	}
}

/* --- records and lists ---------------------------------------------------------------------------
 */

static inline void try_json(struct run *run, size_t at, const json_t *body, const char *again)
{
	char *text shd_autofree = odd_dump(body, "");
	const struct odd_answer odd = {.status = 200, .body = text, .again = again};

	try(run, at, &odd, false);
}

/* Whole records that are none. */
static inline void vary_records(struct run *run, const struct odd_body *body, size_t at)
{
	static const char *const none[] = {"null", "7", "\"text\"", "[]", "{}", "[{}]", "true"};
	json_t *records = odd_records(run->row, body->json);

	run->place = "a record";
	run->may = 0;
	for (size_t i = 0; i < odd_record_count(records) && i < RECORDS; i++) {
		const json_t *record = odd_record(records, i);

		for (size_t k = 0; k < SHD_COUNT(none); k++) {
			if (!json_is_object(record) && k < 3) /* ids, each a record */
				continue;
			run->oddity = none[k];
			try_record(run, body, at, i, none[k], true);
		}
	}
}

/* The place of the records takes another value. */
static inline void vary_list(struct run *run, const struct odd_body *body, size_t at)
{
	static const char *const lists[] = {"[]", "null", "{}", "7", "\"\"", "[[]]", "[null]"};
	char path[64];

	run->place = "the list";
	run->may = 0;
	for (size_t k = 0; k < SHD_COUNT(lists) && run->row->records; k++) {
		json_auto_t *copy = json_deep_copy(body->json);
		char *last;

		snprintf(path, sizeof(path), "%s", run->row->records);
		last = strrchr(path, '.');
		if (last)
			*last = '\0';
		json_t *parent = last ? (json_t *)shd_loose_at(copy, path) : copy;
		json_object_set_new(parent, last ? last + 1 : path, json_string(ODD_MARK));
		char *text shd_autofree = odd_dump(copy, lists[k]);
		const struct odd_answer odd = {.status = 200, .body = text};
		run->oddity = lists[k];
		try(run, at, &odd, false);
	}
}

static inline void vary_length(struct run *run, const struct odd_body *body, size_t at)
{
	json_t *records = odd_records(run->row, body->json);
	size_t count = json_array_size(records);

	run->place = "the list";
	run->may = 0;
	for (size_t i = 0; i < count; i++) {
		json_auto_t *copy = json_deep_copy(body->json);

		run->oddity = "a record is missing";
		json_array_remove(odd_records(run->row, copy), i);
		try_json(run, at, copy, NULL);
	}
	if (!count)
		return;
	json_auto_t *copy = json_deep_copy(body->json);
	json_t *list = odd_records(run->row, copy);
	for (size_t i = 0; i < count; i++)
		json_array_append(list, json_array_get(list, i));
	run->oddity = "each record twice";
	try_json(run, at, copy, NULL);
}

/* --- where it goes on
 * ------------------------------------------------------------------------------ */

/* It says that it goes on, at this position, and lacks its first record. */
static inline json_t *going_on(
	const struct shd_endpoint *row, const json_t *body, const char *position, bool empty)
{
	static const char *const totals[] = {"total", "total_items", "count", "counter"};
	static const char *const positions[] = {"cursor", "last_id", "next", "mark"};
	json_t *copy = json_deep_copy(body), *list = odd_records(row, copy);
	json_t *inner = json_object_get(copy, "result");
	json_t *envelope = json_is_object(inner) ? inner : copy;

	json_array_remove(list, 0);
	if (empty)
		json_array_clear(list);
	if (json_object_get(envelope, "has_next"))
		json_object_set_new(envelope, "has_next", json_true());
	for (size_t i = 0; i < SHD_COUNT(positions); i++)
		if (json_object_get(envelope, positions[i]))
			json_object_set_new(envelope, positions[i], json_string(position));
	if (json_object_get(envelope, "more"))
		json_object_set_new(envelope, "more", json_true());
	for (size_t i = 0; i < SHD_COUNT(totals); i++)
		if (json_object_get(envelope, totals[i]))
			json_object_set_new(envelope, totals[i], json_integer(1000));
	return copy;
}

static inline void vary_paging(struct run *run, const struct odd_body *body, size_t at)
{
	if (!run->row->next || json_array_size(odd_records(run->row, body->json)) == 0)
		return;
	run->place = "where it goes on";
	run->may = 0;
	for (int empty = 0; empty < 2; empty++) {
		json_auto_t *nowhere = going_on(run->row, body->json, "", empty);
		json_auto_t *a = going_on(run->row, body->json, "YQ==", empty);
		json_auto_t *b = going_on(run->row, body->json, "Yg==", empty);
		char *then_b shd_autofree = odd_dump(b, "");

		run->oddity = empty ? "no records, and no position" : "no position";
		try_json(run, at, nowhere, NULL);
		run->oddity = empty ? "no records, one position" : "one position for ever";
		try_json(run, at, a, NULL);
		run->oddity = empty ? "no records, two positions" : "two positions in turn";
		try_json(run, at, a, then_b);
	}
}

/* --- refusals
 * ----------------------------------------------------------------------------------------- */

#define PAGE "<html><head><title>Access denied</title></head><body>Ray 7f</body></html>"
#define SAYS(code, text) "{\"code\":" #code ",\"message\":\"" text "\"}"

static const struct {
	int status;
	const char *text;
} refusals[] = {
	{400, SAYS(3, "invalid request")},
	{400, SAYS(3, "Client-Id header value should be positive integer")},
	{400, SAYS(9, "obsolete method, use another one")},
	{400, "{\"error\":{\"code\":\"BAD\",\"message\":\"no\"}}"},
	{401, SAYS(16, "Client-Id and Api-Key headers are required")},
	{401, SAYS(16, "unauthorized")},
	{403, SAYS(7, "access denied")},
	{403, SAYS(7, "Api-Key is missing a required role for a method")},
	{403, SAYS(7, "Api-key is deactivated, use another one")},
	{403, SAYS(7, "no access to this method")},
	{403, SAYS(7, "it needs an existing subscription")},
	{403, SAYS(7, "company is blocked, please contact support")},
	{403, SAYS(7, "offer not signed")},
	{403, SAYS(7, "Api-Key may be used from specific ip only")},
	{404, SAYS(5, "Invalid Api-Key, please check the key and try again")},
	{404, SAYS(5, "not found")},
	{404, "404 page not found"},
	{410, SAYS(9, "obsolete method")},
	{429, SAYS(8, "You have reached request rate limit per second")},
	{429, "circle is open"},
	{500, SAYS(13, "internal")},
	{200, SAYS(3, "invalid request")},
	{200, SAYS(5, "not found")},
	{200, SAYS(7, "access denied")},
	{200, SAYS(7, "no access to this method")},
	{200, SAYS(16, "the Api-Key was refused")},
	{200, "{\"error\":{\"code\":\"BAD\",\"message\":\"no\"}}"},
	{200, "{\"message\":\"try later\"}"},
	{200, "{}"},
	{200, "[]"},
	{200, "null"},
	{200, "7"},
	{200, "\"ok\""},
};

static inline void refuse(
	struct run *run, size_t at, int status, const char *text, const char *wait)
{
	const struct odd_answer odd = {.status = status, .body = text, .retry_after = wait};
	char oddity[60];

	snprintf(oddity, sizeof(oddity), "%d %.40s", status, text);
	run->oddity = oddity;
	try(run, at, &odd, false);
}

static inline void vary_refusals(struct run *run, size_t at)
{
	static const int statuses[] = {200, 302, 400, 401, 403, 404, 405, 407, 408, 409, 410, 413,
		422, 429, 451, 499, 500, 502, 503, 504};

	run->place = "an answer of";
	run->may = 0;
	for (size_t i = 0; i < SHD_COUNT(statuses); i++) {
		refuse(run, at, statuses[i], "", NULL);
		refuse(run, at, statuses[i], PAGE, "86400");
	}
	for (size_t i = 0; i < SHD_COUNT(refusals); i++)
		refuse(run, at, refusals[i].status, refusals[i].text, i % 2 ? "3600" : NULL);
}

/* The answer ends in the middle. */
static inline void vary_ends(struct run *run, size_t at)
{
	char *text shd_autofree = strdup(run->world.good[at]);
	size_t len = strlen(text);

	run->place = "an answer";
	run->oddity = "cut off";
	run->may = 0;
	for (size_t part = 1; part < 8; part++) {
		char *cut shd_autofree = strndup(text, len * part / 8);
		const struct odd_answer odd = {.status = 200, .body = cut};

		try(run, at, &odd, false);
	}
}

/* --- all of it
 * ----------------------------------------------------------------------------------------- */

/* SHD_ODD_ROW in the environment: only that row. SHD_ODD_PART: every second one, from the first
 * or the second on; so that two tests share the work. */
static inline bool is_wanted(const struct run *run, const char *name)
{
	const char *only = getenv("SHD_ODD_ROW"), *part = getenv("SHD_ODD_PART");
	const struct shd_endpoint *row = shd_adapter_endpoint(run->adapter, name);
	ptrdiff_t at = row ? row - run->adapter->endpoints : 0;

	return only ? strcmp(only, name) == 0 : !part || (part[0] == '1') == (at % 2 == 0);
}

static inline void run_all(struct run *run, const struct shd_adapter *adapter)
{
	open_world(run, adapter);
	for (size_t i = 0; i < run->body_count; i++) {
		size_t at = run->bodies[i].at;

		if (!is_wanted(run, odd_row(&run->world, at)->name))
			continue;
		run->row = odd_row(&run->world, at);
		set_good(run, at, run->bodies[i].json);
		vary_values(run, &run->bodies[i], at);
		vary_records(run, &run->bodies[i], at);
	}
	for (size_t at = 0; at < adapter->endpoint_count; at++) {
		const struct odd_body *body = best_body(run, adapter, at);

		if (!is_wanted(run, odd_row(&run->world, at)->name))
			continue;
		run->row = odd_row(&run->world, at);
		set_good(run, at, body->json);
		vary_list(run, body, at);
		vary_length(run, body, at);
		vary_paging(run, body, at);
		vary_refusals(run, at);
		vary_ends(run, at);
	}
	close_world(run);
}

static inline struct run *odd_run(const struct shd_adapter *adapter, struct odd_body *bodies,
	size_t body_count, void (*seed)(struct odd_world *world))
{
	struct run *run = shd_xcalloc(1, sizeof(*run));

	run->adapter = adapter;
	run->seed = seed;
	run->bodies = bodies;
	run->body_count = body_count;
	run->arena = shd_arena_create(16 << 20);
	run_all(run, adapter);
	print_message("%s: %zu rows, %zu good answers, %zu variations, %zu polls, %zu worlds\n",
		adapter->name, adapter->endpoint_count, run->body_count, run->variations,
		run->polls, run->rebuilt + 1);
	return run;
}

static inline void odd_run_end(struct run *run)
{
	shd_arena_destroy(run->arena);
	odd_free_bodies(run->bodies, run->body_count);
	free(run);
}

/* Whether a text of what is known to break a law has the line. */
static inline bool odd_is_known(const char *known, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(known, line); at; at = strstr(at + 1, line))
		if ((at == known || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

/* Nothing breaks the law but what is known to. */
static inline void odd_hold(const struct run *run, enum law law, const char *name, const char *text,
	const char *known)
{
	size_t count = 0;
	char line[300];

	for (size_t i = 0; i < run->finding_count; i++) {
		const struct finding *finding = &run->findings[i];

		snprintf(line, sizeof(line), "%s %s", name, finding->where);
		if (finding->law != law || (!getenv("SHD_ODD_ALL") && odd_is_known(known, line)))
			continue;
		print_message("%s (%s: %s, and %zu more)\n", line, text, finding->first,
			finding->count - 1);
		count++;
	}
	assert_int_equal(count, 0);
}
