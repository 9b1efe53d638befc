#include "support/check.h"

#include "base/hash.h"
#include "base/text.h"
#include "market/adapter.h"
#include "market/slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slices body and joins the records with '|'; the name of the error when it fails. */
static const char *slice(const char *body, size_t len, const char *path, struct shd_text *out)
{
	struct shd_slicer slicer;
	struct shd_error error = {0};
	size_t at, n;
	bool more = true;

	shd_text_clear(out);
	if (!shd_slice_open(&slicer, body, len, path, &error))
		return shd_err_name(error.kind);
	for (int i = 0; more; i++) {
		if (!shd_slice_next(&slicer, &at, &n, &more, &error))
			return shd_err_name(error.kind);
		if (!more)
			break;
		shd_text_puts(out, i ? "|" : "");
		shd_text_add(out, body + at, n);
	}
	shd_text_puts(out, " in ");
	shd_slice_envelope(&slicer, out);
	return out->data;
}

static void test_slices_and_keeps_the_envelope(void **state)
{
	static const struct {
		const char *path, *body, *want;
	} cases[] = {
		{"items", "{\"items\":[{\"a\":1},{\"b\":2}],\"cursor\":\"x\"}",
			"{\"a\":1}|{\"b\":2} in {\"items\":[],\"cursor\":\"x\"}"},
		{"items", "{\"cursor\":\"x\",\"items\":[ 1 , \"two\" ,null,[3]] }",
			"1|\"two\"|null|[3] in {\"cursor\":\"x\",\"items\":[] }"},
		{"items", "{\"items\":[]}", " in {\"items\":[]}"},
		{"items", "{\"items\":null,\"n\":0}", " in {\"items\":[],\"n\":0}"},
		{"items", "{\"items\":{\"id\":1}}", "{\"id\":1} in {\"items\":[]}"},
		{"result.items", "{\"x\":{\"items\":[9]},\"result\":{\"total\":1,\"items\":[1]}}",
			"1 in {\"x\":{\"items\":[9]},\"result\":{\"total\":1,\"items\":[]}}"},
		{"result.items", "{\"result\":null,\"n\":1}", " in {\"result\":[],\"n\":1}"},
		{"", " [1,2] ", "1|2 in  [] "},
		{"", "{\"a\":[1]}", "{\"a\":[1]} in []"},
		{"", "null", " in []"},
		/* brackets, quotes and backslashes inside texts are no structure */
		{"i", "{\"z\":\"]}\\\"[\",\"i\":[\"a\\\\\",\"b\\\"]\",{\"k\":\"}\"}]}",
			"\"a\\\\\"|\"b\\\"]\"|{\"k\":\"}\"} in {\"z\":\"]}\\\"[\",\"i\":[]}"},
		/* a name may be written with escapes */
		{"items", "{\"\\u0069tems\":[1]}", "1 in {\"\\u0069tems\":[]}"},
		{"items", "{\"itemsx\":[2],\"item\":[3],\"items\":[1]}",
			"1 in {\"itemsx\":[2],\"item\":[3],\"items\":[]}"},
		{"items", "{\"cursor\":1}", "schema"},
		{"items", "{\"items\":7}", "schema"},
		{"items", "{\"items\":\"none\"}", "schema"},
		{"items", "{\"items\":[1],\"items\":[2]}", "syntax"},
		{"r.items", "{\"r\":{\"items\":[1]},\"r\":{\"items\":[2]}}", "syntax"},
		{"items", "", "syntax"},
		{"items", "<html>", "syntax"},
		{"items", "\xEF\xBB\xBF{}", "syntax"},
		{"items", "[]", "syntax"},
		{"items", "{\"items\":[1}", "syntax"},
		{"items", "{\"items\":[{]}", "syntax"},
		{"items", "{\"items\":[1,]}", "syntax"},
		{"items", "{\"items\":[,1]}", "syntax"},
		{"items", "{\"items\":[1 2]}", "syntax"},
		{"items", "{\"items\":[1]}}", "syntax"},
		{"items", "{\"items\":[1],}", "syntax"},
		{"items", "{\"items\":[1]", "syntax"},
		{"items", "{\"items\":[\"abc\\\"]}", "syntax"},
		{"items", "{\"a\":1 \"items\":[1]}", "syntax"},
		{"items", "{\"a\" 1,\"items\":[1]}", "syntax"},
	};
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&out, 4096);
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_string_equal(
			slice(cases[i].body, strlen(cases[i].body), cases[i].path, &out),
			cases[i].want);
}

