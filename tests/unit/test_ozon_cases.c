/* Every folder tests/cases/ozon-NAME holds an answer as Ozon would give it and what it
 * has to become. expect.json: endpoint, id (what was asked for, FOLLOW), and the
 * harvest as this program prints it. With SHD_WRITE_CASES=1 in the environment the
 * expectation is written anew, to be read and judged by a person. */
#include "support/check.h"

#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "catalog/page.h"
#include "market/adapter.h"
#include "support/source.h"
#include "market/ozon/ozon.h"
#include "market/slice.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCHED_MS 1790856000000 /* 2026-10-01T12:00:00Z */

static json_t *money_json(const struct shd_value *value)
{
	char digits[SHD_DECIMAL_TEXT], text[48];

	snprintf(text, sizeof(text), "%s %s",
		shd_decimal_format(value->n, shd_currency_digits(value->currency), digits),
		value->currency);
	return json_string(text);
}

static json_t *value_json(const struct shd_value *value)
{
	char text[64];

	if (value->none)
		return json_null();
	switch (value->type) {
	case SHD_BOOL:
		return json_boolean(value->n);
	case SHD_NUMBER:
	case SHD_RATIO:
		return json_string(shd_decimal_format(value->n, 6, text));
	case SHD_DURATION:
		return json_string(shd_duration_format(value->n, text));
	case SHD_TIME:
		return json_string(shd_time_format((struct shd_wall){value->n}, text));
	case SHD_MONEY:
		return money_json(value);
	case SHD_TEXT:
		return json_stringn(value->text, value->len);
	}
	return NULL;
}

/* As a message shows it; false: it has none. */
static bool put_page(json_t *json, const struct shd_entity *entity)
{
	const struct shd_store store = {.page = shd_adapter_find("ozon")->page};
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&url, SHD_FIELD_BYTES);
	return shd_entity_page(&store, entity, &url) &&
	       json_object_set_new(json, "url", json_string(url.data)) == 0;
}

static json_t *entity_json(const struct shd_entity *entity)
{
	json_t *json =
		json_pack("{s:s, s:s}", "kind", shd_kind_name(entity->kind), "id", entity->id);

	if (entity->known_only)
		json_object_set_new(json, "known_only", json_true());
	for (int i = 0; i < shd_kind_fields(entity->kind); i++)
		if (i == SHD_I_url)
			(void)put_page(json, entity);
		else if (entity->set >> i & 1)
			json_object_set_new(json,
				shd_field_row(shd_kind_first(entity->kind) + (enum shd_field)i)
					->name,
				value_json(&entity->fields[i]));
	for (const struct shd_unreadable *unread = entity->unread; unread; unread = unread->next) {
		enum shd_field field = shd_kind_first(entity->kind) + (enum shd_field)unread->index;
		char text[200];

		json_auto_t *other = unread->otherwise ? value_json(unread->otherwise) : NULL;
		snprintf(text, sizeof(text), "%s %s%s%s", unread->blank ? "blank:" : "unreadable:",
			unread->example, other ? "; otherwise " : "",
			json_is_string(other) ? json_string_value(other) : other ? "none" : "");
		json_object_set_new(json, shd_field_row(field)->name, json_string(text));
	}
	return json;
}

static json_t *harvest_json(const struct shd_harvest *harvest)
{
	json_t *json = json_pack("{s:[], s:{}, s:[]}", "entities", "metrics", "follows");
	char name[128];

	for (size_t i = 0; i < harvest->entity_count; i++)
		json_array_append_new(json_object_get(json, "entities"),
			entity_json(&harvest->entities[i]));
	for (size_t i = 0; i < harvest->unmeasured_count; i++) {
		const struct shd_unmeasured *odd = &harvest->unmeasured[i];

		snprintf(name, sizeof(name), "%s%s unreadable", shd_metric_row(odd->metric)->name,
			odd->is_target ? "_target" : "");
		json_object_set_new(
			json_object_get(json, "metrics"), name, json_string(odd->example));
	}
	for (size_t i = 0; i < harvest->measure_count; i++) {
		const struct shd_measure *measure = &harvest->measures[i];

		snprintf(name, sizeof(name), "%s%s", shd_metric_row(measure->metric)->name,
			measure->is_target ? "_target" : "");
		json_object_set_new(
			json_object_get(json, "metrics"), name, value_json(&measure->value));
	}
	for (size_t i = 0; i < harvest->follow_count; i++) {
		snprintf(name, sizeof(name), "%s %s", harvest->follows[i].endpoint,
			harvest->follows[i].id);
		json_array_append_new(json_object_get(json, "follows"), json_string(name));
	}
	return json;
}

