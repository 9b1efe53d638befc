#include "base/fold.h"
#include "base/num.h"
#include "exact.h"

#include <string.h>

/* Room for a field (SHD_FIELD_BYTES) whose characters grew when folded. */
enum { FOLDED_BYTES = 2 * SHD_FIELD_BYTES };

/* The years 1 to 9999. */
#define CLOCK_FIRST_MS (-62135596800000LL)
#define CLOCK_LAST_MS  253402300799999LL

static void call_abs(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	shd_eval(eval, expr->args[0], ret);
	if (ret->v.none)
		return;
	int sign = shd_exact_sign(ret);
	shd_eval_wake_at_crossing(eval, expr->args[0], NULL, ret, NULL);
	if (sign > 0 || (sign == 0 && ret->slope >= 0))
		return;
	shd_exact_negate(ret);
	ret->slope = -ret->slope;
}

static void call_round(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	shd_eval(eval, expr->args[0], ret);
	if (ret->v.none)
		return;
	ret->nonlinear |= ret->slope != 0;
	ret->slope = 0;
	bool down = expr->function == SHD_FN_floor;
	ret->v.n = down ? shd_exact_floor(ret) : shd_exact_round(ret);
	ret->remainder = ret->denominator = 0;
}

/* min and max; they record when the other argument becomes the result. */
static void call_min_max(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	if (!shd_eval_both(eval, expr, expr->type, &a, &b, ret))
		return;
	*ret = a;
	if (a.v.type == SHD_MONEY && !shd_same_currency(&a.v, &b.v)) {
		shd_eval_set_none(eval, ret, "one currency", false);
		return;
	}
	__int128 slope = (__int128)a.slope - b.slope;
	bool least = expr->function == SHD_FN_min;
	int sign = shd_exact_compare(&a, &b);
	bool take_b = sign ? (sign > 0) == least : (slope > 0) == least && slope;
	if (take_b)
		*ret = b;
	shd_take_currency(&ret->v, &a.v, &b.v);
	ret->nonlinear = a.nonlinear || b.nonlinear;
	shd_eval_wake_at_crossing(eval, expr->args[0], expr->args[1], &a, &b);
}

static bool is_count(const struct shd_value *value)
{
	return value->type == SHD_NUMBER && value->n >= 0 && value->n % SHD_MICRO == 0 &&
	       value->n / SHD_MICRO <= UINT32_MAX;
}

static void call_ratio(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	if (!shd_eval_both(eval, expr, SHD_RATIO, &a, &b, ret))
		return;
	*ret = (struct shd_result){.v = {.type = SHD_RATIO}};
	shd_eval_wake_at_zero(eval, expr->args[1], &b);
	bool money = a.v.type == SHD_MONEY && !shd_same_currency(&a.v, &b.v);
	if (money) {
		shd_eval_set_none(eval, ret, "one currency", false);
		return;
	}
	if (!shd_exact_sign(&b)) {
		shd_eval_set_empty(eval, ret, "anything to take a share of");
		return;
	}
	shd_exact_divide(ret, &a, &b);
	ret->nonlinear = a.nonlinear || b.nonlinear || a.slope || b.slope;
	bool counts = is_count(&a.v) && is_count(&b.v);
	eval->hit = counts ? (uint32_t)(a.v.n / SHD_MICRO) : 0;
	eval->of = counts ? (uint32_t)(b.v.n / SHD_MICRO) : 0;
}

static void call_text(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result text;
	size_t len;

	shd_eval(eval, expr->args[0], &text);
	*ret = (struct shd_result){
		.v = {.type = expr->type, .none = text.v.none}, .blind = text.blind};
	if (text.v.none)
		return;
	if (expr->function == SHD_FN_length) {
		ret->v.n = shd_text_length(text.v.text, text.v.len) * SHD_MICRO;
	} else if (expr->function == SHD_FN_mixed_script) {
		ret->v.n = shd_text_mixes_scripts(expr->alphabets, text.v.text, text.v.len);
	} else if (shd_text_lower(text.v.text, text.v.len, eval->scratch + eval->scratch_used,
			   SHD_SCRATCH_BYTES - eval->scratch_used, &len)) {
		ret->v.text = eval->scratch + eval->scratch_used;
		ret->v.len = (uint32_t)len;
		eval->scratch_used += len;
	} else {
		shd_eval_set_none(eval, ret, "room for lower()", false);
	}
}

static void call_business_days(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_store *store = eval->env->store;
	const struct shd_calendar *calendar = expr->calendar;
	struct shd_wall later;

	if (!calendar && store)
		calendar = store->calendar;
	shd_eval(eval, expr->args[0], ret);
	if (ret->v.none)
		return;
	ret->nonlinear |= ret->slope != 0;
	ret->slope = ret->remainder = ret->denominator = 0;
	if (ret->v.n == SHD_NEVER_MS)
		return;
	if (shd_calendar_add(calendar, store ? store->zone : NULL,
		    (struct shd_wall){ret->v.n}, expr->args[1]->value.n / SHD_MICRO, &later))
		ret->v.n = later.ms;
	else
		shd_eval_set_none(eval, ret, "a business day", false);
}

