/* What a list no longer has: noted, asked for by id, closed at last; of which it says that nothing
 * is left. What a batch has no row of. */
#include "parts.h"

#include "catalog/unread.h"
#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

/* Keys of records, to be found. */
struct listed {
	const char *key;
	UT_hash_handle hh;
};

static struct listed *hash_listed(const struct shd_observation *seen, struct listed *rows)
{
	struct listed *all = NULL, *found;

	for (size_t i = 0; i < seen->listed_count; i++) {
		HASH_FIND_STR(all, seen->listed[i], found);
		if (found)
			continue;
		rows[i].key = seen->listed[i];
		HASH_ADD_KEYPTR(hh, all, rows[i].key, strlen(rows[i].key), &rows[i]);
	}
	return all;
}

static bool is_listed(const struct listed *all, const char *id)
{
	const struct listed *found;

	HASH_FIND_STR(all, id, found);
	return found;
}

/* --- complete lists ------------------------------------------------------------------------ */

/* The list is to be looked at again although nothing in it changed. */
static void relist(struct shd_outcome *outcome, int64_t at_ms)
{
	if (at_ms < outcome->relist_at.ms)
		outcome->relist_at.ms = at_ms;
}

/* Somebody is to be asked for it. Where there is no room its turn comes later. */
static void ask_for(struct shd_outcome *outcome, const struct shd_endpoint *row,
	const struct shd_entity *entity)
{
	const struct shd_value *by = row->asks_by ? shd_entity_get(entity, row->asks_by) : NULL;
	struct shd_unlisted *unlisted;

	if (outcome->unlisted_count == SHD_UNLISTED_MAX || (by && by->none))
		return;
	unlisted = shd_arena_alloc(outcome->arena, 1, sizeof(*unlisted));
	const char *id = shd_arena_text(outcome->arena, entity->id, strlen(entity->id));
	const char *text = by ? shd_arena_text(outcome->arena, by->text, by->len) : id;
	if (!unlisted || !id || !text)
		return;
	*unlisted = (struct shd_unlisted){id, text, outcome->unlisted};
	outcome->unlisted = unlisted;
	outcome->unlisted_count++;
}

static bool is_unfound(const struct shd_observation *seen, const char *id)
{
	for (size_t i = 0; i < seen->unfound_count; i++)
		if (strcmp(seen->unfound[i], id) == 0)
			return true;
	return false;
}

/* No longer listed, and whether that is so for the first time. */
static bool is_new_here(struct shd_value *since, struct shd_wall now)
{
	/* One that lies ahead was written before the clock was set back. */
	if (!since->none && since->n <= now.ms)
		return false;
	since->none = false;
	since->n = now.ms;
	return true;
}

/* Whether the list has a record that says that none of its rows is left, this one neither. */
static bool is_emptied(const struct shd_endpoint *row, const struct listed *all,
	const struct shd_entity *entity)
{
	const struct shd_value *owner = row->rows_at ? shd_entity_get(entity, row->owner) : NULL;
	char key[SHD_FIELD_BYTES + 2] = {SHD_OWNER_MARK};

	if (!owner || owner->none || owner->len > SHD_FIELD_BYTES)
		return false;
	memcpy(key + 1, owner->text, owner->len);
	return is_listed(all, key);
}

/* One answer is no verdict; a second one that says so as well is. */
static bool empty(struct shd_outcome *outcome, const struct shd_endpoint *row,
	struct shd_entity *entity, bool first, struct shd_wall now, struct shd_arena *arena)
{
	struct shd_entity seen = {.kind = entity->kind, .id = entity->id};

	if (first) {
		relist(outcome, now.ms + 1);
		return true;
	}
	for (size_t i = 0; i < SHD_COUNT(row->empties) && row->empties[i]; i++) {
		int index = shd_field_index(row->empties[i]);

		entity->fields[index].none = false;
		entity->fields[index].n = 0;
		seen.set |= 1ULL << index;
	}
	return shd_unread_merge(entity, &seen, row->name, arena);
}

