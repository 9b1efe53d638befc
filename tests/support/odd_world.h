/* tests/support/odd_world.h - a store of which every feed is read from answers that the test
 * gives: request, parser, mapper, outcome and judge as in the daemon, over what is stored in
 * memory and on a clock that the test turns. */
#pragma once
#include "cases.h"
#include "judge_bench.h"
#include "ledger.h"

#include "base/hash.h"
#include "market/loose.h"
#include "market/slice.h"
#include "poll/feeds.h"
#include "poll/outcome.h"
#include "poll/poll.h"
#include "settings/settings.h"

/* 2026-10-01T12:00:00Z: the cases are of that day. */
#define ODD_NOW_MS 1790856000000LL

enum {
	ODD_REQUESTS = 25, /* of one poll; by then it goes in circles */
	ODD_ROWS = 100,
};

struct odd_answer {
	int status;
	const char *body;
	const char *again;       /* each second request is answered with this one; or NULL */
	const char *retry_after; /* the header, or NULL */
};

/* What came of one poll. */
struct odd_polled {
	enum shd_poll_state state;
	int requests;
	bool endless;            /* it was given up after ODD_REQUESTS */
	int64_t wait_ms;         /* of the feed that was asked; of a source or credential */
	struct shd_error error;
};

struct odd_world;
/* Sees what one transaction changes before it is written; and what a poll brought. */
typedef void odd_look_fn(struct odd_world *world, const struct shd_change_set *changes);
typedef void odd_brought_fn(struct odd_world *world, const struct shd_harvest *harvest);

struct odd_world {
	struct bench b;
	struct shd_adapter adapter;      /* the real one, but for its request: it has no key */
	struct shd_credential credential;
	struct shd_egress egress;
	struct shd_settings settings;
	struct test_ledger ledger;
	struct shd_feeds feeds;
	struct shd_poll *poll;
	const char *good[ODD_ROWS];      /* a good answer of each row, or NULL */
	size_t lister[ODD_ROWS];         /* FOLLOW: the row whose records ask to follow it, or that
					  * asks for what it lacks: */
	const char *asked[ODD_ROWS];     /* the id of the good answer; or NULL */
	const char *listed[ODD_ROWS];    /* of what the list lacks, where that is another id */
	const char *unasked;             /* a BATCH asks for another id instead; or NULL */
	odd_look_fn *look;
	odd_brought_fn *brought;
	void *ctx;
};

static inline bool odd_request(const struct shd_endpoint *row, const struct shd_page_in *in,
	const struct shd_keys *keys, struct shd_request *request, struct shd_error *reterr)
{
	(void)keys;
	(void)reterr;
	request->method = row->method;
	shd_text_puts(&request->url, row->path);
	if (row->body)
		row->body(row, in, &request->body);
	return true;
}

static inline const struct shd_endpoint *odd_row(const struct odd_world *world, size_t at)
{
	return &world->adapter.endpoints[at];
}

static inline struct shd_feed *odd_feed(struct odd_world *world, size_t at)
{
	return &world->feeds.sources[0]->feeds[at];
}

/* --- rules -------------------------------------------------------------------------------- */

/* What cannot be read, in words; what its list lacks. */
static inline bool odd_is_doubt(const struct shd_field_row *row)
{
	return strcmp(row->name, "unreadable") == 0 || strcmp(row->name, "unlisted_since") == 0;
}

/* A rule for each field: it fires while the field has a value, for as long as the entity is
 * open. So nothing is lost without an alert that ends. */
static inline void odd_put_field_rules(struct shd_text *yaml)
{
	for (int f = 0; f < SHD_FIELD_COUNT; f++) {
		const struct shd_field_row *row = shd_field_row((enum shd_field)f);
		const char *kind = shd_kind_name(row->kind);

		if (row->kind == SHD_KIND_poller || row->kind == SHD_KIND_channel ||
			odd_is_doubt(row))
			continue;
		shd_text_printf(yaml, "  - {rule: has-%d, ", f);
		if (row->kind == SHD_KIND_store)
			shd_text_printf(yaml, "levels: {info: store.%s is not none}}\n", row->name);
		else
			shd_text_printf(yaml, "each: %s, levels: {info: %s is not none}}\n", kind,
				row->name);
	}
	for (int m = 0; m < SHD_METRIC_COUNT; m++)
		shd_text_printf(yaml, "  - {rule: measures-%d, levels: {info: %s is not none}}\n",
			m, shd_metric_row((enum shd_metric)m)->name);
}

