/* market/cursor.h - where the next poll of a feed goes on.
 *
 * By the time, always; and by a text of the marketplace's own, where the endpoint hands one
 * out with its last page (adapter.h, `resumes`). The text may expire or be refused; then the
 * list starts anew from the time. Pure; one thread at a time. */
#pragma once
#include "base/time.h"

#include <stdbool.h>

/* The longest position of a page, and so the longest text; more is the error LIMIT. */
enum { SHD_POSITION_BYTES = 64 * 1024 };

struct shd_cursor {
	struct shd_wall time;    /* when the last complete poll began; 0: there was none */
	const char *text; /* NULL: none. Owned by whom shd_cursor_copy gave it, else borrowed */
	struct shd_wall expires; /* the text; 0: it does not */
};

/* *to becomes `from`, with a text of its own, in place of what it was. `from` may be *to. */
void shd_cursor_copy(struct shd_cursor *to, struct shd_cursor from);
/* Drops an owned text; the time stays. */
void shd_cursor_drop_text(struct shd_cursor *cursor);
/* Whether there is a text, and it has not expired. */
bool shd_cursor_has_text(const struct shd_cursor *cursor, struct shd_wall now);
/* Whether both have the same text, or none. */
bool shd_cursor_same_text(const struct shd_cursor *a, const struct shd_cursor *b);
