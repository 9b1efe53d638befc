#include "ledger.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEPT_MS = 10000,   /* what takes less to fill is full again after a restart */
	GRANT_MS = 20,     /* a row is on its way */
	STATED_FACTOR = 10,
	AGAIN_MS = 1000,   /* after a failure of the state; doubles up to */
	AGAIN_MOST_MS = 32000,
	FORGET_DAYS = 30,  /* a row that nobody wrote for so long */
};

struct shd_ledger {
	struct shd_ledger_in in;
	struct shd_allowance *all; /* by key */
	struct shd_allowance *changed;
	struct shd_change change;
	struct shd_allowance **written; /* in the change */
	size_t written_count, written_room;
	bool writing, tidied;
	int failures;                   /* of the state, in a row */
	struct shd_mono again;          /* nothing is handed in before */
};

static const char *const kinds[] = {
#define X(id, name) name,
	SHD_ALLOWANCE_MAP(X)
#undef X
};

/* --- writing ------------------------------------------------------------------------------ */

static bool apply(struct shd_change *change, struct shd_transaction *transaction,
		  struct shd_error *reterr)
{
	struct shd_ledger *ledger =
		(struct shd_ledger *)((char *)change - offsetof(struct shd_ledger, change));
	struct shd_wall before = {transaction->now.ms - FORGET_DAYS * SHD_DAY_MS};

	if (!ledger->tidied && !shd_state_buckets_forget(transaction->state, before, reterr))
		return false;
	for (size_t i = 0; i < ledger->written_count; i++)
		if (!shd_state_bucket_put(transaction->state, &ledger->written[i]->row, reterr))
			return false;
	return true;
}

static void hand_in(struct shd_ledger *ledger, bool urgent);

static void mark(struct shd_allowance *allowance)
{
	struct shd_ledger *ledger = allowance->ledger;

	if (allowance->changed)
		return;
	allowance->changed = true;
	allowance->next_changed = ledger->changed;
	ledger->changed = allowance;
}

static void pause_writing(struct shd_ledger *ledger)
{
	int64_t wait_ms = AGAIN_MS;

	ledger->failures++;
	for (int i = 1; i < ledger->failures && wait_ms < AGAIN_MOST_MS; i++)
		wait_ms *= 2;
	ledger->again.ms = ledger->in.mono(ledger->in.ctx).ms + wait_ms;
}

static void done(struct shd_change *change, const struct shd_error *err)
{
	struct shd_ledger *ledger =
		(struct shd_ledger *)((char *)change - offsetof(struct shd_ledger, change));

	ledger->writing = false;
	ledger->tidied |= !err;
	for (size_t i = 0; i < ledger->written_count; i++) {
		struct shd_allowance *allowance = ledger->written[i];

		allowance->writing = false;
		if (err)
			mark(allowance);
		else
			allowance->granted = allowance->reserved - allowance->spent;
	}
	ledger->written_count = 0;
	if (err)
		pause_writing(ledger);
	else
		ledger->failures = 0;
	if (ledger->changed)
		hand_in(ledger, false);
}

/* The row as of now, and how many requests may leave until it is kept and after. */
static void fill_row(struct shd_allowance *allowance, struct shd_wall now, struct shd_mono mono)
{
	const struct shd_bucket *rate = &allowance->rate;
	int64_t left = shd_bucket_tokens(rate);

	allowance->reserved = left < SHD_LEDGER_AHEAD ? left : SHD_LEDGER_AHEAD;
	if (allowance->granted > allowance->reserved)
		allowance->granted = allowance->reserved;
	allowance->spent = 0;
	allowance->known = false;
	allowance->row = (struct shd_bucket_row){.kind = kinds[allowance->kind],
		.name = allowance->name,
		.operation = allowance->operation,
		.stated_micro_per_s = allowance->stated_micro_per_s,
		.micro_tokens = rate->nano_tokens / 1000 - allowance->reserved * 1000000,
		.at.ms = rate->at_ms ? now.ms - (mono.ms - rate->at_ms) : now.ms,
		.paused_until.ms = allowance->paused_until.ms > mono.ms
					   ? now.ms + allowance->paused_until.ms - mono.ms
					   : 0};
}

