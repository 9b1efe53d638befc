#include "ozon.h"
#include "base/num.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILTERS_MAX = 24, TOKEN_MAX = 256 };

/* A filter of one request, its value read once. */
struct filter {
	const struct shd_ask_row *row;
	const json_t *value;
	int64_t ms;
};

struct pick {
	struct shd_object *object;
	int64_t order_ms;
};

static size_t read_filters(const struct shd_ask *ask, struct filter *filters)
{
	size_t count = 0;

	for (const struct shd_ask_row *row = ask->method->asks; row->path; row++) {
		const json_t *value = row->test ? shd_json_at(ask->body, row->path) : NULL;
		struct shd_error err;
		struct shd_wall time = {0};
		const char *text = json_string_value(value);

		if (!value || json_is_null(value) || (text && !*text))
			continue;
		if (row->type == ASK_TIME && !shd_time_parse(text, strlen(text), &time, &err))
			continue;
		shd_assert(count < FILTERS_MAX);
		filters[count++] = (struct filter){row, value, time.ms};
	}
	return count;
}

static int64_t time_of(const struct shd_object *object, const char *member)
{
	return *member == '@' ? object->changed_ms : shd_json_time(object->record, member);
}

static bool contains(const json_t *list, const json_t *value)
{
	char digits[32], other[32];
	const char *text = shd_json_scalar(value, digits);
	size_t i;
	json_t *item;

	if (json_array_size(list) == 0)
		return true;
	json_array_foreach(list, i, item)
		if (strcasecmp(text, shd_json_scalar(item, other)) == 0 ||
		    strcasecmp("ALL", shd_json_scalar(item, other)) == 0)
			return true;
	return false;
}

static bool passes(const struct filter *filter, const struct shd_object *object)
{
	const char *member = filter->row->member;
	char digits[32], other[32];
	const char *wanted;

	switch (filter->row->test) {
	case TEST_FROM:
		return time_of(object, member) >= filter->ms;
	case TEST_TO:
		return time_of(object, member) <= filter->ms;
	case TEST_IN:
		return contains(filter->value, shd_json_at(object->record, member));
	case TEST_IS:
		wanted = shd_json_scalar(filter->value, digits);
		return strcasecmp(wanted, "ALL") == 0 || strcmp(wanted, "0") == 0 ||
		       strcasecmp(wanted,
			       shd_json_scalar(shd_json_at(object->record, member), other)) == 0;
	case TEST_NONE:
		break;
	}
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->order_ms != y->order_ms)
		return x->order_ms < y->order_ms ? -1 : 1;
	return x->object->seq < y->object->seq ? -1 : x->object->seq > y->object->seq;
}

static void put_in_order(const struct shd_ask *ask, struct pick *picks, size_t count)
{
	bool sorted = true,
	     forward = strcasecmp(shd_json_text(ask->body, "direction"), "Forward") == 0;

	for (size_t i = 1; i < count && sorted; i++)
		sorted = by_order(&picks[i - 1], &picks[i]) < 0;
	if (!sorted)
		qsort(picks, count, sizeof(*picks), by_order);
	if (strcasecmp(shd_json_text(ask->body, "sort_dir"), "DESC") != 0 &&
	    (!ask->method->newest_first || forward))
		return;
	for (size_t i = 0; i < count / 2; i++) {
		struct pick swap = picks[i];

		picks[i] = picks[count - 1 - i];
		picks[count - 1 - i] = swap;
	}
}

/* All objects the request selects, in order. Returns owned. */
static struct pick *select_all(const struct shd_ask *ask, size_t *ret_count)
{
	const struct shd_things *things = &ask->shop->world->of[ask->method->kind];
	struct pick *picks = shd_xcalloc(things->count, sizeof(*picks));
	struct filter filters[FILTERS_MAX];
	size_t filter_count = read_filters(ask, filters), count = 0;

