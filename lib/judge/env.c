#include "parts.h"

bool shd_judge_store_entity(
	const struct shd_basis *basis, struct shd_visit *visit, struct shd_error *reterr)
{
	if (visit->entity_read)
		return true;
	const char *id = visit->store->id;
	if (!shd_overlay_entity(basis->overlay, id, SHD_KIND_store, id, visit->store_arena,
				&visit->entity, reterr))
		return false;
	visit->entity_read = true;
	return true;
}

struct shd_reading shd_judge_reading(const struct shd_basis *basis, const struct shd_txn *txn,
				     const struct shd_visit *visit, const struct shd_rule *rule)
{
	return (struct shd_reading){.stored = basis->read,
		.now = txn->now,
		.id = visit->store->id,
		.store = visit->store->settings,
		.source = visit->store->source,
		.store_entity = visit->entity,
		.rule = rule,
		.pollers = visit->store->pollers,
		.fresh = visit->fresh,
		.unread = shd_judge_unread_pollers(txn, visit),
		.tally = basis->tally,
		.tally_store = visit->store->tally};
}

bool shd_judge_fact(const struct shd_basis *basis, struct shd_visit *visit, enum shd_poller poller,
		    struct shd_poller_fact **ret_fact, struct shd_error *reterr)
{
	const struct shd_reading reading = {.stored = basis->read,
		.id = visit->store->id,
		.source = visit->store->source,
		.pollers = visit->store->pollers};

	return shd_reading_poller(&reading, poller, ret_fact, reterr);
}
