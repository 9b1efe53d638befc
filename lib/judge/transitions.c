/* Transitions of alerts: what there is to tell of each, noted when it happens. */
#include "parts.h"

#include "catalog/page.h"

#include <stdlib.h>
#include <string.h>

/* At most so many are shown to the journal from one transaction. */
enum { SHOWN_MAX = 1000, QUOTE_BYTES = 1200 };

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

/* A field of the entity by its name; NULL: the kind has none, or it is none. */
static const struct shd_value *named(const struct shd_entity *entity, const char *name)
{
	enum shd_field field;

	if (!shd_field_find(entity->kind, name, strlen(name), &field))
		return NULL;
	const struct shd_value *value = shd_entity_get(entity, field);
	return value->none ? NULL : value;
}

/* What somebody wrote, in short. Other kinds have a text or reason of ours. */
static const char *quote_of(struct shd_arena *arena, const struct shd_entity *entity)
{
	static const char *const names[] = {"text", "reason"};

	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		const struct shd_value *value = named(entity, names[i]);

		if (value && value->len)
			return shd_arena_text(arena, value->text,
				shd_utf8_cut(value->text, value->len, QUOTE_BYTES));
	}
	return NULL;
}

/* NULL: the arena is full. */
static const char *labelled(struct shd_arena *arena, const char *label, const char *text)
{
	struct shd_text whole SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&whole, SHD_FIELD_BYTES);
	shd_text_printf(&whole, "%s%s", label, text);
	return shd_arena_text(arena, whole.data, whole.len);
}

/* What a person knows the entity by, besides its subject. */
static void describe(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_entity *entity, struct shd_facts *facts)
{
	const struct shd_value *sku = named(entity, "sku"), *units = named(entity, "units");
	const struct shd_value *amount = named(entity, "amount"),
			       *ship_by = named(entity, "ship_by");

	if (sku && sku->len)
		facts->product = product_of(basis, txn, visit, sku->text);
	if (facts->product && facts->product == sku->text) /* nobody knows its name */
		facts->product = labelled(txn->arena, "SKU ", sku->text);
	if (facts->product && (strcmp(facts->product, facts->subject) == 0 ||
				      strcmp(sku->text, facts->subject) == 0))
		facts->product = NULL;
	const struct shd_value *goods = named(entity, "goods");
	if (!facts->product && goods)
		facts->product = goods->text;
	facts->quote = quote_of(txn->arena, entity);
	if (facts->quote && strcmp(facts->quote, facts->subject) == 0)
		facts->quote = NULL;
	if (units)
		facts->units = units->n;
	if (amount)
		facts->amount = *amount;
	if (ship_by)
		facts->ship_by.ms = ship_by->n;
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
	       (!facts->product || keep_text(arena, &facts->product)) &&
	       (!facts->quote || keep_text(arena, &facts->quote)) &&
	       keep_value(arena, &facts->value) && keep_value(arena, &facts->limit) &&
	       keep_text(arena, &transition->title) &&
	       (!transition->why || keep_text(arena, &transition->why));
}

/* What a rule of the whole store is about: what it counts, else the account if it reads that, else
 * figures of which the marketplace shows all in one place. rule NULL: it is gone. */
static enum shd_kind kind_of(const struct shd_rule *rule)
{
	static const enum shd_kind kinds[] = {SHD_KIND_complaint, SHD_KIND_return, SHD_KIND_review,
		SHD_KIND_message, SHD_KIND_stock, SHD_KIND_listing, SHD_KIND_order, SHD_KIND_store};

	for (size_t i = 0; rule && i < SHD_COUNT(kinds); i++)
		if (rule->reads_kinds >> kinds[i] & 1)
			return kinds[i];
	return SHD_KIND_rating;
}

/* Where the seller sees and mends it; NULL: there is no such page. */
static const char *page_of(struct shd_arena *arena, const struct shd_visit *visit,
	const struct shd_rule *rule, const struct shd_entity *entity)
{
	const struct shd_store *store = visit->store->settings;
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&url, SHD_FIELD_BYTES);
	if (entity && shd_entity_page(store, entity, &url) && shd_text_ok(&url))
		return shd_arena_text(arena, url.data, url.len);
	return shd_kind_page(store, rule && rule->each ? rule->kind : kind_of(rule));
}

/* --- what there is to tell ------------------------------------------------------------------ */

static struct shd_facts facts_of(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
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
		.amount = {.none = true},
		.value = last->value,
		.limit = last->limit,
		.cost = last->cost,
		.room = last->room,
		.sample_hit = last->sample_hit,
		.sample_of = last->sample_of,
		.due = last->due};

	if (entity)
		describe(basis, txn, visit, entity, &facts);
	facts.url = page_of(txn->arena, visit, rule, entity);
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
	noted->what = (struct shd_transition){
		.facts = facts_of(basis, txn, visit, rule, entity, alert, move),
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

bool shd_judge_told_again(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
	const struct shd_alert *alert, struct shd_error *reterr)
{
	const struct shd_alert_move move = {
		.move = SHD_MOVE_NEW, .to = alert->level, .tell = true};
	struct shd_noted_transition **at = txn->transitions_end;

	if (!note(basis, txn, visit, rule, entity, alert, &move, NULL, reterr))
		return false;
	(*at)->again = true;
	return true;
}

void shd_judge_show_transitions(
	const struct shd_noted_transition *noted, struct shd_outcome *outcome)
{
	for (; noted && outcome->transition_count < SHOWN_MAX; noted = noted->next) {
		struct shd_transition shown = noted->what;

		if (noted->again)
			continue;
		if (!keep(outcome->arena, &shown))
			return;
		shd_grow(outcome->transitions, outcome->transition_count, outcome->transition_room);
		outcome->transitions[outcome->transition_count++] = shown;
	}
}
