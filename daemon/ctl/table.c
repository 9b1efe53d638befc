#include "table.h"

#include "base/fold.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2, /* spaces between two columns */
	KEEPS = 8,
	LAST_KEEPS = 24
};

struct cell {
	char *text;
	size_t width;
	enum shd_paint paint;
};

struct shd_table {
	struct cell *cells; /* row by row, the headings first */
	size_t count, room, columns;
};

static const char *const escapes[] = {
	[SHD_PLAIN] = "", [SHD_GOOD] = "\033[32m", [SHD_POOR] = "\033[33m",
	[SHD_BAD] = "\033[31m", [SHD_DIM] = "\033[2m", [SHD_BOLD] = "\033[1m",
};

size_t shd_display_width(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t at = 0; at < len;)
		width += (size_t)shd_char_cells(shd_utf8_next(text, len, &at));
	return width;
}

struct shd_table *shd_table_create(const char *const *headings)
{
	struct shd_table *table = shd_xcalloc(1, sizeof(*table));

	for (size_t i = 0; headings[i]; i++)
		shd_table_cell(table, SHD_DIM, headings[i]);
	table->columns = table->count;
	return table;
}

void shd_table_destroy(struct shd_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

void shd_table_destroyp(struct shd_table **table)
{
	shd_table_destroy(*table);
}

void shd_table_cell(struct shd_table *table, enum shd_paint paint, const char *text)
{
	shd_grow(table->cells, table->count, table->room);
	struct cell *cell = &table->cells[table->count++];
	cell->text = shd_xstrdup(text && *text ? text : "-");
	shd_line_clean(cell->text);
	cell->width = shd_display_width(cell->text, strlen(cell->text));
	cell->paint = paint;
}

void shd_table_int(struct shd_table *table, enum shd_paint paint, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	shd_table_cell(table, paint, text);
}

void shd_paint_text(struct shd_text *out, bool colour, enum shd_paint paint, const char *text)
{
	shd_autofree char *clean = shd_xstrdup(text);

	shd_line_clean(clean);
	if (!colour || paint == SHD_PLAIN) {
		shd_text_puts(out, clean);
		return;
	}
	shd_text_printf(out, "%s%s\033[0m", escapes[paint], clean);
}

static size_t column_width(const struct shd_table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->count; i += table->columns)
		if (table->cells[i].width > width)
			width = table->cells[i].width;
	return width;
}

/* Takes from the widest columns until all fit, or none has more than it keeps. */
static void fit(size_t *widths, size_t columns, size_t screen)
{
	for (;;) {
		size_t sum = (columns - 1) * GAP, widest = columns;

		for (size_t i = 0; i < columns; i++) {
			size_t keeps = i + 1 == columns ? LAST_KEEPS : KEEPS;

			sum += widths[i];
			if (widths[i] > keeps && (widest == columns || widths[i] > widths[widest]))
				widest = i;
		}
		if (sum <= screen || widest == columns)
			return;
		widths[widest]--;
	}
}

/* Bytes of the start of text[0..len) that fit into so many cells. */
static size_t head_of(const char *text, size_t len, size_t cells)
{
	size_t at = 0, used = 0;

	while (at < len) {
		size_t next = at;

		used += (size_t)shd_char_cells(shd_utf8_next(text, len, &next));
		if (used > cells)
			break;
		at = next;
	}
	return at;
}

/* Appends the cell in at most `width` cells, and returns how many it takes. */
static size_t print_cell(
	const struct cell *cell, size_t width, bool colour, struct shd_text *out)
{
	size_t len = strlen(cell->text);

	if (cell->width <= width) {
		shd_paint_text(out, colour, cell->paint, cell->text);
		return cell->width;
	}
	struct shd_text cut SHD_AUTO(shd_text_finish) = {0};
	size_t head = head_of(cell->text, len, width / 2), tail = head;
	size_t room = width - 1 - shd_display_width(cell->text, head);

	while (shd_display_width(cell->text + tail, len - tail) > room)
		shd_utf8_next(cell->text, len, &tail);
	shd_text_init(&cut, len + 8);
	shd_text_add(&cut, cell->text, head);
	shd_text_puts(&cut, "…");
	shd_text_add(&cut, cell->text + tail, len - tail);
	shd_paint_text(out, colour, cell->paint, cut.data);
	return shd_display_width(cut.data, cut.len);
}

void shd_table_print(
	const struct shd_table *table, const struct shd_screen *screen, struct shd_text *out)
{
	shd_assert(table->count % table->columns == 0);
	shd_autofree size_t *widths = shd_xcalloc(table->columns, sizeof(*widths));

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	if (screen->width)
		fit(widths, table->columns, screen->width);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		bool last = column + 1 == table->columns;
		size_t used = print_cell(&table->cells[i], widths[column], screen->colour, out);

		if (last)
			shd_text_putc(out, '\n');
		for (size_t pad = used; !last && pad < widths[column] + GAP; pad++)
			shd_text_putc(out, ' ');
	}
}
