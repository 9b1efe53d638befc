/* At the end of a transaction: the list of its transitions, with the routes, becomes the
 * messages that are sent. One per channel, rule, store and direction, and a further one
 * whenever it is full. */
#include "parts.h"

#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 16, IDENTITY_BYTES = 4 << 20 };

/* A message being put together. */
struct draft {
	const struct shd_channel_settings *channel;
	const struct shd_route *route; /* NULL: it says that something is over */
	const char *rule, *store;
	enum shd_level level;
	struct shd_text identity;    /* what the idempotency key is made from */
	struct shd_facts facts[SHD_OUTBOX_ITEMS];
	int64_t alerts[SHD_OUTBOX_ITEMS];
	size_t facts_count;
	struct draft *next;
};

struct drafts {
	struct draft *first, **end;
};

static void forget(struct drafts *drafts)
{
	while (drafts->first) {
		struct draft *draft = drafts->first;

		drafts->first = draft->next;
		shd_text_finish(&draft->identity);
		free(draft);
	}
}

/* --- who is told ---------------------------------------------------------------------------- */

static bool is_about_channel(const struct shd_noted_transition *noted)
{
	return noted->rule && noted->rule->each && noted->rule->kind == SHD_KIND_channel;
}

/* `recipients` has room for all channels. */
static bool find_recipients(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_noted_transition *noted, struct shd_recipient *recipients,
	size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_facts *facts = &noted->what.facts;
	const struct shd_store *settings = noted->store->settings;
	struct shd_match_facts match = {.rule = facts->rule,
		.store = facts->store,
		.level = facts->level,
		.marketplace = facts->marketplace,
		.store_labels = settings ? &settings->labels : NULL,
		.rule_labels = noted->rule ? &noted->rule->labels : NULL};
	struct shd_route_query query = {.facts = &match,
		.over = facts->move == SHD_MOVE_RESOLVED,
		.about = is_about_channel(noted) ? facts->entity : NULL};

	if (!shd_judge_is_inhibited(basis, txn, noted, &query.held_back, reterr) ||
	    (query.over &&
		    !basis->read->notified(basis->read->ctx, facts->alert, txn->arena,
			    &query.notified.items, &query.notified.count, reterr)))
		return false;
	*ret_count = shd_route_alert(&basis->in.routes, &query, recipients);
	return true;
}

/* --- what they are told ----------------------------------------------------------------------- */

static struct draft *draft_for(struct drafts *drafts, const struct shd_channel_settings *channel,
	const struct shd_route *route, const struct shd_facts *facts)
{
	struct draft *draft = drafts->first;

	/* A full one is closed: what comes after it goes into a further message. */
	while (draft && (draft->facts_count == SHD_OUTBOX_ITEMS ||
			 draft->channel != channel || !draft->route != !route ||
			 strcmp(draft->rule, facts->rule) != 0 ||
			 strcmp(draft->store, facts->store) != 0))
		draft = draft->next;
	if (draft)
		return draft;
	draft = shd_xcalloc(1, sizeof(*draft));
	draft->channel = channel;
	draft->route = route;
	draft->rule = facts->rule;
	draft->store = facts->store;
	shd_text_init(&draft->identity, IDENTITY_BYTES);
	*drafts->end = draft;
	drafts->end = &draft->next;
	return draft;
}

static void add_to_draft(struct draft *draft, const struct shd_facts *facts)
{
	draft->alerts[draft->facts_count] = facts->alert;
	draft->facts[draft->facts_count++] = *facts;
	shd_text_printf(&draft->identity, "%lld %d %d %d;", (long long)facts->alert, facts->episode,
			(int)facts->move, (int)facts->level);
	if (facts->level > draft->level)
		draft->level = facts->level;
	if (facts->from_level > draft->level && !draft->route)
		draft->level = facts->from_level;
}

static bool tell(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_noted_transition *noted, struct drafts *drafts, bool *ret_notified,
	struct shd_error *reterr)
{
	size_t room = basis->in.routes.channels.count + 1, count;
	struct shd_recipient *recipients shd_autofree = shd_xcalloc(room, sizeof(*recipients));
	const struct shd_facts *facts = &noted->what.facts;

