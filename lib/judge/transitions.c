/* Transitions of alerts: what there is to tell of each, noted when it happens. */
#include "parts.h"

#include "catalog/page.h"

#include <stdlib.h>
#include <string.h>

/* At most so many are shown to the journal from one transaction. */
enum { SHOWN_MAX = 1000 };

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "one transaction has no room for more transitions");
}

/* --- what an entity is called ------------------------------------------------------------ */

/* What the product is called, its number when we do not know the listing. */
static const char *product_of(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const char *sku)
{
	struct shd_stored_listing *listings;
	struct shd_error ignored; /* what is read next fails as well */
	size_t count;

	if (!basis->read->listings(basis->read->ctx, visit->store->id, sku,
				   txn->arena, &listings, &count, &ignored))
		return sku;
	for (size_t i = 0; i < count; i++)
		if (listings[i].title)
			return listings[i].title;
	return sku;
}

/* The entity as a person knows it; `id` when nothing says more. */
static const char *subject_of(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_entity *entity, const char *id)
{
	static const char *const names[] = {
		"title", "offer_id", "tracking_number", "order_id", "sku", "text"};

	for (size_t i = 0; entity && i < SHD_COUNT(names); i++) {
		enum shd_field field;

		if (!shd_field_find(entity->kind, names[i], strlen(names[i]), &field))
			continue;
		/* An order's own number says more than its product's. */
		if (entity->kind == SHD_KIND_order)
			break;
		const struct shd_value *value = shd_entity_get(entity, field);
		if (!value->none && value->len)
			return strcmp(names[i], "sku") == 0
				       ? product_of(basis, txn, visit, value->text)
				       : value->text;
	}
	return id;
}

/* --- copies -------------------------------------------------------------------------------- */

static bool keep_text(struct shd_arena *arena, const char **text)
{
	if (*text)
		*text = shd_arena_text(arena, *text, strlen(*text));
	return *text;
}

static bool keep_value(struct shd_arena *arena, struct shd_value *value)
{
	if (value->none || value->type != SHD_TEXT)
		return true;
	value->text = shd_arena_text(arena, value->text, value->len);
	return value->text;
}

/* Its texts become the arena's; false: that is full. */
static bool keep(struct shd_arena *arena, struct shd_transition *transition)
{
	struct shd_facts *facts = &transition->facts;

	return keep_text(arena, &facts->rule) && keep_text(arena, &facts->store) &&
	       keep_text(arena, &facts->entity) && keep_text(arena, &facts->marketplace) &&
	       keep_text(arena, &facts->subject) &&
	       (!facts->url || keep_text(arena, &facts->url)) &&
	       keep_value(arena, &facts->value) && keep_value(arena, &facts->limit) &&
	       keep_text(arena, &transition->title) &&
	       (!transition->why || keep_text(arena, &transition->why));
}

/* NULL: it has no page. */
static const char *page_of(
	struct shd_arena *arena, const struct shd_visit *visit, const struct shd_entity *entity)
{
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&url, SHD_FIELD_BYTES);
	return shd_entity_page(visit->store->settings, entity, &url) && shd_text_ok(&url)
		       ? shd_arena_text(arena, url.data, url.len) : NULL;
}

/* --- what there is to tell ------------------------------------------------------------------ */

static struct shd_facts facts_of(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_entity *entity,
	const struct shd_alert *alert, const struct shd_alert_move *move)
{
	const struct shd_verdict *last = &alert->last;
	struct shd_facts facts = {.alert = alert->number,
		.episode = alert->episode,
		.move = move->move,
		.level = move->to,
		.from_level = move->from,
		.rule = alert->rule,
		.store = alert->store,
		.entity = alert->entity,
		.marketplace = shd_judge_marketplace(visit->store),
		.subject = subject_of(basis, txn, visit, entity, alert->entity),
		.at = txn->now,
		.since = alert->fired_at,
		.value = last->value,
		.limit = last->limit,
		.cost = last->cost,
		.room = last->room,
		.sample_hit = last->sample_hit,
		.sample_of = last->sample_of,
		.due = last->due};

	if (entity)
		facts.url = page_of(txn->arena, visit, entity);
	if (entity && !entity->fields[SHD_I_unlisted_since].none)
		facts.unlisted.ms = entity->fields[SHD_I_unlisted_since].n;
	return facts;
}

static bool note(const struct shd_basis *basis, struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_rule *rule, const struct shd_entity *entity, const struct shd_alert *alert,
	const struct shd_alert_move *move, const char *unwatched, struct shd_error *reterr)
{
	struct shd_noted_transition *noted = shd_arena_alloc(txn->arena, 1, sizeof(*noted));

	if (!noted)
		return no_room(reterr);
	*noted = (struct shd_noted_transition){
		.rule = rule, .store = visit->store, .tell = move->tell};
	noted->what =
		(struct shd_transition){.facts = facts_of(basis, txn, visit, entity, alert, move),
			.title = rule ? rule->title[SHD_EN] : alert->rule,
			.why = unwatched ? unwatched : alert->last.why,
			.unwatched = unwatched != NULL};
	noted->what.facts.unwatched = unwatched != NULL;
	if (unwatched && strcmp(alert->store, visit->store->id) != 0)
		noted->what.facts.marketplace = ""; /* of a store that is gone */
	if (!keep(txn->arena, &noted->what))
		return no_room(reterr);
	*txn->transitions_end = noted;
	txn->transitions_end = &noted->next;
	return true;
}

bool shd_judge_transition(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
	const struct shd_alert *alert, const struct shd_alert_move *move, struct shd_error *reterr)
{
	return note(basis, txn, visit, rule, entity, alert, move, NULL, reterr) &&
	       (move->move != SHD_MOVE_RESOLVED ||
		       shd_judge_let_go(basis, txn, visit, rule, alert, reterr));
}

bool shd_judge_dropped(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *alert,
	const struct shd_alert_move *move, const char *why, struct shd_error *reterr)
{
	return note(basis, txn, visit, rule, NULL, alert, move, why, reterr);
}

void shd_judge_show_transitions(
	const struct shd_noted_transition *noted, struct shd_outcome *outcome)
{
	for (; noted && outcome->transition_count < SHOWN_MAX; noted = noted->next) {
		struct shd_transition shown = noted->what;

		if (!keep(outcome->arena, &shown))
			return;
		shd_grow(outcome->transitions, outcome->transition_count, outcome->transition_room);
		outcome->transitions[outcome->transition_count++] = shown;
	}
}
