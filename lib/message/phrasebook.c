#include "phrasebook.h"
#include "pattern.h"
#include "base/num.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/umsg.h>
#include <unicode/unumberformatter.h>
#include <unicode/ustring.h>

enum { FORMAT_UNITS = 4096 }; /* UTF-16 units of one formatted text */

static const struct shd_text_row rows[SHD_PHRASE_COUNT] = {
#define TEXT(name_, args_, doc) [SHD_PHRASE_##name_] = {.name = #name_, .args = args_},
#define DATE(name_, doc)        [SHD_PHRASE_##name_] = {.name = #name_, .date = true},
#include "texts.def"
#undef TEXT
#undef DATE
};

/* The maps beside the texts: how people of a language call what has a name elsewhere. */
static const struct {
	const char *key, *what;
} name_lists[SHD_NAMES_COUNT] = {
	[SHD_NAMES_ZONE] = {"zones", "a time zone"},
	[SHD_NAMES_CURRENCY] = {"currencies", "a currency"},
	[SHD_NAMES_WORD] = {"words", "a word"},
};

/* How dates are written in a language and a zone: one rendering at a time has it. */
struct shd_dates {
	char *timezone;
	UDateFormat *patterns[SHD_PHRASE_COUNT], *zone; /* opened when they are used */
};

/* Of each language those that no rendering has; NULL: none. */
struct shd_spare_dates {
	_Atomic(struct shd_dates *) of[SHD_LANGUAGE_COUNT];
};

struct shd_phrasebook {
	struct shd_pattern patterns[SHD_LANGUAGE_COUNT][SHD_PHRASE_COUNT];
	/* Immutable once opened, so one serves all threads. */
	UNumberFormatter *plain[SHD_LANGUAGE_COUNT], *fixed[SHD_LANGUAGE_COUNT];
	struct shd_arena *arena; /* of the names */
	struct shd_pairs names[SHD_LANGUAGE_COUNT][SHD_NAMES_COUNT];
	struct shd_spare_dates *spare;
};

/* --- loading ------------------------------------------------------------------ */

static bool text_find(const char *name, enum shd_text_id *ret_id)
{
	for (size_t i = 0; i < SHD_PHRASE_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*ret_id = (enum shd_text_id)i;
			return true;
		}
	}
	return false;
}

static void unknown_text(const struct shd_node *key, struct shd_diags *diags)
{
	const char *names[SHD_PHRASE_COUNT];
	char hint[128];

	for (size_t i = 0; i < SHD_PHRASE_COUNT; i++)
		names[i] = rows[i].name;
	const char *near = shd_nearest(key->text, names, SHD_PHRASE_COUNT);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	shd_node_mistake(key, diags, near ? hint : NULL, "unknown text '%s'", key->text);
}

static bool names_find(const char *key, enum shd_names *ret_list)
{
	for (int i = 0; i < SHD_NAMES_COUNT; i++) {
		*ret_list = (enum shd_names)i;
		if (strcmp(name_lists[i].key, key) == 0)
			return true;
	}
	return false;
}

static void load_names(struct shd_phrasebook *book, int language, enum shd_names list,
	const struct shd_node *map, struct shd_diags *diags)
{
	if (map->type != SHD_NODE_MAP) {
		shd_node_mistake(map, diags, NULL, "'%s' is a map of %s to its name here",
			name_lists[list].key, name_lists[list].what);
		return;
	}
	const char **names = shd_arena_alloc(book->arena, map->count + 1, sizeof(*names));
	const char **values = shd_arena_alloc(book->arena, map->count + 1, sizeof(*values));
	if (!names || !values)
		return;
	size_t count = 0;
	for (size_t i = 0; i < map->count; i++) {
		const struct shd_node *key = &map->keys[i], *value = &map->items[i];

		if (value->type != SHD_NODE_SCALAR) {
			shd_node_mistake(value, diags, NULL, "the name of %s is a text",
				name_lists[list].what);
			continue;
		}
		names[count] = shd_arena_text(book->arena, key->text, key->len);
		values[count] = shd_arena_text(book->arena, value->text, value->len);
		if (names[count] && values[count])
			count++;
	}
	book->names[language][list] =
		(struct shd_pairs){.count = count, .names = names, .values = values};
}

static void load_text(struct shd_phrasebook *book, int language, const struct shd_node *key,
	const struct shd_node *value, struct shd_diags *diags)
{
	enum shd_text_id id;

	if (!text_find(key->text, &id))
		unknown_text(key, diags);
	else if (value->type != SHD_NODE_SCALAR)
		shd_node_mistake(value, diags, NULL, "'%s' must be a text", key->text);
	else if (!book->patterns[language][id].text) /* a key given twice is reported already */
		shd_pattern_compile(&rows[id], shd_language_names[language], value,
			&book->patterns[language][id], diags);
}

static void missing(const char *file, const char *what, struct shd_diags *diags)
{
	shd_diags_add(diags, &(struct shd_diag){.severity = SHD_MISTAKE, .file = file, .line = 1,
				     .col = 1, .width = 1, .text = what});
}

