/* tests/support/poll_bench.h - polls of one store, step by step, without a network or a clock:
 * the test gives the answers. */
#pragma once
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "base/hash.h"
#include "market/loose.h"
#include "poll/feeds.h"
#include "poll/poll.h"
#include "settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a market that exists only here ------------------------------------------------------ */

static bool map(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		struct shd_error *reterr)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const json_t *follow;
	size_t i;

	(void)in;
	if (!id)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "no id");
	shd_harvest_entity(out, SHD_KIND_order, id, strlen(id));
	const char *also = json_string_value(json_object_get(record, "also"));
	if (also)
		shd_harvest_entity(out, SHD_KIND_order, also, strlen(also));
	if (json_object_get(record, "unread_row")) {
		out->unread_rows++;
		shd_fail(reterr, SHD_ERR_SCHEMA, "a row without an id");
	}
	json_array_foreach (json_object_get(record, "follow"), i, follow)
		shd_harvest_follow(out, "detail", json_string_value(follow),
				   json_string_length(follow));
	return true;
}

static bool next(const struct shd_endpoint *row, const json_t *envelope, size_t records,
	const struct shd_page_in *in, struct shd_page_out *ret_out, struct shd_error *reterr)
{
	const char *position = json_string_value(json_object_get(envelope, "next"));
	json_auto_t *last = NULL;

	(void)row;
	(void)records;
	if (json_is_true(json_object_get(envelope, "behind_last")) && in->last_record) {
		last = shd_adapter_parse(in->last_record, in->last_record_len, reterr);
		if (!last)
			return false;
		position = json_string_value(json_object_get(last, "id"));
	}
	ret_out->last = !position;
	ret_out->more = json_is_true(json_object_get(envelope, "more"));
	shd_text_puts(&ret_out->position, position ? position : "");
	return true;
}

static bool next_changes(const struct shd_endpoint *row, const json_t *envelope, size_t records,
	const struct shd_page_in *in, struct shd_page_out *ret_out, struct shd_error *reterr)
{
	bool ok = next(row, envelope, records, in, ret_out, reterr);

	ret_out->last = !json_is_true(json_object_get(envelope, "more"));
	ret_out->expires.ms = json_integer_value(json_object_get(envelope, "expires"));
	return ok;
}

static bool make_request(const struct shd_endpoint *row, const struct shd_page_in *in,
	const struct shd_keys *keys, struct shd_request *out, struct shd_error *reterr)
{
	(void)keys;
	(void)reterr;
	shd_text_printf(&out->url, "%s?%s", row->path, in->position);
	for (size_t i = 0; i < in->id_count; i++)
		shd_text_printf(&out->url, "%s%s", i ? "," : "", in->ids[i]);
	return true;
}

static bool accept_answer(const struct shd_endpoint *row, const struct shd_answer *answer,
		   struct shd_answer_verdict *ret_refusal)
{
	(void)row;
	*ret_refusal = (struct shd_answer_verdict){0};
	switch (answer->status) {
	case 200:
		return true;
	case 400:
		return shd_fail(&ret_refusal->error, SHD_ERR_REQUEST, "request");
	case 403:
		return shd_fail(&ret_refusal->error, SHD_ERR_TARIFF, "tariff");
	case 404:
		return shd_fail(&ret_refusal->error, SHD_ERR_MISSING, "missing");
	case 429:
		ret_refusal->scope = SHD_SCOPE_CREDENTIAL;
		ret_refusal->retry_after_ms = 7000;
		return shd_fail(&ret_refusal->error, SHD_ERR_THROTTLED, "throttled");
	default:
		return shd_fail(&ret_refusal->error, SHD_ERR_SERVER, "server");
	}
}

static bool is_over(const json_t *word)
{
	return shd_loose_is(word, "over");
}

enum { LIST, BATCH, DETAIL, SLOW, CHANGES, HAD, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[LIST] = {.name = "list",
		.path = "/list",
		.paging = SHD_PAGE_CURSOR,
		.page_max = 3,
		.records = "items",
		.complete = true,
		.closes = SHD_KIND_order,
		.total = {"total_items", "total"},
		.asks = "detail",
		.rows_at = "rows", .owner_at = "owner", .owner = SHD_F_order_sku,
		.only_at = "state",
		.only = (const char *const[]){"open", NULL},
		.knows = is_over,
		.map = map,
		.next = next},
	[BATCH] = {.name = "batch",
		.path = "/batch",
		.paging = SHD_PAGE_BATCH,
		.tells = {SHD_F_order_amount},
		.ids_of = "list",
		.batch = 2, .id_at = "id",
		.records = "items",
		.map = map,
		.next = next},
	[DETAIL] = {.name = "detail", .path = "/detail", .paging = SHD_PAGE_FOLLOW, .map = map},
	[SLOW] = {.name = "slow",
		.path = "/slow",
		.paging = SHD_PAGE_SINGLE,
		.min_interval_ms = 7 * SHD_DAY_MS,
		.map = map},
	[CHANGES] = {.name = "changes",
		.path = "/changes",
		.paging = SHD_PAGE_CURSOR,
		.records = "items",
		.resumes = true,
		.map = map,
		.next = next_changes},
	[HAD] = {.name = "had",
		.path = "/had",
		.paging = SHD_PAGE_BATCH,
		.tells = {SHD_F_order_amount},
		.had_rows = true,
		.ids_of = "list",
		.batch = 3, .id_at = "id",
		.records = "items",
		.map = map,
		.next = next},
};

