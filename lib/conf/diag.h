/* conf/diag.h - all the mistakes of one reading, compiler style.
 *
 *   rules.d/ozon.yaml:14:17: error: cannot compare ratio with number
 *      14 |       warning: late_shipment_rate > 4
 *         |                ^~~~~~~~~~~~~~~~~~~~~~ did you mean 4% ?
 *
 * A reader reports and goes on, so that one run shows everything. Lines and
 * columns count from 1, columns in characters, lines as an editor counts them.
 * Pure; one thread at a time. */
#pragma once
#include "base/text.h"

enum shd_severity { SHD_WARNING, SHD_MISTAKE };

struct shd_diag {
	enum shd_severity severity;
	const char *file; /* as the user named it */
	int line, col, width; /* line 0: no place in the file; width: characters underlined */
	const char *text;   /* what was found, what was expected */
	const char *hint;   /* what to do ("did you mean 4% ?"), or NULL */
	const char *source; /* the source line; NULL hides this line, for all that report it */
};

struct shd_diags;

/* Keeps at most `max` of them; more are only counted. */
struct shd_diags *shd_diags_create(size_t max);
void shd_diags_destroy(struct shd_diags *diags);
void shd_diags_destroyp(struct shd_diags **diags);

/* Copies everything, control characters and bytes that are not UTF-8 as `?`. The same text
 * about the same place is kept, and counted, once. */
void shd_diags_add(struct shd_diags *diags, const struct shd_diag *diag);

size_t shd_diags_mistakes(const struct shd_diags *diags);
size_t shd_diags_warnings(const struct shd_diags *diags);
size_t shd_diags_count(const struct shd_diags *diags); /* of those kept */
const struct shd_diag *shd_diags_at(
	const struct shd_diags *diags, size_t i); /* by file, line, col */

/* Appends all of them, sorted, with source line and caret; then one line
 * "3 mistakes, 1 warning" or "no mistakes" (and how many were not kept). */
void shd_diags_print(const struct shd_diags *diags, struct shd_text *out);
