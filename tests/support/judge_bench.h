/* tests/support/judge_bench.h - a judge over something stored of its own, two stores of a
 * made-up marketplace, and a clock that the test turns.
 *
 * What is stored is in memory; in a state on disk after bench_start_on_disk, and everywhere
 * when the environment has SHD_ON_DISK. */
#pragma once
#include "check.h"
#include "outbox.h"

#include "base/num.h"
#include "judge/judge.h"
#include "judge/memory.h"
#include "state/state.h"
#include "market/adapter.h"
#include "rule/language/word_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 1780000000000LL

/* list: all open complaints, nothing else; orders, stock: what changed. */
static const struct shd_endpoint judge_rows[] = {
	{.name = "orders", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR},
	{.name = "stock", .poller = SHD_P_stock, .paging = SHD_PAGE_CURSOR},
	{.name = "cases", .poller = SHD_P_complaints, .paging = SHD_PAGE_CURSOR, .complete = true,
	 .closes = SHD_KIND_complaint},
	{.name = "rates", .poller = SHD_P_account, .paging = SHD_PAGE_SINGLE},
	{.name = "index", .poller = SHD_P_logistics, .paging = SHD_PAGE_SINGLE},
	{.name = "quarter", .poller = SHD_P_logistics, .paging = SHD_PAGE_SINGLE,
	 .every_ms = 15 * SHD_MINUTE_MS},
	{.name = "slow", .poller = SHD_P_logistics, .paging = SHD_PAGE_SINGLE,
	 .every_ms = 6 * SHD_HOUR_MS},
	{.name = "extra", .poller = SHD_P_account, .paging = SHD_PAGE_SINGLE, .optional = true},
};
static const struct shd_adapter judge_market = {.name = "ozon", .endpoints = judge_rows,
	.endpoint_count = SHD_COUNT(judge_rows)};

struct bench {
	char dir[40], path[80];
	struct shd_memory *memory;     /* NULL: it is on disk */
	struct shd_state *state;       /* NULL: it is not */
	struct shd_store stores[2];
	struct shd_source sources[2];
	struct shd_channel_settings channels[2];
	struct shd_route routes[3];
	struct shd_match *matches[3];  /* of the routes, or NULL */
	const char *channel_names[2];
	struct shd_judge_in in;
	struct shd_doc *docs[5];       /* rules; matches of the routes; overrides of stores */
	struct shd_diags *diags;
	struct shd_word_lists *words;
	struct shd_rules *rules;
	struct shd_judge *judge;
	struct shd_arena *arena;
	struct shd_outcome outcome;
	struct shd_error err;
	struct shd_harvest *harvest;
	int64_t now;
	bool restarts;                 /* the state is closed and opened between two steps */
};

static inline const struct shd_stored *bench_stored(struct bench *b)
{
	return b->memory ? shd_memory_stored(b->memory) : shd_state_stored(b->state);
}

static inline void bench_judge(struct bench *b)
{
	shd_judge_destroy(b->judge);
	b->in.stored = bench_stored(b);
	b->in.rules = b->rules;
	b->judge = shd_judge_create(&b->in);
}

static inline void bench_rules(struct bench *b, const char *yaml)
{
	struct shd_text printed SHD_AUTO(shd_text_finish) = {0};

	shd_judge_destroy(shd_steal(b->judge));
	shd_rules_destroy(shd_steal(b->rules));
	shd_doc_destroy(b->docs[0]);
	b->docs[0] = shd_doc_parse("rules.yaml", yaml, strlen(yaml), b->diags);
	struct shd_rule_setup setup = {.stores = b->stores, .store_count = 2};
	if (b->docs[0])
		b->rules = shd_rules_compile(b->docs, 1, &setup, b->words, b->diags);
	if (!b->rules) {
		shd_text_init(&printed, 65536);
		shd_diags_print(b->diags, &printed);
		fail_msg("%s", printed.data);
	}
	bench_judge(b);
}

