/* The two changes of the outbox: taking what is due, and recording what became of it. */
#include "own.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPTS_MAX = 256,  /* attempts in memory */
	PER_CHANNEL = 32,    /* of them for one channel */
	CHANNELS_BYTES = 1 << 20,
	ROWS_BYTES = 64 << 20,
	REACHED_BYTES = 1 << 20,
};

/* Longer than anything that is sent may take with all its time limits; a run that ended
 * gives its claims up at the next start. */
#define CLAIM_MS (30 * SHD_MINUTE_MS)
/* Where all that is due is held by what was tried, each of them is looked at for nothing. */
#define HELD_MS SHD_SECOND_MS

/* --- taking (pool) ------------------------------------------------------------------------ */

static void drop_claims(struct shd_claims *claims)
{
	while (claims->first) {
		struct shd_attempt *attempt = claims->first;

		claims->first = attempt->next;
		shd_attempt_destroy(attempt);
	}
	claims->last = &claims->first;
}

/* Attempts of a channel (NULL: of all), with those that were just taken. */
static size_t count_attempts(struct shd_claims *claims, const char *channel)
{
	struct shd_deliver *deliver = claims->deliver;
	size_t count = 0;

	uv_mutex_lock(&deliver->lock);
	for (const struct shd_attempt *a = deliver->attempts; a; a = a->next)
		count += !channel || strcmp(a->channel, channel) == 0;
	uv_mutex_unlock(&deliver->lock);
	for (const struct shd_attempt *a = claims->first; a; a = a->next)
		count += !channel || strcmp(a->channel, channel) == 0;
	return count;
}

/* After the clock jumped ahead a claim may be over while its attempt is under way. */
static bool is_under_way(struct shd_deliver *deliver, int64_t outbox)
{
	bool found = false;

	uv_mutex_lock(&deliver->lock);
	for (const struct shd_attempt *a = deliver->attempts; a && !found; a = a->next)
		found = a->outbox == outbox;
	uv_mutex_unlock(&deliver->lock);
	return found;
}

