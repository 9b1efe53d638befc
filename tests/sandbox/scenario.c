#include "scenario.h"
#include "base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORES_MAX = 20000 };

struct reading {
	struct shd_ozon *ozon;
	struct shd_sandbox *sandbox; /* ozon's */
	struct shd_sink_settings *sinks;
	struct shd_diags *diags;
};

static const char *const top_members[] = {
	"cursor_ttl", "faults", "rate", "smtp", "stores", "webhook"};
static const char *const store_members[] = {"api_key", "churn", "client_id", "count", "expires_at",
	"name", "rate", "reviews", "roles", "state", "tariff", "timeline"};
static const char *const smtp_members[] = {"password", "user"};
static const char *const webhook_members[] = {"secret"};

static bool known_members(const struct reading *r, const struct shd_node *map,
			  const char *const *known, size_t count)
{
	bool good = true;

	if (map->type != SHD_NODE_MAP) {
		shd_node_mistake(map, r->diags, NULL, "expected a map");
		return false;
	}
	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->keys[i].text, *near;
		char hint[96];
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found |= strcmp(known[k], key) == 0;
		if (found)
			continue;
		near = shd_nearest(key, known, count);
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
		shd_node_mistake(
			&map->keys[i], r->diags, near ? hint : NULL, "unknown key \"%s\"", key);
		good = false;
	}
	return good;
}

static json_t *scalar(const struct shd_node *node)
{
	const char *text = node->text;
	char *end;

	if (node->quoted || !node->len)
		return node->quoted ? json_stringn(text, node->len) : json_null();
	if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
		return json_null();
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(*text == 't');
	size_t digits = strspn(text + (*text == '-'), "0123456789");
	if (digits && !text[digits + (*text == '-')] && digits < 19)
		return json_integer(strtoll(text, NULL, 10));
	double value = strtod(text, &end);
	if (digits && !*end && strspn(text, "-.0123456789") == node->len)
		return json_real(value);
	return json_stringn(text, node->len);
}

static json_t *json_of(const struct shd_node *node)
{
	json_t *json;

	if (node->type == SHD_NODE_SCALAR)
		return scalar(node);
	if (node->type == SHD_NODE_LIST) {
		json = json_array();
		for (size_t i = 0; i < node->count; i++)
			json_array_append_new(json, json_of(&node->items[i]));
		return json;
	}
	json = json_object();
	for (size_t i = 0; i < node->count; i++)
		json_object_set_new(json, node->keys[i].text, json_of(&node->items[i]));
	return json;
}

/* Where key stands in the entry or one level below; the entry itself otherwise. */
static const struct shd_node *place_of(const struct shd_node *entry, const char *key)
{
	if (!key || entry->type != SHD_NODE_MAP)
		return entry;
	for (size_t i = 0; i < entry->count; i++)
		if (strcmp(entry->keys[i].text, key) == 0)
			return &entry->keys[i];
	for (size_t i = 0; i < entry->count; i++) {
		const struct shd_node *found = place_of(&entry->items[i], key);

		if (found != &entry->items[i])
			return found;
	}
	return entry;
}

static void read_timeline(const struct reading *r, const struct shd_node *list, size_t first,
			  size_t count)
{
	struct shd_error err;
	const char *key;

	if (list->type != SHD_NODE_LIST) {
		shd_node_mistake(list, r->diags, NULL, "a timeline is a list of entries");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		json_auto_t *entry = json_of(&list->items[i]);

		if (!json_is_object(entry))
			shd_node_mistake(&list->items[i], r->diags, NULL, "an entry is a map");
		else if (!shd_sandbox_plan(
				 r->sandbox, first, count, entry, r->sandbox->start_ms, &key, &err))
			shd_node_mistake(
				place_of(&list->items[i], key), r->diags, NULL, "%s", err.msg);
	}
}

static const char *text_at(const struct shd_node *map, const char *key, const char *otherwise)
{
	const struct shd_node *node = shd_node_get(map, key);

	return node && node->type == SHD_NODE_SCALAR ? node->text : otherwise;
}

/* "5%" or "0.05" as parts per million. */
static int64_t read_share(const struct reading *r, const struct shd_node *node)
{
	struct shd_error err;
	int64_t ppm = -1;
	bool percent = node->len && node->text && node->text[node->len - 1] == '%';

	if (!node->text ||
	    !shd_decimal_parse(node->text, node->len - percent, percent ? 4 : 6, &ppm, &err) ||
	    ppm < 0 || ppm > SHD_MICRO)
		shd_node_mistake(node, r->diags, NULL, "expected a share such as 5%%");
	return ppm;
}

/* Requests per second; without the node what the scenario says for all. */
static int64_t read_rate(const struct reading *r, const struct shd_node *node)
{
	int64_t rate = node && node->text ? strtoll(node->text, NULL, 10) : r->ozon->rate_per_s;

	if (rate < 1 || rate > 1000 * 1000)
		shd_node_mistake(node, r->diags, NULL, "expected 1 to 1000000 requests per second");
	return rate < 1 ? 1 : rate;
}

