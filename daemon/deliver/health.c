#include "health.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void shd_health_init(struct shd_channel_health *health, const struct shd_channel_settings *channel)
{
	*health = (struct shd_channel_health){.name = shd_xstrdup(channel->name), .error = -1,
		.reported_error = -1};
	shd_bucket_init(&health->bucket, channel->notifier->per_minute * 1000000 / 60,
		channel->notifier->burst);
}

void shd_health_inherit(struct shd_channel_health *health, struct shd_channel_health *old)
{
	struct shd_channel_health fresh = *health;

	shd_bucket_inherit(&fresh.bucket, &old->bucket);
	*health = *old;
	health->bucket = fresh.bucket;
	*old = fresh;
}

void shd_health_finish(struct shd_channel_health *health)
{
	free(health->name);
	*health = (struct shd_channel_health){0};
}

void shd_health_pause(struct shd_channel_health *health, int64_t pause_ms, struct shd_wall now)
{
	if (pause_ms > SHD_PAUSE_MAX_MS)
		pause_ms = SHD_PAUSE_MAX_MS;
	if (pause_ms > shd_health_pause_ms(health, now))
		health->paused_until.ms = now.ms + pause_ms;
}

int64_t shd_health_pause_ms(const struct shd_channel_health *health, struct shd_wall now)
{
	int64_t left_ms = health->paused_until.ms - now.ms;

	return left_ms > 0 && left_ms <= SHD_PAUSE_MAX_MS ? left_ms : 0;
}

/* Drops the row of this attempt, and with a success everything that was given up. */
static void forget(struct shd_channel_health *health, int64_t outbox, bool dead_too)
{
	size_t kept = 0;

	for (size_t i = 0; i < health->undelivered_count; i++) {
		if (health->undelivered[i].outbox == outbox ||
			(dead_too && health->undelivered[i].dead))
			continue;
		health->undelivered[kept++] = health->undelivered[i];
	}
	health->undelivered_count = kept;
}

void shd_health_recall(struct shd_channel_health *health, const struct shd_tried_row *rows,
		       size_t count)
{
	shd_assert(count <= SHD_COUNT(health->undelivered));
	health->undelivered_count = count;
	for (size_t i = 0; i < count; i++) {
		health->undelivered[i].outbox = rows[i].outbox;
		health->undelivered[i].made = rows[i].made;
		health->undelivered[i].dead = false;
	}
}

void shd_health_learn(struct shd_channel_health *health, const struct shd_attempt *attempt)
{
	size_t count;

	health->partly = attempt->partly && attempt->result.sent == SHD_SENT_DELIVERED;
	forget(health, attempt->outbox, attempt->result.sent == SHD_SENT_DELIVERED);
	if (attempt->result.sent == SHD_SENT_DELIVERED) {
		health->last_success = attempt->at;
		health->error = -1;
		health->error_text[0] = '\0';
	}
	if (attempt->result.sent == SHD_SENT_DELIVERED && !attempt->partly)
		return;
	health->error = (int)attempt->result.error.kind;
	size_t len = shd_utf8_cut(attempt->result.error.msg, strlen(attempt->result.error.msg),
		sizeof(health->error_text) - 1);
	memcpy(health->error_text, attempt->result.error.msg, len);
	health->error_text[len] = '\0';
	count = health->undelivered_count;
	if (attempt->result.sent == SHD_SENT_DELIVERED)
		return;
	if (count == SHD_COUNT(health->undelivered))
		return; /* those kept are older, which is what counts */
	health->undelivered[count].outbox = attempt->outbox;
	health->undelivered[count].made = attempt->made;
	health->undelivered[count].dead = attempt->next_step.becomes == SHD_OUTBOX_DEAD;
	health->undelivered_count++;
}

struct shd_channel_report shd_health_report(
	const struct shd_channel_health *health, struct shd_wall now)
{
	struct shd_wall oldest = {0};
	int64_t pause_ms = shd_health_pause_ms(health, now);

	for (size_t i = 0; i < health->undelivered_count; i++) {
		if (!oldest.ms || health->undelivered[i].made.ms < oldest.ms)
			oldest = health->undelivered[i].made;
	}
	return (struct shd_channel_report){.channel = health->name,
		.oldest_undelivered = oldest,
		.last_success = health->last_success, .waiting = health->undelivered_count,
		.error = health->error, .error_text = health->error_text,
		.silent = shd_health_is_silent(health),
		.paused_until.ms = pause_ms ? now.ms + pause_ms : 0};
}

bool shd_health_changed(struct shd_channel_health *health, struct shd_wall now,
			struct shd_channel_report *ret_report)
{
	*ret_report = shd_health_report(health, now);
	struct shd_wall oldest = ret_report->oldest_undelivered;
	bool known = oldest.ms || health->error >= 0 || health->last_success.ms;
	if (!health->reported && !known)
		return false; /* that nothing waits is no sign of health */
	if (health->reported && oldest.ms == health->reported_oldest.ms &&
	    health->error == health->reported_error)
		return false;
	health->reported = true;
	health->reported_oldest = oldest;
	health->reported_error = health->error;
	return true;
}
