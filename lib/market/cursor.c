#include "cursor.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void shd_cursor_copy(struct shd_cursor *to, struct shd_cursor from)
{
	const char *before = to->text;

	*to = from;
	if (before == from.text)
		return;
	if (from.text)
		to->text = shd_xstrdup(from.text);
	free((char *)before);
}

void shd_cursor_drop_text(struct shd_cursor *cursor)
{
	free((char *)cursor->text);
	cursor->text = NULL;
	cursor->expires.ms = 0;
}

bool shd_cursor_has_text(const struct shd_cursor *cursor, struct shd_wall now)
{
	return cursor->text && (!cursor->expires.ms || now.ms < cursor->expires.ms);
}

bool shd_cursor_same_text(const struct shd_cursor *a, const struct shd_cursor *b)
{
	return a->text && b->text ? strcmp(a->text, b->text) == 0 : a->text == b->text;
}
