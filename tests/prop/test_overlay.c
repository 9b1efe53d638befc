/* What a transaction reads is what the next one reads: every reading function over the changes
 * of a transaction answers as the engine does once they are applied. Over both engines. The
 * seed is printed; SHD_SEED replays it. */
#include "support/judge_bench.h"

#include "judge/overlay.h"

#include <time.h>

enum { STEPS = 120, ROUNDS = 3, ITEMS = 5, PUTS = 30, WINDOWS = 3, TEXT_BYTES = 8 << 20 };

static const char rules[] =
	"rules:\n  - rule: ship\n    each: order\n    due: ship_by\n"
	"    levels: {warning: due - now < 2h}\n";

static const enum shd_kind kinds[] = {
	SHD_KIND_order, SHD_KIND_return, SHD_KIND_listing, SHD_KIND_stock};
static const char *const stores[] = {"s1", "s2", "s3"}; /* nothing is put into the last one */
static const char *const skus[] = {"a", "b", "c"};
static const char *const feeds[] = {"orders", "cases", "stock"};
static const char *const alert_rules[] = {"late", "lost", "many"};
static const char *const channels[] = {"mail", "hook", "chat"};
static const enum shd_metric metrics[] = {SHD_M_rating, SHD_M_return_rate};

static uint64_t seed;

struct world {
	struct bench b;
	struct shd_overlay *overlay;
	uint64_t random;
	int64_t unique; /* no two wake-ups at the same instant: which is first is not named */
	/* What is read, the same before and after the changes are applied: */
	struct shd_wall from[WINDOWS], to[WINDOWS];
	uint64_t fields;
	size_t max;
};

static uint32_t roll(struct world *w, uint32_t below)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(w->random >> 33) % below;
}

#define ANY(w, list) ((list)[roll(w, SHD_COUNT(list))])

/* --- what is put -------------------------------------------------------------------- */

static const char *any_id(struct world *w)
{
	char id[16];

	int len = snprintf(id, sizeof(id), "i%u", roll(w, ITEMS));
	return shd_arena_text(w->b.arena, id, (size_t)len);
}

static const char *any_store(struct world *w)
{
	return stores[roll(w, 2)];
}

/* One in four is none. */
static void put_field(struct world *w, struct shd_entity *entity, const char *name, int64_t n,
		      const char *text)
{
	enum shd_field field;

	if (roll(w, 2) || !shd_field_find(entity->kind, name, strlen(name), &field))
		return;
	struct shd_value *value = &entity->fields[shd_field_index(field)];
	value->none = roll(w, 4) == 0;
	if (value->none)
		return;
	if (value->type == SHD_TEXT) {
		value->text = text;
		value->len = (uint32_t)strlen(text);
	} else {
		value->n = n;
	}
}

static struct shd_entity *copy_of(struct world *w, const struct shd_entity *before,
				  enum shd_kind kind, const char *id)
{
	size_t count = (size_t)shd_kind_fields(kind);
	struct shd_entity *entity = shd_arena_alloc(w->b.arena, 1, sizeof(*entity));
	struct shd_value *fields = shd_arena_alloc(w->b.arena, count, sizeof(*fields));

	assert_true(entity && fields);
	*entity = (struct shd_entity){.kind = kind, .id = id, .fields = fields};
	for (size_t i = 0; i < count; i++)
		fields[i] = before ? before->fields[i]
				   : (struct shd_value){.none = true,
					     .type = shd_field_row(shd_kind_first(kind) +
								   (enum shd_field)i)->type};
	return entity;
}

