#include "history.h"
#include "parts.h"

#include "catalog/record.h"
#include "market/adapter.h"

#include <string.h>

/* --- what is noted while it happens -------------------------------------------------- */

static bool note(const struct shd_basis *basis, struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_entity *before, enum shd_kind kind, const char *id, uint64_t fields,
	struct shd_error *reterr)
{
	struct shd_history_row row = {.at = txn->now,
		.kind = kind,
		.id = id,
		.store = visit->store->id,
		.fresh = visit->fresh >> kind & 1};

	shd_text_clear(&txn->record);
	if (before) {
		shd_record_write(&txn->record, before, fields);
		row.was = txn->record.data;
	}
	if (!shd_text_ok(&txn->record))
		return shd_fail(
			reterr, SHD_ERR_LIMIT, "%s: its fields are too long to be noted", id);
	return shd_overlay_history_add(basis->overlay, &row, reterr);
}

/* A poller follows from its feeds. */
bool shd_judge_note(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_entity *before,
	const struct shd_entity *entity, uint64_t changed, struct shd_error *reterr)
{
	return entity->kind == SHD_KIND_poller ||
	       note(basis, txn, visit, before, entity->kind, entity->id, changed, reterr);
}

static void feed_seen(const struct shd_feed_row *feed, struct shd_seen *ret_seen)
{
	bool fails = feed->error >= 0;

	shd_seen_start(ret_seen, SHD_KIND_poller, feed->endpoint);
	shd_seen_n(ret_seen, SHD_F_poller_closed, feed->standing == SHD_STANDING_LACKING);
	shd_seen_n(ret_seen, SHD_F_poller_refused, feed->standing == SHD_STANDING_REFUSED);
	shd_seen_time(ret_seen, SHD_F_poller_last_success_at, feed->last_success);
	shd_seen_time(ret_seen, SHD_F_poller_failing_since, feed->failing_since);
	shd_seen_text(ret_seen, SHD_F_poller_error,
		      fails ? shd_err_name((enum shd_err)feed->error) : NULL);
	shd_seen_text(ret_seen, SHD_F_poller_error_text, fails ? feed->error_text : NULL);
}

void shd_history_feed_write(const struct shd_feed_row *feed, struct shd_text *out)
{
	struct shd_seen seen;

	feed_seen(feed, &seen);
	shd_record_write(out, &seen.entity, seen.entity.set);
}

static const struct shd_value *field(const struct shd_entity *entity, enum shd_field which)
{
	return shd_entity_get(entity, which);
}

void shd_history_feed_read(const struct shd_entity *seen, const char *store,
		       struct shd_feed_row *ret_feed)
{
	const struct shd_value *error = field(seen, SHD_F_poller_error);
	const struct shd_value *text = field(seen, SHD_F_poller_error_text);
	const struct shd_value *failing = field(seen, SHD_F_poller_failing_since);
	const struct shd_value *last = field(seen, SHD_F_poller_last_success_at);
	enum shd_err kind = SHD_ERR_NETWORK;

	*ret_feed = (struct shd_feed_row){.store = store, .endpoint = seen->id, .error = -1};
	ret_feed->last_success.ms = last->none ? 0 : last->n;
	ret_feed->last_try = ret_feed->last_success;
	ret_feed->standing = field(seen, SHD_F_poller_closed)->n ? SHD_STANDING_LACKING
			     : field(seen, SHD_F_poller_refused)->n ? SHD_STANDING_REFUSED
			     : !error->none ? SHD_STANDING_FAILING
					    : SHD_STANDING_READ;
	if (error->none)
		return;
	ret_feed->error = shd_err_find(error->text, &kind) ? (int)kind : SHD_ERR_NETWORK;
	ret_feed->error_text = text->none ? NULL : text->text;
	ret_feed->failing_since.ms = failing->none ? 0 : failing->n;
}

/* A feed that goes on succeeding is not worth a row; one that turned is, and one that
 * was not read for so long that its poller was blind. */
static bool turned(const struct shd_feed_row *before, const struct shd_feed_row *feed,
		   int64_t blind_ms)
{
	return before->error != feed->error || before->standing != feed->standing ||
	       (feed->error < 0 && feed->last_success.ms - before->last_success.ms > blind_ms);
}

bool shd_judge_note_feed(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_feed_row *before,
	const struct shd_feed_row *feed, int64_t blind_ms, struct shd_error *reterr)
{
	struct shd_seen seen;

	if (before && !turned(before, feed, blind_ms))
		return true;
	if (before)
		feed_seen(before, &seen);
	return note(basis, txn, visit, before ? &seen.entity : NULL, SHD_KIND_poller,
		feed->endpoint, before ? seen.entity.set : 0, reterr);
}

/* --- what happens again ---------------------------------------------------------------- */

static bool take_past(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_past *past, struct shd_error *reterr)
{
	bool pollers = past->feed_count > 0;

	for (size_t i = 0; i < past->harvest->entity_count; i++) {
		const struct shd_entity *seen = &past->harvest->entities[i];

		pollers = pollers || seen->kind == SHD_KIND_store;
		if (!shd_judge_upsert(basis, txn, visit, seen, NULL, reterr))
			return false;
	}
	if (!shd_judge_measures(basis, txn, visit, past->harvest, NULL, reterr))
		return false;
	for (size_t i = 0; i < past->feed_count; i++)
		if (!shd_overlay_feed_put(basis->overlay, &past->feeds[i], true, reterr))
			return false;
	return (!pollers || shd_judge_pollers(basis, txn, visit, reterr)) &&
	       shd_judge_listed(basis, txn, visit, reterr);
}

bool shd_judge_past(struct shd_judge *judge, const struct shd_past *past, struct shd_error *reterr)
{
	struct shd_store_memory *store = shd_judge_find(&judge->basis, past->store);

	shd_assert(judge->txn.open && store);
	shd_judge_enter(&judge->basis, &judge->visit, store);
	judge->visit.fresh = past->fresh;
	if (take_past(&judge->basis, &judge->txn, &judge->visit, past, reterr))
		return true;
	shd_judge_abandon(judge);
	return false;
}
