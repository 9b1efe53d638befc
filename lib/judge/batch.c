/* What one poll brings, in the order of work that judge.c names. */
#include "parts.h"

#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

/* Whether the answer says how an entity of the kind is now. What another poller says of
 * it in passing is not enough while its own one catches up or is switched off. */
static bool is_news(const struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_batch *batch, enum shd_kind kind)
{
	enum shd_poller poller = shd_kind_poller(kind);

	return !batch->fetch.outdated && (poller == batch->fetch.row->poller ||
						 (!shd_judge_catches_up(txn, visit, poller, NULL) &&
							 !shd_judge_is_off(visit, poller)));
}

/* What a batch touches is fetched at once, kind by kind, not row by row. */
static bool load(const struct shd_basis *basis, const struct shd_visit *visit,
	const struct shd_harvest *harvest, struct shd_error *reterr)
{
	shd_autofree const char **ids = shd_xcalloc(harvest->entity_count, sizeof(*ids));
	const char *store = visit->store->id;
	uint32_t kinds = 0;

	for (size_t i = 0; i < harvest->entity_count; i++)
		kinds |= 1U << harvest->entities[i].kind;
	kinds &= ~(1U << SHD_KIND_store); /* its id is another one */
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		size_t count = 0;

		for (size_t i = 0; (kinds >> k & 1) && i < harvest->entity_count; i++)
			if ((int)harvest->entities[i].kind == k)
				ids[count++] = harvest->entities[i].id;
		if (count && !shd_overlay_load(basis->overlay, store, (enum shd_kind)k, ids, count,
					       reterr))
			return false;
	}
	return true;
}

static bool take_harvest(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, struct shd_error *reterr)
{
	if (!batch->seen.harvest)
		return true;
	if (!load(basis, visit, batch->seen.harvest, reterr))
		return false;
	for (size_t i = 0; i < batch->seen.harvest->entity_count; i++) {
		const struct shd_entity *seen = &batch->seen.harvest->entities[i];

		visit->fresh |= (uint32_t)is_news(txn, visit, batch, seen->kind) << seen->kind;
		if (!shd_judge_upsert(basis, txn, visit, seen, batch->fetch.row, reterr))
			return false;
	}
	return shd_judge_measures(basis, txn, visit, batch->seen.harvest, batch->fetch.row, reterr);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether the feed's row is to be written. What moves with each success may lag behind, as it
 * does where polls bring nothing: after a crash the feed begins a little earlier. */
static bool is_worth(const struct shd_feed_row *before, const struct shd_feed_row *feed)
{
	int64_t lag_ms = before ? feed->last_success.ms - before->last_success.ms : 0;

	return !before || feed->error >= 0 || before->error >= 0 ||
	       feed->standing != before->standing ||
	       feed->suspects != before->suspects ||
	       !feed->incomplete != !before->incomplete ||
	       !same_text(feed->cursor.text, before->cursor.text) ||
	       lag_ms < 0 || lag_ms >= SHD_FACT_MS;
}

/* *before may be the row that is overwritten. */
static bool put_feed(const struct shd_basis *basis, const struct shd_feed_row *before,
	const struct shd_feed_row *feed, bool *ret_turned, struct shd_error *reterr)
{
	*ret_turned = !before || before->error != feed->error ||
		      before->standing != feed->standing;
	return shd_overlay_feed_put(basis->overlay, feed, is_worth(before, feed), reterr);
}

bool shd_judge_take(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_error *reterr)
{
	bool own = batch->source->store; /* else it is of the parcels of all stores */
	const struct shd_feed_row *before;
	struct shd_feed_row feed;
	bool turned;

	txn->outcome->relist_at.ms = SHD_NEVER_MS;
	txn->outcome->unlisted = NULL;
	txn->outcome->unlisted_count = 0;
	return shd_judge_feed(basis, txn, visit, batch, &before, &feed, reterr) &&
	       (!own || (take_harvest(basis, txn, visit, batch, reterr) &&
				shd_judge_sweep(basis, txn, visit, batch, &feed, reterr))) &&
	       put_feed(basis, before, &feed, &turned, reterr) &&
	       shd_judge_facts(basis, txn, visit, batch, &feed, turned, reterr) &&
	       shd_judge_recount(basis, txn, visit, reterr) &&
	       shd_judge_listed(basis, txn, visit, reterr) &&
	       (own || shd_judge_parcels(basis, txn, visit, batch, reterr));
}
