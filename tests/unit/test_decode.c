#include "support/check.h"

#include "market/decode.h"
#include "market/gunzip.h"
#include "market/slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char *decode(enum shd_decode how, const char *const *columns, const char *document,
			  size_t len, struct shd_text *out)
{
	struct shd_error error = {0};

	shd_text_clear(out);
	if (!shd_decode(how, columns, document, len, 1 << 20, out, &error))
		return shd_err_name(error.kind);
	return out->data;
}

static void test_tables_and_lines_become_a_list(void **state)
{
	static const char *const wanted[] = {"sku", "qty", NULL};
	static const struct {
		enum shd_decode how;
		const char *document, *want;
	} cases[] = {
		{SHD_DECODE_TSV, "sku\tqty\nA\t1\nB\t2\n",
			"[{\"sku\":\"A\",\"qty\":\"1\"},{\"sku\":\"B\",\"qty\":\"2\"}]"},
		{SHD_DECODE_TSV, "\xEF\xBB\xBFQTY\t Sku \r\n1\tA\r\n\r\n2\tB",
			"[{\"qty\":\"1\",\"sku\":\"A\"},{\"qty\":\"2\",\"sku\":\"B\"}]"},
		{SHD_DECODE_TSV, "sku\tqty\n", "[]"},
		{SHD_DECODE_TSV, "sku\tqty", "[]"},
		/* a bare quote is part of a text; where all are quoted, they are taken off */
		{SHD_DECODE_TSV, "sku\tqty\n5\" pipe\t1\n\"A\"\t\"1\"\n\"A\t1\n",
			"[{\"sku\":\"5\\\" pipe\",\"qty\":\"1\"},{\"sku\":\"A\",\"qty\":\"1\"},"
			"{\"sku\":\"\\\"A\",\"qty\":\"1\"}]"},
		/* a line that ends early, one of a space, one that is too long */
		{SHD_DECODE_TSV, "sku\tqty\tnote\nA\nB\t \tx\nC\t1\tx\ty\nD\t1\tx\t\t\n",
			"[{\"sku\":\"A\",\"qty\":\"\",\"note\":\"\"},"
			"{\"sku\":\"B\",\"qty\":\"\",\"note\":\"x\"},null,"
			"{\"sku\":\"D\",\"qty\":\"1\",\"note\":\"x\"}]"},
		{SHD_DECODE_TSV, "sku\tqty\tn\tn\t\nA\t1\t2\t3\t4\n",
			"[{\"sku\":\"A\",\"qty\":\"1\",\"n\":\"2\"}]"},
		{SHD_DECODE_TSV, "sku\tqty\n\\\x01\t\xD1\x8F\n",
			"[{\"sku\":\"\\\\\\u0001\",\"qty\":\"\xD1\x8F\"}]"},
		{SHD_DECODE_TSV, "sku\tprice\nA\t1\n", "schema"},
		{SHD_DECODE_TSV, "sku\tqty\tSKU\nA\t1\tB\n", "schema"},
		{SHD_DECODE_TSV, "", "schema"},
		{SHD_DECODE_TSV, "\n\n", "schema"},
		{SHD_DECODE_CSV, "sku,qty\r\nA,1\r\n", "[{\"sku\":\"A\",\"qty\":\"1\"}]"},
		{SHD_DECODE_CSV, "\"sku\",qty\n\"a \"\"b\"\", c\n\\\",2\n\"\",\n",
			"[{\"sku\":\"a \\\"b\\\", c\\u000a\\\\\",\"qty\":\"2\"},"
			"{\"sku\":\"\",\"qty\":\"\"}]"},
		{SHD_DECODE_CSV, "sku,qty\n\" \",1\n , 1\n",
			"[{\"sku\":\" \",\"qty\":\"1\"},{\"sku\":\"\",\"qty\":\" 1\"}]"},
		{SHD_DECODE_CSV, "sku,qty\nA,1,\nB,1,2\n",
			"[{\"sku\":\"A\",\"qty\":\"1\"},null]"},
		{SHD_DECODE_CSV, "sku,qty\nA\"B,1\n", "syntax"},
		{SHD_DECODE_CSV, "sku,qty\n\"A\"B,1\n", "syntax"},
		{SHD_DECODE_CSV, "sku,qty\n\"A,1\n", "syntax"},
		{SHD_DECODE_CSV, "sku;qty\nA;1\n", "schema"},
		{SHD_DECODE_JSON_LINES, "{\"a\":1}\n\n {\"b\":[2]} \r\n",
			"[{\"a\":1},{\"b\":[2]} ]"},
		{SHD_DECODE_JSON_LINES, "", "[]"},
		{SHD_DECODE_JSON_LINES, "{\"a\":1},{\"b\":2}\n", "syntax"},
		{SHD_DECODE_JSON_LINES, "[1\n]\n", "syntax"},
		{SHD_DECODE_JSON_LINES, "{\"a\":1\n", "syntax"},
		{SHD_DECODE_JSON_LINES, "null\n", "syntax"},
		{SHD_DECODE_JSON, "{\"a\":1}", "{\"a\":1}"},
	};
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&out, 4096);
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_string_equal(decode(cases[i].how, wanted, cases[i].document,
					    strlen(cases[i].document), &out),
			cases[i].want);
}