static void must(bool ok, const struct shd_error *error)
{
	if (!ok)
		fail_msg("%s: %s", shd_err_name(error->kind), error->msg);
}

/* What follows the page: "last", or the position of the next one. */
static json_t *next_json(const struct shd_endpoint *row, const struct shd_slicer *slicer,
			 size_t records, const char *last, size_t last_len)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	struct shd_page_in in = {.position = "", .last_record = last, .last_record_len = last_len};
	struct shd_page_out out = {.last = true};
	struct shd_error error;

	shd_text_init(&text, slicer->len + 2);
	shd_slice_envelope(slicer, &text);
	json_auto_t *envelope = shd_adapter_parse(text.data, text.len, &error);
	must(envelope != NULL, &error);
	shd_text_init(&out.position, SHD_POSITION_BYTES);
	must(row->next(row, envelope, records, &in, &out, &error), &error);
	json_t *next = out.last ? json_string("last")
				: json_pack("{s:s}", "position", out.position.data);
	shd_text_finish(&out.position);
	return next;
}

/* Does what a poll does with one answer. */
static json_t *run(const struct shd_endpoint *row, const char *id, const char *body, size_t len)
{
	struct test_source shop;
	struct shd_map_in in = {
		.source = &shop.source, .row = row, .fetched = {FETCHED_MS}, .id = id};
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);
	struct shd_slicer slicer;
	struct shd_error error;
	json_auto_t *left_out = json_array();
	const char *last = NULL;
	size_t at, n, records = 0, last_len = 0;
	bool more;

	test_source_init(&shop, "shop", &shd_ozon_adapter);
	must(shd_slice_open(&slicer, body, len, row->records ? row->records : "", &error), &error);
	for (;;) {
		must(shd_slice_next(&slicer, &at, &n, &more, &error), &error);
		if (!more)
			break;
		json_auto_t *record = shd_adapter_parse(body + at, n, &error);
		must(record != NULL, &error);
		if (!row->map(&in, record, harvest, &error)) {
			json_array_append_new(left_out, json_string(error.msg));
			continue;
		}
		last = body + at;
		last_len = n;
		records++;
	}
	must(shd_harvest_ok(harvest, &error), &error);
	json_t *json = harvest_json(harvest);
	if (json_array_size(left_out))
		json_object_set(json, "left_out", left_out);
	if (row->next)
		json_object_set_new(json, "next", next_json(row, &slicer, records, last, last_len));
	shd_harvest_destroy(harvest);
	return json;
}

static char *read_file(const char *folder, const char *name, size_t *ret_len)
{
	char path[512];
	long len;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	len = ftell(file);
	rewind(file);
	char *text = shd_xcalloc((size_t)len + 1, 1);
	*ret_len = fread(text, 1, (size_t)len, file);
	fclose(file);
	return text;
}

static void write_expectation(const char *folder, const json_t *json)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/expect.json", folder);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(json_dumpf(json, file, JSON_INDENT(1)), 0);
	fputc('\n', file);
	fclose(file);
}

static bool check(const char *folder)
{
	size_t answer_len, expect_len;
	char *answer shd_autofree = read_file(folder, "answer.json", &answer_len);
	char *expect shd_autofree = read_file(folder, "expect.json", &expect_len);
	struct shd_error error;
	json_auto_t *want = shd_adapter_parse(expect, expect_len, &error);

	must(want != NULL, &error);
	const char *name = json_string_value(json_object_get(want, "endpoint"));
	const json_t *id = json_object_get(want, "id");
	assert_non_null(name);
	const struct shd_endpoint *row = shd_adapter_endpoint(&shd_ozon_adapter, name);
	if (!row)
		fail_msg("%s: no endpoint \"%s\"", folder, name);
	print_message("%s\n", folder);
	json_auto_t *got = run(row, json_string_value(id), answer, answer_len);
	json_object_set_new(got, "endpoint", json_string(name));
	if (id)
		json_object_set(got, "id", (json_t *)id);
	if (getenv("SHD_WRITE_CASES"))
		write_expectation(folder, got);
	else if (!json_equal(want, got)) {
		char *text shd_autofree = json_dumps(got, JSON_INDENT(1));

		print_message("got instead: %s\n", text);
		return false;
	}
	return true;
}