/* Escapes, quotes and brackets on both sides of every border of a block. */
static void test_texts_of_every_length_hide_their_brackets(void **state)
{
	struct shd_text body, want, out;

	(void)state;
	shd_text_init(&body, 4096);
	shd_text_init(&want, 4096);
	shd_text_init(&out, 4096);
	for (int pad = 0; pad < 150; pad++) {
		for (int slashes = 0; slashes < 6; slashes++) {
			shd_text_clear(&want);
			shd_text_puts(&want, "{\"");
			for (int i = 0; i < pad; i++)
				shd_text_puts(&want, "x");
			shd_text_puts(&want, "\":[\"]");
			for (int i = 0; i < slashes; i++)
				shd_text_puts(&want, "\\");
			shd_text_puts(&want, slashes % 2 ? "\"}]\"" : "\"");
			shd_text_puts(&want, ",{\"a\":\"}\"}]}");
			shd_text_clear(&body);
			shd_text_printf(&body, "[%s,2]", want.data);
			shd_text_puts(&want, "|2 in []");
			assert_string_equal(slice(body.data, body.len, "", &out), want.data);
		}
	}
	shd_text_finish(&body);
	shd_text_finish(&want);
	shd_text_finish(&out);
}

static void test_every_cut_of_a_page_is_an_error(void **state)
{
	const char *body = "{\"n\":{\"a\":[1,\"}\"]},\"items\":[{\"id\":\"1\"},{\"id\":[2,{}]}],"
			   "\"last\":true}";
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&out, 4096);
	for (size_t len = 0; len < strlen(body); len++)
		assert_string_equal(slice(body, len, "items", &out), "syntax");
	assert_string_equal(slice(body, strlen(body), "items", &out),
		"{\"id\":\"1\"}|{\"id\":[2,{}]} in "
		"{\"n\":{\"a\":[1,\"}\"]},\"items\":[],\"last\":true}");
}

/* depth opening brackets, closed again. */
static char *nested(const char *head, size_t depth, const char *tail)
{
	char *body = shd_xcalloc(strlen(head) + 2 * depth + strlen(tail) + 1, 1);
	size_t n = strlen(head);

	memcpy(body, head, n);
	memset(body + n, '[', depth);
	memset(body + n + depth, ']', depth);
	memcpy(body + n + 2 * depth, tail, strlen(tail));
	return body;
}

/* A record that is nested however deep ends where it ends, and its neighbours follow. */
static void test_deep_nesting_is_no_limit(void **state)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	struct shd_error error;

	(void)state;
	shd_text_init(&out, 1000000);
	for (size_t depth = 60; depth < 70; depth++) {
		char *body shd_autofree = nested("{\"items\":[{\"a\":", depth, "},2]}");
		const char *got = slice(body, strlen(body), "items", &out);

		assert_non_null(strstr(got, "]}|2 in {\"items\":[]}"));
	}
	char *huge shd_autofree = nested("{\"items\":[", 100000, "]}");
	assert_non_null(strstr(slice(huge, strlen(huge), "items", &out), "]] in {\"items\":[]}"));
	assert_string_equal(slice(huge, strlen(huge) - 3, "items", &out), "syntax");
	char *beside shd_autofree = nested("{\"a\":", 100000, ",\"items\":[]}");
	assert_non_null(strstr(slice(beside, strlen(beside), "items", &out), "\"items\":[]}"));
	assert_null(shd_adapter_parse(huge, strlen(huge), &error));
	assert_int_equal(error.kind, SHD_ERR_SYNTAX);
}

