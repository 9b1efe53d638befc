/* Any bytes as an expression: read, printed, read again, checked, evaluated. */
#include "base/text.h"
#include "rule/eval/eval.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	(void)hint;
	shd_assert(at <= *(size_t *)ctx + 1 && width > 0 && text[0]);
}

/* What was printed must give the same tree. */
static void print_and_parse(
	const struct shd_expr *expr, struct shd_arena *arena, struct shd_expr_mistakes *report)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	shd_text_init(&text, 1 << 20);
	shd_expr_print(expr, &text);
	if (text.len > SHD_EXPR_BYTES)
		return;
	*(size_t *)report->ctx = text.len;
	const struct shd_expr *again = shd_parse(text.data, text.len, arena, report);
	shd_assert(again && shd_expr_equal(expr, again));
}

/* Over an order of which nothing is known but when it began; no feed has anything. */
static void evaluate(const struct shd_expr *expr)
{
	static struct shd_value fields[64];
	static struct shd_entity order = {.kind = SHD_KIND_order, .id = "o", .fields = fields};
	struct shd_rule_env env = {.now = {1780000000000}, .entity = &order};
	struct shd_result result;
	struct shd_eval eval;

	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++)
		fields[i] = (struct shd_value){.none = true,
			.type = shd_field_row(shd_kind_first(SHD_KIND_order) + (enum shd_field)i)
					->type};
	fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = 1779000000000};
	shd_eval_init(&eval, &env, NULL, NULL);
	shd_eval(&eval, expr, &result);
	shd_assert(result.v.type == expr->type || expr->is_list || expr->is_word_list);
	shd_assert(eval.wake_ms > env.now.ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shd_arena *arena = shd_arena_create(64 << 20);
	struct shd_expr_mistakes report = {.report = ignore, .ctx = &size};
	struct shd_expr_scope scope = {.each = true, .kind = SHD_KIND_order};

	struct shd_expr *expr = shd_parse((const char *)data, size, arena, &report);
	shd_assert(expr || report.count);
	if (expr) {
		size_t len = size;

		print_and_parse(expr, arena, &report);
		size = len;
		if (shd_check(expr, &scope, arena, &report) && !expr->is_word_list)
			evaluate(expr);
	}
	shd_arena_destroy(arena);
	return 0;
}
