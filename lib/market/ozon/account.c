#include "ozon.h"

#include "base/num.h"

#include <string.h>

enum from { SUMMARY, HISTORY, INDEX };

static const struct rating {
	const char *key;
	enum shd_metric metric;
	enum from from;
} ratings[] = {
#define RATING(key, metric, from) {#key, SHD_M_##metric, from},
#include "ratings.def"
#undef RATING
};

/* The worst value of each metric that the ratings of one answer bring. One that cannot be read
 * may be the worst. */
struct worst {
	bool known[SHD_METRIC_COUNT];
	int64_t n[SHD_METRIC_COUNT];
	const json_t *odd[SHD_METRIC_COUNT];
};

SHD_OZON_BODY(rating_history)
{
	(void)row;
	shd_text_putc(out, '{');
	/* More than a month is refused; the newest value and the limits are what counts. */
	shd_ozon_put_window(out, "date_from", in->now.ms - 28 * SHD_DAY_MS, "date_to", in->now.ms);
	shd_text_puts(out,
		",\"ratings\":[\"rating_on_time\",\"rating_review_avg_score_total\","
		"\"rating_ssl\",\"rating_on_time_supply_delivery\",\"rating_order_accuracy\","
		"\"rating_on_time_supply_cancellation\",\"rating_reaction_time\","
		"\"rating_average_response_time\",\"rating_replied_dialogs_ratio\","
		"\"rating_general_indicator_fbs_rfbs\",\"rating_price_green\","
		"\"rating_price_yellow\",\"rating_price_red\",\"rating_price_super\"],"
		"\"with_premium_scores\":false}");
}

static size_t put_store(const struct shd_map_in *in, struct shd_harvest *out)
{
	return shd_harvest_entity(out, SHD_KIND_store, in->source->store->id,
				  strlen(in->source->store->id));
}

static const struct rating *find_rating(const json_t *key)
{
	for (size_t i = 0; i < SHD_COUNT(ratings); i++)
		if (shd_loose_is(key, ratings[i].key))
			return &ratings[i];
	return NULL;
}

/* A rating's value in the unit of its metric: percent to a ratio, seconds to ms. */
static bool metric_value(const struct rating *rating, const json_t *value, const json_t *value_type,
			 int64_t *ret_n)
{
	enum shd_type type = shd_metric_row(rating->metric)->type;
	bool share = shd_loose_is(value_type, "RATIO");

	return shd_loose_decimal(value,
		type == SHD_DURATION          ? 3
		: type == SHD_RATIO && !share ? 4
					      : 6,
		ret_n);
}

/* A review score is 1 to 5: 0 is how a shop without reviews is written. */
static bool is_no_score(const struct rating *rating, const json_t *value, const json_t *value_type)
{
	bool score = shd_loose_is(value_type, "REVIEW_SCORE") ||
		     (rating && rating->metric == SHD_M_rating);
	int64_t n;

	return score && shd_loose_decimal(value, 6, &n) && n == 0;
}

/* Ozon's own word for what it does not tell: UNKNOWN, UNKNOWN_STATUS, ... */
static bool is_untold(const json_t *word)
{
	return json_is_string(word) && strncmp(json_string_value(word), "UNKNOWN", 7) == 0;
}

static void put_score(struct shd_harvest *out, size_t at, const json_t *value, bool is_none)
{
	if (is_none)
		shd_set_unread(out, at, SHD_F_rating_score, true, "0");
	else
		shd_put_number(out, at, SHD_F_rating_score, value);
}

static void keep_worst(struct worst *worst, enum shd_metric metric, int64_t n)
{
	bool up = shd_metric_row(metric)->up_is_better;

	if (worst->known[metric] && (up ? n >= worst->n[metric] : n <= worst->n[metric]))
		return;
	worst->known[metric] = true;
	worst->n[metric] = n;
}

static void put_measures(struct shd_harvest *out, const struct worst *worst, bool are_targets)
{
	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		enum shd_metric metric = (enum shd_metric)i;

		if (worst->odd[i])
			shd_put_unmeasured(out, metric, are_targets, worst->odd[i]);
		else if (worst->known[i])
			shd_harvest_measure(out, metric, are_targets, (struct shd_value){
				.type = shd_metric_row(metric)->type, .n = worst->n[i]});
	}
}