/* Asked for by id, where somebody can be; closed when it stays away. */
static void miss(struct shd_outcome *outcome, const struct shd_batch *batch,
	struct shd_entity *entity, bool first, struct shd_wall now)
{
	const struct shd_endpoint *row = batch->fetch.row;
	const struct shd_value *since = &entity->fields[SHD_I_unlisted_since];
	struct shd_value *closed = &entity->fields[SHD_I_closed];
	int64_t ends_ms = since->n + row->gone_after_ms;
	if (!first && ends_ms <= now.ms && (!row->asks || is_unfound(&batch->seen, entity->id))) {
		closed->none = false;
		closed->n = true;
	} else if (!row->asks) {
		relist(outcome, ends_ms);
	} else if (first) { /* with the next reading: other lists may tell of it until then */
		relist(outcome, now.ms + 1);
	} else {
		ask_for(outcome, row, entity);
	}
}

/* Whether a rule of entities of the kind, or of the whole store, looks at what lists lack. */
static bool is_looked_at(const struct shd_rule *rule, enum shd_kind kind)
{
	return rule->reads_fields[kind] >> SHD_I_unlisted_since & 1;
}

/* That it is missing for the first time is no news of it: after a stop it would be judged by what
 * was known before, though another list tells what became of it. So it is not judged with this
 * answer; where a rule looks at just that, it is time's turn, which waits for other lists. */
static bool note_missing(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_entity *before, const struct shd_entity *entity,
	struct shd_error *reterr)
{
	const struct shd_rule_lists *here = visit->lists;
	enum shd_kind kind = entity->kind;
	const struct shd_entity *kept;

	if (!shd_overlay_entity_put(
		    basis->overlay, visit->store->id, before, entity, NULL, &kept, reterr))
		return false;
	shd_tally_change(basis->tally, visit->store->tally, before, kept);
	for (size_t i = 0; i < here->of_store_count; i++) {
		if (!is_looked_at(here->of_store[i], kind))
			continue;
		struct shd_touched *touched = shd_judge_touch(txn, visit);

		touched->kinds |= 1U << kind;
		touched->fields[kind] |= 1ULL << SHD_I_unlisted_since;
		break;
	}
	for (size_t i = 0; i < here->of_kind_count[kind]; i++)
		if (is_looked_at(here->of_kind[kind][i], kind))
			return shd_overlay_wake_sooner(basis->overlay, visit->store->id, kind,
				entity->id, (struct shd_wall){txn->now.ms + 1}, reterr);
	return true;
}

static bool miss_one(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, const struct listed *all, const char *id,
	struct shd_error *reterr)
{
	const struct shd_endpoint *row = batch->fetch.row;
	const struct shd_entity *before, *kept;
	struct shd_entity *entity;

	shd_arena_reset(visit->scratch);
	if (!shd_judge_load(
		    basis, visit, row->closes, id, visit->scratch, &before, &entity, reterr))
		return false;
	if (shd_endpoint_lists(row, before)) {
		bool first = is_new_here(&entity->fields[SHD_I_unlisted_since], txn->now);

		if (!is_emptied(row, all, before))
			miss(txn->outcome, batch, entity, first, txn->now);
		else if (!empty(txn->outcome, row, entity, first, txn->now, visit->scratch))
			return shd_fail(reterr, SHD_ERR_LIMIT, "no room for what cannot be read");
		if (before->fields[SHD_I_unlisted_since].none)
			return note_missing(basis, txn, visit, before, entity, reterr);
		return shd_judge_change(basis, txn, visit, before, entity, NULL, reterr);
	}
	/* That is why: it is on this list no longer. */
	if (before->fields[SHD_I_unlisted_since].none)
		return shd_overlay_entity_put(
			basis->overlay, visit->store->id, before, entity, "", &kept, reterr);
	entity->fields[SHD_I_unlisted_since].none = true;
	return shd_judge_change(basis, txn, visit, before, entity, "", reterr);
}

static bool miss_all(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, const char *const *ids,
	size_t count, struct shd_error *reterr)
{
	struct listed *rows shd_autofree = shd_xcalloc(batch->seen.listed_count, sizeof(*rows));
	struct listed *all = hash_listed(&batch->seen, rows);
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++)
		ok = is_listed(all, ids[i]) ||
		     miss_one(basis, txn, visit, batch, all, ids[i], reterr);
	HASH_CLEAR(hh, all);
	return ok;
}

