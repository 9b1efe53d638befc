#include "diag.h"

#include "base/fold.h"

#include <stdlib.h>
#include <string.h>

/* The longest message and source line that are kept. */
enum { TEXT_MAX = 1024, SOURCE_MAX = 4096, SHOWN_CHARS = 120 };

struct kept {
	struct shd_diag diag;
	char *file, *text, *hint, *source; /* owned; what diag points to */
};

struct shd_diags {
	struct kept *items; /* by file, line, col; equal ones in the order they came */
	size_t count, capacity, max;
	size_t mistakes, warnings;
};

struct shd_diags *shd_diags_create(size_t max)
{
	struct shd_diags *diags = shd_xcalloc(1, sizeof(*diags));

	diags->max = max;
	return diags;
}

void shd_diags_destroy(struct shd_diags *diags)
{
	if (!diags)
		return;
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].file);
		free(diags->items[i].text);
		free(diags->items[i].hint);
		free(diags->items[i].source);
	}
	free(diags->items);
	free(diags);
}

void shd_diags_destroyp(struct shd_diags **diags)
{
	shd_diags_destroy(*diags);
}

/* A copy that is safe on a terminal: what is not UTF-8 and every control
 * character but the tab becomes one `?`, so that columns stay true. */
static char *printable(const char *text, size_t max_bytes)
{
	SHD_AUTO(shd_text_finish) struct shd_text copy = {0};
	size_t len = shd_utf8_cut(text, strlen(text), max_bytes);

	shd_text_init(&copy, max_bytes);
	for (size_t at = 0; at < len;) {
		size_t from = at;
		int32_t c = shd_utf8_next(text, len, &at);

		if (c < 0 || (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0))
			shd_text_putc(&copy, '?');
		else
			shd_text_add(&copy, text + from, at - from);
	}
	return shd_text_take(&copy);
}

static int place_order(const struct shd_diag *a, const struct shd_diag *b)
{
	int order = strcmp(a->file, b->file);

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->col > b->col) - (a->col < b->col);
}

/* A line without source holds a secret: nobody else may show it either. */
static void hide_line(struct shd_diags *diags, struct kept *item)
{
	for (size_t i = 0; i < diags->count; i++) {
		struct kept *other = &diags->items[i];

		if (other->diag.line != item->diag.line ||
			strcmp(other->diag.file, item->diag.file) != 0)
			continue;
		if (!other->diag.source)
			item->diag.source = NULL;
		else if (!item->diag.source)
			other->diag.source = NULL;
	}
}

/* What stands in one place is reported once, however often the place is read: an alias repeats
 * the value that it stands for. */
static bool is_known(const struct shd_diags *diags, const struct shd_diag *diag)
{
	for (size_t i = 0; diag->line > 0 && i < diags->count; i++) {
		const struct shd_diag *other = &diags->items[i].diag;

		if (other->line == diag->line && other->col == diag->col &&
			other->severity == diag->severity && strcmp(other->text, diag->text) == 0 &&
			strcmp(other->file, diag->file) == 0)
			return true;
	}
	return false;
}

void shd_diags_add(struct shd_diags *diags, const struct shd_diag *diag)
{
	if (is_known(diags, diag))
		return;
	if (diag->severity == SHD_MISTAKE)
		diags->mistakes++;
	else
		diags->warnings++;
	if (diags->count >= diags->max)
		return;

	struct kept item = {.diag = *diag, .file = printable(diag->file, TEXT_MAX),
		.text = printable(diag->text, TEXT_MAX)};
	item.diag.file = item.file;
	item.diag.text = item.text;
	item.diag.width = diag->width > 0 ? diag->width : 1;
	if (diag->hint)
		item.diag.hint = item.hint = printable(diag->hint, TEXT_MAX);
	if (diag->source)
		item.diag.source = item.source = printable(diag->source, SOURCE_MAX);
	hide_line(diags, &item);

	shd_grow(diags->items, diags->count, diags->capacity);
	size_t at = diags->count++;
	while (at > 0 && place_order(&diags->items[at - 1].diag, &item.diag) > 0) {
		diags->items[at] = diags->items[at - 1];
		at--;
	}
	diags->items[at] = item;
}

