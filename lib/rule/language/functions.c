#include "check.h"

#include "base/num.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* The type rules of functions.def. */
enum call_rule {
	CALL_SAME,
	CALL_NUMBER,
	CALL_PAIR,
	CALL_RATIO,
	CALL_LENGTH,
	CALL_TEXT,
	CALL_SCRIPT,
	CALL_BUSINESS,
	CALL_CLOCK,
	CALL_POLLER,
	CALL_FORECAST,
	CALL_BASELINE,
	CALL_ROOM,
};
/* What a window of each may go over. */
#define TAKES_COUNT(entities, samples) "KIND"
#define TAKES_SHARE(entities, samples) "KIND"
#define TAKES_SAME(entities, samples)                                                              \
	((entities) && (samples) ? "KIND.FIELD or METRIC" : (entities) ? "KIND.FIELD" : "METRIC")
enum aggregate_rule { AGGREGATE_COUNT, AGGREGATE_SHARE, AGGREGATE_SAME };

static const struct {
	struct shd_call_row row;
	uint32_t min, max;
	enum call_rule rule;
} functions[] = {
#define FUNCTION(name, min_, max_, rule_, takes, gives, example, doc)                              \
	[SHD_FN_##name] = {{#name, takes, gives, example, doc}, min_, max_, CALL_##rule_},
#include "functions.def"
#undef FUNCTION
};

static const struct {
	struct shd_call_row row;
	bool entities, samples;
	enum aggregate_rule rule;
} aggregates[] = {
#define AGGREGATE(name, entities_, samples_, rule_, gives, example, doc)                           \
	[SHD_AGG_##name] = {{#name, TAKES_##rule_(entities_, samples_), gives, example, doc},      \
		entities_, samples_, AGGREGATE_##rule_},
#include "functions.def"
#undef AGGREGATE
};

const struct shd_call_row *shd_function_row(enum shd_function function)
{
	return &functions[function].row;
}

const struct shd_call_row *shd_aggregate_row(enum shd_aggregate aggregate)
{
	return &aggregates[aggregate].row;
}

enum { BASELINE_DAYS_MAX = 60, BUSINESS_DAYS_MAX = 1000 };

static const char *nearest(const char *name)
{
	const char *names[SHD_FN_COUNT + SHD_AGG_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < SHD_COUNT(functions); i++)
		names[count++] = functions[i].row.name;
	for (size_t i = 0; i < SHD_COUNT(aggregates); i++)
		names[count++] = aggregates[i].row.name;
	return shd_nearest(name, names, count);
}

static void refuse_function(struct shd_checker *checker, struct shd_expr *expr)
{
	const char *near = nearest(expr->name);

	shd_check_fail(checker, expr, NULL, "unknown function '%s'%s%s%s", expr->name,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool find_aggregate(const char *name, enum shd_aggregate *ret_aggregate)
{
	for (size_t i = 0; i < SHD_COUNT(aggregates); i++) {
		if (strcmp(aggregates[i].row.name, name) == 0) {
			*ret_aggregate = (enum shd_aggregate)i;
			return true;
		}
	}
	return false;
}

static bool find_function(const char *name, enum shd_function *ret_function)
{
	for (size_t i = 0; i < SHD_COUNT(functions); i++) {
		if (strcmp(functions[i].row.name, name) == 0) {
			*ret_function = (enum shd_function)i;
			return true;
		}
	}
	return false;
}

/* Reports argument `i`, and returns false, when it does not have the type. */
static bool expect_type(
	struct shd_checker *checker, struct shd_expr *expr, uint32_t i, enum shd_type type)
{
	struct shd_expr *arg = expr->args[i];

	if (arg->type == type)
		return true;
	shd_check_fail(checker, arg, NULL, "%s needs %s here, this is %s", expr->name,
		shd_type_name(type), shd_type_name(arg->type));
	expr->bad = true;
	return false;
}

static bool expect_literal(struct shd_checker *checker, struct shd_expr *expr, uint32_t i,
	enum shd_type type, const char *example)
{
	struct shd_expr *arg = expr->args[i];

	if (arg->op == SHD_OP_LITERAL && arg->value.type == type) {
		shd_expr_set_type(arg, type);
		return true;
	}
	shd_check_fail(
		checker, arg, example, "%s needs a plain %s here", expr->name, shd_type_name(type));
	expr->bad = true;
	return false;
}

static void refuse_calendar(struct shd_checker *checker, struct shd_expr *arg)
{
	const struct shd_calendars *calendars = checker->scope->calendars;
	size_t count = calendars ? calendars->count : 0;
	const char **names shd_autofree = shd_xcalloc(count ? count : 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = calendars->items[i].name;
	const char *near = shd_nearest(arg->value.text, names, count);
	shd_check_fail(checker, arg, "calendars stand in storehealthd.yaml, under `calendars`",
		"unknown calendar '%s'%s%s%s", arg->value.text, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
}

/* business_days(opened_at, 2) and business_days(opened_at, 2, "cn-holidays"). */
static void check_business_days(struct shd_checker *checker, struct shd_expr *expr)
{
	const char *example = "business_days(opened_at, 2)";

	shd_expr_set_type(expr, SHD_TIME);
	if (!shd_check_values(checker, expr))
		return;
	expect_type(checker, expr, 0, SHD_TIME);
	if (expect_literal(checker, expr, 1, SHD_NUMBER, example)) {
		int64_t n = expr->args[1]->value.n;

		if (n < 0 || n % SHD_MICRO != 0 || n > BUSINESS_DAYS_MAX * SHD_MICRO) {
			shd_check_fail(checker, expr->args[1], example,
				"business_days goes 0 to %d whole days ahead", BUSINESS_DAYS_MAX);
			expr->bad = true;
		}
	}
	if (expr->count < 3 ||
		!expect_literal(checker, expr, 2, SHD_TEXT,
			"business_days(opened_at, 2, \"cn-holidays\")"))
		return;
	expr->calendar =
		shd_calendar_find(checker->scope->calendars, expr->args[2]->value.text);
	bool unread = checker->scope->calendars && checker->scope->calendars->unread;
	if (!expr->calendar && !unread)
		refuse_calendar(checker, expr->args[2]);
	expr->bad |= !expr->calendar;
}

static void check_age_of(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *arg = expr->args[0];

	shd_expr_set_type(expr, SHD_DURATION);
	if (arg->op == SHD_OP_NAME)
		shd_check_name(checker, arg);
	if (arg->bad) {
		expr->bad = true;
		return;
	}
	if (arg->op != SHD_OP_NAME || arg->ref != SHD_REF_POLLER) {
		shd_check_fail(checker, arg, "age_of(poll.orders)", "age_of needs a poller");
		expr->bad = true;
		return;
	}
	checker->scope->reads_pollers |= 1U << arg->index;
}

static void check_forecast(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *metric = expr->args[0];

	if (!shd_check_values(checker, expr))
		return;
	expect_literal(checker, expr, 1, SHD_DURATION, "forecast(order_defect_rate, 7d)");
	if (metric->op == SHD_OP_NAME && metric->ref == SHD_REF_METRIC) {
		shd_expr_set_type(expr, metric->type);
		return;
	}
	shd_check_fail(
		checker, metric, "forecast(order_defect_rate, 7d)", "forecast needs a metric");
	expr->bad = true;
}

static void check_baseline(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr *of = expr->args[0], *days = expr->args[1];

	if (checker->inner) {
		shd_check_fail(checker, expr, NULL,
			"baseline cannot stand in the condition of an aggregate");
		return;
	}
	if (!shd_check_values(checker, expr))
		return;
	shd_expr_set_type(expr, of->type);
	memcpy(expr->currency, of->currency, sizeof(expr->currency));
	if (!shd_is_amount(of->type)) {
		shd_check_fail(checker, expr->args[0], NULL, "there is no baseline of %s",
			shd_type_name(of->type));
		expr->bad = true;
	}
	if (!expect_literal(checker, expr, 1, SHD_DURATION, "baseline(count(order last 1d), 14d)"))
		return;
	int64_t ms = days->value.n;
	if (ms % SHD_DAY_MS != 0 || ms < SHD_DAY_MS || ms > BASELINE_DAYS_MAX * SHD_DAY_MS) {
		shd_check_fail(checker, expr->args[1], NULL,
			"a baseline goes over 1 to %d whole days", BASELINE_DAYS_MAX);
		expr->bad = true;
	}
}

static void check_room(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr *of = expr->args[0];

	shd_expr_set_type(expr, SHD_NUMBER);
	if (!shd_check_values(checker, expr))
		return;
	expect_type(checker, expr, 1, SHD_RATIO);
	bool share = of->op == SHD_OP_AGGREGATE && of->aggregate == SHD_AGG_share;
	bool ratio = of->op == SHD_OP_CALL && of->function == SHD_FN_ratio;
	if (share || ratio)
		return;
	shd_check_fail(checker, expr->args[0], "room(share(order last 30d where shipped_late), 4%)",
		"room needs a share or a ratio");
	expr->bad = true;
}

/* The two arguments must be amounts (or times) of one type. */
static bool check_same_type(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr *a = expr->args[0], *b = expr->args[1];
	bool ordered =
		shd_is_amount(a->type) || (a->type == SHD_TIME && expr->function != SHD_FN_ratio);

	if (a->type != b->type || !ordered) {
		shd_check_fail(checker, expr, NULL, "%s needs two of one type, these are %s and %s",
			expr->name, shd_type_name(a->type), shd_type_name(b->type));
		return false;
	}
	return shd_check_currencies(checker, expr, "compare");
}

static void check_same(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr *arg = expr->args[0];

	shd_expr_set_type(expr, arg->type);
	memcpy(expr->currency, arg->currency, sizeof(expr->currency));
	if (!shd_is_amount(arg->type))
		shd_check_fail(checker, expr, NULL,
			"%s needs a number, ratio, duration or money, this is %s", expr->name,
			shd_type_name(arg->type));
}

/* Functions whose arguments are plain values, which are checked already. */
static void check_simple(struct shd_checker *checker, struct shd_expr *expr, enum call_rule rule)
{
	if (rule == CALL_SAME) {
		check_same(checker, expr);
	} else if (rule == CALL_NUMBER) {
		shd_expr_set_type(expr, SHD_NUMBER);
		expect_type(checker, expr, 0, SHD_NUMBER);
	} else if (rule == CALL_PAIR) {
		if (check_same_type(checker, expr))
			shd_expr_set_type(expr, expr->args[0]->type);
	} else if (rule == CALL_CLOCK) {
		shd_expr_set_type(expr, SHD_NUMBER);
		expect_type(checker, expr, 0, SHD_TIME);
	} else if (rule == CALL_RATIO) {
		check_same_type(checker, expr);
		shd_expr_set_type(expr, SHD_RATIO);
		expr->currency[0] = '\0';
	} else {
		expect_type(checker, expr, 0, SHD_TEXT);
		shd_expr_set_type(expr, rule == CALL_LENGTH ? SHD_NUMBER
				     : rule == CALL_TEXT ? SHD_TEXT
							 : SHD_BOOL);
	}
}

void shd_check_call(struct shd_checker *checker, struct shd_expr *expr)
{
	enum shd_aggregate aggregate;
	enum shd_function function;

	if (!find_function(expr->name, &function)) {
		if (find_aggregate(expr->name, &aggregate))
			shd_check_fail(checker, expr,
				aggregates[aggregate].entities ? "as in count(order last 24h)"
							       : "as in first(rating last 7d)",
				"%s needs a window", expr->name);
		else
			refuse_function(checker, expr);
		return;
	}
	expr->function = function;
	if (expr->count < functions[function].min || expr->count > functions[function].max) {
		uint32_t min = functions[function].min, max = functions[function].max;
		char most[32] = "";

		if (max > min)
			snprintf(most, sizeof(most), " or %u", max);
		shd_check_fail(checker, expr, NULL, "%s takes %u%s argument%s, not %u", expr->name,
			min, most, SHD_S(max), expr->count);
		return;
	}
	enum call_rule rule = functions[function].rule;
	if (rule == CALL_BUSINESS)
		check_business_days(checker, expr);
	else if (rule == CALL_POLLER)
		check_age_of(checker, expr);
	else if (rule == CALL_FORECAST)
		check_forecast(checker, expr);
	else if (rule == CALL_BASELINE)
		check_baseline(checker, expr);
	else if (rule == CALL_ROOM)
		check_room(checker, expr);
	else if (shd_check_values(checker, expr))
		check_simple(checker, expr, rule);
	if (rule == CALL_SCRIPT)
		expr->alphabets = shd_word_lists_alphabets(checker->scope->word_lists);
}

static void refuse_subject(struct shd_checker *checker, struct shd_expr *expr, const char *hint)
{
	const char *names[SHD_KIND_COUNT + SHD_METRIC_COUNT];
	size_t count = 0;
	char word[64];

	for (int i = 0; i < SHD_KIND_COUNT; i++)
		names[count++] = shd_kind_name((enum shd_kind)i);
	for (int i = 0; i < SHD_METRIC_COUNT && aggregates[expr->aggregate].samples; i++)
		names[count++] = shd_metric_row((enum shd_metric)i)->name;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(expr->subject, "."), expr->subject);
	const char *near = shd_nearest(word, names, count);
	if (near && strcmp(near, word) == 0)
		near = NULL; /* it exists, but cannot be used here */
	shd_expr_mistake(checker->mistakes, expr->subject_at, strlen(expr->subject), hint,
		"%s cannot go over '%s'%s%s%s", expr->name, expr->subject,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	expr->bad = true;
}

/* The subject of count and share: whole entities. */
static void check_kind_subject(struct shd_checker *checker, struct shd_expr *expr)
{
	if (!shd_kind_find(expr->subject, strlen(expr->subject), &expr->kind)) {
		refuse_subject(checker, expr,
			"it goes over a kind of entity: order, review, complaint, ...");
		return;
	}
	checker->scope->reads_kinds |= 1U << expr->kind;
	shd_check_window_time(checker, expr);
}

static void refuse_field(struct shd_checker *checker, struct shd_expr *expr, const char *name)
{
	const char *names[64];
	size_t count = 0;

	for (int i = 0; i < shd_kind_fields(expr->kind); i++)
		names[count++] =
			shd_field_row(shd_kind_first(expr->kind) + (enum shd_field)i)->name;
	const char *near = shd_nearest(name, names, count);
	shd_expr_mistake(checker->mistakes, expr->subject_at, strlen(expr->subject), NULL,
		"unknown field '%s' of %s%s%s%s", name, shd_kind_name(expr->kind),
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	expr->bad = true;
}

static void check_field_subject(struct shd_checker *checker, struct shd_expr *expr, const char *dot)
{
	enum shd_field field;

	if (!aggregates[expr->aggregate].entities) {
		refuse_subject(checker, expr, "it goes over a metric: first(rating last 7d)");
		return;
	}
	if (!shd_kind_find(expr->subject, (size_t)(dot - expr->subject), &expr->kind)) {
		refuse_subject(checker, expr, "a field of a kind: sum(order.amount last 7d)");
		return;
	}
	if (!shd_field_find(expr->kind, dot + 1, strlen(dot + 1), &field)) {
		refuse_field(checker, expr, dot + 1);
		return;
	}
	enum shd_type type = shd_field_row(field)->type;
	bool time = type == SHD_TIME && expr->aggregate != SHD_AGG_sum;
	if (!shd_is_amount(type) && !time) {
		shd_expr_mistake(checker->mistakes, expr->subject_at, strlen(expr->subject), NULL,
			"there is no %s of %s, which is %s", expr->name, expr->subject,
			shd_type_name(type));
		expr->bad = true;
		return;
	}
	expr->ref = SHD_REF_FIELD;
	expr->index = shd_field_index(field);
	shd_expr_set_type(expr, type);
	checker->scope->reads_kinds |= 1U << expr->kind;
	checker->scope->reads_fields[expr->kind] |= 1ULL << expr->index;
	shd_check_window_time(checker, expr);
}

/* Reports sum or p99 over a metric: they go over fields only. */
static void refuse_metric(struct shd_checker *checker, struct shd_expr *expr)
{
	SHD_AUTO(shd_text_finish) struct shd_text hint = {0};

	shd_text_init(&hint, 400);
	shd_text_puts(&hint, "over metrics go");
	for (size_t i = 0; i < SHD_COUNT(aggregates); i++)
		if (aggregates[i].samples)
			shd_text_printf(&hint, " %s", aggregates[i].row.name);
	shd_expr_mistake(checker->mistakes, expr->subject_at, strlen(expr->subject), hint.data,
		"%s goes over a field of entities, '%s' is a metric", expr->name, expr->subject);
	expr->bad = true;
}

static void check_metric_subject(struct shd_checker *checker, struct shd_expr *expr)
{
	enum shd_metric metric;
	enum shd_kind kind;
	size_t len = strlen(expr->subject);

	if (!aggregates[expr->aggregate].samples && shd_metric_find(expr->subject, len, &metric)) {
		refuse_metric(checker, expr);
		return;
	}
	if (!aggregates[expr->aggregate].samples || !shd_metric_find(expr->subject, len, &metric)) {
		refuse_subject(checker, expr,
			shd_kind_find(expr->subject, len, &kind)
				? "name a field: sum(order.amount last 7d)"
				: NULL);
		return;
	}
	expr->ref = SHD_REF_METRIC;
	expr->index = (int)metric;
	shd_expr_set_type(expr, shd_metric_row(metric)->type);
	checker->scope->reads_metrics |= 1ULL << metric;
	if (expr->time_name) {
		shd_expr_mistake(checker->mistakes, expr->time_at, strlen(expr->time_name), NULL,
			"the samples of a metric go by when they were taken: no `at`");
		expr->bad = true;
	}
	if (expr->count > 1) {
		shd_check_fail(
			checker, expr->args[1], NULL, "the samples of a metric take no `where`");
		expr->bad = true;
	}
}

static void check_condition(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *condition = expr->args[1];
	bool outer = checker->text_expected;

	checker->inner = true;
	checker->inner_kind = expr->kind;
	checker->text_expected = false;
	shd_check_expr(checker, condition);
	checker->inner = false;
	checker->text_expected = outer;
	expr->bad |= condition->bad;
	if (condition->bad || (condition->type == SHD_BOOL && !condition->is_list))
		return;
	shd_check_fail(checker, condition, NULL, "`where` needs true or false, this is %s",
		shd_type_name(condition->type));
	expr->bad = true;
}

void shd_check_aggregate(struct shd_checker *checker, struct shd_expr *expr)
{
	enum shd_function function;

	shd_check_expr(checker, expr->args[0]);
	shd_expr_set_type(expr, SHD_NUMBER);
	if (!find_aggregate(expr->name, &expr->aggregate)) {
		if (find_function(expr->name, &function))
			shd_check_fail(
				checker, expr, NULL, "%s takes values, not a window", expr->name);
		else
			refuse_function(checker, expr);
		return;
	}
	if (checker->inner) {
		shd_check_fail(checker, expr, NULL,
			"an aggregate cannot stand in the condition of another");
		return;
	}
	shd_check_window(checker, expr);
	const char *dot = strchr(expr->subject, '.');
	if (aggregates[expr->aggregate].rule != AGGREGATE_SAME)
		check_kind_subject(checker, expr);
	else if (dot)
		check_field_subject(checker, expr, dot);
	else
		check_metric_subject(checker, expr);
	if (aggregates[expr->aggregate].rule == AGGREGATE_SHARE)
		shd_expr_set_type(expr, SHD_RATIO);
	if (expr->aggregate == SHD_AGG_share && expr->count < 2)
		shd_check_fail(checker, expr, "share(order last 30d where shipped_late)",
			"share needs a condition");
	if (!expr->bad && expr->count > 1)
		check_condition(checker, expr);
}
