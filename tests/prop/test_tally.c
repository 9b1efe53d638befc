/* A tally says what reading row by row says, whatever happens to the entities and the
 * clock. The seed is printed; SHD_SEED replays it. */
#include "support/check.h"

#include "base/num.h"
#include "conf/diag.h"
#include "catalog/store.h"
#include "rule/eval/tally.h"
#include "rule/eval/window_list.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define T0 1780000000000LL

enum { ORDERS = 900, FIELDS = 64, STEPS = 1600, ROUNDS = 4, JUDGED_EVERY = 5 };

static const char yaml[] =
	"rules:\n"
	"  - rule: count\n    value: count(order last 30d)\n    levels: {warning: value > 90}\n"
	"  - rule: some\n    value: count(order last 7d where fulfilment == \"seller\")\n"
	"    levels: {warning: value > 20}\n"
	"  - rule: share\n    value: share(order last 7d where shipped_late)\n"
	"    needs: count(order last 7d) >= 20\n"
	"    levels: {warning: value > 30%, critical: value > 50%}\n"
	"  - rule: longer\n    value: share(order last 20d where shipped_late)\n"
	"    levels: {warning: value > 40%}\n"
	"  - rule: base\n    value: count(order last 1d where fulfilment == \"seller\")\n"
	"    levels: {warning: 'value > 2 * baseline(value, 5d)'}\n"
	"  - rule: ratio\n"
	"    value: ratio(count(order last 3d where units is none), count(order last 3d))\n"
	"    levels: {warning: 'value > 1.5 * baseline(value, 14d)'}\n"
	"  - rule: sum\n    value: sum(order.amount last 10d where fulfilment in [\"seller\"])\n"
	"    levels: {warning: value > 500 RUB}\n"
	"  - rule: avg\n    value: avg(order.units last 10d where not shipped_late)\n"
	"    levels: {warning: value > 3}\n"
	"  - rule: ends\n    value: max(order.units last 2d) - min(order.units last 2d)\n"
	"    levels: {warning: value > 3}\n"
	"  - rule: middle\n    value: median(order.units last 9d where id matches \"[0-4]$\")\n"
	"    levels: {warning: 'value > 3 and p90(order.units last 9d) > 4'}\n"
	"  - rule: moving\n    value: count(order last 9d where now - opened_at > 2d)\n"
	"    levels: {warning: value > 30}\n"
	"  - rule: since\n    value: count(order since today - 6d where units >= 2)\n"
	"    levels: {warning: value > 12, critical: share(order since today - 6d where "
	"shipped_late and units >= 2) > 15%}\n"
	"  - rule: delivered\n    value: count(order last 5d at delivered_at)\n"
	"    levels: {warning: value > 40}\n"
	"  - rule: late-by-delivery\n"
	"    value: share(order last 6d at delivered_at where shipped_late)\n"
	"    levels: {warning: value > 30%}\n"
	"  - rule: late-by-opening\n    value: share(order last 6d where shipped_late)\n"
	"    levels: {warning: value > 30%}\n"
	"  - rule: worth-by-delivery\n    value: sum(order.amount last 7d at delivered_at)\n"
	"    levels: {warning: 'value > 2 * baseline(value, 3d)'}\n"
	"  - rule: limits\n    value: count(order last 2d at ship_by where units > 1)\n"
	"    levels: {warning: value > 3}\n"
	"  - rule: clock\n    value: count(order last 9d where hour(opened_at) < 12)\n"
	"    levels: {warning: value > 15}\n";

struct order {
	struct shd_entity entity;
	struct shd_value fields[FIELDS];
	char id[16];
	bool there;
};

struct shop {
	struct order orders[ORDERS];
	struct shd_store settings;
	struct shd_doc *doc;
	struct shd_rules *rules;
	struct shd_tally *tally;
	struct shd_tally_store *kept;
	uint64_t random;
	int64_t now;
	bool blind;
	size_t shown;
};

struct shown {
	struct shop *shop;
	shd_window_fn *visit;
	void *ctx;
};

static uint64_t seed;

static uint32_t roll(struct shop *shop, uint32_t below)
{
	shop->random = shop->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(shop->random >> 33) % below;
}

static bool count_shown(void *ctx, const struct shd_entity *entity)
{
	const struct shown *shown = ctx;

	shown->shop->shown++;
	return shown->visit(shown->ctx, entity);
}

static void window(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
	struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	struct shown shown = {ctx, visit, visit_ctx};
	struct shd_window_list list = {.time = time, .from = from, .to = to};

	assert_int_equal(kind, SHD_KIND_order);
	for (size_t i = 0; i < ORDERS; i++)
		if (shown.shop->orders[i].there)
			shd_window_list_add(&list, &shown.shop->orders[i].entity);
	shd_window_list_show(&list, count_shown, &shown);
}