/* hour, weekday, day. They move in steps, and record the next one. */
static void call_clock(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_zone *zone = eval->env->store ? eval->env->store->zone : NULL;
	struct shd_zone_clock clock;
	struct shd_result time;

	shd_eval(eval, expr->args[0], &time);
	*ret = (struct shd_result){.v = {.type = SHD_NUMBER, .none = time.v.none},
		.blind = time.blind, .empty = time.empty};
	if (time.v.none)
		return;
	if (time.v.n < CLOCK_FIRST_MS || time.v.n > CLOCK_LAST_MS) {
		shd_eval_set_none(eval, ret, "a day of the calendar", false);
		return;
	}
	/* The last whole ms that has passed by then; v.n is rounded. */
	const struct shd_wall at = {time.v.n - (time.remainder < 0)};
	shd_zone_read_clock(zone, at, &clock);
	int n = expr->function == SHD_FN_hour	   ? clock.hour
		: expr->function == SHD_FN_weekday ? clock.weekday
						   : clock.day;
	ret->v.n = n * SHD_MICRO;
	bool hour = expr->function == SHD_FN_hour;
	const struct shd_zone_span *same = hour ? &clock.same_hour : &clock.same_day;
	shd_eval_wake_when_outside(
		eval, expr->args[0], &time, same->from_ms, same->until_ms);
}

static void call_age_of(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_rule_env *env = eval->env;
	enum shd_poller poller = (enum shd_poller)expr->args[0]->index;
	struct shd_wall at = {0};

	if (env->polled)
		at = env->polled(env->ctx, poller);
	*ret = (struct shd_result){.v = {.type = SHD_DURATION}};
	if (!at.ms) {
		shd_eval_set_none(eval, ret, expr->args[0]->name, false);
		return;
	}
	ret->v.n = shd_sub_saturated(eval->now_ms, at.ms);
	ret->slope = 1;
}

static void call_room(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result share, limit;

	eval->hit = eval->of = 0;
	shd_eval(eval, expr->args[0], &share);
	int64_t hit = eval->hit, of = eval->of;
	shd_eval(eval, expr->args[1], &limit);
	if (share.v.none || limit.v.none || !of) {
		shd_eval_propagate_none(ret, SHD_NUMBER, &share, &limit);
		return;
	}
	*ret = (struct shd_result){.v = {.type = SHD_NUMBER}};
	struct shd_result all = {.v.n = of * SHD_MICRO}, allowed;
	shd_exact_multiply(&allowed, &limit, &all);
	ret->v.n = shd_sub_saturated(shd_exact_floor(&allowed), hit * SHD_MICRO);
	ret->nonlinear = share.nonlinear || limit.nonlinear || share.slope || limit.slope;
}

static void (*const calls[SHD_FN_COUNT])(
	struct shd_eval *, const struct shd_expr *, struct shd_result *) = {
	[SHD_FN_abs] = call_abs,
	[SHD_FN_floor] = call_round,
	[SHD_FN_round] = call_round,
	[SHD_FN_min] = call_min_max,
	[SHD_FN_max] = call_min_max,
	[SHD_FN_ratio] = call_ratio,
	[SHD_FN_length] = call_text,
	[SHD_FN_lower] = call_text,
	[SHD_FN_mixed_script] = call_text,
	[SHD_FN_business_days] = call_business_days,
	[SHD_FN_hour] = call_clock,
	[SHD_FN_weekday] = call_clock,
	[SHD_FN_day] = call_clock,
	[SHD_FN_age_of] = call_age_of,
	[SHD_FN_forecast] = shd_eval_forecast,
	[SHD_FN_baseline] = shd_eval_baseline,
	[SHD_FN_room] = call_room,
};

void shd_eval_call(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	calls[expr->function](eval, expr, ret);
}

/* Whether the folded text contains the needle, ignoring case. */
static bool contains_text(const char *folded, size_t len, const struct shd_value *needle)
{
	char other[FOLDED_BYTES];
	size_t other_len;

	return shd_text_fold(needle->text, needle->len, other, sizeof(other), &other_len) &&
	       memmem(folded, len, other, other_len);
}

static void contains_any(struct shd_eval *eval, const struct shd_expr *list, const char *folded,
	size_t len, struct shd_result *ret)
{
	struct shd_result item;

	for (uint32_t i = 0; i < list->count; i++) {
		shd_eval(eval, list->args[i], &item);
		ret->blind |= item.v.none && item.blind;
		ret->v.none |= item.v.none;
		if (item.v.none || !contains_text(folded, len, &item.v))
			continue;
		*ret = (struct shd_result){.v = {.type = SHD_BOOL, .n = true}};
		return;
	}
}

void shd_eval_contains(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_expr *right = expr->args[1];
	char folded[FOLDED_BYTES];
	struct shd_result text, other;
	size_t len;

	shd_eval(eval, expr->args[0], &text);
	*ret = (struct shd_result){
		.v = {.type = SHD_BOOL, .none = text.v.none}, .blind = text.blind};
	if (text.v.none)
		return;
	if (!shd_text_fold(text.v.text, text.v.len, folded, sizeof(folded), &len)) {
		shd_eval_set_none(eval, ret, "a text of readable size", false);
	} else if (right->is_word_list) {
		ret->v.n = shd_word_list_matches(right->word_list, folded, len);
	} else if (right->is_list) {
		contains_any(eval, right, folded, len, ret);
	} else {
		shd_eval(eval, right, &other);
		ret->v.none = other.v.none;
		ret->blind = other.blind;
		ret->v.n = !other.v.none && contains_text(folded, len, &other.v);
	}
}
