/* The judge comes to the same change sets, and leaves the same rows, whether what is stored
 * is in memory or in SQLite. The seed is printed; SHD_SEED replays it. */
#include "support/judge_bench.h"

#include <time.h>

enum { STEPS = 250, ROUNDS = 3, ITEMS = 12, TEXT_BYTES = 8 << 20 };

static const char yaml[] =
	"rules:\n"
	"  - rule: ship\n    each: order\n    due: ship_by\n"
	"    levels: {warning: due - now < 2h, critical: due - now < 30m, breached: now >= due}\n"
	"  - rule: stock-out\n    each: stock\n    value: unshipped\n"
	"    levels: {warning: value > 2, critical: value > 4}\n"
	"  - rule: late-share\n    value: share(order last 7d where shipped_late)\n"
	"    levels: {warning: value > 20%, critical: value > 40%}\n"
	"  - rule: many\n    value: count(order last 2d)\n    levels: {warning: value > 5}\n"
	"  - rule: delivered\n    value: count(order last 3d at delivered_at where units > 1)\n"
	"    levels: {warning: value > 1, critical: value > 3}\n"
	"  - rule: pressing\n    value: sum(order.units last 5h at ship_by)\n"
	"    levels: {warning: value > 3}\n"
	"  - rule: newest\n    value: max(order.units last 3d)\n    levels: {warning: value > 3}\n"
	"  - rule: sorted-out\n    each: complaint\n    levels: {warning: stage is not none}\n"
	"  - rule: low-rating\n    value: rating\n    levels: {warning: value < 4.5}\n"
	"  - rule: falling\n    value: rating - min(rating last 1d)\n"
	"    levels: {warning: value > 0.2}\n"
	"  - rule: no-product\n    each: order\n    levels: {info: not has_product}\n"
	"  - rule: poller-stale\n    each: poller\n    levels: {warning: blinds is not none}\n";

struct random {
	uint64_t state;
};

static uint64_t seed;

static uint32_t roll(struct random *random, uint32_t below)
{
	random->state = random->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(random->state >> 33) % below;
}

/* --- what happens ------------------------------------------------------------------- */

static void text(struct shd_harvest *harvest, size_t at, enum shd_field field, const char *is)
{
	if (is)
		shd_set_text(harvest, at, field, is, strlen(is));
	else
		shd_set_none(harvest, at, field);
}

static const char *sku_of(struct random *random)
{
	static const char *const skus[] = {"a", "b", "c", NULL};

	return skus[roll(random, SHD_COUNT(skus))];
}

static void add_order(struct random *random, struct shd_harvest *harvest, int64_t now)
{
	static const char *const states[] = {"awaiting_shipment", "shipped", "delivered"};
	char id[16];

	snprintf(id, sizeof(id), "o%u", roll(random, ITEMS));
	size_t at = shd_harvest_entity(harvest, SHD_KIND_order, id, strlen(id));
	if (roll(random, 3)) /* often at the same instant as another one */
		shd_set_n(harvest, at, SHD_F_order_opened_at,
			  now - (int64_t)roll(random, 5) * 20 * SHD_HOUR_MS);
	if (roll(random, 3))
		text(harvest, at, SHD_F_order_sku, sku_of(random));
	text(harvest, at, SHD_F_order_status, states[roll(random, SHD_COUNT(states))]);
	shd_set_n(harvest, at, SHD_F_order_units, (int64_t)(1 + roll(random, 4)) * SHD_MICRO);
	shd_set_n(harvest, at, SHD_F_order_ship_by, now + (int64_t)roll(random, 4) * SHD_HOUR_MS);
	if (roll(random, 4) == 0)
		shd_set_n(harvest, at, SHD_F_order_delivered_at,
			now - (int64_t)roll(random, 90) * SHD_HOUR_MS);
	else if (roll(random, 8) == 0)
		shd_set_none(harvest, at, SHD_F_order_delivered_at);
	shd_set_n(harvest, at, SHD_F_order_shipped_late, roll(random, 2));
	shd_set_n(harvest, at, SHD_F_order_closed, roll(random, 4) == 0);
}

static void add_product(struct random *random, struct shd_harvest *harvest)
{
	bool stock = roll(random, 2);
	enum shd_kind kind = stock ? SHD_KIND_stock : SHD_KIND_listing;
	const char *category = roll(random, 2) ? "shoes" : NULL;
	char id[16];

	snprintf(id, sizeof(id), "p%u", roll(random, 5));
	size_t at = shd_harvest_entity(harvest, kind, id, strlen(id));
	text(harvest, at, stock ? SHD_F_stock_sku : SHD_F_listing_sku, sku_of(random));
	if (!stock)
		text(harvest, at, SHD_F_listing_category, category);
	if (!stock)
		text(harvest, at, SHD_F_listing_title, roll(random, 2) ? "Boots" : "Socks");
}

struct event {
	const char *endpoint;
	bool fails, sweeps;
	size_t store, listed_count;
	const char *listed[ITEMS];
	struct shd_harvest *harvest;
};