static bool put_entity(struct world *w)
{
	static const char *const states[] = {"awaiting_shipment", "awaiting_payment", "shipped"};
	static const char *const categories[] = {"shoes", "hats"};
	enum shd_kind kind = ANY(w, kinds);
	const char *store = any_store(w), *id = any_id(w);
	const struct shd_entity *before, *kept;

	if (!shd_overlay_entity(w->overlay, store, kind, id, w->b.arena, &before, &w->b.err))
		return false;
	struct shd_entity *entity = copy_of(w, before, kind, id);
	/* Few instants, so that several were opened at the same one. */
	const char *time = roll(w, 3) ? "opened_at" : "closed_at";
	put_field(w, entity, time, T0 - (int64_t)roll(w, 8) * SHD_HOUR_MS, NULL);
	put_field(w, entity, "closed", roll(w, 2), NULL);
	put_field(w, entity, "sku", 0, ANY(w, skus));
	put_field(w, entity, "category", 0, ANY(w, categories));
	put_field(w, entity, "title", 0, ANY(w, categories));
	put_field(w, entity, "units", (int64_t)roll(w, 9) * SHD_MICRO, NULL);
	if (kind == SHD_KIND_order)
		put_field(w, entity, "status", 0, ANY(w, states));
	const char *feed = roll(w, 2) ? ANY(w, feeds) : NULL;
	return shd_overlay_entity_put(w->overlay, store, before, entity, feed, &kept, &w->b.err);
}

static bool put_metric(struct world *w)
{
	enum shd_metric metric = ANY(w, metrics);
	struct shd_value value = {.type = shd_metric_row(metric)->type, .none = roll(w, 5) == 0,
		.currency = "EUR"};

	if (!value.none)
		value.n = (int64_t)roll(w, 50) * 100000;
	return shd_overlay_metric_put(w->overlay, any_store(w), metric, roll(w, 3) == 0, &value,
				      (struct shd_wall){w->b.now}, &w->b.err);
}

static bool put_feed(struct world *w)
{
	struct shd_feed_row row = {.store = any_store(w), .endpoint = ANY(w, feeds),
		.last_success = {w->b.now}, .last_try = {w->b.now}, .failures = (int)roll(w, 4),
		.error = -1, .error_text = roll(w, 2) ? "as the test wants it" : NULL,
		.next_due = {w->b.now + SHD_MINUTE_MS}};

	return shd_overlay_feed_put(w->overlay, &row, true, &w->b.err);
}

/* In the future, as the judge puts it; or none. */
static bool put_wake(struct world *w)
{
	int64_t hours = 1 + (int64_t)roll(w, 5);
	struct shd_wall at = {w->b.now + hours * SHD_HOUR_MS + ++w->unique};
	const char *store = any_store(w), *id = any_id(w);
	enum shd_kind kind = ANY(w, kinds);
	const struct shd_entity *entity; /* what is not there does not wake */
	if (!shd_overlay_entity(w->overlay, store, kind, id, w->b.arena, &entity, &w->b.err))
		return false;
	if (!entity || roll(w, 2))
		return !entity ||
		       shd_overlay_wake_sooner(w->overlay, store, kind, id, at, &w->b.err);
	if (roll(w, 4) == 0)
		at.ms = SHD_NEVER_MS;
	return shd_overlay_wake_put(w->overlay, store, kind, id, at, &w->b.err);
}

static bool put_alert(struct world *w)
{
	static const enum shd_alert_state states[] = {
		SHD_ALERT_PENDING, SHD_ALERT_FIRING, SHD_ALERT_RESOLVED};
	const char *store = any_store(w), *id = any_id(w), *rule = ANY(w, alert_rules);
	struct shd_alert *alert, fresh = {.rule = rule, .store = store, .entity = id};
	struct shd_value none = {.none = true};

	if (!shd_overlay_alert(w->overlay, rule, store, id, w->b.arena, &alert, &w->b.err))
		return false;
	if (!alert)
		alert = &fresh;
	alert->state = ANY(w, states);
	alert->level = roll(w, 2) ? SHD_WARN : SHD_INFO;
	alert->episode++;
	alert->changed_at.ms = w->b.now;
	alert->wake.ms = SHD_NEVER_MS;
	alert->last = (struct shd_verdict){.value = none, .limit = none, .cost = none,
		.room = none, .due = {SHD_NEVER_MS}, .why = roll(w, 2) ? "because" : NULL};
	if (!shd_overlay_alert_put(w->overlay, alert, &w->b.err))
		return false;
	if (roll(w, 4) == 0 &&
	    !shd_overlay_notified_clear(w->overlay, alert->number, &w->b.err))
		return false;
	return roll(w, 2) || shd_overlay_notified_add(w->overlay, alert->number, ANY(w, channels),
						      &w->b.err);
}

