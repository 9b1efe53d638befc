/* app/terminal_narrator.h - tells a person on stdout what happens, a line each.
 *
 * For the demo and for a look by hand; the journal has the same in fields. Loop
 * thread only. */
#pragma once
#include "deliver/deliver.h"
#include "poll/scheduler.h"

struct shd_terminal;

struct shd_terminal *shd_terminal_create(void);
void shd_terminal_destroy(struct shd_terminal *pretty); /* accepts NULL; prints the sum of it all */

/* Each accepts NULL for pretty and does nothing then. */
void shd_terminal_started(struct shd_terminal *pretty, struct shd_wall now, size_t stores,
			size_t feeds, size_t rules);
void shd_terminal_polled(struct shd_terminal *pretty, const struct shd_polled *what);
void shd_terminal_transition(
	struct shd_terminal *pretty, struct shd_wall now, const struct shd_transition *moved);
void shd_terminal_delivered(struct shd_terminal *pretty, struct shd_wall now,
			  const struct shd_delivered *what);

/* Once a second: a line about the polls since the last one, at most every 10 s. */
void shd_terminal_round(struct shd_terminal *pretty, struct shd_wall now);