/* What the stores override, as {s1: {rule: keys}}. bench_rules comes next. */
static inline void bench_overrides(struct bench *b, const char *yaml)
{
	shd_judge_destroy(shd_steal(b->judge));
	shd_rules_destroy(shd_steal(b->rules));
	shd_doc_destroy(b->docs[4]);
	b->docs[4] = shd_doc_parse("overrides.yaml", yaml, strlen(yaml), b->diags);
	assert_non_null(b->docs[4]);
	for (size_t i = 0; i < 2; i++)
		b->stores[i].overrides =
			shd_node_get(shd_doc_root(b->docs[4]), b->stores[i].id);
}

/* The condition of route i (NULL: always). bench_judge comes next. */
static inline void bench_route(struct bench *b, size_t i, const char *match)
{
	shd_judge_destroy(shd_steal(b->judge));
	shd_doc_destroy(b->docs[1 + i]);
	b->docs[1 + i] = match ? shd_doc_parse("route", match, strlen(match), b->diags) : NULL;
	shd_match_destroy(b->matches[i]);
	b->matches[i] =
		match ? shd_match_compile(shd_doc_root(b->docs[1 + i]), b->diags) : NULL;
	assert_true(!match || b->matches[i]);
	b->routes[i].match = b->matches[i];
}

static inline void bench_open_state(struct bench *b)
{
	if (!shd_state_open(b->path, &b->state, &b->err))
		fail_msg("%s", b->err.msg);
}

static inline void bench_make_state(struct bench *b)
{
	snprintf(b->dir, sizeof(b->dir), "/tmp/shd-judge-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/state.db", b->dir);
	bench_open_state(b);
}

static inline void bench_start_in(struct bench *b, const char *yaml, bool on_disk)
{
	*b = (struct bench){.now = T0};
	if (on_disk)
		bench_make_state(b);
	else
		b->memory = shd_memory_create();
	for (size_t i = 0; i < 2; i++) {
		b->stores[i] = (struct shd_store){.id = i ? "s2" : "s1", .timezone = "UTC",
			.marketplace = "ozon", .region = "", .kind = SHD_STORE_LOCAL,
			.source = &b->sources[i]};
		b->sources[i] = (struct shd_source){.id = b->stores[i].id,
			.adapter = &judge_market, .store = &b->stores[i],
			.endpoints = judge_rows, .endpoint_count = SHD_COUNT(judge_rows)};
		for (int p = 0; p < SHD_POLLER_COUNT; p++)
			b->sources[i].every_ms[p] = SHD_MINUTE_MS;
		b->channels[i] = (struct shd_channel_settings){.name = i ? "hook" : "mail",
			.give_up_ms = SHD_DAY_MS};
		b->channel_names[i] = b->channels[i].name;
	}
	b->routes[0].to = (struct shd_texts){1, b->channel_names};
	b->in = (struct shd_judge_in){.stores = b->stores, .store_count = 2,
		.sources = b->sources, .source_count = 2, .blind_after = 3,
		.channels = b->channels, .channel_count = 2,
		.routes = {b->routes, 1, {2, b->channel_names}},
		.keep_samples_ms = 400 * SHD_DAY_MS};
	b->diags = shd_diags_create(100);
	b->words = shd_word_lists_create();
	b->arena = shd_arena_create(64 << 20);
	shd_outcome_init(&b->outcome);
	bench_rules(b, yaml);
}

static inline void bench_start(struct bench *b, const char *yaml)
{
	bench_start_in(b, yaml, getenv("SHD_ON_DISK") != NULL);
}

static inline void bench_start_on_disk(struct bench *b, const char *yaml)
{
	bench_start_in(b, yaml, true);
}

static inline void bench_finish(struct bench *b)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	shd_judge_destroy(b->judge);
	shd_harvest_destroy(b->harvest);
	shd_rules_destroy(b->rules);
	shd_word_lists_destroy(b->words);
	for (size_t i = 0; i < SHD_COUNT(b->matches); i++)
		shd_match_destroy(b->matches[i]);
	for (size_t i = 0; i < SHD_COUNT(b->docs); i++)
		shd_doc_destroy(b->docs[i]);
	shd_diags_destroy(b->diags);
	shd_outcome_finish(&b->outcome);
	shd_arena_destroy(b->arena);
	shd_memory_destroy(b->memory);
	if (!b->state)
		return;
	shd_state_close(b->state);
	for (size_t i = 0; i < SHD_COUNT(ends); i++) {
		char path[100];

		snprintf(path, sizeof(path), "%s%s", b->path, ends[i]);
		unlink(path);
	}
	rmdir(b->dir);
}

