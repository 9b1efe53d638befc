/* The law of the slicer: an answer is good JSON exactly when its records and its
 * envelope are, and its records are the list that a parser of the whole finds. */
#include "base/hash.h"
#include "base/text.h"
#include "market/adapter.h"
#include "market/slice.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum outcome { GOOD, BROKEN, NO_LIST, TOO_DEEP };

/* The records in *ret_list, parsed one by one. */
static enum outcome slice(const char *body, size_t len, const char *path, json_t *list)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	struct shd_slicer slicer;
	struct shd_error error;
	size_t at, n;
	bool more, good = true;

	shd_text_init(&text, len + 2);
	if (!shd_slice_open(&slicer, body, len, path, &error))
		return error.kind == SHD_ERR_SCHEMA  ? NO_LIST
		       : error.kind == SHD_ERR_LIMIT ? TOO_DEEP
						     : BROKEN;
	for (;;) {
		if (!shd_slice_next(&slicer, &at, &n, &more, &error))
			return error.kind == SHD_ERR_LIMIT ? TOO_DEEP : BROKEN;
		if (!more)
			break;
		shd_assert(n > 0 && at + n <= len);
		shd_assert(shd_hash(body + at, n) == shd_hash(body + at, n));
		json_t *record = shd_adapter_parse(body + at, n, &error);
		good = good && record;
		if (record)
			json_array_append_new(list, record);
	}
	shd_slice_envelope(&slicer, &text);
	shd_assert(shd_text_ok(&text));
	json_auto_t *envelope = shd_adapter_parse(text.data, text.len, &error);
	return good && envelope ? GOOD : BROKEN;
}

/* What a parser of the whole finds at the path, as a list; NULL when it is none. */
static json_t *list_at(json_t *whole, const char *path)
{
	while (*path && !json_is_null(whole)) {
		size_t n = strcspn(path, ".");

		whole = json_object_getn(whole, path, n);
		path += n + (path[n] == '.');
	}
	if (json_is_array(whole))
		return json_incref(whole);
	if (json_is_object(whole))
		return json_pack("[O]", whole);
	return json_is_null(whole) ? json_array() : NULL;
}

static void check(const char *body, size_t len, const char *path)
{
	json_auto_t *found = json_array();
	enum outcome outcome = slice(body, len, path, found);
	json_error_t at;
	/* a member given twice on the path is refused by the slicer alone */
	json_auto_t *unique = json_loadb(body, len, JSON_DECODE_ANY | JSON_ALLOW_NUL |
		JSON_REJECT_DUPLICATES, &at);
	bool twice = !unique && json_error_code(&at) == json_error_duplicate_key;
	bool overflow = !unique && json_error_code(&at) == json_error_numeric_overflow;

	/* jansson overlooks a NUL byte behind a number or a word; the slicer does not */
	if (outcome == TOO_DEEP || twice || overflow || memchr(body, '\0', len))
		return;
	json_auto_t *want = unique ? list_at(unique, path) : NULL;
	if (outcome == GOOD)
		shd_assert(want && json_equal(want, found));
	if (outcome == BROKEN)
		shd_assert(!unique || !want);
	if (outcome == NO_LIST)
		shd_assert(!want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
		"", "items", "result", "result.items", "postings", "returns"};

	for (size_t i = 0; i < SHD_COUNT(paths); i++)
		check((const char *)data, size, paths[i]);
	return 0;
}