static bool is_blind(void *ctx, enum shd_kind kind)
{
	(void)kind;
	return ((struct shop *)ctx)->blind;
}

static struct shd_value *field(struct order *order, enum shd_field which)
{
	return &order->fields[shd_field_index(which)];
}

static void put(struct order *order, enum shd_field which, int64_t n)
{
	*field(order, which) = (struct shd_value){.type = shd_field_row(which)->type, .n = n};
}

/* Changes some of what the rules read, and some of what they do not. */
static void change_fields(struct shop *shop, struct order *order)
{
	struct shd_value *seller = field(order, SHD_F_order_fulfilment);

	if (roll(shop, 3) == 0)
		put(order, SHD_F_order_shipped_late, roll(shop, 3) == 0);
	if (roll(shop, 3) == 0)
		put(order, SHD_F_order_units, (1 + roll(shop, 5)) * SHD_MICRO);
	if (roll(shop, 6) == 0)
		field(order, SHD_F_order_units)->none = true;
	if (roll(shop, 3) == 0) {
		const char *currency = roll(shop, 4000) ? "RUB" : "USD";

		put(order, SHD_F_order_amount, roll(shop, 10000));
		memcpy(field(order, SHD_F_order_amount)->currency, currency, 4);
	}
	if (roll(shop, 2) == 0) {
		*seller = (struct shd_value){.type = SHD_TEXT, .text = "seller", .len = 6};
		seller->none = roll(shop, 4) == 0;
	}
	if (roll(shop, 2) == 0)
		put(order, SHD_F_order_delivered_at, shop->now - roll(shop, 9) * SHD_DAY_MS);
	if (roll(shop, 20) == 0)
		field(order, SHD_F_order_delivered_at)->none = true;
	if (roll(shop, 3) == 0)
		put(order, SHD_F_order_ship_by, shop->now + roll(shop, 90) * SHD_HOUR_MS);
	if (roll(shop, 20) == 0)
		put(order, SHD_F_order_opened_at, shop->now - roll(shop, 40) * SHD_DAY_MS);
	if (roll(shop, 60) == 0)
		field(order, SHD_F_order_opened_at)->none = true;
}

static void make(struct shop *shop, struct order *order)
{
	int64_t opened = shop->now;

	memset(order->fields, 0, sizeof(order->fields));
	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++) {
		enum shd_field which = shd_kind_first(SHD_KIND_order) + (enum shd_field)i;

		order->fields[i] =
			(struct shd_value){.none = true, .type = shd_field_row(which)->type};
	}
	if (roll(shop, 4) == 0)
		opened -= roll(shop, 2000) * SHD_MINUTE_MS;
	if (roll(shop, 40) == 0)
		opened += roll(shop, 2000) * SHD_MINUTE_MS;
	put(order, SHD_F_order_opened_at, opened);
	order->there = true;
	change_fields(shop, order);
}

static void change_one(struct shop *shop)
{
	struct order *order = &shop->orders[roll(shop, ORDERS)];
	struct shd_value before_fields[FIELDS];
	struct shd_entity before = order->entity;
	bool was_there = order->there;

	memcpy(before_fields, order->fields, sizeof(before_fields));
	before.fields = before_fields;
	if (!was_there)
		make(shop, order);
	else if (roll(shop, 5) == 0)
		order->there = false;
	else
		change_fields(shop, order);
	shd_tally_change(shop->tally, shop->kept, was_there ? &before : NULL,
		order->there ? &order->entity : NULL);
}

static void assert_same(const struct shop *shop, const struct shd_rule *rule,
	const struct shd_verdict *kept, const struct shd_verdict *read)
{
	if (kept->judgement == read->judgement && kept->level == read->level &&
		shd_value_equal(&kept->value, &read->value) &&
		shd_value_equal(&kept->limit, &read->limit) &&
		shd_value_equal(&kept->room, &read->room) && kept->sample_hit == read->sample_hit &&
		kept->sample_of == read->sample_of && kept->wake.ms == read->wake.ms &&
		kept->why == read->why)
		return;
	fail_msg("seed %llu: %s at %lld: tallied %d of %u, %lld, wake %lld; "
		 "read %d of %u, %lld, wake %lld",
		(unsigned long long)seed, rule->id, (long long)(shop->now - T0), (int)kept->level,
		kept->sample_of, (long long)kept->value.n, (long long)(kept->wake.ms - shop->now),
		(int)read->level, read->sample_of, (long long)read->value.n,
		(long long)(read->wake.ms - shop->now));
}

