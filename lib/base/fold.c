#include "fold.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>

/* The blocks Greek and Cyrillic, with its supplement. */
enum { FIRST_LETTER = 0x370, LETTERS_END = 0x530 };

struct shd_alphabets {
	bool latin[LETTERS_END - FIRST_LETTER];
};

/* Appends c to buf[*len..size); false when it does not fit. */
static bool put(int32_t c, char *buf, size_t size, size_t *len)
{
	char bytes[4];
	size_t need = shd_utf8_put((uint32_t)c, bytes);

	if (need > size - *len)
		return false;
	memcpy(buf + *len, bytes, need);
	*len += need;
	return true;
}

static UChar32 fold(UChar32 c)
{
	return u_foldCase(c, U_FOLD_CASE_DEFAULT);
}

static bool convert(const char *text, size_t len, UChar32 (*change)(UChar32 c), char *buf,
	size_t size, size_t *ret_len)
{
	size_t out = 0;

	for (size_t at = 0; at < len;) {
		UChar32 c = shd_utf8_next(text, len, &at);

		if (c < 0 || !put(change(c), buf, size, &out))
			return false;
	}
	*ret_len = out;
	return true;
}

bool shd_text_fold(const char *text, size_t len, char *buf, size_t size, size_t *ret_len)
{
	return convert(text, len, fold, buf, size, ret_len);
}

bool shd_text_lower(const char *text, size_t len, char *buf, size_t size, size_t *ret_len)
{
	return convert(text, len, u_tolower, buf, size, ret_len);
}

int64_t shd_text_length(const char *text, size_t len)
{
	int64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

bool shd_is_word_char(int32_t c)
{
	bool alone = u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || (c >= 0x3040 && c <= 0x30FF) ||
		     (c >= 0x0E00 && c <= 0x0E7F);

	return !alone && (u_isalnum(c) || u_charType(c) == U_NON_SPACING_MARK);
}

int shd_char_cells(int32_t c)
{
	int8_t type = u_charType(c);
	int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);

	if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR)
		return 0;
	return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

/* No wider than `cells`, but for spaces at its end. */
static bool fits(const char *text, size_t len, size_t cells)
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		int32_t c = shd_utf8_next(text, len, &at);

		used += (size_t)shd_char_cells(c);
		if (used > cells && c != ' ')
			return false;
	}
	return true;
}

/* The last place of `lines` no further than `cells`, else the first one; `len` where there is
 * none. A word without wide characters has none, whatever UAX 14 says of a link's slashes. */
static size_t find_cut(UBreakIterator *lines, const char *text, size_t len, size_t cells)
{
	size_t cut = len, used = 0;
	int last = 0;

	for (size_t at = 0; at < len;) {
		size_t start = at;
		int32_t c = shd_utf8_next(text, len, &at);
		int width = shd_char_cells(c);

		if (start && (text[start - 1] == ' ' || last == 2 || width == 2) &&
			ubrk_isBoundary(lines, (int32_t)start))
			cut = start;
		used += (size_t)width;
		if (used > cells && c != ' ' && cut < len)
			return cut;
		last = width;
	}
	return len;
}

size_t shd_line_cut(const char *text, size_t len, size_t cells)
{
	UErrorCode status = U_ZERO_ERROR;
	UText read = UTEXT_INITIALIZER;
	size_t cut = len;

	if (fits(text, len, cells))
		return len;
	utext_openUTF8(&read, text, (int64_t)len, &status);
	UBreakIterator *lines = ubrk_open(UBRK_LINE, "", NULL, 0, &status);
	ubrk_setUText(lines, &read, &status);
	if (U_SUCCESS(status))
		cut = find_cut(lines, text, len, cells);
	if (lines)
		ubrk_close(lines);
	utext_close(&read);
	return cut;
}

static bool is_exempt(UChar32 c)
{
	return c == 0x433 || (c < 0x400 && c != 0x3BF && u_hasBinaryProperty(c, UCHAR_LOWERCASE));
}

struct shd_alphabets *shd_alphabets_create(void)
{
	struct shd_alphabets *alphabets = shd_xcalloc(1, sizeof(*alphabets));
	UErrorCode status = U_ZERO_ERROR;
	USpoofChecker *checker = uspoof_open(&status);