SHD_OZON_MAP(seller_info)
{
	size_t at;

	if (!json_is_object(record) || (!json_object_get(record, "company") &&
					       !json_object_get(record, "subscription")))
		return shd_fail(
			reterr, SHD_ERR_SCHEMA, "the answer has neither company nor subscription");
	at = put_store(in, out);
	shd_put_text(out, at, SHD_F_store_subscription, shd_loose_at(record, "subscription.type"));
	return true;
}

/* A role without methods, or with one that is no path, does not tell what it grants. */
static bool tells_methods(const json_t *role)
{
	const json_t *methods = json_object_get(role, "methods"), *method;
	size_t i;

	json_array_foreach (methods, i, method)
		if (!json_is_string(method) || json_string_value(method)[0] != '/')
			return false;
	return json_array_size(methods) > 0;
}

/* Whether a role grants the path: exactly, or a prefix of it ("/v1/posting"). */
static bool grants(const json_t *methods, const char *path)
{
	const json_t *method;
	size_t i;

	json_array_foreach (methods, i, method) {
		const char *granted = json_string_value(method);
		size_t len = granted ? strlen(granted) : 0;

		if (len > 1 && strncmp(granted, path, len) == 0 &&
			(path[len] == '\0' || path[len] == '/' || granted[len - 1] == '/'))
			return true;
	}
	return false;
}

static bool is_granted(const json_t *roles, const char *path)
{
	const json_t *role;
	size_t i;

	json_array_foreach (roles, i, role)
		if (grants(json_object_get(role, "methods"), path))
			return true;
	return false;
}

/* The methods we need and may not call, "" when none; each named once. */
static void list_missing(const json_t *roles, struct shd_text *out)
{
	const struct shd_adapter *market = &shd_ozon_adapter;

	for (size_t i = 0; i < market->endpoint_count; i++) {
		const struct shd_endpoint *row = &market->endpoints[i];
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= strcmp(market->endpoints[j].path, row->path) == 0;
		if (seen || row->optional || is_granted(roles, row->path))
			continue;
		shd_text_puts(out, out->len ? ", " : "");
		shd_text_puts(out, row->path);
	}
}

SHD_OZON_MAP(roles)
{
	const json_t *roles = json_object_get(record, "roles"), *role;
	struct shd_text missing SHD_AUTO(shd_text_finish) = {0};
	bool listed = json_array_size(roles) > 0;
	size_t at, i;

	if (!json_is_object(record) || (!json_object_get(record, "expires_at") && !roles))
		return shd_fail(
			reterr, SHD_ERR_SCHEMA, "the answer has neither expires_at nor roles");
	at = put_store(in, out);
	shd_put_time(out, at, SHD_F_store_key_expires_at, json_object_get(record, "expires_at"));
	json_array_foreach (roles, i, role)
		listed &= tells_methods(role);
	if (!listed) {
		shd_put_unread(out, at, SHD_F_store_missing_role, roles);
		return true;
	}
	shd_text_init(&missing, 4096);
	list_missing(roles, &missing);
	if (missing.len)
		shd_set_text(out, at, SHD_F_store_missing_role, missing.data, missing.len);
	else
		shd_set_none(out, at, SHD_F_store_missing_role);
	return true;
}

static void put_rating(struct shd_harvest *out, const json_t *item, struct worst *worst)
{
	static const struct shd_loose_word units[] = {{"INDEX", "index"}, {"PERCENT", "percent"},
		{"TIME", "time"}, {"RATIO", "ratio"}, {"REVIEW_SCORE", "review_score"},
		{"COUNT", "count"}, {NULL, NULL}};
	static const struct shd_loose_word ways[] = {{"HIGHER_IS_BETTER", "up"},
		{"LOWER_IS_BETTER", "down"}, {"NEUTRAL", "neutral"}, {NULL, NULL}};
	static const struct shd_loose_word verdicts[] = {{"OK", "ok"}, {"WARNING", "warning"},
		{"CRITICAL", "critical"}, {NULL, NULL}};
	const json_t *key = json_object_get(item, "rating"),
		     *type = json_object_get(item, "value_type");
	const struct rating *rating = find_rating(key);
	struct shd_loose_text id;
	const char *word;
	int64_t n;

	if (!shd_loose_text(key, &id)) { /* it may be any of them */
		for (size_t i = 0; i < SHD_COUNT(ratings); i++)
			if (ratings[i].from == SUMMARY)
				worst->odd[ratings[i].metric] = key ? key : item;
		return;
	}
	size_t at = shd_harvest_entity(out, SHD_KIND_rating, id.text, id.len);
	shd_put_text(out, at, SHD_F_rating_title, json_object_get(item, "name"));
	const json_t *value = json_object_get(item, "current_value");
	bool no_score = is_no_score(rating, value, type);
	put_score(out, at, value, no_score);
	if (is_untold(type))
		shd_set_none(out, at, SHD_F_rating_unit);
	else
		shd_put_said(out, at, SHD_F_rating_unit, type, units, &word);
	const json_t *way = json_object_get(item, "rating_direction");
	if (is_untold(way))
		shd_set_none(out, at, SHD_F_rating_better);
	else
		shd_put_said(out, at, SHD_F_rating_better, way, ways, &word);
	const json_t *verdict = json_object_get(item, "status");
	if (is_untold(verdict))
		shd_set_none(out, at, SHD_F_rating_verdict);
	else
		shd_put_said(out, at, SHD_F_rating_verdict, verdict, verdicts, &word);
	if (!rating || rating->from == INDEX || no_score)
		return;
	if (metric_value(rating, value, type, &n))
		keep_worst(worst, rating->metric, n);
	else if (rating->from == SUMMARY && !(is_untold(type) && shd_loose_blank(value)))
		worst->odd[rating->metric] = value ? value : json_null();
}

