/* net/budget.h - the memory that large answers share, from their first bytes until they are read;
 * and, with a budget of its own, what polls hold of what they read until it is committed.
 *
 * Who holds for longest may go on whatever the others have, so that there is always one who ends:
 * an answer arrives or runs into its time limit, and reading one takes no longer than it takes.
 * So may one more, who has all of an answer and needs much to read it. The others share what the
 * budget leaves when the first one takes all it may; each of them has a quarter of that at most,
 * so that one who sends much is not in the way of those who send less.
 * Pure: knows no clock and no network. Loop thread only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shd_budget;
struct shd_hold;

/* Smaller answers are free. */
#define SHD_HOLD_FREE_BYTES (64 * 1024)

/* Who took how much: now, and at most since the start. */
struct shd_memory_user {
	char who[64];
	int64_t now, peak;
};

struct shd_memory_use {
	int64_t max, now, peak; /* of all together */
	size_t waiting;         /* who wait for some */
	uint64_t refused;       /* who waited in vain */
	struct shd_memory_user users[8]; /* those who took most, the first one most */
	size_t user_count;
};

/* Without a limit at first. `changed` is called where somebody begins to wait, or may be able to go
 * on, in the midst of whatever made that so: it only takes a note. Ends with shd_budget_close. */
struct shd_budget *shd_budget_create(void (*changed)(void *ctx), void *ctx);
/* Nobody is called any more; it goes with the last hold. */
void shd_budget_close(struct shd_budget *budget);
void shd_budget_limit(struct shd_budget *budget, int64_t max_bytes);
void shd_budget_use(const struct shd_budget *budget, struct shd_memory_use *ret_use);

/* Joins the others as the last one, with nothing. `who` is copied and may be NULL; it never takes
 * more than most_bytes, unless it is the first. Returns owned. */
struct shd_hold *shd_hold_create(struct shd_budget *budget, const char *who, int64_t most_bytes,
				 void *owner);
void shd_hold_destroy(struct shd_hold *hold); /* accepts NULL */

/* From now on it has so many bytes in all. False: it has as many as before, and waits. */
bool shd_hold_set(struct shd_hold *hold, int64_t bytes);
/* The same for reading what has arrived, which takes much: one at a time. */
bool shd_hold_read(struct shd_hold *hold, int64_t bytes);
/* It has so many already, room or not. False: more than it may, so that it should come to its end;
 * that counts as refused. */
bool shd_hold_took(struct shd_hold *hold, int64_t bytes);

/* It waits no more, but in vain. */
void shd_hold_give_up(struct shd_hold *hold);

bool shd_hold_waits(const struct shd_hold *hold);
void *shd_hold_owner(const struct shd_hold *hold);
void shd_hold_disown(struct shd_hold *hold); /* its owner passes it on */

/* The one after `hold`, NULL: after none, by age; NULL: there is no other. */
struct shd_hold *shd_budget_next(const struct shd_budget *budget, const struct shd_hold *hold);