static bool load_ahead(struct world *w)
{
	const char *ids[] = {any_id(w), any_id(w), any_id(w), any_id(w), "never put"};
	enum shd_kind kind = ANY(w, kinds);
	return shd_overlay_load(w->overlay, any_store(w), kind, ids, SHD_COUNT(ids), &w->b.err);
}

static void put_something(struct world *w)
{
	static bool (*const puts[])(struct world *) = {put_entity, put_entity, put_entity,
		put_metric, put_feed, put_wake, put_alert, load_ahead};
	if (!ANY(w, puts)(w))
		fail_msg("%s", w->b.err.msg);
}

/* --- what is read --------------------------------------------------------------------- */

struct reading {
	struct world *w;
	const struct shd_stored *from;
	struct shd_text *out;
	const char *lines[ITEMS]; /* of a window; those of one instant by id */
	int64_t at[ITEMS];
	size_t count, max, due;
	struct shd_wall next;
	uint64_t fields, time; /* by which the window goes */
};

static void print_values(const struct shd_entity *entity, uint64_t fields, struct shd_text *out)
{
	shd_text_printf(out, " %s %s", shd_kind_name(entity->kind), entity->id);
	for (int i = 0; i < shd_kind_fields(entity->kind); i++) {
		if (!(fields >> i & 1) || entity->fields[i].none)
			continue;
		shd_text_printf(out, " %d=", i);
		shd_value_print(&entity->fields[i], out);
	}
	shd_text_puts(out, "\n");
}