/* The history tells no unit. What is a percentage in the documents may come as a share: up
 * to 1 nobody knows. */
static bool is_ambiguous(const struct rating *rating, const json_t *value)
{
	int64_t n;

	return rating->from == HISTORY && shd_metric_row(rating->metric)->type == SHD_RATIO &&
	       shd_loose_decimal(value, 6, &n) && n > 0 && n <= SHD_MICRO;
}

/* The element whose member `date` is the newest. One that tells no time may be the newest: NULL
 * then, and *ret_odd is what cannot be read. */
static const json_t *newest_of(const json_t *list, const char *date, const json_t **ret_odd)
{
	const json_t *one, *newest = NULL;
	int64_t newest_ms = INT64_MIN;
	struct shd_wall at;
	size_t i;

	*ret_odd = json_is_array(list) || shd_loose_blank(list) ? NULL : list;
	json_array_foreach (list, i, one) {
		const json_t *day = json_object_get(one, date);

		if (!shd_loose_time(day, &at)) {
			*ret_odd = day ? day : one;
			return NULL;
		}
		if (at.ms < newest_ms)
			continue;
		newest_ms = at.ms;
		newest = one;
	}
	return newest;
}

/* The newest of the days for which the localisation index was computed. */
static void keep_localization(const json_t *days, struct worst *worst)
{
	const json_t *odd, *day = newest_of(days, "calculation_date", &odd);
	const json_t *share = json_object_get(day, "localization_percentage");
	int64_t n;

	if (day && shd_loose_decimal(share, 4, &n))
		keep_worst(worst, SHD_M_localization_index, n);
	else if (day || odd)
		worst->odd[SHD_M_localization_index] = odd ? odd : share ? share : day;
}

SHD_OZON_MAP(rating_summary)
{
	const json_t *groups = json_object_get(record, "groups"), *group, *item;
	struct worst worst = {0};
	size_t at, i, j;

	if (!json_is_array(groups))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"groups\"");
	at = put_store(in, out);
	shd_put_bool(out, at, SHD_F_store_penalty_exceeded,
		json_object_get(record, "penalty_score_exceeded"));
	json_array_foreach (groups, i, group)
		json_array_foreach (json_object_get(group, "items"), j, item)
			put_rating(out, item, &worst);
	keep_localization(json_object_get(record, "localization_index"), &worst);
	put_measures(out, &worst, false);
	return true;
}

/* A threshold of 0 is none. */
static void put_threshold(struct shd_harvest *out, size_t at, enum shd_field field,
			  const json_t *value)
{
	int64_t n;

	if (shd_loose_decimal(value, 6, &n) && n == 0)
		shd_set_none(out, at, field);
	else
		shd_put_number(out, at, field, value);
}

static bool is_no_threshold(const json_t *value)
{
	int64_t n;

	return shd_loose_decimal(value, 6, &n) && n == 0;
}

/* The limit that the marketplace holds a metric to: where it blocks, or where it does not,
 * warns. */
static void keep_target(const struct rating *rating, const json_t *danger, const json_t *warning,
			struct worst *targets)
{
	const json_t *limit = is_no_threshold(danger) ? warning : danger;
	int64_t n;

