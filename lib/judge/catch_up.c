#include "parts.h"

#include "market/adapter.h"

void shd_judge_catch_up(struct shd_judge *judge, const struct shd_source *source, uint64_t feeds,
			struct shd_wall now)
{
	struct shd_store_memory *store = shd_judge_of_source(&judge->basis, source);

	store->unread = feeds;
	store->unread_since = now;
	store->watched = false; /* it may lie in the future now */
}

static uint64_t unread(const struct shd_txn *txn, const struct shd_visit *visit)
{
	return visit->store->unread & ~txn->touched[visit->place].read;
}

static uint64_t bit_of(const struct shd_source *source, const struct shd_endpoint *row)
{
	size_t at = (size_t)(row - source->endpoints);

	return at < 64 ? 1ULL << at : 0;
}

uint32_t shd_judge_unread_pollers(const struct shd_txn *txn, const struct shd_visit *visit)
{
	uint64_t feeds = unread(txn, visit);
	uint32_t pollers = 0;

	for (size_t i = 0; feeds && i < visit->store->source->endpoint_count; i++)
		if (feeds & bit_of(visit->store->source, &visit->store->source->endpoints[i]))
			pollers |= 1U << visit->store->source->endpoints[i].poller;
	return pollers;
}

bool shd_judge_unread(
	const struct shd_txn *txn, const struct shd_visit *visit, enum shd_poller poller)
{
	return poller < SHD_POLLER_COUNT && (shd_judge_unread_pollers(txn, visit) >> poller & 1);
}

bool shd_judge_catches_up(const struct shd_txn *txn, const struct shd_visit *visit,
	enum shd_poller poller, struct shd_wall *ret_until)
{
	struct shd_wall until = {visit->store->unread_since.ms + SHD_CATCH_UP_MS};

	if (!shd_judge_unread(txn, visit, poller) || txn->now.ms >= until.ms)
		return false;
	if (ret_until)
		*ret_until = until;
	return true;
}

bool shd_judge_is_read(struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_batch *batch, const struct shd_feed_row *feed)
{
	uint64_t bit = bit_of(batch->source, batch->fetch.row);
	bool undecided = feed->suspects || txn->outcome->relist_at.ms <= txn->now.ms;
	bool waits = batch->fetch.ok ? undecided /* what it lists is not believed yet */
			       : !batch->fetch.row->optional &&
				 shd_standing_may_pass(batch->fetch.standing);

	if (batch->fetch.outdated || batch->fetch.partly || waits || !(unread(txn, visit) & bit))
		return false;
	shd_judge_touch(txn, visit)->read |= bit;
	return !shd_judge_unread(txn, visit, batch->fetch.row->poller);
}

void shd_judge_keep_read(const struct shd_basis *basis, const struct shd_txn *txn)
{
	for (size_t i = 0; i < txn->touched_count; i++) {
		size_t place = txn->touched_places[i];

		basis->memory[place].unread &= ~txn->touched[place].read;
	}
}