static int64_t pause_ms(const struct shd_ledger *ledger)
{
	int64_t wait_ms =
		ledger->failures ? ledger->again.ms - ledger->in.mono(ledger->in.ctx).ms : 0;

	return wait_ms > 0 ? wait_ms : 0;
}

/* Hands all that changed in; urgent: a request waits for it. */
static void hand_in(struct shd_ledger *ledger, bool urgent)
{
	struct shd_allowance *allowance;

	if (pause_ms(ledger) > 0)
		return;
	ledger->change.urgent |= urgent;
	if (!ledger->writing) {
		ledger->writing = true;
		ledger->change = (struct shd_change){
			.urgent = urgent, .apply = apply, .done = done};
		while ((allowance = ledger->changed)) {
			ledger->changed = allowance->next_changed;
			allowance->changed = false;
			allowance->writing = true;
			fill_row(allowance, ledger->in.now(ledger->in.ctx),
				ledger->in.mono(ledger->in.ctx));
			shd_grow(ledger->written, ledger->written_count, ledger->written_room);
			ledger->written[ledger->written_count++] = allowance;
		}
	}
	if (urgent || !ledger->change.queued)
		ledger->in.changes.submit(ledger->in.changes.ctx, &ledger->change);
}

/* --- one ------------------------------------------------------------------------------------ */

static struct shd_mono mono_of(const struct shd_allowance *allowance)
{
	return allowance->ledger->in.mono(allowance->ledger->in.ctx);
}

/* The rate in force. */
static int64_t rate_of(const struct shd_allowance *allowance)
{
	int64_t listed = allowance->listed_micro_per_s, stated = allowance->stated_micro_per_s;
	int64_t least = listed / STATED_FACTOR > 0 ? listed / STATED_FACTOR : 1;

	if (!stated || !listed)
		return listed;
	if (stated < least)
		return least;
	return stated < listed * STATED_FACTOR ? stated : listed * STATED_FACTOR;
}

/* The first limit after a start: the bucket has what the state says, and what came since. */
static void recall(struct shd_allowance *allowance)
{
	const struct shd_bucket_row *row = &allowance->row;
	int64_t passed_ms = allowance->ledger->in.now(allowance->ledger->in.ctx).ms - row->at.ms;
	int64_t most = allowance->rate.burst * 1000000, left = row->micro_tokens;
	struct shd_bucket known = {.micro_per_s = 1,
		.nano_tokens = (left < 0 ? 0 : left < most ? left : most) * 1000,
		.at_ms = mono_of(allowance).ms - (passed_ms > 0 ? passed_ms : 0)};

	shd_bucket_inherit(&allowance->rate, &known);
	allowance->known = false;
}

void shd_allowance_limit(struct shd_allowance *allowance, int64_t micro_per_s, int64_t burst)
{
	struct shd_bucket before = allowance->rate;

	shd_assert(micro_per_s > 0 && burst <= 1000000);
	allowance->listed_micro_per_s = micro_per_s;
	shd_bucket_init(&allowance->rate, rate_of(allowance), burst);
	if (allowance->known)
		recall(allowance);
	else
		shd_bucket_inherit(&allowance->rate, &before);
	allowance->kept = allowance->kind == SHD_ALLOWANCE_OPERATION &&
			  allowance->rate.burst * 1000000 / micro_per_s > KEPT_MS / 1000;
}

void shd_allowance_stated(struct shd_allowance *allowance, int64_t micro_per_s)
{
	if (micro_per_s <= 0 || micro_per_s == allowance->stated_micro_per_s)
		return;
	allowance->stated_micro_per_s = micro_per_s;
	shd_bucket_set_rate(&allowance->rate, rate_of(allowance), mono_of(allowance).ms);
	mark(allowance);
	hand_in(allowance->ledger, false);
}