	if (!limit || is_no_threshold(limit))
		return;
	if (!is_ambiguous(rating, limit) && metric_value(rating, limit, NULL, &n))
		keep_worst(targets, rating->metric, n);
	else
		targets->odd[rating->metric] = limit;
}

/* What the history alone tells of a metric. */
static void keep_newest(const struct rating *rating, const json_t *value, struct worst *values)
{
	int64_t n;

	if (is_no_score(rating, value, NULL))
		return;
	if (!is_ambiguous(rating, value) && metric_value(rating, value, NULL, &n))
		keep_worst(values, rating->metric, n);
	else
		values->odd[rating->metric] = value ? value : json_null();
}

/* What Ozon says of a day: without the summary nobody tells which way is better, so that
 * the thresholds alone say nothing. */
static void put_day_verdict(struct shd_harvest *out, size_t at, const json_t *status)
{
	bool warns, blocks;

	if (!shd_loose_bool(json_object_get(status, "warning"), &warns) ||
		!shd_loose_bool(json_object_get(status, "danger"), &blocks)) {
		shd_put_unread(out, at, SHD_F_rating_verdict, status);
		return;
	}
	shd_put_word(out, at, SHD_F_rating_verdict, blocks ? "critical" : warns ? "warning" : "ok");
}

/* Whether the summary shows this rating, and fresher. */
static bool is_in_summary(const struct rating *rating, const char *key)
{
	return (rating && rating->from != HISTORY) || strncmp(key, "rating_price_", 13) == 0;
}

/* What the newest day says; `odd` of a day that may be the newest. */
static void put_day(struct shd_harvest *out, size_t at, const struct rating *rating,
		    const json_t *newest, const json_t *odd, bool in_summary)
{
	const json_t *value = json_object_get(newest, "value");

	if (odd) {
		shd_put_unread(out, at, SHD_F_rating_updated_at, odd);
		if (!in_summary)
			shd_put_unread(out, at, SHD_F_rating_score, odd);
		if (!in_summary)
			shd_put_unread(out, at, SHD_F_rating_verdict, odd);
		return;
	}
	shd_put_time(out, at, SHD_F_rating_updated_at, json_object_get(newest, "date_to"));
	if (in_summary)
		return;
	put_score(out, at, value, is_no_score(rating, value, NULL));
	put_day_verdict(out, at, json_object_get(newest, "status"));
}

static void put_history(struct shd_harvest *out, const json_t *item, struct worst *values,
			struct worst *targets)
{
	const json_t *key = json_object_get(item, "rating");
	const json_t *warning = json_object_get(item, "warning_threshold");
	const json_t *danger = json_object_get(item, "danger_threshold");
	const json_t *odd, *newest = newest_of(json_object_get(item, "values"), "date_to", &odd);
	const struct rating *rating = find_rating(key);
	struct shd_loose_text id;

	if (!json_is_string(key) || !shd_loose_text(key, &id))
		return;
	size_t at = shd_harvest_entity(out, SHD_KIND_rating, id.text, id.len);
	put_threshold(out, at, SHD_F_rating_warning_threshold, warning);
	put_threshold(out, at, SHD_F_rating_danger_threshold, danger);
	put_threshold(out, at, SHD_F_rating_premium_threshold,
		json_object_get(item, "premium_threshold"));
	put_day(out, at, rating, newest, odd, is_in_summary(rating, id.text));
	if (rating && rating->from == HISTORY && odd)
		values->odd[rating->metric] = odd;
	else if (rating && rating->from == HISTORY && newest)
		keep_newest(rating, json_object_get(newest, "value"), values);
	if (rating)
		keep_target(rating, danger, warning, targets);
}

SHD_OZON_MAP(rating_history)
{
	const json_t *list = json_object_get(record, "ratings"), *item;
	struct worst values = {0}, targets = {0};
	size_t i;

	if (!json_is_array(list))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"ratings\"");
	put_store(in, out);
	json_array_foreach (list, i, item)
		put_history(out, item, &values, &targets);
	put_measures(out, &values, false);
	put_measures(out, &targets, true);
	return true;
}

SHD_OZON_MAP(index_info)
{
	int64_t n;

	(void)in;
	if (!shd_loose_decimal(json_object_get(record, "index"), 4, &n))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"index\"");
	shd_harvest_measure(out, SHD_M_error_index, false,
		(struct shd_value){.type = SHD_RATIO, .n = n});
	return true;
}
