#include "flowed.h"

#include "base/fold.h"

#include <string.h>

/* Up to two spaces more: between two words, and the one that says that the line goes on. */
enum { LINE_CELLS = 70 };

/* A line that would read as a quote, as the signature's or as a mailbox's own begins with a space,
 * which readers take away. */
static bool needs_stuffing(const char *line)
{
	return *line == ' ' || *line == '>' || strncmp(line, "From ", 5) == 0 ||
	       strcmp(line, "-- ") == 0;
}

void shd_flowed_paragraph(struct shd_text *out, const char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == ' ')
		len--; /* a space at its end would join the next paragraph */
	do {
		size_t cut = shd_line_cut(text, len, LINE_CELLS);

		if (needs_stuffing(text))
			shd_text_putc(out, ' ');
		shd_text_add(out, text, cut);
		shd_text_puts(out, cut < len ? " \r\n" : "\r\n");
		text += cut;
		len -= cut;
	} while (len);
}
