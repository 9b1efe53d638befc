#include "views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { YEAR_DAYS = 366, RATING_DAYS = 31 };

/* `total` leaves these methods on 2026-11-23. */
static const int64_t total_leaves_ms = 1795392000000LL;

const char *shd_check_cutoff(const json_t *body)
{
	bool cutoff =
		shd_json_at(body, "filter.cutoff_from") || shd_json_at(body, "filter.cutoff_to");
	bool handover = shd_json_at(body, "filter.delivering_date_from") ||
			shd_json_at(body, "filter.delivering_date_to");

	if (cutoff && handover)
		return "use either cutoff or delivering_date period, not both";
	return cutoff || handover
		       ? NULL
		       : "either filter.cutoff or filter.delivering_date must be specified";
}

const char *shd_check_period(const json_t *body)
{
	int64_t from = shd_json_time(body, "filter.since"), to = shd_json_time(body, "filter.to");

	return to - from > YEAR_DAYS * SHD_DAY_MS ? "PERIOD_IS_TOO_LONG" : NULL;
}

const char *shd_check_rating_window(const json_t *body)
{
	int64_t from = shd_json_time(body, "date_from"), to = shd_json_time(body, "date_to");

	return to - from > RATING_DAYS * SHD_DAY_MS ? "too wide range" : NULL;
}

const char *shd_check_one_id_group(const json_t *body)
{
	int groups = (json_array_size(json_object_get(body, "offer_id")) > 0) +
		     (json_array_size(json_object_get(body, "product_id")) > 0) +
		     (json_array_size(json_object_get(body, "sku")) > 0);

	if (groups == 1)
		return NULL;
	return groups ? "use only one of offer_id, product_id, sku"
		      : "one of offer_id, product_id, sku is required";
}

const char *shd_check_sku_or_offer(const json_t *body)
{
	bool sku = json_array_size(json_object_get(body, "sku")) > 0;
	bool offer = json_array_size(json_object_get(body, "offer_id")) > 0;

	return sku != offer ? NULL : "exactly one of sku, offer_id is required";
}

const char *shd_check_clusters(const json_t *body)
{
	return json_array_size(json_object_get(body, "cluster_ids")) &&
			       json_array_size(json_object_get(body, "macrolocal_cluster_ids"))
		       ? "use either cluster_ids or macrolocal_cluster_ids"
		       : NULL;
}

const char *shd_check_return_windows(const json_t *body)
{
	int windows = !!shd_json_at(body, "filter.logistic_return_date") +
		      !!shd_json_at(body, "filter.storage_tariffication_start_date") +
		      !!shd_json_at(body, "filter.visual_status_change_moment");

	return windows > 1 ? "only one of the date filters can be used" : NULL;
}

const char *shd_check_direction(const json_t *body)
{
	return strcasecmp(shd_json_text(body, "direction"), "Forward") == 0 &&
			       !shd_json_at(body, "from_message_id")
		       ? "from_message_id is required for direction Forward"
		       : NULL;
}

static void put_json(struct shd_text *out, json_t *json)
{
	char *text shd_autofree = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));

	shd_text_puts(out, text);
	json_decref(json);
}

static const struct shd_things *things(const struct shd_ask *ask, enum shd_thing kind)
{
	return &ask->shop->world->of[kind];
}

static int64_t count_of(const struct shd_ask *ask, enum shd_thing kind, const char *member,
			const char *word)
{
	const struct shd_things *all = things(ask, kind);
	int64_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += strcasecmp(shd_json_text(all->items[i]->record, member), word) == 0;
	return count;
}

void shd_more_count(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask;
	shd_text_printf(out, ",\"count\":%zu", total);
}

void shd_more_total(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	if (ask->now_ms < total_leaves_ms)
		shd_text_printf(out, ",\"total\":%zu", total);
	shd_text_printf(out, ",\"total_items\":%zu", total);
}

void shd_more_counter(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	if (json_is_true(shd_json_at(ask->body, "with.counter")))
		shd_text_printf(out, ",\"counter\":\"%zu\"", total);
}

void shd_more_unread(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const struct shd_things *chats = things(ask, SHD_THING_chat);
	int64_t unread = 0;

	(void)total;
	for (size_t i = 0; i < chats->count; i++)
		unread += shd_json_int(chats->items[i]->record, "unread_count");
	shd_text_printf(out, ",\"total_unread_count\":%lld", (long long)unread);
}

static json_t *seller_rating(const struct shd_ask *ask, const json_t *rating)
{
	char from[40], to[40];
	double value = json_number_value(json_object_get(rating, "current_value"));
	const char *status = shd_json_text(rating, "status");

	shd_time_write(ask->ozon->sandbox->start_ms - 30 * SHD_DAY_MS, 0, from);
	shd_time_write(ask->ozon->sandbox->start_ms, 0, to);
	return json_pack("{s:O,s:O,s:s,s:O,s:{s:f,s:s,s:s,s:s,s:{s:b,s:b,s:b}},s:n}", "rating",
		json_object_get(rating, "rating"), "name", json_object_get(rating, "name"),
		"status", strcmp(status, "UNKNOWN_STATUS") == 0 ? "UNKNOWN" : status, "value_type",
		json_object_get(rating, "value_type"), "current_value", "value", value, "formatted",
		"", "date_from", from, "date_to", to, "status", "danger",
		strcmp(status, "CRITICAL") == 0, "warning", strcmp(status, "WARNING") == 0,
		"premium", 0, "past_value");
}

