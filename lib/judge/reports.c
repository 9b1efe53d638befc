#include "parts.h"

#include "notify/notify.h"

#include <stdlib.h>
#include <string.h>

void shd_seen_start(struct shd_seen *seen, enum shd_kind kind, const char *id)
{
	*seen = (struct shd_seen){.entity = {.kind = kind, .id = id}};
	seen->entity.fields = seen->fields;
	for (int i = 0; i < shd_kind_fields(kind); i++)
		seen->fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type,
			.none = true};
}

static struct shd_value *speak(struct shd_seen *seen, enum shd_field field)
{
	int index = shd_field_index(field);

	shd_assert(shd_field_row(field)->kind == seen->entity.kind);
	seen->entity.set |= 1ULL << index;
	return &seen->fields[index];
}

void shd_seen_n(struct shd_seen *seen, enum shd_field field, int64_t n)
{
	struct shd_value *value = speak(seen, field);

	value->none = false;
	value->n = n;
}

void shd_seen_time(struct shd_seen *seen, enum shd_field field, struct shd_wall time)
{
	struct shd_value *value = speak(seen, field);

	value->none = time.ms == 0;
	value->n = time.ms;
}

void shd_seen_text(struct shd_seen *seen, enum shd_field field, const char *text)
{
	struct shd_value *value = speak(seen, field);

	value->none = !text;
	value->text = text ? text : "";
	value->len = (uint32_t)strlen(value->text);
}

static bool look_at_channel(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_channel_state *channel, struct shd_error *reterr)
{
	const struct shd_channel_settings *settings = shd_channel_find(
		basis->in.channels, basis->in.channel_count, channel->name);
	struct shd_seen seen;

	if (!settings)
		return true;
	shd_seen_start(&seen, SHD_KIND_channel, settings->name);
	shd_seen_n(&seen, SHD_F_channel_closed, false); /* it may be back */
	shd_seen_text(
		&seen, SHD_F_channel_type, settings->notifier ? settings->notifier->name : NULL);
	shd_seen_time(&seen, SHD_F_channel_oldest_undelivered_at, channel->oldest_undelivered);
	shd_seen_time(&seen, SHD_F_channel_last_success_at, channel->last_success);
	shd_seen_n(&seen, SHD_F_channel_waiting, (int64_t)channel->waiting * 1000000);
	shd_seen_text(&seen, SHD_F_channel_error,
		      channel->error < 0 ? NULL : shd_err_name((enum shd_err)channel->error));
	shd_seen_text(&seen, SHD_F_channel_error_text, channel->error_text);
	return shd_judge_upsert(basis, txn, visit, &seen.entity, NULL, reterr) &&
	       shd_judge_listed(basis, txn, visit, reterr);
}

bool shd_judge_channel(
	struct shd_judge *judge, const struct shd_channel_state *channel, struct shd_error *reterr)
{
	shd_assert(judge->txn.open);
	shd_judge_enter(&judge->basis, &judge->visit, judge->basis.daemon);
	if (look_at_channel(&judge->basis, &judge->txn, &judge->visit, channel, reterr))
		return true;
	shd_judge_abandon(judge);
	return false;
}

bool shd_judge_config(
	struct shd_judge *judge, const char *mistake, size_t mistakes, struct shd_error *reterr)
{
	struct shd_seen seen;

	shd_assert(judge->txn.open);
	shd_judge_enter(&judge->basis, &judge->visit, judge->basis.daemon);
	shd_seen_start(&seen, SHD_KIND_store, judge->visit.store->id);
	shd_seen_text(&seen, SHD_F_store_config_error, mistake);
	shd_seen_n(&seen, SHD_F_store_config_mistakes, (int64_t)mistakes * 1000000);
	if (shd_judge_upsert(
		    &judge->basis, &judge->txn, &judge->visit, &seen.entity, NULL, reterr) &&
		shd_judge_listed(&judge->basis, &judge->txn, &judge->visit, reterr))
		return true;
	shd_judge_abandon(judge);
	return false;
}

/* --- the clock ------------------------------------------------------------------- */

bool shd_judge_skew(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	struct shd_error *reterr)
{
	int64_t least = INT64_MIN;
	struct shd_seen seen;

	/* When our clock is wrong, every store differs; one store may be wrong itself. */
	for (size_t i = 0; i < basis->memory_count; i++) {
		int64_t skew = basis->memory[i].skew_ms;

		if (skew != INT64_MIN && (least == INT64_MIN || llabs(skew) < llabs(least)))
			least = skew;
	}
	txn->skewed = false;
	if (least == INT64_MIN)
		return true;
	shd_seen_start(&seen, SHD_KIND_store, visit->store->id);
	shd_seen_n(&seen, SHD_F_store_clock_skew, least);
	return shd_judge_upsert(basis, txn, visit, &seen.entity, NULL, reterr);
}
