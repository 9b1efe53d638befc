/* What is told outside the outbox: that the state keeps nothing, and that it does again. One row a
 * channel, in memory, looked at once a second:
 *
 *   (begin) -> told    the first message arrived                             [completed]
 *   told    -> (gone)  the second one arrived, or either was given up        [completed]
 *   (begin) -> (gone)  it is over, and nobody was told that it began         [shd_direct_over] */
#include "own.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_BYTES = 16 << 10, WHY_BYTES = 300, KEY_BYTES = 200 };

struct shd_direct {
	struct shd_direct *next;
	struct shd_deliver *deliver;     /* NULL: it closed meanwhile */
	char *channel;
	char why[WHY_BYTES];
	struct shd_wall since, over;     /* over ms 0: it goes on */
	bool told;                       /* that it began */
	int tries;                       /* of the present message */
	struct shd_wall next_try, give_up;
	struct shd_attempt *attempt;     /* in flight, else NULL */
};

static void destroy(struct shd_direct *row)
{
	free(row->channel);
	free(row);
}

static void drop(struct shd_deliver *deliver, struct shd_direct *row)
{
	struct shd_direct **at = &deliver->direct;

	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	destroy(row);
}

static void completed(void *ctx, struct shd_transfer_out *out)
{
	struct shd_direct *row = ctx;
	struct shd_deliver *deliver = row->deliver;
	struct shd_attempt *attempt = shd_steal(row->attempt);

	if (!deliver) {
		shd_attempt_destroy(attempt);
		destroy(row);
		return;
	}
	struct shd_wall now = shd_clock_now(deliver->in.clock);
	attempt->at = now;
	shd_attempt_answered(attempt, out);
	attempt->next_step = shd_backoff_next(&attempt->result, attempt->number, now, row->give_up,
		deliver->in.random(deliver->in.ctx));
	shd_deliver_tell_delivered(deliver, attempt);
	bool arrived = attempt->result.sent == SHD_SENT_DELIVERED;
	bool given_up = attempt->next_step.becomes == SHD_OUTBOX_DEAD;
	row->next_try = attempt->next_step.next_try;
	shd_attempt_destroy(attempt);
	if (given_up || (arrived && row->told)) {
		drop(deliver, row);
	} else if (arrived) {
		row->told = true;
		row->tries = 0;
		row->next_try.ms = 0;
	}
}

static struct shd_attempt *render(const struct shd_direct *row, const struct shd_config *config,
	struct shd_wall now)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(FACTS_BYTES);
	char key[KEY_BYTES];
	struct shd_facts facts = {.episode = (int)(row->since.ms / SHD_MINUTE_MS),
		.move = row->told ? SHD_MOVE_RESOLVED : SHD_MOVE_NEW,
		.level = row->told ? SHD_LEVEL_NONE : SHD_CRITICAL,
		.from_level = row->told ? SHD_CRITICAL : SHD_LEVEL_NONE,
		.rule = SHD_RULE_UNKEPT, .store = "daemon", .entity = "",
		.marketplace = "daemon", .subject = "",
		.at = row->told ? row->over : row->since, .since = row->since,
		.value = {.type = SHD_TEXT, .text = row->why,
			.len = (uint32_t)strlen(row->why), .none = row->told},
		.limit = {.none = true}, .cost = {.none = true}, .room = {.none = true}};
	struct shd_outbox_row message = {.key = key, .channel = row->channel, .made = facts.at,
		.facts = shd_facts_pack(&facts, 1, arena), .attempts = row->tries,
		.give_up = row->give_up};

	snprintf(key, sizeof(key), "%s-%lld-%d-%s", SHD_RULE_UNKEPT, (long long)row->since.ms,
		row->told, row->channel);
	shd_assert(message.facts);
	return shd_attempt_create(&message, config, now);
}

static void start(struct shd_deliver *deliver, struct shd_direct *row, struct shd_wall now)
{
	struct shd_transfer_in in;
	struct shd_error error;

	row->attempt = render(row, deliver->config, now);
	if (row->attempt->state == SHD_ATTEMPT_ANSWERED) { /* cannot be rendered */
		shd_attempt_destroy(row->attempt);
		drop(deliver, row);
		return;
	}
	shd_attempt_request(row->attempt, &in);
	if (!shd_transfer_start(deliver->in.transfers, &in, completed, row, &error)) {
		shd_attempt_destroy(shd_steal(row->attempt)); /* no room now */
		return;
	}
	shd_attempt_enter(row->attempt, SHD_ATTEMPT_IN_FLIGHT);
	row->tries++;
}

void shd_direct_tick(struct shd_deliver *deliver)
{
	struct shd_wall now = shd_clock_now(deliver->in.clock);
	struct shd_direct *next;

	for (struct shd_direct *row = deliver->direct; row; row = next) {
		next = row->next;
		if (!row->attempt && (!row->told || row->over.ms) && row->next_try.ms <= now.ms)
			start(deliver, row, now);
	}
}

void shd_deliver_unkept(struct shd_deliver *deliver, struct shd_wall since, const char *why)
{
	const struct shd_settings *settings = deliver->config->settings;

	shd_direct_close(deliver); /* of an earlier time */
	for (size_t i = 0; i < settings->channel_count; i++) {
		struct shd_direct *row = shd_xcalloc(1, sizeof(*row));
		size_t len = shd_utf8_cut(why, strlen(why), sizeof(row->why) - 1);

		memcpy(row->why, why, len);
		row->deliver = deliver;
		row->channel = shd_xstrdup(settings->channels[i].name);
		row->since = since;
		row->give_up.ms = since.ms + settings->channels[i].give_up_ms;
		row->next = deliver->direct;
		deliver->direct = row;
	}
}

void shd_deliver_kept(struct shd_deliver *deliver)
{
	struct shd_wall now = shd_clock_now(deliver->in.clock);
	struct shd_direct *next;

	for (struct shd_direct *row = deliver->direct; row; row = next) {
		next = row->next;
		row->over = now;
		row->give_up.ms = now.ms + SHD_DAY_MS;
		if (!row->told && !row->attempt)
			drop(deliver, row);
	}
}

void shd_direct_close(struct shd_deliver *deliver)
{
	while (deliver->direct) {
		struct shd_direct *row = deliver->direct;

		deliver->direct = row->next;
		row->deliver = NULL;
		if (!row->attempt) /* else the transport calls once more */
			destroy(row);
	}
}
