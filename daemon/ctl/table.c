#include "table.h"

#include "base/fold.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* spaces between two columns */

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

void shd_table_print(const struct shd_table *table, bool colour, struct shd_text *out)
{
	shd_assert(table->count % table->columns == 0);
	shd_autofree size_t *widths = shd_xcalloc(table->columns, sizeof(*widths));

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (size_t i = 0; i < table->count; i++) {
		const struct cell *cell = &table->cells[i];
		size_t column = i % table->columns;
		bool last = column + 1 == table->columns;

		shd_paint_text(out, colour, cell->paint, cell->text);
		if (last)
			shd_text_putc(out, '\n');
		for (size_t pad = cell->width; !last && pad < widths[column] + GAP; pad++)
			shd_text_putc(out, ' ');
	}
}