	if (!find_recipients(basis, txn, noted, recipients, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct shd_route *route = recipients[i].route;
		const struct shd_channel_settings *channel = shd_channel_find(
			basis->in.channels, basis->in.channel_count, recipients[i].channel);

		shd_assert(channel);
		add_to_draft(draft_for(drafts, channel, route, facts), facts);
		if (route && !shd_overlay_notified_add(
				     basis->overlay, facts->alert, channel->name, reterr))
			return false;
	}
	*ret_notified = count > 0;
	return true;
}

/* Who is told of the transition, and the row that says how it went. */
static bool settle(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_noted_transition *noted, struct drafts *drafts, struct shd_error *reterr)
{
	const struct shd_facts *facts = &noted->what.facts;
	struct shd_alert_event event = {.alert = facts->alert,
		.at = facts->at,
		.move = facts->move,
		.from = facts->from_level,
		.to = facts->level,
		.value = facts->value,
		.limit = facts->limit,
		.reason = noted->what.why};

	if (noted->tell && !tell(basis, txn, noted, drafts, &event.notified, reterr))
		return false;
	if (noted->again)
		return true;
	if (facts->move == SHD_MOVE_RESOLVED &&
	    !shd_overlay_notified_clear(basis->overlay, facts->alert, reterr))
		return false;
	return shd_overlay_event_add(basis->overlay, &event, reterr);
}

/* --- the outbox ------------------------------------------------------------------------------- */

/* The same decision has the same key, whenever it is made again. */
static void make_key(const struct draft *draft, const char *channel, char key[2 * KEY_BYTES + 1])
{
	const struct shd_bytes parts[] = {{channel, strlen(channel) + 1},
		{draft->identity.data, draft->identity.len}};
	unsigned char hash[SHD_SHA256_BYTES];

	shd_sha256(parts, SHD_COUNT(parts), hash);
	shd_hex(hash, KEY_BYTES, key);
}

static bool send(const struct shd_basis *basis, struct shd_txn *txn, const struct draft *draft,
	struct shd_error *reterr)
{
	const struct shd_channel_settings *channel = draft->channel;
	struct shd_text group SHD_AUTO(shd_text_finish) = {0};
	int64_t wait_ms = draft->route ? draft->route->group_for_ms : 0;
	char key[2 * KEY_BYTES + 1];

	shd_text_init(&group, 1000);
	shd_text_printf(&group, "%s %s %s", draft->route ? "told" : "resolved", draft->store,
			draft->rule);
	make_key(draft, channel->name, key);
	struct shd_outbox_row row = {.key = key,
		.channel = channel->name,
		.group = group.data,
		.facts = shd_facts_pack(draft->facts, draft->facts_count, txn->arena),
		.level = draft->level,
		.made = txn->now,
		.next_try = {txn->now.ms + wait_ms},
		.give_up = {txn->now.ms + wait_ms + channel->give_up_ms},
		.state = SHD_OUTBOX_WAITING,
		.alerts = draft->alerts,
		.alert_count = draft->facts_count};
	if (!row.facts)
		return shd_fail(reterr, SHD_ERR_LIMIT, "a message has no room");
	txn->outcome->outbox_added++;
	txn->outcome->durable = true;
	return shd_overlay_outbox_add(basis->overlay, &row, reterr);
}

bool shd_judge_notify(const struct shd_basis *basis, struct shd_txn *txn, struct shd_error *reterr)
{
	struct drafts drafts = {.end = &drafts.first};
	bool ok = true;

	for (const struct shd_noted_transition *noted = txn->transitions; ok && noted;
		noted = noted->next)
		ok = settle(basis, txn, noted, &drafts, reterr);
	for (const struct draft *draft = drafts.first; ok && draft; draft = draft->next)
		ok = send(basis, txn, draft, reterr);
	forget(&drafts);
	return ok;
}