static inline void odd_add_words(struct bench *b, const char *name)
{
	char path[300];
	size_t len;

	snprintf(path, sizeof(path), "%s/conf/words.d/%s.txt", SHD_SOURCE_DIR, name);
	char *text shd_autofree = case_file(path, &len);
	assert_true(shd_word_lists_add(b->words, name, path, text, len, b->diags));
}

/* The shipped rules, and those of each field. */
static inline void odd_compile_rules(struct bench *b)
{
	static const char *const names[] = {"common", "ozon"};
	struct shd_text yaml SHD_AUTO(shd_text_finish) = {0};
	struct shd_text printed SHD_AUTO(shd_text_finish) = {0};
	struct shd_rule_setup setup = {.stores = b->stores, .store_count = 1};
	char path[300];

	odd_add_words(b, "ozon_banned");
	odd_add_words(b, "review_solicitation");
	shd_judge_destroy(shd_steal(b->judge));
	shd_rules_destroy(shd_steal(b->rules));
	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		size_t len;

		snprintf(path, sizeof(path), "%s/conf/rules.d/%s.yaml", SHD_SOURCE_DIR, names[i]);
		char *text shd_autofree = case_file(path, &len);
		b->docs[1 + i] = shd_doc_parse(names[i], text, len, b->diags);
	}
	shd_text_init(&yaml, 1 << 20);
	shd_text_puts(&yaml, "rules:\n");
	odd_put_field_rules(&yaml);
	b->docs[3] = shd_doc_parse("fields", yaml.data, yaml.len, b->diags);
	b->rules = shd_rules_compile(&b->docs[1], 3, &setup, b->words, b->diags);
	if (b->rules)
		return;
	shd_text_init(&printed, 65536);
	shd_diags_print(b->diags, &printed);
	fail_msg("%s", printed.data);
}

/* --- the world ---------------------------------------------------------------------------- */

/* Of the store; a carrier's is one of its own, beside that of the store. */
static inline struct shd_source *odd_source_of(struct odd_world *world)
{
	return &world->b.sources[world->adapter.carrier];
}

static inline void odd_source(struct odd_world *world, const struct shd_adapter *adapter)
{
	struct bench *b = &world->b;

	world->adapter = *adapter;
	world->adapter.request = odd_request;
	world->adapter.sign = NULL;
	world->credential = (struct shd_credential){.id = "s1", .adapter = &world->adapter,
		.rate_per_s = 10};
	struct shd_source *source = odd_source_of(world);
	b->in.store_count = 1;
	b->in.source_count = (size_t)adapter->carrier + 1;
	if (adapter->carrier)
		source->store = NULL;
	source->adapter = &world->adapter;
	source->endpoints = world->adapter.endpoints;
	source->endpoint_count = world->adapter.endpoint_count;
	source->credential = &world->credential;
	source->egress = &world->egress;
	source->base_url = "";
	source->timeout_ms = SHD_SECOND_MS;
	source->body_max_bytes = 1 << 20;
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		source->every_ms[p] = shd_poller_every_ms((enum shd_poller)p);
}

static inline void odd_world_open(struct odd_world *world, const struct shd_adapter *adapter)
{
	assert_true(adapter->endpoint_count <= ODD_ROWS);
	bench_start_in(&world->b, "rules:\n  - {rule: r, levels: {info: rating < 0}}\n", false);
	odd_source(world, adapter);
	odd_compile_rules(&world->b);
	bench_judge(&world->b);
	world->b.now = ODD_NOW_MS;
	world->settings = (struct shd_settings){.stores = world->b.stores, .store_count = 1,
		.sources = odd_source_of(world), .source_count = 1, .blind_after = 3};
	test_ledger_open(&world->ledger);
	shd_feeds_init(&world->feeds, &world->settings, NULL, 0, world->ledger.of, NULL);
	world->poll = shd_poll_create(NULL);
}

static inline void odd_world_close(struct odd_world *world)
{
	shd_poll_destroy(world->poll);
	shd_feeds_finish(&world->feeds);
	test_ledger_close(&world->ledger);
	bench_finish(&world->b);
}

/* --- one poll ------------------------------------------------------------------------------- */

static inline const char *odd_header(const void *ctx, const char *name)
{
	const struct odd_answer *answer = ctx;

	return strcasecmp(name, "Retry-After") == 0 ? answer->retry_after : NULL;
}