static void test_numbers_beyond_int64_become_texts(void **state)
{
	const char *body =
		"{\"id\":18446744073709551615,\"a\":\"18446744073709551615 \\\"9\",\"n\":-5,"
		"\"r\":1.5e3,\"l\":[99999999999999999999,9007199254740993]}";
	struct shd_error error;
	json_auto_t *value = shd_adapter_parse(body, strlen(body), &error);

	(void)state;
	assert_non_null(value);
	assert_string_equal(
		json_string_value(json_object_get(value, "id")), "18446744073709551615");
	assert_string_equal(
		json_string_value(json_object_get(value, "a")), "18446744073709551615 \"9");
	assert_int_equal(json_integer_value(json_object_get(value, "n")), -5);
	assert_true(json_is_real(json_object_get(value, "r")));
	const json_t *list = json_object_get(value, "l");
	assert_string_equal(json_string_value(json_array_get(list, 0)), "99999999999999999999");
	assert_int_equal(json_integer_value(json_array_get(list, 1)), 9007199254740993);
	assert_null(shd_adapter_parse("{\"a\":nul}", 9, &error));
	assert_int_equal(error.kind, SHD_ERR_SYNTAX);
}

static void test_hash_follows_the_bytes(void **state)
{
	(void)state;
	assert_true(shd_hash("{\"a\":1}", 7) == shd_hash("{\"a\":1}", 7));
	assert_false(shd_hash("{\"a\":1}", 7) == shd_hash("{\"a\":2}", 7));
	assert_false(shd_hash("{\"a\":1}", 7) == shd_hash("{\"a\":1}", 6));
}

static void test_every_market_has_unique_endpoints_that_can_be_found(void **state)
{
	(void)state;
	assert_null(shd_adapter_find("nowhere"));
	for (size_t m = 0; m < shd_adapter_count; m++) {
		const struct shd_adapter *market = shd_adapters[m];

		assert_ptr_equal(shd_adapter_find(market->name), market);
		assert_non_null(shd_adapter_endpoint(market, market->cheapest));
		for (size_t i = 0; i < market->endpoint_count; i++) {
			const struct shd_endpoint *row = &market->endpoints[i];
			/* a batch with a limit may be cut there, too */
			bool pages = row->paging == SHD_PAGE_CURSOR ||
				     row->paging == SHD_PAGE_OFFSET ||
				     (row->paging == SHD_PAGE_BATCH && row->limit > 0);

			assert_ptr_equal(shd_adapter_endpoint(market, row->name), row);
			assert_non_null(row->body);
			assert_int_equal(row->next != NULL, pages);
			assert_true(!pages || (row->limit > 0 && row->page_max > 0));
			assert_int_equal(row->ids_of != NULL, row->paging == SHD_PAGE_BATCH);
			assert_int_equal(row->id_at != NULL, row->paging == SHD_PAGE_BATCH);
			assert_true(!row->ids_of || shd_adapter_endpoint(market, row->ids_of));
			assert_true(row->batch > 0 || (row->paging != SHD_PAGE_BATCH &&
							      row->paging != SHD_PAGE_FOLLOW));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices_and_keeps_the_envelope),
		cmocka_unit_test(test_texts_of_every_length_hide_their_brackets),
		cmocka_unit_test(test_every_cut_of_a_page_is_an_error),
		cmocka_unit_test(test_deep_nesting_is_no_limit),
		cmocka_unit_test(test_numbers_beyond_int64_become_texts),
		cmocka_unit_test(test_hash_follows_the_bytes),
		cmocka_unit_test(test_every_market_has_unique_endpoints_that_can_be_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