void shd_answer_seller(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const struct shd_things *ratings = things(ask, SHD_THING_rating);
	json_t *list = json_array();

	(void)total;
	for (size_t i = 0; i < ratings->count; i++)
		json_array_append_new(list, seller_rating(ask, ratings->items[i]->record));
	put_json(out, json_pack("{s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s},s:{s:b,s:s},s:o}", "company",
			      "name", ask->shop->name, "legal_name", "ООО «Ромашка»", "inn",
			      "7707083893", "ogrn", "1027700132195", "country", "RUS", "currency",
			      "RUB", "ownership_form", "ООО", "tax_system", "ОСНО", "subscription",
			      "is_premium", strncmp(ask->account->tariff, "PREMIUM", 7) == 0,
			      "type", ask->account->tariff, "ratings", list));
}

void shd_answer_roles(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	json_t *methods = json_array();

	(void)total;
	if (ask->account->methods)
		json_array_extend(methods, ask->account->methods);
	for (size_t i = 0; !ask->account->methods && i < shd_method_count; i++)
		if (shd_methods[i].shape <= METHOD_SINGLE)
			json_array_append_new(methods, json_string(shd_methods[i].path));
	put_json(out, json_pack("{s:s,s:[{s:s,s:o}]}", "expires_at", ask->account->expires_at,
				"roles", "name", "Admin read only", "methods", methods));
}

/* Ratings under their groups, in the order in which the groups first appear. */
void shd_answer_ratings(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const struct shd_things *ratings = things(ask, SHD_THING_rating);
	json_t *groups = json_array(), *group;
	size_t g;

	(void)total;
	for (size_t i = 0; i < ratings->count; i++) {
		json_t *item = json_copy(ratings->items[i]->record), *items = NULL;
		const char *name = shd_json_text(ratings->items[i]->facts, "group");

		json_array_foreach(groups, g, group)
			if (strcmp(shd_json_text(group, "group_name"), name) == 0)
				items = json_object_get(group, "items");
		if (!items) {
			items = json_array();
			json_array_append_new(
				groups, json_pack("{s:s,s:o}", "group_name", name, "items", items));
		}
		json_array_append_new(items, item);
	}
	put_json(out, json_pack("{s:o,s:[],s:b,s:b,s:b}", "groups", groups, "localization_index",
				"penalty_score_exceeded", 0, "premium",
				strncmp(ask->account->tariff, "PREMIUM", 7) == 0, "premium_plus",
				strcmp(ask->account->tariff, "PREMIUM_PLUS") == 0));
}

/* What the rating was at an instant: the last value set before it, else the first. */
static double value_at(const json_t *history, int64_t ms)
{
	double value = json_number_value(json_array_get(json_array_get(history, 0), 1));
	size_t i;
	json_t *row;

	json_array_foreach(history, i, row)
		if (json_integer_value(json_array_get(row, 0)) <= ms)
			value = json_number_value(json_array_get(row, 1));
	return value;
}

static json_t *rating_days(const struct shd_object *object, int64_t from_ms, int64_t to_ms)
{
	const json_t *rating = object->record, *ours = object->facts;
	double danger = json_number_value(json_object_get(ours, "danger"));
	double warning = json_number_value(json_object_get(ours, "warning"));
	bool higher = strcmp(shd_json_text(rating, "rating_direction"), "LOWER_IS_BETTER") != 0;
	json_t *values = json_array();
	char from[40], to[40];

	for (int64_t day = from_ms; day <= to_ms; day += SHD_DAY_MS) {
		double v = value_at(json_object_get(ours, "history"), day + SHD_DAY_MS - 1);
		bool bad = danger != 0.0 && (higher ? v < danger : v > danger);
		bool poor = warning != 0.0 && (higher ? v < warning : v > warning);

		shd_time_write(day / SHD_DAY_MS * SHD_DAY_MS - 29 * SHD_DAY_MS, 0, from);
		shd_time_write(day / SHD_DAY_MS * SHD_DAY_MS, 0, to);
		json_array_append_new(values,
				      json_pack("{s:s,s:s,s:f,s:{s:b,s:b,s:b}}", "date_from", from,
						"date_to", to, "value", v, "status", "danger", bad,
						"warning", poor && !bad, "premium", 0));
	}
	return json_pack("{s:O,s:O,s:O,s:O,s:o}", "rating", json_object_get(rating, "rating"),
			 "warning_threshold", json_object_get(ours, "warning"), "danger_threshold",
			 json_object_get(ours, "danger"), "premium_threshold",
			 json_object_get(ours, "premium"), "values", values);
}