static const struct shd_adapter market = {.name = "here", .endpoints = rows, .endpoint_count = ROWS,
	.request = make_request, .accept = accept_answer};

/* --- one poll ------------------------------------------------------------------------------ */

#define ITEMS(ids, more) "{\"items\":[" ids "]" more "}"
#define ID(id) "{\"id\":\"" id "\"}"

struct poll_bench {
	struct test_source shop;
	struct shd_settings settings;
	struct test_ledger ledger;
	struct shd_feeds feeds;
	struct shd_poll *poll;
	size_t parses;
	struct shd_wall begins, answers; /* when a poll begins, when its answers come */
	int64_t skew_ms;                /* of the answers; INT64_MIN: they bear no date */
};

/* For the next poll, wherever this one stands. */
static inline void reset(struct poll_bench *f)
{
	if (f->poll->state == SHD_POLL_READY || f->poll->state == SHD_POLL_SENT) {
		shd_fail(&f->poll->error, SHD_ERR_CLOSING, "given up");
		shd_poll_unanswered(f->poll);
	}
	shd_poll_reset(f->poll);
}

static inline int start_up(void **state)
{
	struct poll_bench *f = calloc(1, sizeof(*f));

	test_source_init(&f->shop, "s", &market);
	f->shop.source.every_ms[SHD_P_orders] = 60000;
	f->settings = (struct shd_settings){.stores = &f->shop.store, .store_count = 1,
		.sources = &f->shop.source, .source_count = 1,
		.blind_after = 3};
	test_ledger_open(&f->ledger);
	shd_feeds_init(&f->feeds, &f->settings, NULL, 0, f->ledger.of, NULL);
	f->poll = shd_poll_create(NULL);
	f->begins.ms = 1000;
	f->answers.ms = 2000;
	f->skew_ms = INT64_MIN;
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct poll_bench *f = *state;

	reset(f);
	shd_poll_destroy(f->poll);
	shd_feeds_finish(&f->feeds);
	test_ledger_close(&f->ledger);
	free(f);
	return 0;
}

static inline struct shd_feed *feed_of(struct poll_bench *f, int row)
{
	return &f->feeds.sources[0]->feeds[row];
}

static inline enum shd_poll_state begin(struct poll_bench *f, int row)
{
	bool batch = rows[row].paging == SHD_PAGE_BATCH;
	const struct shd_pages *ids = batch ? &feed_of(f, LIST)->pages : NULL;

	reset(f);
	f->parses = 0;
	shd_poll_begin(f->poll, feed_of(f, row), f->begins, INT64_MIN, ids);
	return f->poll->state;
}

/* Makes the request, which has to be `url`, and gives the answer; parses when asked to. */
static inline enum shd_poll_state answer_with(
	struct poll_bench *f, const char *url, int status, const char *body)
{
	struct shd_transfer_out out = {.ok = true, .status = status};

	assert_true(shd_poll_ask(f->poll, NULL));
	assert_int_equal(f->poll->state, SHD_POLL_SENT);
	assert_string_equal(f->poll->request.url.data, url);
	if (f->skew_ms != INT64_MIN)
		out.server_date_ms = f->answers.ms + f->skew_ms - SHD_SECOND_MS / 2;
	shd_text_init(&out.body, 1 << 20);
	shd_text_puts(&out.body, body);
	out.hash = shd_hash(body, strlen(body));
	shd_poll_answered(f->poll, &out, f->answers);
	while (f->poll->state == SHD_POLL_PARSING || f->poll->state == SHD_POLL_LISTING) {
		f->parses++;
		shd_poll_parse(f->poll);
		shd_poll_parsed(f->poll);
	}
	shd_text_finish(&out.body);
	return f->poll->state;
}

static inline void read_once(struct poll_bench *f, int row, const char *url, const char *body)
{
	assert_int_equal(begin(f, row), SHD_POLL_READY);
	assert_int_equal(answer_with(f, url, 200, body), SHD_POLL_CHANGED);
	shd_poll_adopt(f->poll);
}