static void test_answers_become_what_the_cases_say(void **state)
{
	glob_t found;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(glob(SHD_SOURCE_DIR "/tests/cases/ozon-*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !check(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(wrong, 0);
}

static void test_every_endpoint_has_a_case(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob(SHD_SOURCE_DIR "/tests/cases/ozon-*", 0, NULL, &found), 0);
	for (size_t i = 0; i < shd_ozon_adapter.endpoint_count; i++) {
		const struct shd_endpoint *row = &shd_ozon_adapter.endpoints[i];
		bool covered = false;

		for (size_t j = 0; j < found.gl_pathc && !covered; j++) {
			size_t len;
			char *text shd_autofree = read_file(found.gl_pathv[j], "expect.json", &len);
			struct shd_error error;
			json_auto_t *want = shd_adapter_parse(text, len, &error);
			const char *name = json_string_value(json_object_get(want, "endpoint"));

			/* a sweep of the same records needs no case of its own */
			covered = name &&
				  shd_adapter_endpoint(&shd_ozon_adapter, name)->map == row->map;
		}
		if (!covered)
			fail_msg("no case maps an answer of %s", row->name);
	}
	globfree(&found);
}

static bool is_of(const char *name, const char *const *others)
{
	for (; *others; others++)
		if (strcmp(name, *others) == 0)
			return true;
	return false;
}

/* Notes what the case brings; all of it must be in brings.def. */
static void note_brought(const json_t *expect, bool seen[static SHD_FIELD_COUNT])
{
	static const char *const others[] = {"kind", "id", "known_only", NULL};
	json_t *entity, *value;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(expect, "entities"), i, entity) {
		const char *kind_name = json_string_value(json_object_get(entity, "kind"));
		enum shd_kind kind;
		enum shd_field field;

		assert_true(shd_kind_find(kind_name, strlen(kind_name), &kind));
		json_object_foreach(entity, name, value) {
			if (is_of(name, others))
				continue;
			assert_true(shd_field_find(kind, name, strlen(name), &field));
			if (!shd_adapter_brings(&shd_ozon_adapter, field))
				fail_msg("brings.def lacks %s.%s", kind_name, name);
			seen[field] = true;
		}
	}
	json_object_foreach(json_object_get(expect, "metrics"), name, value) {
		const char *tail = strstr(name, "_target");
		enum shd_metric metric;
		size_t len = tail ? (size_t)(tail - name) : strcspn(name, " ");

		assert_true(shd_metric_find(name, len, &metric));
		if (!shd_adapter_brings_metric(&shd_ozon_adapter, metric))
			fail_msg("brings.def lacks %s", name);
	}
}

static void test_what_it_brings_is_what_the_cases_bring(void **state)
{
	bool seen[SHD_FIELD_COUNT] = {false};
	glob_t found;

	(void)state;
	assert_int_equal(glob(SHD_SOURCE_DIR "/tests/cases/ozon-*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len;
		char *text shd_autofree = read_file(found.gl_pathv[i], "expect.json", &len);
		struct shd_error error;
		json_auto_t *expect = shd_adapter_parse(text, len, &error);

		note_brought(expect, seen);
	}
	globfree(&found);
	for (int i = 0; i < SHD_FIELD_COUNT; i++)
		if (shd_adapter_brings(&shd_ozon_adapter, (enum shd_field)i) && !seen[i])
			fail_msg("no case brings %s.%s",
				shd_kind_name(shd_field_row((enum shd_field)i)->kind),
				shd_field_row((enum shd_field)i)->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_become_what_the_cases_say),
		cmocka_unit_test(test_every_endpoint_has_a_case),
		cmocka_unit_test(test_what_it_brings_is_what_the_cases_bring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