static void load_language(struct shd_phrasebook *book, int language, const struct shd_doc *doc,
	struct shd_diags *diags)
{
	const struct shd_node *root = doc ? shd_doc_root(doc) : NULL;
	const char *file = doc ? shd_doc_file(doc) : shd_language_names[language];

	if (!root || root->type != SHD_NODE_MAP) {
		missing(file, "texts must be a map of name to text", diags);
		return;
	}
	for (size_t i = 0; i < root->count; i++) {
		enum shd_names list;

		if (names_find(root->keys[i].text, &list))
			load_names(book, language, list, &root->items[i], diags);
		else
			load_text(book, language, &root->keys[i], &root->items[i], diags);
	}
	for (size_t i = 0; i < SHD_PHRASE_COUNT; i++) {
		char text[96];

		snprintf(text, sizeof(text), "the text '%s' is missing", rows[i].name);
		if (!shd_node_get(root, rows[i].name))
			missing(file, text, diags);
	}
}

static UNumberFormatter *open_numbers(const char *skeleton, const char *locale)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar wide[32];

	u_uastrcpy(wide, skeleton);
	UNumberFormatter *numbers = unumf_openForSkeletonAndLocale(wide, -1, locale, &status);
	shd_assert(U_SUCCESS(status));
	return numbers;
}

static void close_dates(struct shd_dates *dates)
{
	if (!dates)
		return;
	for (size_t i = 0; i < SHD_PHRASE_COUNT; i++)
		udat_close(dates->patterns[i]);
	udat_close(dates->zone);
	free(dates->timezone);
	free(dates);
}

struct shd_phrasebook *shd_phrasebook_create(struct shd_doc *const docs[SHD_LANGUAGE_COUNT],
	struct shd_diags *diags)
{
	struct shd_phrasebook *book = shd_xcalloc(1, sizeof(*book));
	size_t before = shd_diags_mistakes(diags);

	book->arena = shd_arena_create(1 << 20);
	book->spare = shd_xcalloc(1, sizeof(*book->spare));
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		book->plain[i] = open_numbers(".######", shd_language_names[i]);
		book->fixed[i] = open_numbers(".00", shd_language_names[i]);
		load_language(book, i, docs[i], diags);
	}
	if (shd_diags_mistakes(diags) == before)
		return book;
	shd_phrasebook_destroy(book);
	return NULL;
}

void shd_phrasebook_destroy(struct shd_phrasebook *book)
{
	if (!book)
		return;
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		for (int j = 0; j < SHD_PHRASE_COUNT; j++)
			free(book->patterns[i][j].text);
		unumf_close(book->plain[i]);
		unumf_close(book->fixed[i]);
		close_dates(atomic_load(&book->spare->of[i]));
	}
	free(book->spare);
	shd_arena_destroy(book->arena);
	free(book);
}

/* --- formatting --------------------------------------------------------------- */

void shd_reader_init(struct shd_reader *reader, const struct shd_phrasebook *book,
	enum shd_language language, const char *timezone, struct shd_wall now,
	struct shd_arena *arena)
{
	*reader = (struct shd_reader){.book = book, .language = language,
		.timezone = timezone ? timezone : "UTC", .now = now, .arena = arena};
}

static struct shd_dates *dates_of(struct shd_reader *reader)
{
	if (reader->dates)
		return reader->dates;
	struct shd_dates *dates =
		atomic_exchange(&reader->book->spare->of[reader->language], NULL);
	if (dates && strcmp(dates->timezone, reader->timezone) != 0) {
		close_dates(dates);
		dates = NULL;
	}
	if (!dates) {
		dates = shd_xcalloc(1, sizeof(*dates));
		dates->timezone = shd_xstrdup(reader->timezone);
	}
	reader->dates = dates;
	return dates;
}

void shd_reader_finish(struct shd_reader *reader)
{
	struct shd_dates *mine = shd_steal(reader->dates);

	if (mine)
		close_dates(atomic_exchange(
			&reader->book->spare->of[reader->language], mine));
}

bool shd_reader_ok(const struct shd_reader *reader)
{
	return !reader->full;
}

const char *shd_reader_keep(struct shd_reader *reader, const char *text, size_t len)
{
	char *copy = shd_arena_text(reader->arena, text, len);

	reader->full |= !copy;
	return copy ? copy : "";
}

/* UTF-16 into the arena; broken surrogates become U+FFFD. */
static const char *keep_wide(struct shd_reader *reader, const UChar *wide, int32_t len)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t bytes = 0;
	char *out = shd_arena_alloc(reader->arena, (size_t)len * 3 + 1, 1);

	if (!out) {
		reader->full = true;
		return "";
	}
	u_strToUTF8WithSub(out, len * 3 + 1, &bytes, wide, len, 0xFFFD, NULL, &status);
	return U_SUCCESS(status) ? out : "";
}