	for (size_t i = 0; i < things->count; i++) {
		struct shd_object *object = things->items[i];
		bool good = !ask->method->selects || ask->method->selects(ask, object);

		for (size_t f = 0; good && f < filter_count; f++)
			good = passes(&filters[f], object);
		if (!good)
			continue;
		picks[count].object = object;
		picks[count++].order_ms =
			ask->method->order ? time_of(object, ask->method->order) : 0;
	}
	put_in_order(ask, picks, count);
	*ret_count = count;
	return picks;
}

/* A cursor names the last row, the method and the period it was given in; it stays
 * the same for a while, so that unchanged answers are the same bytes. */
static void make_cursor(const struct shd_ask *ask, const char *id, char buf[TOKEN_MAX])
{
	char plain[160];
	int len = snprintf(plain, sizeof(plain), "{\"row\":%d,\"time\":%lld,\"id\":\"%s\"}",
			   (int)(ask->method - shd_methods),
			   (long long)(ask->now_ms / ask->ozon->cursor_ttl_ms), id);

	EVP_EncodeBlock((unsigned char *)buf, (const unsigned char *)plain, len);
}

static bool read_cursor(const struct shd_ask *ask, const char *text, char id[TOKEN_MAX])
{
	unsigned char plain[TOKEN_MAX + 4];
	size_t len = strlen(text);

	if (len >= TOKEN_MAX)
		return false;
	int bytes = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)len);
	if (bytes <= 0)
		return false;
	plain[bytes] = '\0';
	json_auto_t *json = json_loads((char *)plain, 0, NULL);
	int64_t age = ask->now_ms / ask->ozon->cursor_ttl_ms - shd_json_int(json, "time");
	if (!json || shd_json_int(json, "row") != ask->method - shd_methods || age < 0 || age > 1)
		return false;
	snprintf(id, TOKEN_MAX, "%s", shd_json_text(json, "id"));
	return true;
}

/* Where the page begins. False: the token is none of ours. */
static bool find_start(const struct shd_ask *ask, const struct pick *picks, size_t count,
		       size_t *ret_start)
{
	const json_t *token = ask->method->token_in ? shd_json_at(ask->body, ask->method->token_in)
						    : NULL;
	char digits[32], id[TOKEN_MAX];
	const char *text = shd_json_scalar(token, digits);

	*ret_start = 0;
	if (!*text || strcmp(text, "0") == 0)
		return true;
	if (ask->method->token == TOKEN_OFFSET) {
		size_t offset = (size_t)strtoull(text, NULL, 10);

		*ret_start = offset < count ? offset : count;
		return true;
	}
	snprintf(id, sizeof(id), "%s", text);
	if (ask->method->token == TOKEN_CURSOR && !read_cursor(ask, text, id))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(picks[i].object->id, id) == 0)
			*ret_start = i + 1;
	return true;
}

static unsigned wanted_parts(const json_t *body)
{
	return (json_is_true(shd_json_at(body, "with.analytics_data")) ? 1U : 0U) |
	       (json_is_true(shd_json_at(body, "with.financial_data")) ? 2U : 0U);
}

/* The parts of a posting that are null unless the request asks for them. */
static const char *const optional_parts[] = {"analytics_data", "financial_data"};

static const struct shd_rendering *render(
	const struct shd_ask *ask, struct shd_object *object, unsigned with)
{
	shd_view_fn *view = ask->method->view;
	const struct shd_rendering *known = shd_rendering_find(object, view, with);

	if (known)
		return known;
	json_auto_t *shown = view ? view(ask->shop->world, object) : json_copy(object->record);
	for (unsigned i = 0; i < SHD_COUNT(optional_parts); i++)
		if (!(with & 1U << i) && json_object_get(shown, optional_parts[i]))
			json_object_set_new(shown, optional_parts[i], json_null());
	return shd_rendering_add(object, view, with, shown);
}

static void add_row(const struct shd_ask *ask, struct shd_object *object, size_t i, uint32_t polls,
		    struct shd_text *out)
{
	const struct shd_rendering *r = render(ask, object, wanted_parts(ask->body));
	size_t at = out->len;
	char revision[16];