static inline void bench_reopen(struct bench *b)
{
	shd_judge_destroy(shd_steal(b->judge));
	if (b->state) {
		shd_state_close(shd_steal(b->state));
		bench_open_state(b);
	}
	bench_judge(b);
}

/* What the transaction did is undone. */
static inline void bench_abandon(struct bench *b)
{
	shd_judge_abandon(b->judge);
	if (b->state)
		shd_state_rollback(b->state);
}

/* --- one transaction ------------------------------------------------------------- */

static inline void bench_begin(struct bench *b)
{
	if (b->restarts)
		bench_reopen(b);
	shd_outcome_finish(&b->outcome);
	shd_outcome_init(&b->outcome);
	if (b->state)
		assert_true(shd_state_begin(b->state, &b->err));
	shd_judge_begin(b->judge, (struct shd_wall){b->now}, &b->outcome);
}

/* Writes what the judge came to. */
static inline void bench_write(struct bench *b, const struct shd_change_set *changes)
{
	bool ok = b->memory ? shd_memory_apply(b->memory, changes, &b->err)
			    : shd_state_apply(b->state, changes, &b->err) &&
				      shd_state_commit(b->state, b->outcome.durable, &b->err);

	if (!ok)
		fail_msg("%s", b->err.msg);
}

static inline void bench_end(struct bench *b)
{
	if (!shd_judge_end(b->judge, &b->err))
		fail_msg("%s", b->err.msg);
	bench_write(b, shd_judge_changes(b->judge));
	shd_judge_kept(b->judge);
}

/* The harvest that the next batch brings. */
static inline struct shd_harvest *bench_harvest(struct bench *b)
{
	if (!b->harvest)
		b->harvest = shd_harvest_create(16 << 20);
	return b->harvest;
}

/* What a good poll of a feed of the first store brings now. */
static inline struct shd_batch bench_batch_of(
	struct bench *b, const struct shd_endpoint *row)
{
	return (struct shd_batch){.source = &b->sources[0], .seen.harvest = b->harvest,
		.fetch = {.row = row, .ok = true, .began = {b->now}, .requests = 1,
			.clock_skew_ms = INT64_MIN, .next_due = {b->now + SHD_MINUTE_MS}}};
}

static inline struct shd_batch bench_batch(struct bench *b, size_t store, const char *endpoint)
{
	const struct shd_endpoint *row = shd_adapter_endpoint(&judge_market, endpoint);

	assert_non_null(row);
	struct shd_batch batch = bench_batch_of(b, row);
	batch.source = &b->sources[store];
	return batch;
}

static inline void bench_take(struct bench *b, const struct shd_batch *batch)
{
	bench_begin(b);
	if (!shd_judge_batch(b->judge, batch, &b->err))
		fail_msg("%s", b->err.msg);
	bench_end(b);
	shd_harvest_destroy(shd_steal(b->harvest));
}

/* A good poll with what bench_harvest holds. */
static inline void bench_poll(struct bench *b, const char *endpoint)
{
	struct shd_batch batch = bench_batch(b, 0, endpoint);

	bench_take(b, &batch);
}

/* The poll failed for the count-th time, by the hour, of a feed that was read before. */
static inline void bench_failed(struct shd_batch *batch, enum shd_err kind, int count)
{
	const struct shd_failing failing = {
		.kind = kind, .count = count, .for_ms = (count - 1) * SHD_HOUR_MS, .worked = true};

	batch->fetch.ok = false;
	batch->fetch.failures = count;
	batch->fetch.standing = shd_standing_after(batch->fetch.row, &failing);
	(void)shd_fail(&batch->fetch.error, kind, "as the test wants it");
}

#define BENCH_OFTEN 9 /* enough for a refusal to be believed */