void shd_answer_rating_history(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	int64_t from = shd_json_time(ask->body, "date_from"),
		to = shd_json_time(ask->body, "date_to");
	json_t *list = json_array(), *name;
	size_t i;

	(void)total;
	json_array_foreach(json_object_get(ask->body, "ratings"), i, name) {
		const char *id = json_string_value(name);
		const struct shd_object *rating =
			id ? shd_world_find(ask->shop->world, SHD_THING_rating, id) : NULL;

		if (rating)
			json_array_append_new(list, rating_days(rating, from, to));
	}
	put_json(out, json_pack("{s:o,s:[]}", "ratings", list, "premium_scores"));
}

void shd_answer_index(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const struct shd_things *days = things(ask, SHD_THING_index_day);
	json_t *defects = json_array();
	char from[40], to[40];
	double index = 0.0;

	(void)total;
	shd_time_write(ask->ozon->sandbox->start_ms - 14 * SHD_DAY_MS, 0, from);
	shd_time_write(ask->ozon->sandbox->start_ms - SHD_DAY_MS, 0, to);
	from[10] = to[10] = '\0';
	for (size_t i = 0; i < days->count; i++) {
		json_array_append(defects, days->items[i]->record);
		index = json_number_value(json_object_get(days->items[i]->record, "index_by_date"));
	}
	put_json(out, json_pack("{s:f,s:s,s:s,s:f,s:s,s:o}", "index", index, "period_from", from,
			      "period_to", to, "processing_costs_sum", 0.0, "currency_code", "RUB",
			      "defects", defects));
}

void shd_answer_etgb(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"result\":[]}");
}

void shd_answer_cancel_reasons(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	static const struct {
		int id;
		const char *title, *by;
	} rows[] = {{352, "Товар закончился на складе продавца", "seller"},
		    {400, "Остался только бракованный товар", "seller"},
		    {401, "Отмена из арбитража", "seller"},
		    {402, "Другое (вина продавца)", "seller"},
		    {508, "Покупатель отменил заказ", "buyer"},
		    {665, "Покупатель не забрал заказ", "seller"}};

	(void)ask, (void)total;
	shd_text_puts(out, "{\"result\":[");
	for (size_t i = 0; i < SHD_COUNT(rows); i++)
		shd_text_printf(out,
				"%s{\"id\":%d,\"title\":\"%s\",\"type_id\":\"%s\","
				"\"is_available_for_cancellation\":true}",
				i ? "," : "", rows[i].id, rows[i].title, rows[i].by);
	shd_text_puts(out, "]}");
}

void shd_answer_wrong_volume(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"products\":[],\"cursor\":\"\"}");
}

void shd_answer_review_count(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)total;
	shd_text_printf(out, "{\"total\":%zu,\"new\":%lld,\"viewed\":%lld,\"processed\":%lld}",
			things(ask, SHD_THING_review)->count,
			(long long)count_of(ask, SHD_THING_review, "status", "NEW"),
			(long long)count_of(ask, SHD_THING_review, "status", "VIEWED"),
			(long long)count_of(ask, SHD_THING_review, "status", "PROCESSED"));
}

void shd_answer_comments(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"comments\":[],\"offset\":0}");
}

void shd_answer_question_count(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	int64_t fresh = count_of(ask, SHD_THING_question, "status", "NEW");
	int64_t viewed = count_of(ask, SHD_THING_question, "status", "VIEWED");

	(void)total;
	shd_text_printf(out,
			"{\"all\":%zu,\"new\":%lld,\"viewed\":%lld,\"processed\":%lld,"
			"\"unprocessed\":%lld}",
			things(ask, SHD_THING_question)->count, (long long)fresh, (long long)viewed,
			(long long)count_of(ask, SHD_THING_question, "status", "PROCESSED"),
			(long long)(fresh + viewed));
}

void shd_answer_question_answers(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"answers\":[],\"last_id\":\"\"}");
}

void shd_answer_invalid_warehouses(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const struct shd_things *rows = things(ask, SHD_THING_invalid_product);

	(void)total;
	shd_text_puts(out, "{\"warehouse_ids\":[");
	for (size_t i = 0; i < rows->count; i++)
		shd_text_printf(out, "%s\"%s\"", i ? "," : "", rows->items[i]->id);
	shd_text_puts(out, "]}");
}

void shd_answer_supply_counter(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	const char *at = SHD_SUPPLY_STATES;
	char state[48];

	(void)total;
	shd_text_puts(out, "{\"items\":[");
	while (*at) {
		size_t len = strcspn(at, " ");

		snprintf(state, sizeof(state), "%.*s", (int)len, at);
		at += len + (at[len] == ' ');
		shd_text_printf(out, "{\"order_state\":\"ORDER_STATE_%s\",\"count\":%lld}%s", state,
				(long long)count_of(ask, SHD_THING_supply, "state", state),
				*at ? "," : "");
	}
	shd_text_puts(out, "]}");
}

void shd_answer_notifications(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"notifications\":[],\"total\":0}");
}

void shd_answer_push_types(const struct shd_ask *ask, size_t total, struct shd_text *out)
{
	(void)ask, (void)total;
	shd_text_puts(out, "{\"push_types\":[]}");
}
