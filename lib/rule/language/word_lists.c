#include "word_lists.h"

#include "base/fold.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 10000, LISTS_MAX = 256, LINE_BYTES = 1024, STEM_BYTES = 64 };

struct phrase {
	const char *text;    /* folded */
	uint32_t len;        /* bytes */
	uint32_t first_len;  /* of its first word, or of the stem that it begins with */
	bool is_stem;        /* begins with a stem: text[first_len] is `*` */
};

struct shd_word_list {
	const char *name;
	struct phrase *phrases; /* sorted by first word */
	size_t count, room;
	uint64_t stems; /* bit n-1: some begin with a stem of n bytes */
};

struct shd_word_lists {
	struct shd_arena *arena;
	struct shd_alphabets *alphabets;
	struct shd_word_list *items[LISTS_MAX];
	size_t count;
};

struct shd_word_lists *shd_word_lists_create(void)
{
	struct shd_word_lists *lists = shd_xcalloc(1, sizeof(*lists));

	lists->arena = shd_arena_create(64U << 20);
	lists->alphabets = shd_alphabets_create();
	return lists;
}

void shd_word_lists_destroy(struct shd_word_lists *lists)
{
	if (!lists)
		return;
	for (size_t i = 0; i < lists->count; i++)
		free(lists->items[i]->phrases);
	shd_arena_destroy(lists->arena);
	shd_alphabets_destroy(lists->alphabets);
	free(lists);
}

/* Length of the first word of text[0..len): a run of word characters, or one
 * other character. */
static size_t first_word(const char *text, size_t len)
{
	size_t at = 0;
	int32_t c = shd_utf8_next(text, len, &at);

	if (c < 0 || !shd_is_word_char(c))
		return at;
	for (size_t next = at; next < len; at = next) {
		c = shd_utf8_next(text, len, &next);
		if (c < 0 || !shd_is_word_char(c))
			break;
	}
	return at;
}

