/* Entries of a scenario are checked and put in the order in which they will happen. */
#include "shops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEAT_MAX = 5000, CANDIDATES_MAX = 96 };

/* What an entry consists of, besides the word that says what happens. */
static const char *const entry_members[] = {"at", "every", "keep", "repeat"};

static bool listed(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

bool shd_known_word(const char *what, const char *word, const char *const *known, size_t count,
		    struct shd_error *reterr)
{
	if (listed(word, known, count))
		return true;
	const char *near = shd_nearest(word, known, count);

	return shd_fail(reterr, SHD_ERR_CONFIG, "unknown %s \"%s\"%s%s%s", what, word,
			near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool check_word(const char *word, struct shd_error *reterr)
{
	const char *known[SHD_THING_COUNT + 2] = {"remove", "store"};

	for (int kind = 0; kind < SHD_THING_COUNT; kind++)
		known[kind + 2] = shd_thing_rows[kind].name;
	return shd_known_word("event", word, known, SHD_COUNT(known), reterr);
}

static bool check_remove(const json_t *fields, const char **ret_key, struct shd_error *reterr)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)fields, key, value) {
		*ret_key = key;
		if (shd_thing_find(key) == SHD_THING_COUNT)
			return shd_fail(reterr, SHD_ERR_CONFIG, "unknown kind \"%s\"", key);
	}
	return true;
}

/* Splits the short forms into words; returns how many there are now. */
static size_t add_words(char *extra, const char **known, size_t count)
{
	for (char *at = extra; *at && count < CANDIDATES_MAX;) {
		known[count++] = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
	return count;
}

static bool check_fields(const struct shd_face_kind *row, const char *name, const json_t *fields,
			 const char **ret_key, struct shd_error *reterr)
{
	json_auto_t *template = shd_template(row->record);
	char *extra shd_autofree = shd_xstrdup(row->extra);
	const char *known[CANDIDATES_MAX], *key;
	size_t count = 0;
	json_t *value;

	json_object_foreach(template, key, value)
		if (count < CANDIDATES_MAX)
			known[count++] = key;
	count = add_words(extra, known, count);
	json_object_foreach((json_t *)fields, key, value) {
		*ret_key = key;
		if (!shd_known_word("member", key, known, count, reterr))
			return false;
	}
	*ret_key = NULL;
	return json_object_get(fields, row->id) ||
	       shd_fail(reterr, SHD_ERR_CONFIG, "a %s needs \"%s\"", name, row->id);
}

/* Replaces # by the number of the copy; a text that becomes all digits is a number. */
static json_t *numbered(const json_t *value, int n)
{
	const char *text = json_string_value(value);
	json_t *copy, *member;
	const char *key;
	size_t i;

	if (json_is_object(value)) {
		copy = json_object();
		json_object_foreach((json_t *)value, key, member)
			json_object_set_new(copy, key, numbered(member, n));
		return copy;
	}
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach(value, i, member)
			json_array_append_new(copy, numbered(member, n));
		return copy;
	}
	if (!text || !strchr(text, '#'))
		return json_incref((json_t *)value);

	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	shd_text_init(&out, 4096);
	for (; *text; text++)
		*text == '#' ? shd_text_printf(&out, "%d", n) : shd_text_putc(&out, *text);
	bool digits = out.len < 18 && strspn(out.data, "0123456789") == out.len;
	return digits ? json_integer(strtoll(out.data, NULL, 10)) : json_string(out.data);
}

static int by_time(const void *a, const void *b)
{
	const struct shd_entry *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool read_time(const json_t *entry, const char *key, int64_t *ret_ms, const char **ret_key,
		      struct shd_error *reterr)
{
	const json_t *value = json_object_get(entry, key);

	if (!value)
		return true;
	if (json_is_string(value) && shd_relative_parse(json_string_value(value), ret_ms))
		return true;
	*ret_key = key;
	return shd_fail(reterr, SHD_ERR_CONFIG, "\"%s\" is not a time, expected 20s or -47h59m30s",
			key);
}

/* The one member that says what happens. */
static bool find_word(const json_t *entry, const char **ret_word, const char **ret_key,
		      struct shd_error *reterr)
{
	const char *key;
	json_t *value;

	*ret_word = NULL;
	json_object_foreach((json_t *)entry, key, value) {
		if (listed(key, entry_members, SHD_COUNT(entry_members)))
			continue;
		*ret_key = key;
		if (*ret_word)
			return shd_fail(reterr, SHD_ERR_CONFIG,
				"an entry holds one event, found \"%s\" and \"%s\"", *ret_word,
				key);
		if (!check_word(key, reterr))
			return false;
		if (!json_is_object(value))
			return shd_fail(reterr, SHD_ERR_CONFIG, "\"%s\" is not a map", key);
		*ret_word = key;
	}
	*ret_key = NULL;
	return *ret_word || shd_fail(reterr, SHD_ERR_CONFIG, "an entry without an event");
}

bool shd_sandbox_plan(struct shd_sandbox *sandbox, size_t first, size_t count, const json_t *entry,
		      int64_t base_ms, const char **ret_key, struct shd_error *reterr)
{
	int64_t at_ms = 0, every_ms = 0;
	const char *word;

	*ret_key = NULL;
	if (!read_time(entry, "at", &at_ms, ret_key, reterr) ||
	    !read_time(entry, "every", &every_ms, ret_key, reterr) ||
	    !find_word(entry, &word, ret_key, reterr))
		return false;
	*ret_key = "keep";
	if (json_object_get(entry, "keep") && !json_is_array(json_object_get(entry, "keep")))
		return shd_fail(reterr, SHD_ERR_CONFIG, "\"keep\" is a list of members");
	const json_t *fields = json_object_get(entry, word);
	enum shd_thing kind = shd_thing_find(word);
	const struct shd_face *face = sandbox->shops[first]->face;
	if (strcmp(word, "store") == 0
		    ? !face->check_account(fields, ret_key, reterr)
	    : kind == SHD_THING_COUNT
		    ? !check_remove(fields, ret_key, reterr)
		    : !check_fields(&face->kinds[kind], word, fields, ret_key, reterr))
		return false;
	const json_t *repeat = json_object_get(entry, "repeat");
	int copies = repeat ? (int)json_integer_value(repeat) : 1;
	*ret_key = "repeat";
	if (copies < 1 || copies > REPEAT_MAX)
		return shd_fail(reterr, SHD_ERR_CONFIG, "\"repeat\" is outside 1..%d", REPEAT_MAX);

	for (int n = 1; n <= copies; n++) {
		shd_grow(sandbox->entries, sandbox->entry_count, sandbox->entry_capacity);
		struct shd_entry *e = &sandbox->entries[sandbox->entry_count];
		int64_t shift_ms = every_ms * (n - 1);

		*e = (struct shd_entry){base_ms + at_ms + shift_ms, base_ms + shift_ms, first,
			count, sandbox->entry_count, shd_xstrdup(word),
			repeat ? numbered(fields, n) : json_deep_copy(fields),
			json_incref(json_object_get(entry, "keep"))};
		sandbox->entry_count++;
	}
	qsort(sandbox->entries + sandbox->next_entry, sandbox->entry_count - sandbox->next_entry,
	      sizeof(*sandbox->entries), by_time);
	return true;
}