static void print_row(const struct shd_stored_entity *row, struct shd_text *out)
{
	shd_text_printf(out, "on %s", row->feed ? row->feed : "-");
	shd_text_printf(out, " %lld\n", row->entity ? (long long)row->wake.ms : 0);
	if (row->entity)
		print_values(row->entity, UINT64_MAX, out);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool take_line(void *ctx, const struct shd_entity *entity)
{
	struct reading *r = ctx;
	struct shd_text line SHD_AUTO(shd_text_finish) = {0};

	assert_true(r->count < ITEMS);
	shd_text_init(&line, 4096);
	shd_text_printf(&line, "%lld", (long long)entity->fields[r->time].n);
	print_values(entity, r->fields, &line);
	r->at[r->count] = entity->fields[r->time].n;
	r->lines[r->count] = shd_arena_text(r->w->b.arena, line.data, line.len);
	assert_true(r->count == 0 || r->at[r->count - 1] <= r->at[r->count]);
	return ++r->count < r->max;
}

/* Of a window that is left early only the instants are certain. */
static void read_window(struct reading *r, const char *store, enum shd_kind kind, size_t i,
			size_t max)
{
	r->time = i % 2 ? SHD_I_opened_at : SHD_I_closed_at;
	r->count = 0;
	r->max = max;
	assert_true(r->from->window(r->from->ctx, store, kind, (int)r->time,
		r->fields | SHD_FIELDS_ID, r->w->from[i], r->w->to[i], take_line, r, &r->w->b.err));
	shd_text_printf(r->out, "window %s %zu\n", store, r->count);
	if (max > ITEMS && r->count)
		qsort(r->lines, r->count, sizeof(r->lines[0]), by_text);
	for (size_t k = 0; k < r->count; k++)
		if (max > ITEMS)
			shd_text_puts(r->out, r->lines[k]);
		else
			shd_text_printf(r->out, "%lld\n", (long long)r->at[k]);
}

static void print_ids(struct reading *r, const char *what, const char *const *ids, size_t count)
{
	shd_text_printf(r->out, "%s:", what);
	for (size_t i = 0; i < count; i++)
		shd_text_printf(r->out, " %s", ids[i]);
	shd_text_puts(r->out, "\n");
}

static void read_entities(struct reading *r, const char *store, enum shd_kind kind,
			  const char *const *all)
{
	const struct shd_stored *from = r->from;
	struct world *w = r->w;
	struct shd_stored_entity row, *rows;
	const char *const *ids, *names[ITEMS];
	size_t count;

	for (size_t i = 0; i < ITEMS; i++) {
		assert_true(from->entity(from->ctx, store, kind, all[i], w->b.arena, &row,
					 &w->b.err));
		print_row(&row, r->out);
	}
	assert_true(from->entities(from->ctx, store, kind, all, ITEMS, w->b.arena, &rows, &count,
				   &w->b.err));
	assert_true(count <= ITEMS);
	for (size_t i = 0; i < count; i++)
		names[i] = rows[i].entity->id;
	if (count)
		qsort(names, count, sizeof(names[0]), by_text);
	print_ids(r, "entities", names, count);
	for (size_t i = 0; i <= SHD_COUNT(feeds); i++) {
		const char *feed = i < SHD_COUNT(feeds) ? feeds[i] : NULL;

		assert_true(from->open_ids(from->ctx, store, kind, feed, w->b.arena, &ids, &count,
					   &w->b.err));
		print_ids(r, feed ? feed : "open", ids, count);
	}
	for (size_t i = 0; i < WINDOWS; i++) {
		read_window(r, store, kind, i, SIZE_MAX);
		read_window(r, store, kind, i, w->max);
	}
}

static void read_by_sku(struct reading *r, const char *store, const char *sku)
{
	const struct shd_stored *from = r->from;
	struct world *w = r->w;
	struct shd_stored_listing *listings;
	const char *const *ids;
	int64_t units;
	size_t count;

	assert_true(from->listings(from->ctx, store, sku, w->b.arena, &listings, &count,
				   &w->b.err));
	for (size_t i = 0; i < count; i++)
		shd_text_printf(r->out, "listing %s %s %s\n", listings[i].id,
				listings[i].title ? listings[i].title : "-",
				listings[i].category ? listings[i].category : "-");
	for (size_t i = 0; i < 2; i++) {
		enum shd_kind kind = i ? SHD_KIND_return : SHD_KIND_order;

		assert_true(from->without_category(from->ctx, store, kind, sku, w->b.arena, &ids,
						   &count, &w->b.err));
		print_ids(r, "without category", ids, count);
	}
	assert_true(from->stocks(from->ctx, store, sku, w->b.arena, &ids, &count, &w->b.err));
	print_ids(r, "stocks", ids, count);
	assert_true(from->promised(from->ctx, store, sku, &units, &w->b.err));
	shd_text_printf(r->out, "promised %lld\n", (long long)units);
}

static bool print_sample(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	struct reading *r = ctx;

	shd_text_printf(r->out, " %lld=", (long long)at.ms);
	shd_value_print(value, r->out);
	return ++r->count < r->max;
}

static void read_metrics(struct reading *r, const char *store)
{
	const struct shd_stored *from = r->from;
	struct shd_value value;
	struct shd_wall at;

	for (size_t i = 0; i < 2 * SHD_COUNT(metrics); i++) {
		enum shd_metric metric = metrics[i / 2];

		assert_true(from->metric(from->ctx, store, metric, i % 2, &value, &at,
					 &r->w->b.err));
		shd_text_printf(r->out, "metric %lld ", (long long)at.ms);
		shd_value_print(&value, r->out);
		r->count = 0;
		r->max = i % 2 ? r->w->max : SIZE_MAX;
		for (size_t k = 0; k < WINDOWS; k++)
			assert_true(from->samples(from->ctx, store, metric, r->w->from[k],
						  r->w->to[k], print_sample, r, &r->w->b.err));
		shd_text_puts(r->out, "\n");
	}
}

static void print_feed(const struct shd_feed_row *row, struct shd_text *out)
{
	shd_text_printf(out, "feed %s %s %lld %d %s\n", row->store, row->endpoint,
			(long long)row->last_try.ms, row->failures,
			row->error_text ? row->error_text : "-");
}

static void read_feeds(struct reading *r, const char *store)
{
	const struct shd_stored *from = r->from;
	struct shd_feed_row *rows, *row;
	size_t count;

	assert_true(from->feeds(from->ctx, store, r->w->b.arena, &rows, &count, &r->w->b.err));
	for (size_t i = 0; i < count; i++)
		print_feed(&rows[i], r->out);
	for (size_t i = 0; i < SHD_COUNT(feeds); i++) {
		assert_true(from->feed(from->ctx, store, feeds[i], r->w->b.arena, &row,
				       &r->w->b.err));
		if (row)
			print_feed(row, r->out);
	}
}

static void print_alert(const struct shd_alert *alert, struct shd_text *out)
{
	shd_text_printf(out, "alert %lld %s %s %s %s %d %d %lld %s\n", (long long)alert->number,
			alert->rule, alert->store, alert->entity,
			shd_alert_state_name(alert->state), (int)alert->level, alert->episode,
			(long long)alert->changed_at.ms, alert->last.why ? alert->last.why : "-");
}

static void read_alerts(struct reading *r, const char *store, const char *const *all)
{
	const struct shd_stored *from = r->from;
	struct world *w = r->w;
	struct shd_alert *alerts;
	const char *const *told;
	size_t count;

	for (size_t i = 0; i < ITEMS; i++) {
		assert_true(from->alerts_of(from->ctx, store, &all[i], 1, w->b.arena, &alerts,
					    &count, &w->b.err));
		for (size_t k = 0; k < count; k++) {
			print_alert(&alerts[k], r->out);
			assert_true(from->notified(from->ctx, alerts[k].number, w->b.arena, &told,
						   &r->count, &w->b.err));
			print_ids(r, "told", told, r->count);
		}
	}
	assert_true(from->alerts_of(from->ctx, store, all, ITEMS, w->b.arena, &alerts, &count,
				    &w->b.err));
	shd_text_printf(r->out, "alerts %zu\n", count);
	assert_true(from->open_alerts(from->ctx, store, w->b.arena, &alerts, &count, &w->b.err));
	for (size_t i = 0; i < count; i++)
		print_alert(&alerts[i], r->out);
}

static void read_wakes_of(struct reading *r, const char *store, enum shd_kind kind,
			  const char *const *all)
{
	struct shd_wall at;

	for (size_t i = 0; i < ITEMS; i++) {
		assert_true(r->from->wake(r->from->ctx, store, kind, all[i], &at, &r->w->b.err));
		if (at.ms != SHD_NEVER_MS)
			shd_text_printf(r->out, "wake %s %lld\n", all[i], (long long)at.ms);
	}
}

static void print_wake(const struct shd_wake_row *row, struct shd_text *out)
{
	shd_text_printf(out, "due %s %s %s %lld\n", row->store, shd_kind_name(row->kind), row->id,
			(long long)row->at.ms);
}

static bool take_wake(void *ctx, const struct shd_wake_row *row)
{
	struct reading *r = ctx;

	if (row->at.ms > r->w->b.now || r->due == r->w->max) {
		r->next = row->at;
		return false;
	}
	r->due++;
	print_wake(row, r->out);
	return true;
}

/* Those that are due: of the overlay, or, when there is none, of the engine itself. */
static void read_wakes(struct reading *r, struct shd_overlay *overlay)
{
	struct world *w = r->w;
	struct shd_wake_row *rows;
	size_t count;

	r->next.ms = SHD_NEVER_MS;
	r->due = 0;
	if (!overlay) {
		assert_true(r->from->wakes(r->from->ctx, take_wake, r, &w->b.err));
	} else {
		assert_true(shd_overlay_wakes(overlay, (struct shd_wall){w->b.now}, w->max,
					      w->b.arena, &rows, &count, &r->next, &w->b.err));
		for (size_t i = 0; i < count; i++)
			print_wake(&rows[i], r->out);
	}
	shd_text_printf(r->out, "next %lld\n", (long long)r->next.ms);
}

static void read_all(struct world *w, struct shd_overlay *overlay, struct shd_text *out)
{
	static const char *const ids[ITEMS] = {"i0", "i1", "i2", "i3", "i4"};
	struct reading r = {.w = w, .out = out, .fields = w->fields,
		.from = overlay ? shd_overlay_stored(overlay) : bench_stored(&w->b)};
	int64_t next;

	shd_text_clear(out);
	for (size_t s = 0; s < SHD_COUNT(stores); s++) {
		for (size_t k = 0; k < SHD_COUNT(kinds); k++) {
			read_entities(&r, stores[s], kinds[k], ids);
			read_wakes_of(&r, stores[s], kinds[k], ids);
		}
		for (size_t k = 0; k < SHD_COUNT(skus); k++)
			read_by_sku(&r, stores[s], skus[k]);
		read_metrics(&r, stores[s]);
		read_feeds(&r, stores[s]);
		read_alerts(&r, stores[s], ids);
	}
	assert_true(r.from->next_alert(r.from->ctx, &next, &w->b.err));
	shd_text_printf(out, "next alert %lld\n", (long long)next);
	read_wakes(&r, overlay);
	assert_true(shd_text_ok(out));
}

/* --- the law ---------------------------------------------------------------------------- */

static void choose_readings(struct world *w)
{
	for (size_t i = 0; i < WINDOWS; i++) { /* where entities were opened; about now */
		int64_t base_ms = i ? T0 : w->b.now;

		w->from[i].ms = base_ms - (int64_t)roll(w, 9) * SHD_HOUR_MS;
		w->to[i].ms = w->from[i].ms + (int64_t)roll(w, 30) * SHD_HOUR_MS;
	}
	w->fields = (uint64_t)roll(w, UINT32_MAX) << 8 | roll(w, 256);
	w->max = 1 + roll(w, 4);
}

static void say_where(const char *one, const char *other)
{
	size_t at = 0;

	while (one[at] && one[at] == other[at])
		at++;
	while (at > 0 && one[at - 1] != '\n')
		at--;
	print_error("within: %.150s\nafterwards: %.150s\n", one + at, other + at);
}

static void take_step(struct world *w, struct shd_text out[2])
{
	if (w->b.state)
		assert_true(shd_state_begin(w->b.state, &w->b.err));
	choose_readings(w);
	for (uint32_t i = roll(w, PUTS); i > 0; i--) {
		put_something(w);
		if (roll(w, 8) == 0) /* to read is to change nothing */
			read_all(w, w->overlay, &out[0]);
	}
	read_all(w, w->overlay, &out[0]);
	bench_write(&w->b, shd_overlay_changes(w->overlay));
	shd_overlay_reset(w->overlay);
	read_all(w, NULL, &out[1]);
	shd_arena_reset(w->b.arena);
	w->b.now += (int64_t)roll(w, 3) * SHD_HOUR_MS;
}

static void run(bool on_disk)
{
	struct shd_text out[2];

	shd_text_init(&out[0], TEXT_BYTES);
	shd_text_init(&out[1], TEXT_BYTES);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct world w = {.random = seed + round};

		bench_start_in(&w.b, rules, on_disk);
		w.overlay = shd_overlay_create(bench_stored(&w.b), 64 << 20);
		for (int step = 0; step < STEPS; step++) {
			take_step(&w, out);
			if (strcmp(out[0].data, out[1].data) == 0)
				continue;
			say_where(out[0].data, out[1].data);
			fail_msg("seed %llu, step %d of round %llu", (unsigned long long)seed,
				 step, (unsigned long long)round);
		}
		assert_true(out[0].len > 5000); /* there was something to read */
		shd_overlay_destroy(w.overlay);
		bench_finish(&w.b);
	}
	shd_text_finish(&out[0]);
	shd_text_finish(&out[1]);
}

static void a_transaction_reads_what_it_leaves(void **state)
{
	(void)state;
	run(false);
	run(true);
}

int main(void)
{
	const char *given = getenv("SHD_SEED");
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_transaction_reads_what_it_leaves)};

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("SHD_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