static void invent(struct random *random, int64_t now, struct event *event)
{
	static const char *const endpoints[] = {"orders", "stock", "cases", "rates", "orders"};
	static const char *const cases[] = {"c0", "c1", "c2", "c3"};

	*event = (struct event){.endpoint = endpoints[roll(random, SHD_COUNT(endpoints))],
		.fails = roll(random, 8) == 0, .store = roll(random, 2)};
	event->harvest = shd_harvest_create(1 << 20);
	if (strcmp(event->endpoint, "rates") == 0)
		shd_harvest_measure(event->harvest, SHD_M_rating, false,
				    (struct shd_value){.type = shd_metric_row(SHD_M_rating)->type,
					    .n = 4000000 + roll(random, 10) * 100000});
	for (uint32_t i = roll(random, 4); i > 0 && strcmp(event->endpoint, "orders") == 0; i--)
		add_order(random, event->harvest, now);
	for (uint32_t i = roll(random, 3); i > 0 && strcmp(event->endpoint, "stock") == 0; i--)
		add_product(random, event->harvest);
	if (strcmp(event->endpoint, "cases") != 0)
		return;
	event->sweeps = true;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		if (roll(random, 2))
			continue;
		event->listed[event->listed_count++] = cases[i];
		size_t at = shd_harvest_entity(event->harvest, SHD_KIND_complaint, cases[i], 2);
		text(event->harvest, at, SHD_F_complaint_stage, "open");
	}
}

static void happen(struct bench *b, const struct event *event)
{
	struct shd_batch batch = bench_batch(b, event->store, event->endpoint);

	batch.seen.harvest = event->harvest;
	if (event->sweeps) {
		batch.seen.listed = event->listed;
		batch.seen.listed_count = event->listed_count;
	}
	if (event->fails) {
		bench_failed(&batch, SHD_ERR_SERVER, 1);
	}
	if (!shd_judge_batch(b->judge, &batch, &b->err))
		fail_msg("%s", b->err.msg);
}

/* --- in words --------------------------------------------------------------------------- */

static void print_entity(struct shd_text *out, const struct shd_entity *entity)
{
	shd_text_printf(out, " %s %s", shd_kind_name(entity->kind), entity->id);
	for (int i = 0; i < shd_kind_fields(entity->kind); i++) {
		if (entity->fields[i].none)
			continue;
		shd_text_printf(out, " %d=", i);
		shd_value_print(&entity->fields[i], out);
	}
	shd_text_puts(out, "\n");
}

static void print_alert(struct shd_text *out, const struct shd_alert *alert)
{
	shd_text_printf(out, " %lld %s %s %s %s %d %d %d %lld %lld %lld", (long long)alert->number,
		alert->rule, alert->store, alert->entity, shd_alert_state_name(alert->state),
		(int)alert->level, (int)alert->notified_level, alert->episode,
		(long long)alert->changed_at.ms, (long long)alert->fired_at.ms,
		(long long)alert->wake.ms);
	shd_value_print(&alert->last.value, out);
	shd_text_printf(out, " %s\n", alert->last.why ? alert->last.why : "");
}

static void print_changes(struct shd_text *out, const struct shd_change_set *changes)
{
	for (size_t i = 0; i < changes->entity_count; i++) {
		const struct shd_entity_change *change = &changes->entities[i];

		shd_text_printf(out, "entity %s %s %d", change->store,
				change->feed ? change->feed : "-", change->is_new);
		print_entity(out, change->entity);
	}
	for (size_t i = 0; i < changes->metric_count; i++) {
		shd_text_printf(out, "metric %s %d ", changes->metrics[i].store,
				(int)changes->metrics[i].metric);
		shd_value_print(&changes->metrics[i].value, out);
	}
	for (size_t i = 0; i < changes->feed_count; i++)
		shd_text_printf(out, "feed %s %s %lld %d %d %lld\n", changes->feeds[i].store,
				changes->feeds[i].endpoint,
				(long long)changes->feeds[i].last_success.ms,
				changes->feeds[i].error, changes->feeds[i].suspects,
				(long long)changes->feeds[i].incomplete_since.ms);
	for (size_t i = 0; i < changes->wake_count; i++)
		shd_text_printf(out, "wake %s %d %s %lld\n", changes->wakes[i].store,
				(int)changes->wakes[i].kind, changes->wakes[i].id,
				(long long)changes->wakes[i].at.ms);
	for (size_t i = 0; i < changes->alert_count; i++) {
		shd_text_printf(out, "alert %d", changes->alerts[i].is_new);
		print_alert(out, &changes->alerts[i].alert);
	}
	for (size_t i = 0; i < changes->event_count; i++)
		shd_text_printf(out, "event %lld %s\n", (long long)changes->events[i].alert,
				shd_move_name(changes->events[i].move));
	for (size_t i = 0; i < changes->notified_count; i++)
		shd_text_printf(out, "notified %lld %s\n", (long long)changes->notified[i].alert,
				changes->notified[i].channel ? changes->notified[i].channel : "-");
	for (size_t i = 0; i < changes->outbox_count; i++)
		shd_text_printf(out, "message %s %s\n", changes->outbox[i].key,
				changes->outbox[i].facts);
	for (size_t i = 0; i < changes->history_count; i++)
		shd_text_printf(out, "history %s %d %s %d %s\n", changes->history[i].store,
				(int)changes->history[i].kind, changes->history[i].id,
				changes->history[i].fresh,
				changes->history[i].was ? changes->history[i].was : "-");
}