size_t shd_diags_mistakes(const struct shd_diags *diags)
{
	return diags->mistakes;
}

size_t shd_diags_warnings(const struct shd_diags *diags)
{
	return diags->warnings;
}

size_t shd_diags_count(const struct shd_diags *diags)
{
	return diags->count;
}

const struct shd_diag *shd_diags_at(const struct shd_diags *diags, size_t i)
{
	shd_assert(i < diags->count);
	return &diags->items[i].diag;
}

/* One `fill` for every cell of the character at line[*at]; a tab stays a tab, so
 * that the caret stands below its character whatever the tab width. */
static void add_below(struct shd_text *out, const char *line, size_t len, size_t *at, char fill)
{
	int32_t c = shd_utf8_next(line, len, at);

	if (c == '\t') {
		shd_text_putc(out, '\t');
		return;
	}
	for (int i = shd_char_cells(c); i > 0; i--)
		shd_text_putc(out, fill);
}

/* Byte offset of the character number `chars` (from 0), at most len. */
static size_t skip_chars(const char *line, size_t len, size_t at, int chars)
{
	while (chars-- > 0 && at < len)
		shd_utf8_next(line, len, &at);
	return at;
}

static void print_caret(const struct shd_diag *diag, size_t from, size_t caret, size_t end,
			bool cut, struct shd_text *out)
{
	const char *line = diag->source;
	size_t at = from;

	shd_text_puts(out, cut ? "      |    " : "      | ");
	while (at < caret)
		add_below(out, line, end, &at, ' ');
	shd_text_putc(out, '^');
	if (at < end) {
		int32_t c = shd_utf8_next(line, end, &at);

		for (int i = shd_char_cells(c); i > 1; i--)
			shd_text_putc(out, '~');
	}
	for (int i = 1; i < diag->width && at < end; i++)
		add_below(out, line, end, &at, '~');
}

/* A long line is shown from a little before the caret. */
static void print_source(const struct shd_diag *diag, struct shd_text *out)
{
	const char *line = diag->source;
	size_t len = strlen(line), caret = skip_chars(line, len, 0, diag->col - 1);
	bool cut = diag->col > SHOWN_CHARS * 2 / 3;
	size_t from = cut ? skip_chars(line, len, 0, diag->col - 1 - SHOWN_CHARS / 3) : 0;
	size_t end = skip_chars(line, len, from, SHOWN_CHARS);

	shd_text_printf(out, "%5d | %s", diag->line, cut ? "..." : "");
	shd_text_add(out, line + from, end - from);
	shd_text_puts(out, end < len ? "...\n" : "\n");
	print_caret(diag, from, caret, end, cut, out);
	if (diag->hint)
		shd_text_printf(out, " %s", diag->hint);
	shd_text_putc(out, '\n');
}

static void print_one(const struct shd_diag *diag, struct shd_text *out)
{
	shd_text_puts(out, diag->file);
	if (diag->line > 0)
		shd_text_printf(out, ":%d:%d", diag->line, diag->col);
	shd_text_printf(out, ": %s: %s\n", diag->severity == SHD_MISTAKE ? "error" : "warning",
		diag->text);
	if (diag->source && diag->line > 0)
		print_source(diag, out);
	else if (diag->hint)
		shd_text_printf(out, "      | %s\n", diag->hint);
}

static void print_number(struct shd_text *out, size_t n, const char *noun)
{
	shd_text_printf(out, "%zu %s%s", n, noun, SHD_S(n));
}

void shd_diags_print(const struct shd_diags *diags, struct shd_text *out)
{
	size_t dropped = diags->mistakes + diags->warnings - diags->count;

	for (size_t i = 0; i < diags->count; i++)
		print_one(&diags->items[i].diag, out);
	if (diags->mistakes)
		print_number(out, diags->mistakes, "mistake");
	else
		shd_text_puts(out, "no mistakes");
	if (diags->warnings) {
		shd_text_puts(out, ", ");
		print_number(out, diags->warnings, "warning");
	}
	if (dropped)
		shd_text_printf(out, " (%zu not shown)", dropped);
	shd_text_putc(out, '\n');
}
