/* daemon/pretty.h - tells a person on stdout what happens, a line each.
 *
 * For the demo and for a look by hand; the journal has the same in fields. Loop
 * thread only. */
#pragma once
#include "deliver.h"
#include "polls.h"

struct shd_pretty;

struct shd_pretty *shd_pretty_create(void);
void shd_pretty_destroy(struct shd_pretty *pretty); /* accepts NULL; prints the sum of it all */

/* Each accepts NULL for pretty and does nothing then. */
void shd_pretty_started(struct shd_pretty *pretty, struct shd_wall now, size_t stores,
			size_t feeds, size_t rules);
void shd_pretty_polled(struct shd_pretty *pretty, const struct shd_polled *what);
void shd_pretty_moved(
	struct shd_pretty *pretty, struct shd_wall now, const struct shd_moved *moved);
void shd_pretty_delivered(struct shd_pretty *pretty, struct shd_wall now,
			  const struct shd_delivered *what);

/* Once a second: a line about the polls since the last one, at most every 10 s. */
void shd_pretty_round(struct shd_pretty *pretty, struct shd_wall now);
