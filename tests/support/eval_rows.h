/* tests/support/eval_rows.h - tables of expressions over a store in memory, and what they
 * give. */
#pragma once
#include "rule/language/expr.h"
#include "rule_env.h"

#define T0 1780000000000LL
#define H  SHD_HOUR_MS
#define D  SHD_DAY_MS

static struct fake fake;
static struct shd_word_lists *words;

/* Monday to Friday, but not 29 May to 1 June 2026, days 20602 to 20605. */
static struct shd_days off_days[] = {{20602, 20605}};
static struct shd_calendar calendar_items[] = {
	{.name = "works", .weekdays = 0x1f, .off = {1, off_days}},
	{.name = "never"},
};
static const struct shd_calendars calendars = {
	.count = SHD_COUNT(calendar_items), .items = calendar_items};

/* "true", "none (rating)", "blind (rating)", "empty (order)", "2h", "4 %"; then " @2h"
 * when it may change by itself. */
static void run(const char *text, struct shd_text *out)
{
	struct shd_arena *arena = shd_arena_create(1 << 20);
	struct shd_expr_scope scope = {.word_lists = words,
		.calendars = &calendars,
		.each = true,
		.kind = SHD_KIND_listing};
	char duration[SHD_DURATION_TEXT], time[SHD_TIME_TEXT];
	struct mistakes mistakes;
	struct shd_result result;
	struct shd_eval eval;

	mistakes_init(&mistakes);
	struct shd_expr *expr = shd_parse(text, strlen(text), arena, &mistakes.report);
	if (expr && shd_check(expr, &scope, arena, &mistakes.report)) {
		shd_eval_init(&eval, &fake.env, NULL, NULL);
		shd_eval(&eval, expr, &result);
		assert_int_equal(result.v.type, expr->type);
		struct shd_expr literal = {.op = SHD_OP_LITERAL, .value = result.v};

		if (result.v.none)
			shd_text_printf(out, "%s (%s)",
				result.blind ? "blind" : result.empty ? "empty" : "none",
				eval.missing ? eval.missing : "");
		else if (result.v.type == SHD_TIME)
			shd_text_puts(out, shd_time_format((struct shd_wall){result.v.n}, time));
		else
			shd_expr_print(&literal, out);
		if (eval.wake_ms != SHD_NEVER_MS)
			shd_text_printf(out, " @%s",
				shd_duration_format(eval.wake_ms - fake.env.now.ms, duration));
	}
	shd_text_puts(out, mistakes.text.data);
	shd_text_finish(&mistakes.text);
	shd_arena_destroy(arena);
}

struct row {
	const char *text, *result;
};

static void check_rows(const struct row *rows, size_t count)
{
	int different = 0;

	for (size_t i = 0; i < count; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text out = {0};

		shd_text_init(&out, 4096);
		run(rows[i].text, &out);
		if (strcmp(out.data, rows[i].result) == 0)
			continue;
		different++;
		print_error("%s\n\texpected %s\n\tfound    %s\n", rows[i].text, rows[i].result,
			out.data);
	}
	fake.blind_kinds = 0;
	fake.blind_metrics = 0;
	assert_int_equal(different, 0);
}