int64_t shd_allowance_wait_ms(struct shd_allowance *allowance)
{
	int64_t wait_ms = shd_bucket_wait_ms(&allowance->rate, mono_of(allowance).ms);

	if (wait_ms > 0 || !allowance->kept || allowance->granted > 0)
		return wait_ms;
	if (!allowance->writing)
		mark(allowance);
	hand_in(allowance->ledger, true);
	wait_ms = pause_ms(allowance->ledger);
	return wait_ms > GRANT_MS ? wait_ms : GRANT_MS;
}

void shd_allowance_spend(struct shd_allowance *allowance)
{
	shd_bucket_spend(&allowance->rate);
	if (!allowance->kept)
		return;
	shd_assert(allowance->granted > 0);
	allowance->granted--;
	allowance->spent++;
	mark(allowance);
	hand_in(allowance->ledger, false);
}

void shd_allowance_pause(struct shd_allowance *allowance, struct shd_mono until)
{
	if (until.ms <= allowance->paused_until.ms)
		return;
	allowance->paused_until = until;
	mark(allowance);
	hand_in(allowance->ledger, false);
}

/* --- all ------------------------------------------------------------------------------------ */

/* Its key: the kind's digit and both names, each with its NUL. */
static struct shd_allowance *make(enum shd_allowance_kind kind, const char *name,
				  const char *operation)
{
	size_t name_len = strlen(name), operation_len = strlen(operation);
	struct shd_allowance *made =
		shd_xcalloc(1, sizeof(*made) + name_len + operation_len + 3);

	made->kind = kind;
	made->key[0] = (char)('0' + kind);
	memcpy(made->key + 1, name, name_len + 1);
	memcpy(made->key + name_len + 2, operation, operation_len + 1);
	made->name = made->key + 1;
	made->operation = made->key + name_len + 2;
	shd_bucket_init(&made->rate, 0, 1);
	return made;
}

void shd_ledger_tick(struct shd_ledger *ledger)
{
	if (ledger->changed)
		hand_in(ledger, false);
}

struct shd_allowance *shd_ledger_find(struct shd_ledger *ledger, enum shd_allowance_kind kind,
				      const char *name, const char *operation)
{
	struct shd_allowance *made = make(kind, name, operation), *found;
	size_t len = strlen(name) + strlen(operation) + 3;

	HASH_FIND(hh, ledger->all, made->key, len, found);
	if (found) {
		free(made);
		return found;
	}
	made->ledger = ledger;
	HASH_ADD_KEYPTR(hh, ledger->all, made->key, len, made);
	return made;
}

static void restore(struct shd_ledger *ledger, const struct shd_bucket_row *row)
{
	int64_t wait_ms = row->paused_until.ms - ledger->in.now(ledger->in.ctx).ms;

	for (size_t kind = 0; kind < SHD_COUNT(kinds); kind++) {
		if (strcmp(kinds[kind], row->kind) != 0)
			continue;
		struct shd_allowance *allowance = shd_ledger_find(
			ledger, (enum shd_allowance_kind)kind, row->name, row->operation);
		allowance->row = *row;
		allowance->known = true;
		allowance->stated_micro_per_s = row->stated_micro_per_s;
		if (wait_ms > SHD_PAUSE_MAX_MS)
			wait_ms = SHD_PAUSE_MAX_MS;
		if (row->paused_until.ms && wait_ms > 0)
			allowance->paused_until.ms =
				ledger->in.mono(ledger->in.ctx).ms + wait_ms;
	}
}

struct shd_ledger *shd_ledger_create(
	const struct shd_ledger_in *in, const struct shd_bucket_row *rows, size_t count)
{
	struct shd_ledger *ledger = shd_xcalloc(1, sizeof(*ledger));

	ledger->in = *in;
	for (size_t i = 0; i < count; i++)
		restore(ledger, &rows[i]);
	return ledger;
}

void shd_ledger_destroy(struct shd_ledger *ledger)
{
	struct shd_allowance *allowance, *next;

	if (!ledger)
		return;
	shd_assert(!ledger->writing);
	HASH_ITER (hh, ledger->all, allowance, next) {
		HASH_DEL(ledger->all, allowance);
		free(allowance);
	}
	free(ledger->written);
	free(ledger);
}