static bool print_wake(void *ctx, const struct shd_wake_row *row)
{
	struct shd_text *out = ctx;

	shd_text_printf(out, "%lld", (long long)row->at.ms);
	return true;
}

/* All rows, in an order of their own. */
static void print_stored(struct bench *b, struct shd_text *out)
{
	const struct shd_stored *stored = bench_stored(b);

	for (int i = 0; i < 2 * SHD_KIND_COUNT; i++) {
		const char *store = i % 2 ? "s2" : "s1";
		struct shd_stored_entity row;
		const char *const *ids;
		size_t count;

		assert_true(stored->open_ids(stored->ctx, store, (enum shd_kind)(i / 2), NULL,
					     b->arena, &ids, &count, &b->err));
		for (size_t k = 0; k < count; k++) {
			assert_true(stored->entity(stored->ctx, store, (enum shd_kind)(i / 2),
						   ids[k], b->arena, &row, &b->err));
			shd_text_printf(out, "%s %s", store, row.feed ? row.feed : "-");
			print_entity(out, row.entity);
		}
	}
	assert_true(stored->wakes(stored->ctx, print_wake, out, &b->err));
	struct shd_alert *alerts;
	size_t count;
	bench_alerts(b, &alerts, &count);
	for (size_t i = 0; i < count; i++)
		print_alert(out, &alerts[i]);
}

/* --- the law ---------------------------------------------------------------------------------- */

static void judge_step(struct bench *b, const struct event *events, size_t count, bool gives_up,
		       struct shd_text *out)
{
	if (gives_up) { /* what is forgotten leaves nothing behind */
		bench_begin(b);
		for (size_t i = 0; i < count; i++)
			happen(b, &events[i]);
		bench_abandon(b);
	}
	bench_begin(b);
	for (size_t i = 0; i < count; i++)
		happen(b, &events[i]);
	if (!shd_judge_wakes(b->judge, 50, &b->err) ||
	    !shd_judge_end(b->judge, &b->err))
		fail_msg("%s", b->err.msg);
	shd_text_clear(out);
	print_changes(out, shd_judge_changes(b->judge));
	shd_text_printf(out, "next %lld\n", (long long)b->outcome.next_wake.ms);
	bench_write(b, shd_judge_changes(b->judge));
	shd_judge_kept(b->judge);
}

static void say_where(const char *one, const char *other)
{
	size_t at = 0;

	while (one[at] && one[at] == other[at])
		at++;
	while (at > 0 && one[at - 1] != '\n')
		at--;
	print_error("in memory: %.600s\n\non disk: %.600s\n", one + at, other + at);
}

static void both_engines_come_to_the_same(void **state)
{
	struct shd_text out[2];

	(void)state;
	shd_text_init(&out[0], TEXT_BYTES);
	shd_text_init(&out[1], TEXT_BYTES);
	for (int round = 0; round < ROUNDS; round++) {
		struct random random = {seed + (uint64_t)round};
		struct bench b[2];

		bench_start_in(&b[0], yaml, false);
		bench_start_in(&b[1], yaml, true);
		for (int step = 0; step < STEPS; step++) {
			struct event events[3];
			size_t count = 1 + roll(&random, SHD_COUNT(events));
			bool gives_up = roll(&random, 6) == 0;

			for (size_t i = 0; i < count; i++)
				invent(&random, b[0].now, &events[i]);
			for (int i = 0; i < 2; i++)
				judge_step(&b[i], events, count, gives_up, &out[i]);
			if (strcmp(out[0].data, out[1].data) != 0) {
				say_where(out[0].data, out[1].data);
				fail_msg("seed %llu, step %d of round %d",
					 (unsigned long long)seed, step, round);
			}
			for (size_t i = 0; i < count; i++)
				shd_harvest_destroy(events[i].harvest);
			b[0].now += (int64_t)roll(&random, 3) * 20 * SHD_MINUTE_MS + 1;
			b[1].now = b[0].now;
		}
		for (int i = 0; i < 2; i++) {
			shd_text_clear(&out[i]);
			print_stored(&b[i], &out[i]);
		}
		if (strcmp(out[0].data, out[1].data) != 0)
			say_where(out[0].data, out[1].data);
		assert_string_equal(out[0].data, out[1].data);
		assert_true(out[0].len > 1000 && shd_text_ok(&out[0]));
		bench_finish(&b[0]);
		bench_finish(&b[1]);
	}
	shd_text_finish(&out[0]);
	shd_text_finish(&out[1]);
}

int main(void)
{
	const char *given = getenv("SHD_SEED");
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_engines_come_to_the_same)};

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("SHD_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