static inline void odd_give(struct odd_world *world, const struct odd_answer *answer, int number)
{
	const char *body = answer->again && number % 2 ? answer->again : answer->body;
	struct shd_transfer_out out = {.ok = true, .status = answer->status,
		.header = odd_header, .header_ctx = answer};
	struct shd_wall now = {world->b.now};

	shd_text_init(&out.body, 4 << 20);
	shd_text_puts(&out.body, body);
	out.hash = shd_hash(body, strlen(body));
	shd_poll_answered(world->poll, &out, now);
	shd_text_finish(&out.body);
	while (world->poll->state == SHD_POLL_PARSING || world->poll->state == SHD_POLL_LISTING) {
		shd_poll_parse(world->poll);
		shd_poll_parsed(world->poll);
	}
}

static inline void odd_wait(struct odd_polled *polled, int64_t wait_ms)
{
	if (wait_ms > polled->wait_ms)
		polled->wait_ms = wait_ms;
}

/* From the first request to the end. `odd` answers those for the row `at`, the good answers
 * all others. */
static inline void odd_answer_all(struct odd_world *world, size_t at, const struct odd_answer *odd,
	struct odd_polled *polled)
{
	struct shd_source_limits *limits = world->feeds.sources[0]->limits;
	const struct shd_mono mono = {world->b.now};
	struct shd_poll *poll = world->poll;
	int of_row = 0;

	while (poll->state == SHD_POLL_READY) {
		assert_true(shd_poll_ask(poll, NULL));
		size_t asked = (size_t)(poll->row - world->adapter.endpoints);
		const struct odd_answer good = {.status = 200, .body = world->good[asked]};

		if (++polled->requests > ODD_REQUESTS) {
			polled->endless = true;
			shd_fail(&poll->error, SHD_ERR_CLOSING, "it goes in circles");
			shd_poll_unanswered(poll);
			return;
		}
		assert_non_null(good.body);
		odd_give(world, odd && asked == at ? odd : &good, of_row);
		of_row += asked == at;
		if (poll->refused_ms)
			shd_limits_refused(limits, poll->refused_scope, poll->refused_ms, mono);
		odd_wait(polled, shd_limits_paused_ms(limits, mono));
	}
}

static inline void odd_take(struct odd_world *world, const struct shd_batch *batch)
{
	struct bench *b = &world->b;

	bench_begin(b);
	if (!shd_judge_batch(b->judge, batch, &b->err) || !shd_judge_end(b->judge, &b->err))
		fail_msg("%s", b->err.msg);
	if (world->look)
		world->look(world, shd_judge_changes(b->judge));
	bench_write(b, shd_judge_changes(b->judge));
	shd_judge_kept(b->judge);
}

static inline void odd_tell(struct odd_world *world, struct shd_feed *feed, enum shd_tell tell)
{
	struct shd_batch batch;

	if (tell == SHD_TELL_NOTHING)
		return;
	shd_outcome_facts(world->poll, feed, (struct shd_wall){world->b.now}, &batch);
	odd_take(world, &batch);
}

static inline void odd_tell_followed(struct odd_world *world, struct odd_polled *polled)
{
	enum { RANDOM = 0x3FFFFFFF };
	struct shd_poll *poll = world->poll;
	struct shd_wall now = {world->b.now};

	for (size_t i = 0; i < poll->followed_count; i++) {
		struct shd_feed *other =
			shd_feeds_find(world->feeds.sources[0], poll->followed[i].row);

		odd_tell(world, other,
			shd_outcome_followed(poll, &poll->followed[i], now, RANDOM));
		if (poll->followed[i].failed)
			odd_wait(polled, other->next_due.ms - now.ms);
	}
}

/* One that failed; what it brought all the same is taken. */
static inline void odd_fail(struct odd_world *world, struct odd_polled *polled)
{
	enum { RANDOM = 0x3FFFFFFF };
	struct shd_poll *poll = world->poll;
	struct shd_wall now = {world->b.now};
	struct shd_poll_outcome outcome = shd_outcome_failed(poll, now, RANDOM);
	struct shd_batch batch;

	odd_wait(polled, outcome.wait_ms);
	if (!outcome.counts)
		return;
	odd_tell_followed(world, polled);
	if (poll->broken && shd_poll_brought_part(poll)) {
		shd_outcome_part(poll, now, &batch);
		odd_take(world, &batch);
		shd_poll_adopt_part(poll);
	} else {
		odd_tell(world, poll->feed, outcome.tell);
	}
}