static const UChar *widen(struct shd_reader *reader, const char *text)
{
	static const UChar nothing[1] = {0};
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = (int32_t)shd_utf8_cut(text, strlen(text), FORMAT_UNITS / 2), got = 0;
	UChar *wide = shd_arena_alloc(reader->arena, (size_t)len + 1, sizeof(*wide));

	if (!wide) {
		reader->full = true;
		return nothing;
	}
	u_strFromUTF8WithSub(wide, len + 1, &got, text, len, 0xFFFD, NULL, &status);
	return U_SUCCESS(status) ? wide : nothing;
}

const char *shd_phrase_(struct shd_reader *reader, enum shd_text_id id, int64_t n,
	const char *const *args)
{
	const struct shd_pattern *pattern = &reader->book->patterns[reader->language][id];
	const UChar *slots[SHD_PATTERN_SLOTS] = {NULL};
	UChar out[FORMAT_UNITS];
	UErrorCode status = U_ZERO_ERROR;
	UMessageFormat *format = umsg_open(
		pattern->text, pattern->len, shd_language_names[reader->language], NULL, &status);

	shd_assert(U_SUCCESS(status)); /* it was opened once when it was loaded */
	for (size_t i = 0; i < SHD_PATTERN_SLOTS; i++)
		slots[i] = widen(reader, i < pattern->slots ? args[pattern->arg_of[i]] : "");

	/* The number is always the first argument: ICU takes what it is given by type
	 * and position, and ignores what the pattern does not use at the end. */
	int32_t len = pattern->counts
			      ? umsg_format(format, out, FORMAT_UNITS, &status, (double)n, slots[0],
					slots[1], slots[2], slots[3])
			      : umsg_format(format, out, FORMAT_UNITS, &status, slots[0], slots[1],
					slots[2], slots[3]);
	umsg_close(format);
	if (status == U_BUFFER_OVERFLOW_ERROR) {
		len = FORMAT_UNITS;
		status = U_ZERO_ERROR;
	}
	shd_assert(U_SUCCESS(status));
	return keep_wide(reader, out, len);
}

const char *shd_phrase_number(struct shd_reader *reader, int64_t n, int scale, bool fixed)
{
	const UNumberFormatter *numbers = fixed ? reader->book->fixed[reader->language]
						: reader->book->plain[reader->language];
	char decimal[SHD_DECIMAL_TEXT];
	UChar out[64];
	UErrorCode status = U_ZERO_ERROR;
	UFormattedNumber *result = unumf_openResult(&status);

	shd_decimal_format(n, scale, decimal);
	unumf_formatDecimal(numbers, decimal, -1, result, &status);
	int32_t len = unumf_resultToString(result, out, (int32_t)SHD_COUNT(out), &status);
	unumf_closeResult(result);
	return U_SUCCESS(status) ? keep_wide(reader, out, len)
				 : shd_reader_keep(reader, decimal, strlen(decimal));
}

static UDateFormat *open_date(
	const struct shd_reader *reader, const UChar *pattern, int32_t len)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar zone[64];

	/* What is no zone of the tz database is read as GMT by ICU. */
	u_strFromUTF8(zone, (int32_t)SHD_COUNT(zone), NULL, reader->timezone,
		(int32_t)shd_utf8_cut(reader->timezone, strlen(reader->timezone), 63), &status);
	UDateFormat *date = udat_open(UDAT_PATTERN, UDAT_PATTERN,
		shd_language_names[reader->language], zone, -1, pattern, len, &status);
	return U_SUCCESS(status) ? date : NULL;
}

static const char *format_date(struct shd_reader *reader, UDateFormat *date, struct shd_wall at)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar out[128];
	int32_t len = udat_format(
		date, (UDate)at.ms, out, (int32_t)SHD_COUNT(out), NULL, &status);

	return U_SUCCESS(status) ? keep_wide(reader, out, len) : "";
}

const char *shd_phrase_name(
	const struct shd_reader *reader, enum shd_names list, const char *name)
{
	const struct shd_pairs *names = &reader->book->names[reader->language][list];

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return names->values[i];
	return NULL;
}

/* The short name of the reader's zone: as the texts call it, or as ICU does. */
static const char *zone_name(struct shd_reader *reader, struct shd_wall at)
{
	static const UChar short_name[] = {'z'};
	const char *known = shd_phrase_name(reader, SHD_NAMES_ZONE, reader->timezone);

	if (known)
		return known;
	UDateFormat **date = &dates_of(reader)->zone;
	if (!*date)
		*date = open_date(reader, short_name, 1);
	return *date ? format_date(reader, *date, at) : reader->timezone;
}

const char *shd_phrase_date(struct shd_reader *reader, enum shd_text_id pattern,
	struct shd_wall at)
{
	const struct shd_pattern *row = &reader->book->patterns[reader->language][pattern];

	shd_assert(rows[pattern].date);
	UDateFormat **date = &dates_of(reader)->patterns[pattern];
	if (!*date)
		*date = open_date(reader, row->text, row->len);
	if (!*date)
		return "";
	const char *when = format_date(reader, *date, at);
	return shd_phrase(reader, moment, 0, when, zone_name(reader, at));
}