/* Who has got it at an earlier attempt is not sent it again. */
static bool omit_reached(struct shd_attempt *attempt, const struct shd_outbox_row *row,
			 struct shd_state *state, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(REACHED_BYTES);
	const char *const *addresses;
	size_t count;

	if (!row->attempts)
		return true;
	if (!shd_state_reached(state, row->number, arena, &addresses, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		shd_attempt_omit(attempt, addresses[i]);
	return true;
}

static bool take_row(struct shd_claims *claims, const struct shd_outbox_row *row,
		     struct shd_transaction *transaction, struct shd_error *reterr)
{
	struct shd_deliver *deliver = claims->deliver;

	/* Without a claim, others may still be merged into what is open. */
	if (is_under_way(deliver, row->number) || (claims->unclaimed && row->group[0]))
		return true;
	/* What was merged into it must not open again after a power cut. */
	transaction->durable |= row->group[0] != '\0';
	struct shd_attempt *attempt = shd_attempt_create(row, deliver->config, transaction->now);
	attempt->deliver = deliver;
	*claims->last = attempt;
	claims->last = &attempt->next;
	return omit_reached(attempt, row, transaction->state, reterr);
}

/* How long its provider still wants no message of the channel. */
static int64_t pause_ms(struct shd_deliver *deliver, const char *channel, struct shd_wall now)
{
	const struct shd_channel_health *health = shd_deliver_health(deliver, channel);

	uv_mutex_lock(&deliver->lock);
	int64_t left_ms = health ? shd_health_pause_ms(health, now) : 0;
	uv_mutex_unlock(&deliver->lock);
	return left_ms;
}

static void resume_in(struct shd_claims *claims, struct shd_wall now, int64_t wait_ms)
{
	if (now.ms + wait_ms < claims->resumes.ms)
		claims->resumes.ms = now.ms + wait_ms;
}

/* How long a look at what is due would be for nothing. */
static int64_t held_ms(const struct shd_channel_health *health, struct shd_wall now)
{
	int64_t ago_ms = health && health->held_at.ms ? now.ms - health->held_at.ms : HELD_MS;

	return ago_ms >= 0 && ago_ms < HELD_MS ? HELD_MS - ago_ms : 0;
}

/* Whether more is due than was taken; all of it may be held. */
static bool look_for_held(struct shd_claims *claims, struct shd_channel_health *health,
			  const struct shd_claim *claim, size_t taken,
			  struct shd_transaction *transaction, struct shd_error *reterr)
{
	bool held = false;

	if (claims->unclaimed || (claims->more && taken))
		return true;
	if (!shd_state_outbox_held(transaction->state, claim->channel, claim->now, &held, reterr))
		return false;
	claims->more |= held;
	if (held && !taken && health)
		health->held_at = claim->now;
	return true;
}

static bool take_channel(struct shd_claims *claims, const char *channel,
			 struct shd_transaction *transaction, struct shd_error *reterr)
{
	struct shd_channel_health *health = shd_deliver_health(claims->deliver, channel);
	size_t all = count_attempts(claims, NULL), own = count_attempts(claims, channel);
	int64_t wait_ms = pause_ms(claims->deliver, channel, transaction->now);
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(ROWS_BYTES);
	struct shd_outbox_row *rows;
	size_t count;

	if (!wait_ms)
		wait_ms = held_ms(health, transaction->now);
	if (wait_ms) {
		resume_in(claims, transaction->now, wait_ms);
		return true;
	}
	if (all >= ATTEMPTS_MAX || own >= PER_CHANNEL) {
		claims->more = true;
		return true;
	}
	struct shd_claim claim = {.channel = channel, .now = transaction->now,
		.until = {claims->unclaimed ? 0 : transaction->now.ms + CLAIM_MS},
		.max = PER_CHANNEL - own};
	if (claim.max > ATTEMPTS_MAX - all)
		claim.max = ATTEMPTS_MAX - all;
	if (!shd_state_outbox_claim(transaction->state, &claim, arena, &rows, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!take_row(claims, &rows[i], transaction, reterr))
			return false;
	return look_for_held(claims, health, &claim, count, transaction, reterr);
}

static bool take_all(struct shd_claims *claims, struct shd_transaction *transaction,
		     struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(CHANNELS_BYTES);
	const char *const *channels;
	size_t count;

	drop_claims(claims); /* of a transaction that was rolled back */
	claims->more = false;
	claims->resumes.ms = SHD_NEVER_MS;
	if (!shd_state_outbox_channels(transaction->state, arena, &channels, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!take_channel(claims, channels[i], transaction, reterr))
			return false;
	if (!shd_state_outbox_next(transaction->state, transaction->now, &claims->next_due, reterr))
		return false;
	if (claims->resumes.ms < claims->next_due.ms)
		claims->next_due = claims->resumes;
	return true;
}

/* What an earlier run tried and could not bring tells how a channel works until it is tried
 * again. */
static bool find_tried(struct shd_claims *claims, struct shd_transaction *transaction,
		       struct shd_error *reterr)
{
	const struct shd_deliver *deliver = claims->deliver;

	free(claims->tried); /* of a transaction that was rolled back */
	claims->tried = shd_xcalloc(deliver->channel_count + 1, sizeof(*claims->tried));
	for (size_t i = 0; i < deliver->channel_count; i++) {
		struct shd_tried *tried = &claims->tried[i];

		tried->count = SHD_COUNT(tried->rows);
		if (!shd_state_outbox_tried(transaction->state, deliver->channels[i].name,
					    tried->rows, &tried->count, reterr))
			return false;
	}
	return true;
}

/* Loop thread. */
static void recall(struct shd_claims *claims)
{
	struct shd_deliver *deliver = claims->deliver;
	struct shd_tried *tried shd_autofree = shd_steal(claims->tried);

	for (size_t i = 0; tried && i < deliver->channel_count; i++)
		shd_health_recall(&deliver->channels[i], tried[i].rows, tried[i].count);
	claims->recalled |= tried != NULL;
}

static bool take(struct shd_change *change, struct shd_transaction *transaction,
		 struct shd_error *reterr)
{
	struct shd_claims *claims = (struct shd_claims *)change;

	claims->unclaimed = false;
	if (!claims->started && (!shd_state_outbox_release(transaction->state, 0, reterr) ||
				 !find_tried(claims, transaction, reterr)))
		return false;
	return take_all(claims, transaction, reterr);
}

/* What was taken joins the others. Loop thread. */
static void append(struct shd_claims *claims)
{
	struct shd_deliver *deliver = claims->deliver;
	struct shd_attempt **end = &deliver->attempts;

	uv_mutex_lock(&deliver->lock);
	while (*end)
		end = &(*end)->next;
	*end = shd_steal(claims->first);
	uv_mutex_unlock(&deliver->lock);
	claims->last = &claims->first;
}

/* A state that cannot be written (a full disk) can be read: what waits there and is closed
 * to others is sent all the same, and recorded once that is possible. */
static void look(void *ctx)
{
	struct shd_claims *claims = ctx;
	struct shd_transaction none = {.state = claims->deliver->in.state, .now = claims->now};
	struct shd_error ignored;

	if (!take_all(claims, &none, &ignored))
		drop_claims(claims);
}

static void looked(void *ctx)
{
	struct shd_claims *claims = ctx;

	claims->looks = false;
	if (claims->deliver->closing)
		drop_claims(claims);
	append(claims);
	shd_deliver_claimed(claims->deliver);
}

static void taken(struct shd_change *change, const struct shd_error *err)
{
	struct shd_claims *claims = (struct shd_claims *)change;
	struct shd_deliver *deliver = claims->deliver;

	claims->ok = !err;
	claims->started |= claims->ok;
	if (err || deliver->closing)
		drop_claims(claims);
	if (err && err->kind == SHD_ERR_STATE && !deliver->closing && !claims->looks) {
		claims->unclaimed = claims->looks = true;
		claims->now = shd_clock_now(deliver->in.clock);
		shd_jobs_state(deliver->in.jobs, look, looked, claims);
		return;
	}
	if (!err)
		recall(claims);
	append(claims);
	shd_deliver_claimed(deliver);
}

/* --- recording ------------------------------------------------------------------------------ */

static bool settle_one(const struct shd_attempt *attempt, struct shd_transaction *transaction,
		       struct shd_error *reterr)
{
	bool ok = attempt->result.sent == SHD_SENT_DELIVERED;
	const struct shd_delivery_row row = {.outbox = attempt->outbox,
		.at = attempt->at,
		.attempt = attempt->number,
		.ok = ok,
		.status = attempt->status,
		.answer = attempt->answer,
		.error = ok && !attempt->partly ? NULL : attempt->result.error.msg,
		.took_ms = attempt->took_ms};

	struct shd_channel_health *health = shd_deliver_health(attempt->deliver, attempt->channel);

	if (health)
		health->held_at.ms = 0; /* what it held may leave now */
	if (attempt->released)
		return shd_state_outbox_release(transaction->state, attempt->outbox, reterr);
	if (!shd_state_outbox_settle(transaction->state, &row, attempt->next_step.becomes,
				     attempt->next_step.next_try, reterr))
		return false;
	for (size_t i = 0; i < attempt->reached_count; i++)
		if (!shd_state_reached_add(transaction->state, attempt->outbox,
					   attempt->reached[i], reterr))
			return false;
	return !ok || !attempt->first_success ||
	       shd_state_outbox_revive(transaction->state, attempt->channel, transaction->now,
				       attempt->give_up_ms, reterr);
}

/* Not synced: after a power cut a message goes out once more, under its key. */
static bool settle(struct shd_change *change, struct shd_transaction *transaction,
		   struct shd_error *reterr)
{
	struct shd_settlement *settlement = (struct shd_settlement *)change;

	if (settlement->shift_ms &&
	    !shd_state_outbox_shift(transaction->state, settlement->shift_ms, reterr))
		return false;
	for (const struct shd_attempt *a = settlement->first; a; a = a->next_settled)
		if (!settle_one(a, transaction, reterr))
			return false;
	return true;
}

static void settled(struct shd_change *change, const struct shd_error *err)
{
	struct shd_settlement *settlement = (struct shd_settlement *)change;
	struct shd_deliver *deliver = settlement->deliver;

	if (err)
		deliver->shift_ms += settlement->shift_ms;
	else if (settlement->shift_ms)
		deliver->claims.more = true;
	settlement->under_way = false;
	shd_deliver_settled(deliver, shd_steal(settlement->first), !err);
}

/* What is under way may be waiting for others to go with. */
static void hasten(struct shd_deliver *deliver, struct shd_settlement *settlement)
{
	settlement->change.urgent = true;
	deliver->in.changes.submit(deliver->in.changes.ctx, &settlement->change);
}

void shd_claims_settle(struct shd_deliver *deliver, bool urgent)
{
	struct shd_settlement *settlement = &deliver->settlement;
	struct shd_attempt **end = &settlement->first;
	struct shd_wall now = shd_clock_now(deliver->in.clock);
	int64_t jumped_ms;

	if (settlement->under_way) { /* its end looks again */
		if (urgent)
			hasten(deliver, settlement);
		return;
	}
	if (shd_epoch_changed(&deliver->epoch, deliver->in.clock, &jumped_ms) && jumped_ms < 0)
		deliver->shift_ms += jumped_ms;
	*end = NULL;
	for (struct shd_attempt *a = deliver->attempts; a; a = a->next) {
		if (a->state != SHD_ATTEMPT_ANSWERED)
			continue;
		shd_attempt_enter(a, SHD_ATTEMPT_SETTLING);
		a->next_settled = NULL;
		const struct shd_channel_health *health = shd_deliver_health(deliver, a->channel);

		a->first_success = health && !health->partly &&
				   (health->error >= 0 || !health->last_success.ms);
		if (!a->released)
			a->next_step = shd_backoff_next(&a->result, a->number, now, a->give_up,
							deliver->in.random(deliver->in.ctx));
		*end = a;
		end = &a->next_settled;
	}
	settlement->shift_ms = deliver->shift_ms;
	deliver->shift_ms = 0;
	if (!settlement->first && !settlement->shift_ms)
		return;
	settlement->under_way = true;
	settlement->change.urgent = urgent;
	deliver->in.changes.submit(deliver->in.changes.ctx, &settlement->change);
}

void shd_claims_init(struct shd_deliver *deliver)
{
	deliver->claims = (struct shd_claims){.deliver = deliver, .ok = true,
		.last = &deliver->claims.first, .next_due = {SHD_NEVER_MS},
		.change = {.urgent = true, .apply = take, .done = taken}};
	deliver->settlement = (struct shd_settlement){.deliver = deliver,
		.change = {.urgent = true, .apply = settle, .done = settled}};
}

void shd_claims_finish(struct shd_deliver *deliver)
{
	drop_claims(&deliver->claims);
	free(deliver->claims.tried);
}