static bool sweep(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_feed_row *feed, struct shd_error *reterr)
{
	const char *const *ids;
	size_t count;

	if (!batch->seen.listed) { /* it lists what it always did: an empty answer was a slip */
		feed->suspects = 0;
		return true;
	}
	if (!basis->read->open_ids(basis->read->ctx, visit->store->id, batch->fetch.row->closes,
		    batch->fetch.row->name, txn->arena, &ids, &count, reterr))
		return false;
	bool emptied = batch->seen.listed_count == 0 && count > 0;
	/* One empty answer where there were rows may be a slip of theirs: it is not even noted. */
	txn->outcome->suspect = emptied && feed->suspects == 0;
	feed->suspects = emptied;
	return txn->outcome->suspect || miss_all(basis, txn, visit, batch, ids, count, reterr);
}

/* --- rows of a batch ------------------------------------------------------------------------- */

static bool is_by_sku(const struct shd_endpoint *row)
{
	return row->paging == SHD_PAGE_BATCH && !row->had_rows &&
	       shd_field_row(row->tells[0])->kind == SHD_KIND_stock;
}

/* The fields of the row that are known of the entity become unreadable. */
static bool silence_one(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_endpoint *row, const char *id,
	struct shd_error *reterr)
{
	enum shd_kind kind = shd_field_row(row->tells[0])->kind;
	struct shd_unreadable unread[SHD_COUNT(row->tells)];
	const struct shd_entity *before;
	struct shd_entity *entity;
	struct shd_entity seen = {.kind = kind, .id = id};

	shd_arena_reset(visit->scratch);
	if (!shd_judge_load(basis, visit, kind, id, visit->scratch, &before, &entity, reterr))
		return false;
	const struct shd_value *closed = before ? &before->fields[SHD_I_closed] : NULL;
	if (!before || (!closed->none && closed->n) ||
		(is_by_sku(row) && shd_entity_get(before, SHD_F_stock_warehouse)->none))
		return true;
	for (size_t i = 0; i < SHD_COUNT(unread) && row->tells[i]; i++) {
		unread[i] = (struct shd_unreadable){.next = seen.unread,
			.index = shd_field_index(row->tells[i]), .blank = true,
			.example = "no row"};
		seen.unread = &unread[i];
	}
	if (!shd_unread_merge(entity, &seen, row->name, visit->scratch))
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for what cannot be read");
	shd_judge_note_unread(txn, visit, before, entity);
	return shd_judge_change(basis, txn, visit, before, entity, NULL, reterr);
}

static bool silence(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, const struct listed *all, const char *asked,
	struct shd_error *reterr)
{
	const struct shd_endpoint *row = batch->fetch.row;
	const char *const *ids = &asked;
	size_t count = 1;

	if (is_by_sku(row) &&
		!basis->read->stocks(basis->read->ctx, visit->store->id, asked, txn->arena, &ids,
			&count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_listed(all, ids[i]) &&
			!silence_one(basis, txn, visit, row, ids[i], reterr))
			return false;
	return true;
}

static bool silence_all(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, struct shd_error *reterr)
{
	struct listed *rows shd_autofree = shd_xcalloc(batch->seen.listed_count, sizeof(*rows));
	struct listed *all = hash_listed(&batch->seen, rows);
	bool ok = true;

	for (size_t i = 0; ok && i < batch->seen.asked_count; i++)
		ok = silence(basis, txn, visit, batch, all, batch->seen.asked[i], reterr);
	HASH_CLEAR(hh, all);
	return ok;
}

bool shd_judge_sweep(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_feed_row *feed, struct shd_error *reterr)
{
	const struct shd_endpoint *row = batch->fetch.row;

	if (!batch->fetch.ok || batch->seen.incomplete)
		return true;
	if (row->complete)
		return sweep(basis, txn, visit, batch, feed, reterr);
	return !row->tells[0] || !batch->seen.listed ||
	       silence_all(basis, txn, visit, batch, reterr);
}