/* Orders by the bytes of the first word, shorter ones first. */
static int compare_first(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_first_word(const void *a, const void *b)
{
	const struct phrase *left = a, *right = b;

	return compare_first(left->text, left->first_len, right->text, right->first_len);
}

static void mistake(struct shd_diags *diags, const char *file, int line, const char *text)
{
	shd_diags_add(diags, &(struct shd_diag){.severity = SHD_MISTAKE,
				     .file = file,
				     .line = line,
				     .col = 1,
				     .width = 1,
				     .text = text});
}

/* What is wrong with the `*` of a folded line, or NULL. Each must end a word. */
static const char *star_problem(const char *text, size_t len)
{
	int32_t before = ' ';

	for (size_t at = 0; at < len;) {
		int32_t c = shd_utf8_next(text, len, &at);
		size_t next = at;

		if (c == '*' && !shd_is_word_char(before))
			return "a * stands behind the beginning of a word";
		if (c == '*' && next < len && text[next] != ' ' && text[next] != '-')
			return "a * ends a word";
		before = c;
	}
	return NULL;
}

/* Adds one line, given without its comment. False: *ret_problem says why not. */
static bool add_phrase(struct shd_word_lists *lists, struct shd_word_list *list, const char *line,
	size_t len, const char **ret_problem)
{
	char folded[LINE_BYTES * 2];
	size_t folded_len;

	while (len && (line[0] == ' ' || line[0] == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (!len)
		return true;
	*ret_problem = NULL;
	if (len > LINE_BYTES)
		*ret_problem = "the phrase has more than 1024 bytes";
	else if (!shd_text_fold(line, len, folded, sizeof(folded), &folded_len))
		*ret_problem = "this line is not UTF-8";
	else if (list->count == WORDS_MAX)
		*ret_problem = "more than 10000 words";
	else
		*ret_problem = star_problem(folded, folded_len);
	if (*ret_problem)
		return false;
	size_t first_len = first_word(folded, folded_len);
	bool is_stem = first_len < folded_len && folded[first_len] == '*';
	if (is_stem && first_len > STEM_BYTES) {
		*ret_problem = "a word with a * has at most 64 bytes";
		return false;
	}
	shd_grow(list->phrases, list->count, list->room);
	char *copy = shd_arena_text(lists->arena, folded, folded_len);
	if (!copy) {
		*ret_problem = "the word lists are too large altogether";
		return false;
	}
	list->phrases[list->count++] =
		(struct phrase){copy, (uint32_t)folded_len, (uint32_t)first_len, is_stem};
	if (is_stem)
		list->stems |= 1ULL << (first_len - 1);
	return true;
}

static struct shd_word_list *add_list(struct shd_word_lists *lists, const char *name)
{
	struct shd_word_list *list = shd_arena_alloc(lists->arena, 1, sizeof(*list));
	char *copy = shd_arena_text(lists->arena, name, strlen(name));

	if (!list || !copy || lists->count == LISTS_MAX)
		return NULL;
	list->name = copy;
	lists->items[lists->count++] = list;
	return list;
}

bool shd_word_lists_add(struct shd_word_lists *lists, const char *name, const char *file,
	const char *text, size_t len, struct shd_diags *diags)
{
	struct shd_word_list *list =
		shd_word_lists_find(lists, name) ? NULL : add_list(lists, name);
	size_t before = shd_diags_mistakes(diags);
	int line = 1;

	if (!list) {
		mistake(diags, file, 1,
			"a list of this name exists already, or there are more than 256");
		return false;
	}
	for (size_t at = 0; at < len; line++) {
		const char *start = text + at, *end = memchr(start, '\n', len - at);
		size_t width = end ? (size_t)(end - start) : len - at;
		const char *comment = memchr(start, '#', width), *problem = NULL;

		at += width + 1;
		if (!add_phrase(lists, list, start, comment ? (size_t)(comment - start) : width,
			    &problem))
			mistake(diags, file, line, problem);
		if (list->count == WORDS_MAX && problem)
			break;
	}
	if (list->count)
		qsort(list->phrases, list->count, sizeof(*list->phrases), by_first_word);
	return shd_diags_mistakes(diags) == before;
}

const struct shd_alphabets *shd_word_lists_alphabets(const struct shd_word_lists *lists)
{
	return lists ? lists->alphabets : NULL;
}

const struct shd_word_list *shd_word_lists_find(
	const struct shd_word_lists *lists, const char *name)
{
	for (size_t i = 0; lists && i < lists->count; i++)
		if (strcmp(lists->items[i]->name, name) == 0)
			return lists->items[i];
	return NULL;
}

const char *shd_word_lists_nearest(const struct shd_word_lists *lists, const char *name)
{
	const char *names[LISTS_MAX];

	for (size_t i = 0; lists && i < lists->count; i++)
		names[i] = lists->items[i]->name;
	return lists ? shd_nearest(name, names, lists->count) : NULL;
}

/* Whether a word may begin or end at position `at`: no word continues across it. */
static bool is_boundary(const char *text, size_t len, size_t at)
{
	size_t before = at, after = at;

	if (at == 0 || at >= len)
		return true;
	do
		before--;
	while (before > 0 && ((unsigned char)text[before] & 0xC0) == 0x80);
	int32_t left = shd_utf8_next(text, len, &before), right = shd_utf8_next(text, len, &after);
	return left < 0 || right < 0 || !shd_is_word_char(left) || !shd_is_word_char(right);
}

/* Whether text[at..len) begins with the phrase, and a word ends where the phrase ends. */
static bool matches_at(const struct phrase *phrase, const char *text, size_t len, size_t at)
{
	for (uint32_t i = 0; i < phrase->len; i++) {
		if (phrase->text[i] == '*' && is_boundary(text, len, at))
			continue; /* nothing follows the stem */
		if (phrase->text[i] == '*')
			at += first_word(text + at, len - at);
		else if (at >= len || text[at++] != phrase->text[i])
			return false;
	}
	return is_boundary(text, len, at);
}

/* Whether text[at..len) begins with a phrase of the list whose first word or stem has
 * first_len bytes; the word at `at` has word_len. Binary search for that first word. */
static bool phrase_at(const struct shd_word_list *list, const char *text, size_t len, size_t at,
	size_t first_len, size_t word_len)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct phrase *phrase = &list->phrases[middle];

		if (compare_first(phrase->text, phrase->first_len, text + at, first_len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < list->count; low++) {
		const struct phrase *phrase = &list->phrases[low];

		if (compare_first(phrase->text, phrase->first_len, text + at, first_len) != 0)
			return false;
		if ((phrase->is_stem || first_len == word_len) && matches_at(phrase, text, len, at))
			return true;
	}
	return false;
}

bool shd_word_list_matches(const struct shd_word_list *list, const char *folded, size_t len)
{
	for (size_t at = 0, word; at < len; at += word) {
		word = first_word(folded + at, len - at);
		if (phrase_at(list, folded, len, at, word, word))
			return true;
		for (size_t stem = 1; stem < word && stem <= STEM_BYTES; stem++)
			if ((list->stems >> (stem - 1) & 1) &&
			    phrase_at(list, folded, len, at, stem, word))
				return true;
	}
	return false;
}

size_t shd_word_lists_count(const struct shd_word_lists *lists)
{
	return lists->count;
}

const char *shd_word_lists_name(
	const struct shd_word_lists *lists, size_t at, size_t *ret_entries)
{
	*ret_entries = lists->items[at]->count;
	return lists->items[at]->name;
}