static void test_mistakes_name_the_line(void **state)
{
	static const char *const wanted[] = {"sku", NULL};
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	struct shd_error error = {0};
	const char *csv = "sku\n\"a\nb\"\nC\nD\"\n";

	(void)state;
	shd_text_init(&out, 4096);
	assert_false(shd_decode(SHD_DECODE_CSV, wanted, csv, strlen(csv), 0, &out, &error));
	assert_int_equal(error.line, 5);
	const char *other = "\nName\nx\n";
	assert_false(shd_decode(SHD_DECODE_TSV, wanted, other, strlen(other), 0, &out, &error));
	assert_int_equal(error.line, 2);
	assert_non_null(strstr(error.msg, "\"sku\""));
}

static void test_what_is_too_much_is_a_limit(void **state)
{
	struct shd_text table SHD_AUTO(shd_text_finish) = {0};
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&table, 100000);
	shd_text_init(&out, 64);
	for (int i = 0; i < SHD_DECODE_COLUMNS; i++)
		shd_text_printf(&table, "%sc%d", i ? "\t" : "", i);
	assert_string_equal(decode(SHD_DECODE_TSV, NULL, table.data, table.len, &out), "[]");
	shd_text_puts(&table, "\tone too many");
	assert_string_equal(decode(SHD_DECODE_TSV, NULL, table.data, table.len, &out), "limit");
	shd_text_clear(&table);
	shd_text_puts(&table, "name\n");
	for (int i = 0; i < 100; i++)
		shd_text_puts(&table, "a line\n");
	assert_string_equal(decode(SHD_DECODE_TSV, NULL, table.data, table.len, &out), "limit");
}

/* --- gzip ---------------------------------------------------------------------------------- */

static size_t compress_gzip(const char *text, size_t len, char *room, size_t size)
{
	z_stream stream = {0};

	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)text;
	stream.avail_in = (uInt)len;
	stream.next_out = (Bytef *)room;
	stream.avail_out = (uInt)size;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size -= stream.avail_out;
	deflateEnd(&stream);
	return size;
}

static const char *gunzip(const char *bytes, size_t len, struct shd_text *out)
{
	struct shd_error error = {0};

	shd_text_clear(out);
	return shd_gunzip(bytes, len, out, &error) ? out->data : shd_err_name(error.kind);
}

static void test_gzip_is_whole_or_an_error(void **state)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	char file[400];
	const char *text = "sku\tqty\nA\t1\nB\t2\n";
	size_t len = compress_gzip(text, strlen(text), file, sizeof(file));

	(void)state;
	shd_text_init(&out, 4096);
	assert_string_equal(gunzip(file, len, &out), text);
	for (size_t cut = 0; cut < len; cut++)
		assert_string_equal(gunzip(file, cut, &out), "syntax");
	file[len] = 'x';
	assert_string_equal(gunzip(file, len + 1, &out), "syntax");
	/* two members are one file */
	size_t second = compress_gzip("C\t3\n", 4, file + len, sizeof(file) - len);
	assert_string_equal(gunzip(file, len + second, &out), "sku\tqty\nA\t1\nB\t2\nC\t3\n");
	file[len - 6] ^= 1; /* the checksum of the first */
	assert_string_equal(gunzip(file, len + second, &out), "syntax");
	assert_string_equal(gunzip("plain", 5, &out), "syntax");
}

static void test_a_small_file_does_not_fill_the_memory(void **state)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	size_t len = 8 << 20;
	char *zeros shd_autofree = shd_xcalloc(len, 1);
	char file[16384];
	size_t packed = compress_gzip(zeros, len, file, sizeof(file));

	(void)state;
	shd_text_init(&out, 100000);
	assert_string_equal(gunzip(file, packed, &out), "limit");
	assert_true(out.size <= 200000);
}

static void test_gzip_is_known_by_its_bytes_whatever_was_said(void **state)
{
	static const char *const wanted[] = {"sku", NULL};
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	struct shd_error error;
	char file[400];
	const char *text = "sku\nA\n";
	size_t len = compress_gzip(text, strlen(text), file, sizeof(file));

	(void)state;
	shd_text_init(&out, 4096);
	assert_string_equal(decode(SHD_DECODE_TSV, wanted, file, len, &out), "[{\"sku\":\"A\"}]");
	assert_string_equal(
		decode(SHD_DECODE_TSV, wanted, text, strlen(text), &out), "[{\"sku\":\"A\"}]");
	assert_string_equal(decode(SHD_DECODE_TSV, wanted, file, len - 1, &out), "syntax");
	assert_false(shd_decode(SHD_DECODE_TSV, wanted, file, len, 3, &out, &error));
	assert_int_equal(error.kind, SHD_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_and_lines_become_a_list),
		cmocka_unit_test(test_mistakes_name_the_line),
		cmocka_unit_test(test_what_is_too_much_is_a_limit),
		cmocka_unit_test(test_gzip_is_whole_or_an_error),
		cmocka_unit_test(test_a_small_file_does_not_fill_the_memory),
		cmocka_unit_test(test_gzip_is_known_by_its_bytes_whatever_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