	for (UChar32 c = FIRST_LETTER; c < LETTERS_END; c++) {
		const UChar letter = (UChar)c;
		UChar like[8] = {0};

		int32_t len = uspoof_getSkeleton(
			checker, 0, &letter, 1, like, (int32_t)SHD_COUNT(like), &status);
		shd_assert(U_SUCCESS(status));
		alphabets->latin[c - FIRST_LETTER] = len == 1 && like[0] < 0x80 &&
						     u_isalpha(like[0]) && u_isalpha(c) &&
						     !is_exempt(c);
	}
	uspoof_close(checker);
	return alphabets;
}

void shd_alphabets_destroy(struct shd_alphabets *alphabets)
{
	free(alphabets);
}

bool shd_looks_latin(const struct shd_alphabets *alphabets, int32_t c)
{
	return alphabets && c >= FIRST_LETTER && c < LETTERS_END &&
	       alphabets->latin[c - FIRST_LETTER];
}

/* А to я and ё. */
static bool is_russian(UChar32 c)
{
	return (c >= 0x410 && c <= 0x44F) || c == 0x401 || c == 0x451;
}

/* The script of a letter; those of East Asia count as one; COMMON for the rest. */
static UScriptCode script_of(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode script = u_isalpha(c) ? uscript_getScript(c, &status) : USCRIPT_COMMON;

	if (U_FAILURE(status) || script == USCRIPT_INHERITED)
		return USCRIPT_COMMON;
	bool east_asian = script == USCRIPT_HAN || script == USCRIPT_HIRAGANA ||
			  script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
			  script == USCRIPT_BOPOMOFO;
	return east_asian ? USCRIPT_HAN : script;
}

/* What is known of a word while its characters go by. */
struct word {
	UScriptCode part;          /* script of the present part, COMMON: none yet */
	bool part_alike;           /* all its letters look Latin */
	bool part_foreign;         /* one of them is none of Russian */
	int part_letters, symbols; /* symbols: its Greek letters that look like no other */
	bool has_latin, has_alike; /* parts before it: a Latin one; one that only looks so */
};

static const struct word fresh = {.part = USCRIPT_COMMON, .part_alike = true};

/* A part of one letter, or of letters that Russian has not, stands for a Latin one:
 * the Cyrillic С of "USB-С". "ТВ" and "ОС" are words of their own. */
static void end_part(struct word *word)
{
	bool stands_for_latin = word->part_alike && (word->part_letters == 1 || word->part_foreign);

	if (word->part == USCRIPT_LATIN)
		word->has_latin = true;
	else if (word->part != USCRIPT_COMMON && stands_for_latin)
		word->has_alike = true;
	word->part = USCRIPT_COMMON;
	word->part_alike = true;
	word->part_foreign = false;
	word->part_letters = word->symbols = 0;
}

/* The next letter of a part; true when the part now mixes scripts. */
static bool take_letter(struct word *word, UChar32 c, UScriptCode script, bool alike)
{
	bool cjk_beside = (script == USCRIPT_HAN) != (word->part == USCRIPT_HAN);

	/* One or two Greek letters are a unit or a symbol: kΩ, μF, Δt. */
	if (script == USCRIPT_GREEK && !alike) {
		word->symbols++;
		word->part_alike = false;
		return word->symbols > 2 && word->part != USCRIPT_COMMON &&
		       word->part != USCRIPT_GREEK;
	}
	/* Chinese text runs into Latin words without a space: not a slip. */
	if (word->part != USCRIPT_COMMON && script != word->part && !cjk_beside)
		return true;
	word->part = script;
	word->part_alike &= alike;
	word->part_foreign |= alike && !is_russian(c);
	word->part_letters++;
	return word->symbols > 2 && script != USCRIPT_GREEK;
}

bool shd_text_mixes_scripts(const struct shd_alphabets *alphabets, const char *text, size_t len)
{
	struct word word = fresh;

	for (size_t at = 0; at < len;) {
		UChar32 c = shd_utf8_next(text, len, &at);

		if (c >= 0 && u_charType(c) == U_NON_SPACING_MARK)
			continue; /* belongs to the letter before it */
		UScriptCode script = c < 0 ? USCRIPT_COMMON : script_of(c);
		if (script != USCRIPT_COMMON) {
			if (take_letter(&word, c, script, shd_looks_latin(alphabets, c)))
				return true;
		} else if (c == '-' || c == 0x2010 || c == 0x2011) {
			end_part(&word);
		} else if (c < 0 || !u_isdigit(c)) {
			end_part(&word);
			if (word.has_latin && word.has_alike)
				return true;
			word = fresh;
		}
	}
	end_part(&word);
	return word.has_latin && word.has_alike;
}