/* As daemon/poll/ended.c does it. */
static inline void odd_end(struct odd_world *world, struct odd_polled *polled)
{
	struct shd_poll *poll = world->poll;
	struct shd_feed *feed = poll->feed;
	struct shd_wall now = {world->b.now};
	struct shd_poll_outcome outcome;
	bool committed = false, suspect = false;
	struct shd_batch batch;

	polled->state = poll->state;
	polled->error = poll->error;
	if (world->brought && poll->harvest && poll->state != SHD_POLL_FAILED)
		world->brought(world, poll->harvest);
	if (poll->state == SHD_POLL_FAILED) {
		odd_fail(world, polled);
		return;
	}
	if (shd_poll_has_news(poll)) {
		shd_outcome_news(poll, now, &batch);
		odd_take(world, &batch);
		committed = true;
		suspect = world->b.outcome.suspect;
		poll->item.relist_at = world->b.outcome.relist_at;
		poll->item.unlisted = world->b.outcome.unlisted;
		poll->item.unclaimed = world->b.outcome.unclaimed;
		poll->item.unclaimed_count = world->b.outcome.unclaimed_count;
	}
	outcome = shd_outcome_read(poll, committed, suspect, now);
	odd_tell_followed(world, polled);
	odd_tell(world, feed, outcome.tell);
}

/* Its list lacks the thing that the good answer is of. */
static inline void odd_lack(struct odd_world *world, size_t at, struct shd_feed *feed)
{
	const char *id = world->listed[at] ? world->listed[at] : world->asked[at];
	const struct shd_unlisted unlisted = {id, world->asked[at], NULL};
	const char *asks = shd_feed_row(feed)->asks;
	struct shd_ask *list = NULL, *before = shd_feed_asks(feed);

	if (!asks || !world->asked[at] || strcmp(asks, odd_row(world, at)->name) != 0)
		return;
	shd_asks_finish(&before);
	shd_asks_unlisted(&list, odd_row(world, at), &unlisted, (struct shd_wall){world->b.now});
	shd_feed_set_asks(feed, list);
}

/* What a BATCH asks for: the ids of its good answer. */
static inline void odd_put_ids(const struct odd_world *world, size_t at, struct shd_pages *ids)
{
	const struct shd_endpoint *row = odd_row(world, at);
	struct shd_page_draft draft;
	struct shd_loose_text id;
	struct shd_error err;
	const json_t *record;
	size_t i;
	json_auto_t *body = shd_adapter_parse(world->good[at], strlen(world->good[at]), &err);

	shd_page_draft_init(&draft, true);
	json_array_foreach (shd_loose_at(body, row->records), i, record) {
		if (!shd_loose_text(json_object_get(record, row->id_at), &id))
			continue;
		bool asks = !world->unasked || strcmp(world->unasked, id.text) != 0;
		shd_page_draft_add(&draft, i + 1, SHD_NOT_LEFT_OUT, NULL);
		shd_page_draft_key(&draft, asks ? id.text : "4242424242");
	}
	shd_pages_add(ids, shd_page_create(&draft, 1, "", true, ""));
	shd_page_draft_finish(&draft);
}

/* Reads the row; for a FOLLOW, the list whose records ask to follow it. With `anew` as after a
 * restart: nothing of its pages is known. */
static inline void odd_read(struct odd_world *world, size_t at, const struct odd_answer *odd,
	bool anew, struct odd_polled *ret_polled)
{
	bool follows = odd_row(world, at)->paging == SHD_PAGE_FOLLOW;
	struct shd_feed *feed = odd_feed(world, follows ? world->lister[at] : at);
	struct shd_pages ids = {0};

	world->b.now += SHD_SECOND_MS;
	shd_arena_reset(world->b.arena);
	shd_poll_reset(world->poll);
	*ret_polled = (struct odd_polled){.requests = 0};
	if (anew || follows)
		shd_pages_clear(&feed->pages);
	if (follows)
		odd_feed(world, at)->next_due.ms = 0;
	odd_lack(world, at, feed);
	if (shd_feed_row(feed)->paging == SHD_PAGE_BATCH)
		odd_put_ids(world, at, &ids);
	shd_poll_begin(world->poll, feed, (struct shd_wall){world->b.now}, INT64_MIN, &ids);
	shd_pages_clear(&ids);
	odd_answer_all(world, at, odd, ret_polled);
	odd_end(world, ret_polled);
}

/* What good answers have left out for an hour ends by its age, whatever is read at that moment. */
static inline bool odd_is_missing(const struct odd_world *world, const struct shd_entity *entity)
{
	const struct shd_value *since = &entity->fields[SHD_I_unlisted_since];

	return !since->none && world->b.now - since->n >= SHD_HOUR_MS;
}