/* A poll fails; a refusal is one that is believed. */
static inline void bench_poll_fails(struct bench *b, const char *endpoint, enum shd_err kind)
{
	struct shd_batch batch = bench_batch(b, 0, endpoint);

	bench_failed(&batch, kind, BENCH_OFTEN);
	bench_take(b, &batch);
}

/* A complete sweep that lists these cases. */
static inline void bench_sweep(struct bench *b, const char *const *keys, size_t count)
{
	struct shd_batch batch = bench_batch(b, 0, "cases");
	static const char *const none[1];

	batch.seen.listed = keys ? keys : none;
	batch.seen.listed_count = count;
	bench_take(b, &batch);
}

/* All pollers of the store succeed, so that nothing is blind. */
static inline void bench_poll_all(struct bench *b)
{
	for (size_t i = 0; i < SHD_COUNT(judge_rows); i++)
		bench_poll(b, judge_rows[i].name);
}

/* Turns the clock and wakes what is due. */
static inline void bench_wake(struct bench *b, int64_t now)
{
	b->now = now;
	bench_begin(b);
	if (!shd_judge_wakes(b->judge, 1000, &b->err))
		fail_msg("%s", b->err.msg);
	bench_end(b);
}

static inline bool bench_first_wake(void *ctx, const struct shd_wake_row *row)
{
	*(int64_t *)ctx = row->at.ms;
	return false;
}

/* Wakes at every instant that the judge names until `until`; then it is `until`. */
static inline void bench_run_until(struct bench *b, int64_t until)
{
	for (;;) {
		const struct shd_stored *stored = bench_stored(b);
		int64_t next = SHD_NEVER_MS;

		assert_true(stored->wakes(stored->ctx, bench_first_wake, &next, &b->err));
		if (next > until)
			break;
		bench_wake(b, next);
	}
	b->now = until;
}

/* --- what came of it ---------------------------------------------------------------- */

static inline const struct shd_alert *bench_alert_of(struct bench *b, const char *store,
						     const char *rule, const char *entity)
{
	const struct shd_stored *stored = bench_stored(b);
	struct shd_alert *alerts;
	size_t count;

	assert_true(stored->alerts_of(stored->ctx, store, &entity, 1, b->arena, &alerts, &count,
				      &b->err));
	for (size_t i = 0; i < count; i++)
		if (strcmp(alerts[i].rule, rule) == 0)
			return &alerts[i];
	return NULL;
}

static inline const struct shd_alert *bench_alert(struct bench *b, const char *rule,
						  const char *entity)
{
	return bench_alert_of(b, "s1", rule, entity);
}

static inline const struct shd_entity *bench_entity(struct bench *b, enum shd_kind kind,
						    const char *id)
{
	const struct shd_stored *stored = bench_stored(b);
	struct shd_stored_entity row;

	assert_true(stored->entity(stored->ctx, "s1", kind, id, b->arena, &row, &b->err));
	return row.entity;
}

static inline enum shd_level bench_level(struct bench *b, const char *rule, const char *entity)
{
	const struct shd_alert *alert = bench_alert(b, rule, entity);

	return alert && alert->state == SHD_ALERT_FIRING ? alert->level : SHD_LEVEL_NONE;
}

static inline int bench_by_try(const void *a, const void *b)
{
	const struct shd_outbox_row *x = a, *y = b;
	int64_t x_ms = x->next_try.ms, y_ms = y->next_try.ms;

	return x_ms != y_ms ? (x_ms > y_ms) - (x_ms < y_ms)
			    : (x->number > y->number) - (x->number < y->number);
}

/* Every message that waits, the next first. */
static inline void bench_messages(struct bench *b, struct shd_outbox_row **ret_rows,
				  size_t *ret_count)
{
	if (b->state) {
		*ret_count = outbox_due(b->state, SHD_NEVER_MS, 1000, b->arena, ret_rows);
		return;
	}
	struct shd_memory_rows rows = shd_memory_rows(b->memory);
	*ret_count = rows.outbox_count;
	*ret_rows = shd_arena_alloc(b->arena, rows.outbox_count + 1, sizeof(**ret_rows));
	assert_non_null(*ret_rows);
	if (rows.outbox_count)
		memcpy(*ret_rows, rows.outbox, rows.outbox_count * sizeof(**ret_rows));
	qsort(*ret_rows, *ret_count, sizeof(**ret_rows), bench_by_try);
}