static void judge_all(struct shop *shop)
{
	struct shd_rule_env env = {.now = {shop->now}, .store = &shop->settings, .ctx = shop,
		.window = window, .blind_kind = is_blind};

	for (size_t i = 0; i < shd_rules_count(shop->rules); i++) {
		const struct shd_rule *rule = shd_rules_at(shop->rules, i);
		struct shd_verdict kept, read;

		env.tally = NULL;
		shd_rule_judge(rule, &env, &read);
		env.tally = shop->tally;
		env.tally_store = shop->kept;
		shd_rule_judge(rule, &env, &kept);
		assert_same(shop, rule, &kept, &read);
	}
}

static void step(struct shop *shop)
{
	uint32_t what = roll(shop, 200);

	if (what < 150)
		change_one(shop);
	else if (what < 196)
		shop->now += roll(shop, 120) * SHD_MINUTE_MS + roll(shop, 1000);
	else if (what == 196)
		shop->now -= roll(shop, 20) * SHD_DAY_MS;
	else if (what == 197)
		shop->blind = !shop->blind;
	else if (what == 198 && roll(shop, 10) == 0)
		shd_tally_forget(shop->tally);
}

static void open_shop(struct shop *shop, size_t min_rows, size_t max_bytes, uint64_t random)
{
	struct shd_diags *diags = shd_diags_create(10);
	struct shd_tally_limits limits = {min_rows, max_bytes, 400 * SHD_DAY_MS};

	*shop = (struct shop){.random = random, .now = T0};
	shop->settings = (struct shd_store){.id = "shop", .marketplace = "ozon"};
	shop->doc = shd_doc_parse("tally", yaml, strlen(yaml), diags);
	assert_non_null(shop->doc);
	shop->rules = shd_rules_compile(&shop->doc, 1, NULL, NULL, diags);
	assert_non_null(shop->rules);
	shop->tally = shd_tally_create(shd_rules_series(shop->rules), &limits);
	shop->kept = shd_tally_add_store(shop->tally);
	for (size_t i = 0; i < ORDERS; i++) {
		struct order *order = &shop->orders[i];

		snprintf(order->id, sizeof(order->id), "o-%zu", i);
		order->entity = (struct shd_entity){.kind = SHD_KIND_order,
			.id = order->id,
			.set = UINT64_MAX,
			.fields = order->fields};
	}
	shd_diags_destroy(diags);
}

static void close_shop(struct shop *shop)
{
	shd_tally_destroy(shop->tally);
	shd_rules_destroy(shop->rules);
	shd_doc_destroy(shop->doc);
}

/* With room for everything, for little, and from various sizes on. The least room may hold
 * nothing at all of an unlucky shop, so what was tallied is asked of all rounds together. */
static void a_tally_says_what_the_rows_say(void **state)
{
	static const struct shd_tally_limits limits[ROUNDS] = {
		{1, 16 << 20, 0}, {24, 16 << 20, 0}, {1, 20000, 0}, {10, 5000, 0}};
	static struct shop shop;
	size_t most = 0;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		open_shop(&shop, limits[round].min_rows, limits[round].max_bytes, seed + round);
		for (int i = 0; i < STEPS; i++) {
			step(&shop);
			if (i % JUDGED_EVERY == 0)
				judge_all(&shop);
			size_t bytes = shd_tally_bytes(shop.tally);
			assert_true(bytes <= limits[round].max_bytes);
			most = bytes > most ? bytes : most;
		}
		shd_tally_forget(shop.tally);
		assert_int_equal(shd_tally_bytes(shop.tally), 0);
		close_shop(&shop);
	}
	assert_true(most > 2000);
}

static void what_is_tallied_is_not_read_again(void **state)
{
	static struct shop shop;
	struct shd_verdict verdict;

	(void)state;
	open_shop(&shop, 24, 16 << 20, seed);
	for (int i = 0; i < ORDERS; i++) {
		shop.now += SHD_MINUTE_MS;
		make(&shop, &shop.orders[i]);
	}
	struct shd_rule_env env = {.now = {shop.now}, .store = &shop.settings, .ctx = &shop,
		.window = window, .tally = shop.tally, .tally_store = shop.kept};
	const struct shd_rule *rule = shd_rules_find(shop.rules, "base");
	shd_rule_judge(rule, &env, &verdict);
	assert_true(shop.shown > 0);
	shop.shown = 0;
	for (int i = 0; i < 100; i++) {
		env.now.ms = shop.now += SHD_MINUTE_MS;
		change_one(&shop);
		shd_rule_judge(rule, &env, &verdict);
	}
	assert_int_equal(shop.shown, 0);
	/* What moves with the clock is read each time. */
	shd_rule_judge(shd_rules_find(shop.rules, "moving"), &env, &verdict);
	assert_true(shop.shown > 100);
	close_shop(&shop);
}

int main(void)
{
	const char *given = getenv("SHD_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tally_says_what_the_rows_say),
		cmocka_unit_test(what_is_tallied_is_not_read_again),
	};

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("SHD_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
