#include "budget.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	SHARE = 4,      /* of what is left beside the first one, at most a quarter for another */
	KNOWN_MAX = 32, /* who is remembered */
};

struct shd_hold {
	struct shd_hold *older, *newer;
	struct shd_budget *budget;
	void *owner;
	char who[sizeof((struct shd_memory_user *)0)->who];
	int64_t bytes, peak, most;
	bool waits;
};

struct shd_budget {
	struct shd_hold *oldest, *newest, *reader; /* reader: NULL, or who reads */
	int64_t max, bytes, peak;
	uint64_t refused;
	struct shd_memory_user known[KNOWN_MAX]; /* their peaks */
	size_t known_count;
	bool closing;
	void (*changed)(void *ctx);
	void *ctx;
};

struct shd_budget *shd_budget_create(void (*changed)(void *ctx), void *ctx)
{
	struct shd_budget *budget = shd_xcalloc(1, sizeof(*budget));

	budget->max = INT64_MAX;
	budget->changed = changed;
	budget->ctx = ctx;
	return budget;
}

void shd_budget_close(struct shd_budget *budget)
{
	budget->closing = true;
	if (!budget->oldest)
		free(budget);
}

static void tell(const struct shd_budget *budget)
{
	if (!budget->closing)
		budget->changed(budget->ctx);
}

void shd_budget_limit(struct shd_budget *budget, int64_t max_bytes)
{
	budget->max = max_bytes;
	tell(budget);
}

/* --- who took how much ------------------------------------------------------------------- */

static struct shd_memory_user *find_user(
	struct shd_memory_user *users, size_t count, const char *who)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(users[i].who, who) == 0)
			return &users[i];
	return NULL;
}

/* Those who took little make room for those who took more. */
static struct shd_memory_user *add_user(
	struct shd_memory_user *users, size_t *count, size_t room, const char *who, int64_t peak)
{
	struct shd_memory_user *user = find_user(users, *count, who);

	if (user)
		return user;
	if (*count < room) {
		user = &users[(*count)++];
	} else {
		user = users;
		for (size_t i = 1; i < room; i++)
			user = users[i].peak < user->peak ? &users[i] : user;
		if (user->peak >= peak)
			return NULL;
	}
	*user = (struct shd_memory_user){0};
	memcpy(user->who, who, strlen(who) + 1);
	return user;
}

static void remember(struct shd_budget *budget, const struct shd_hold *hold)
{
	struct shd_memory_user *user = hold->peak ? add_user(budget->known, &budget->known_count,
		KNOWN_MAX, hold->who, hold->peak) : NULL;

	if (user && user->peak < hold->peak)
		user->peak = hold->peak;
}

static int by_need(const void *a, const void *b)
{
	const struct shd_memory_user *x = a, *y = b;

	if (x->now != y->now)
		return x->now < y->now ? 1 : -1;
	if (x->peak != y->peak)
		return x->peak < y->peak ? 1 : -1;
	return strcmp(x->who, y->who);
}

void shd_budget_use(const struct shd_budget *budget, struct shd_memory_use *ret_use)
{
	struct shd_memory_user users[2 * KNOWN_MAX];
	size_t count = budget->known_count;

	*ret_use = (struct shd_memory_use){.max = budget->max, .now = budget->bytes,
		.peak = budget->peak, .refused = budget->refused};
	memcpy(users, budget->known, count * sizeof(*users));
	for (const struct shd_hold *hold = budget->oldest; hold; hold = hold->newer) {
		struct shd_memory_user *user =
			add_user(users, &count, SHD_COUNT(users), hold->who, hold->peak);

		ret_use->waiting += hold->waits;
		if (!user)
			continue;
		user->now += hold->bytes;
		if (user->peak < hold->peak)
			user->peak = hold->peak;
		if (user->peak < user->now)
			user->peak = user->now;
	}
	qsort(users, count, sizeof(*users), by_need);
	ret_use->user_count =
		count < SHD_COUNT(ret_use->users) ? count : SHD_COUNT(ret_use->users);
	memcpy(ret_use->users, users, ret_use->user_count * sizeof(*users));
}

/* --- holding --------------------------------------------------------------------------------- */

struct shd_hold *shd_hold_create(struct shd_budget *budget, const char *who, int64_t most_bytes,
				 void *owner)
{
	struct shd_hold *hold = shd_xcalloc(1, sizeof(*hold));
	size_t len = shd_utf8_cut(
		shd_or_empty(who), strlen(shd_or_empty(who)), sizeof(hold->who) - 1);

	memcpy(hold->who, shd_or_empty(who), len);
	hold->budget = budget;
	hold->owner = owner;
	hold->most = most_bytes;
	hold->older = budget->newest;
	if (hold->older)
		hold->older->newer = hold;
	else
		budget->oldest = hold;
	budget->newest = hold;
	return hold;
}

void shd_hold_destroy(struct shd_hold *hold)
{
	if (!hold)
		return;
	struct shd_budget *budget = hold->budget;

	remember(budget, hold);
	if (hold->older)
		hold->older->newer = hold->newer;
	else
		budget->oldest = hold->newer;
	if (hold->newer)
		hold->newer->older = hold->older;
	else
		budget->newest = hold->older;
	if (budget->reader == hold)
		budget->reader = NULL;
	budget->bytes -= hold->bytes;
	free(hold);
	if (budget->closing && !budget->oldest)
		free(budget);
	else
		tell(budget);
}

static bool may_have(const struct shd_hold *hold, int64_t bytes)
{
	const struct shd_budget *budget = hold->budget;
	const struct shd_hold *first = budget->oldest, *reader = budget->reader;

	if (bytes <= hold->bytes || hold == first)
		return true;
	int64_t room = budget->max - first->most;
	int64_t others = budget->bytes - first->bytes - hold->bytes;
	if (reader && reader != first && reader != hold)
		others -= reader->bytes;
	return bytes <= room / SHARE && others + bytes <= room;
}

static bool set(struct shd_hold *hold, int64_t bytes, bool may)
{
	struct shd_budget *budget = hold->budget;
	bool waited = hold->waits;

	hold->waits = !may;
	if (!may && !waited)
		tell(budget);
	if (!may)
		return false;
	budget->bytes += bytes - hold->bytes;
	hold->bytes = bytes;
	if (hold->peak < bytes)
		hold->peak = bytes;
	if (budget->peak < budget->bytes)
		budget->peak = budget->bytes;
	return true;
}

bool shd_hold_set(struct shd_hold *hold, int64_t bytes)
{
	return set(hold, bytes, may_have(hold, bytes));
}

bool shd_hold_read(struct shd_hold *hold, int64_t bytes)
{
	struct shd_budget *budget = hold->budget;

	if (!budget->reader)
		budget->reader = hold;
	return set(hold, bytes, budget->reader == hold);
}

bool shd_hold_took(struct shd_hold *hold, int64_t bytes)
{
	bool may = may_have(hold, bytes);

	hold->budget->refused += !may;
	set(hold, bytes, true);
	return may;
}

void shd_hold_give_up(struct shd_hold *hold)
{
	hold->waits = false;
	hold->budget->refused++;
}

bool shd_hold_waits(const struct shd_hold *hold)
{
	return hold->waits;
}

void *shd_hold_owner(const struct shd_hold *hold)
{
	return hold->owner;
}

void shd_hold_disown(struct shd_hold *hold)
{
	hold->owner = NULL;
}

struct shd_hold *shd_budget_next(const struct shd_budget *budget, const struct shd_hold *hold)
{
	return hold ? hold->newer : budget->oldest;
}