	if (i)
		shd_text_putc(out, ',');
	at = out->len;
	shd_text_add(out, r->bytes, r->len);
	if (r->churn_at < 0 || !shd_text_ok(out))
		return;
	/* One record in (1 / share) changes with each poll, evenly spread. */
	uint64_t times = ((uint64_t)polls + object->seq % 1000000) *
			 (uint64_t)ask->shop->churn_ppm / (uint64_t)SHD_MICRO;
	snprintf(revision, sizeof(revision), "%010u", (unsigned)(times % 1000000000));
	memcpy(out->data + at + r->churn_at, revision, strlen(SHD_CHURN_MARK));
}

static void add_token(const struct shd_ask *ask, const struct pick *last, struct shd_text *out)
{
	const struct shd_method *method = ask->method;
	char cursor[TOKEN_MAX] = "";

	if (!method->token_out)
		return;
	shd_text_printf(out, ",\"%s\":", method->token_out);
	if (method->token == TOKEN_NUMBER) {
		shd_text_puts(out, last ? last->object->id : "0");
		return;
	}
	if (last && method->token == TOKEN_CURSOR)
		make_cursor(ask, last->object->id, cursor);
	else if (last)
		snprintf(cursor, sizeof(cursor), "%s", last->object->id);
	shd_text_printf(out, "\"%s\"", cursor);
}

static void add_tail(const struct shd_ask *ask, const struct pick *picks, size_t total,
	size_t start, size_t rows, size_t limit, struct shd_text *out)
{
	const struct shd_method *method = ask->method;
	bool more = start + rows < total || (method->more_at_end && rows == limit);
	bool keep = more || method->token != TOKEN_CURSOR; /* ids are given to the end */

	add_token(ask, keep && rows ? &picks[start + rows - 1] : NULL, out);
	if (method->has_next && strcmp(method->has_next, "text") == 0)
		shd_text_printf(out, ",\"has_next\":\"%s\"", more ? "true" : "false");
	else if (method->has_next)
		shd_text_printf(out, ",\"has_next\":%s", more ? "true" : "false");
	if (method->more)
		method->more(ask, total, out);
}

void shd_ozon_list(const struct shd_ask *ask, struct shd_http_reply *reply)
{
	const struct shd_method *method = ask->method;
	struct shd_text *out = &reply->body;
	size_t total, start, limit = method->page ? (size_t)method->page : SIZE_MAX;
	struct pick *picks shd_autofree = select_all(ask, &total);
	const char *list =
		strncmp(method->list, "result.", 7) == 0 ? method->list + 7 : method->list;

	if (!find_start(ask, picks, total, &start)) {
		shd_ozon_invalid(
			reply, 400, 3, "Request validation error: cursor is invalid or expired");
		return;
	}
	if (method->limit && shd_json_int(ask->body, method->limit) > 0)
		limit = (size_t)shd_json_int(ask->body, method->limit);
	size_t rows = total - start < limit ? total - start : limit;
	uint32_t *polls = &ask->account->polls[method - shd_methods];
	*polls += start == 0;
	shd_text_printf(out, "%s{\"%s\":[", list != method->list ? "{\"result\":" : "", list);
	for (size_t i = 0; i < rows; i++)
		add_row(ask, picks[start + i].object, i, *polls, out);
	shd_text_putc(out, ']');
	add_tail(ask, picks, total, start, rows, limit, out);
	shd_text_puts(out, list != method->list ? "}}" : "}");
}

void shd_ozon_one(const struct shd_ask *ask, struct shd_http_reply *reply)
{
	size_t total;
	struct pick *picks shd_autofree = select_all(ask, &total);
	const char *wrapper = ask->method->list;
	char what[80];

	if (total == 0) {
		snprintf(what, sizeof(what), "%s not found", ask->method->token_in);
		shd_ozon_invalid(reply, 404, 5, what);
		return;
	}
	if (wrapper)
		shd_text_printf(&reply->body, "{\"%s\":", wrapper);
	add_row(ask, picks[0].object, 0, 0, &reply->body);
	if (wrapper)
		shd_text_putc(&reply->body, '}');
}