/* What a store has from the start is its first "store" event. */
static void read_account(const struct reading *r, const struct shd_node *node, size_t first,
			 size_t count)
{
	static const char *const copied[] = {"expires_at", "reviews", "roles", "state", "tariff"};
	json_auto_t *fields = json_object();
	struct shd_error err;
	const char *key;

	for (size_t i = 0; i < SHD_COUNT(copied); i++)
		if (shd_node_get(node, copied[i]))
			json_object_set_new(
				fields, copied[i], json_of(shd_node_get(node, copied[i])));
	json_auto_t *entry = json_pack("{s:s,s:O}", "at", "0s", "store", fields);
	if (!shd_sandbox_plan(r->sandbox, first, count, entry, r->sandbox->start_ms, &key, &err))
		shd_node_mistake(place_of(node, key), r->diags, NULL, "%s", err.msg);
}

static void read_store(const struct reading *r, const struct shd_node *node)
{
	const struct shd_node *churn = NULL, *timeline;
	size_t first = r->sandbox->shop_count;
	const char *name;

	if (!known_members(r, node, store_members, SHD_COUNT(store_members)))
		return;
	long long client = strtoll(text_at(node, "client_id", "0"), NULL, 10);
	long long count = strtoll(text_at(node, "count", "1"), NULL, 10);
	if (client <= 0 || count < 1 || count > STORES_MAX) {
		shd_node_mistake(node, r->diags, NULL,
			"a store needs a positive client_id, and a count of 1..%d", STORES_MAX);
		return;
	}
	churn = shd_node_get(node, "churn");
	name = text_at(node, "name", NULL);
	int64_t churn_ppm = churn ? read_share(r, churn) : 0;
	int64_t rate = read_rate(r, shd_node_get(node, "rate"));
	for (long long i = 0; i < count; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%lld", client + i);
		struct shd_shop *shop =
			shd_sandbox_add(r->sandbox, &shd_ozon_face, id,
					text_at(node, "api_key", "sandbox-key"));
		if (!shop) {
			shd_node_mistake(node, r->diags, NULL, "client_id %s is taken", id);
			return;
		}
		shop->churn_ppm = churn_ppm;
		shd_ozon_set_rate(shop, rate);
		if (name)
			snprintf(shop->name, sizeof(shop->name), "%s", name);
	}
	read_account(r, node, first, (size_t)count);
	timeline = shd_node_get(node, "timeline");
	if (timeline)
		read_timeline(r, timeline, first, (size_t)count);
}

static void read_faults(const struct reading *r, const struct shd_node *list)
{
	struct shd_error err;
	const char *key;

	if (list->type != SHD_NODE_LIST) {
		shd_node_mistake(list, r->diags, NULL, "expected a list of faults");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		json_auto_t *row = json_of(&list->items[i]);

		if (!shd_fault_add(r->ozon->faults, row, r->sandbox->start_ms, &key, &err))
			shd_node_mistake(
				place_of(&list->items[i], key), r->diags, NULL, "%s", err.msg);
	}
}

static void read_sinks(const struct reading *r, const struct shd_node *root)
{
	const struct shd_node *smtp = shd_node_get(root, "smtp"),
			      *hook = shd_node_get(root, "webhook");

	if (smtp && known_members(r, smtp, smtp_members, SHD_COUNT(smtp_members))) {
		snprintf(r->sinks->smtp_user, sizeof(r->sinks->smtp_user), "%s",
			 text_at(smtp, "user", ""));
		snprintf(r->sinks->smtp_password, sizeof(r->sinks->smtp_password), "%s",
			 text_at(smtp, "password", ""));
	}
	if (hook && known_members(r, hook, webhook_members, SHD_COUNT(webhook_members)))
		snprintf(r->sinks->webhook_secret, sizeof(r->sinks->webhook_secret), "%s",
			 text_at(hook, "secret", ""));
}

static void read_root(const struct reading *r, const struct shd_node *root)
{
	const struct shd_node *stores = shd_node_get(root, "stores");
	const struct shd_node *faults = shd_node_get(root, "faults");
	const struct shd_node *ttl = shd_node_get(root, "cursor_ttl");

	known_members(r, root, top_members, SHD_COUNT(top_members));
	if (ttl && (!ttl->text || !shd_relative_parse(ttl->text, &r->ozon->cursor_ttl_ms) ||
		    r->ozon->cursor_ttl_ms < 1000))
		shd_node_mistake(ttl, r->diags, NULL, "expected a duration of a second or more");
	r->ozon->rate_per_s = read_rate(r, shd_node_get(root, "rate"));
	if (!stores || stores->type != SHD_NODE_LIST)
		shd_node_mistake(
			stores ? stores : root, r->diags, NULL, "expected a list of stores");
	for (size_t i = 0; stores && stores->type == SHD_NODE_LIST && i < stores->count; i++)
		read_store(r, &stores->items[i]);
	if (faults)
		read_faults(r, faults);
	read_sinks(r, root);
}

bool shd_scenario_read(const char *file, const char *text, size_t len, struct shd_ozon *ozon,
		       struct shd_sink_settings *ret_sinks, struct shd_diags *diags)
{
	struct reading r = {ozon, ozon->sandbox, ret_sinks, diags};
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = shd_doc_parse(file, text, len, diags);
	const struct shd_node *root = doc ? shd_doc_root(doc) : NULL;

	if (root && root->type == SHD_NODE_MAP)
		read_root(&r, root);
	else if (shd_diags_mistakes(diags) == 0)
		shd_diags_add(diags, &(struct shd_diag){SHD_MISTAKE, file, 1, 1, 1,
					     "expected a map", NULL, NULL});
	return shd_diags_mistakes(diags) == 0;
}