/* The same, as "mail:new e1,e2;" with a `+n` for what it counts only. */
static inline const char *bench_outbox(struct bench *b, char *text, size_t size)
{
	struct shd_outbox_row *rows;
	size_t count, len = 0;

	text[0] = '\0';
	bench_messages(b, &rows, &count);
	for (size_t i = 0; i < count; i++) {
		struct shd_facts *told;
		size_t facts_count;

		assert_true(
			shd_facts_unpack(rows[i].facts, b->arena, &told, &facts_count, &b->err));
		len += (size_t)snprintf(text + len, size - len, "%s:%s", rows[i].channel,
					told[0].unwatched ? "unwatched"
							  : shd_move_name(told[0].move));
		for (size_t k = 0; k < facts_count; k++)
			len += (size_t)snprintf(text + len, size - len, "%c%s", k ? ',' : ' ',
						told[k].entity);
		if (told[facts_count - 1].more)
			len += (size_t)snprintf(text + len, size - len, "+%u",
						told[facts_count - 1].more);
		len += (size_t)snprintf(text + len, size - len, ";");
	}
	return text;
}

static inline int bench_by_weight(const void *a, const void *b)
{
	const struct shd_alert *x = a, *y = b;

	if (x->level != y->level)
		return x->level < y->level ? 1 : -1;
	if (x->changed_at.ms != y->changed_at.ms)
		return x->changed_at.ms < y->changed_at.ms ? 1 : -1;
	return x->number < y->number ? 1 : -1;
}

/* All alerts, open or not: the worst first, then the newest. */
static inline void bench_alerts(struct bench *b, struct shd_alert **ret_alerts, size_t *ret_count)
{
	struct shd_alert_filter filter = {.closed_too = true, .max = 10000};

	if (b->state) {
		assert_true(shd_state_alerts(b->state, &filter, b->arena, ret_alerts, ret_count,
					     &b->err));
		return;
	}
	struct shd_memory_rows rows = shd_memory_rows(b->memory);
	*ret_count = rows.alert_count;
	*ret_alerts = shd_arena_alloc(b->arena, rows.alert_count + 1, sizeof(**ret_alerts));
	assert_non_null(*ret_alerts);
	for (size_t i = 0; i < rows.alert_count; i++)
		(*ret_alerts)[i] = *rows.alerts[i];
	qsort(*ret_alerts, *ret_count, sizeof(**ret_alerts), bench_by_weight);
}

/* The life of an alert, in order. */
static inline void bench_events(struct bench *b, int64_t alert,
				struct shd_alert_event **ret_events, size_t *ret_count)
{
	if (b->state) {
		assert_true(shd_state_events(b->state, alert, b->arena, ret_events, ret_count,
					     &b->err));
		return;
	}
	struct shd_memory_rows rows = shd_memory_rows(b->memory);
	*ret_count = 0;
	*ret_events = shd_arena_alloc(b->arena, rows.event_count + 1, sizeof(**ret_events));
	assert_non_null(*ret_events);
	for (size_t i = 0; i < rows.event_count; i++)
		if (rows.events[i].alert == alert)
			(*ret_events)[(*ret_count)++] = rows.events[i];
}

/* The whole history of all alerts, as it is stored. */
static inline const char *bench_history(struct bench *b, char *text, size_t size)
{
	struct shd_alert *alerts;
	size_t count, len = 0;

	text[0] = '\0';
	bench_alerts(b, &alerts, &count);
	for (size_t i = 0; i < count; i++) {
		struct shd_alert_event *events;
		size_t events_count;

		bench_events(b, alerts[i].number, &events, &events_count);
		for (size_t k = 0; k < events_count; k++)
			len += (size_t)snprintf(text + len, size - len, "%s %s %lld %s %d>%d %d\n",
						alerts[i].rule, alerts[i].entity,
						(long long)(events[k].at.ms - T0),
						shd_move_name(events[k].move), (int)events[k].from,
						(int)events[k].to, events[k].notified);
	}
	assert_true(len < size);
	return text;
}
