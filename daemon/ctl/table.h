/* ctl/table.h - a table for people, its columns aligned by display width.
 *
 * A table fits its screen. A Chinese character takes two cells of a terminal and a combining accent
 * none. The last column is not padded. Pure; one thread at a time. */
#pragma once
#include "base/text.h"

enum shd_paint { SHD_PLAIN, SHD_GOOD, SHD_POOR, SHD_BAD, SHD_DIM, SHD_BOLD };

struct shd_table;

/* `headings` is the first row, NULL-terminated; it sets the number of columns. */
struct shd_table *shd_table_create(const char *const *headings);
void shd_table_destroy(struct shd_table *table); /* accepts NULL */
void shd_table_destroyp(struct shd_table **table);

/* Adds the next cell, row by row. Copies the text; NULL and "" show as "-". Control
 * characters become spaces: text of a marketplace must not control the terminal. */
void shd_table_cell(struct shd_table *table, enum shd_paint paint, const char *text);

/* The same for a number. */
void shd_table_int(struct shd_table *table, enum shd_paint paint, int64_t n);

/* Where a table is printed. */
struct shd_screen {
	bool colour;  /* with escape sequences */
	size_t width; /* in cells; 0: as wide as it gets */
};

/* Appends all rows. Where they are wider than the screen, the widest columns lose the middle of
 * their cells, but a column keeps 8 cells and the last one 24. */
void shd_table_print(
	const struct shd_table *table, const struct shd_screen *screen, struct shd_text *out);

/* Cells that a terminal needs for text[0..len). */
size_t shd_display_width(const char *text, size_t len);

/* Appends the text in a colour, control characters as spaces. */
void shd_paint_text(struct shd_text *out, bool colour, enum shd_paint paint, const char *text);
