/* GET /api/v1/eval/STORE?expr=...&entity=KIND:ID: what an expression is now. */
#include "json.h"
#include "store_reader.h"
#include "rule/eval/eval.h"

#include <string.h>

enum { TREE_BYTES = 1 << 20 };

bool shd_api_eval_begin(struct shd_api_call *call, const struct shd_config *config,
			struct shd_error *reterr)
{
	call->expr = shd_api_argument_copy(call, "expr");
	call->entity = shd_api_argument_copy(call, "entity");
	if (!call->expr)
		return shd_fail(reterr, SHD_ERR_REQUEST, "?expr= is missing");
	return shd_api_filter_begin(call, config, reterr);
}

static void add_mistake(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	json_t *row = json_object();

	shd_api_put_int(row, "at", (int64_t)at);
	shd_api_put_int(row, "width", (int64_t)width);
	shd_api_put_text(row, "text", text);
	shd_api_put_text(row, "hint", hint);
	json_array_append_new(ctx, row);
}

bool shd_api_refuse_kind(const char *entity, size_t len, struct shd_error *reterr)
{
	const char *names[SHD_KIND_COUNT];
	char *kind shd_autofree = shd_xstrndup(entity, len);

	for (int i = 0; i < SHD_KIND_COUNT; i++)
		names[i] = shd_kind_name((enum shd_kind)i);
	return shd_api_fail_unknown(reterr, SHD_ERR_REQUEST, "kind", kind, names, SHD_KIND_COUNT);
}

/* Reads the entity that ?entity= names ("order:17-1"); NULL without that argument. */
static bool find_entity(struct shd_api_call *call, struct shd_store_reader *reader,
	struct shd_expr_scope *scope, struct shd_entity **ret_entity, struct shd_error *reterr)
{
	const char *colon = call->entity ? strchr(call->entity, ':') : NULL;
	size_t len = colon ? (size_t)(colon - call->entity) : 0;

	*ret_entity = NULL;
	if (!call->entity)
		return true;
	if (!colon)
		return shd_fail(reterr, SHD_ERR_REQUEST,
			"entity is \"%s\", expected KIND:ID such as order:17-1", call->entity);
	if (!shd_kind_find(call->entity, len, &scope->kind))
		return shd_api_refuse_kind(call->entity, len, reterr);
	scope->each = true;
	if (!shd_state_entity_get(reader->state, reader->store, scope->kind, colon + 1,
		    reader->arena, ret_entity, reterr))
		return false;
	return *ret_entity || shd_fail(reterr, SHD_ERR_MISSING, "store \"%s\" has no %s \"%s\"",
				      reader->store, shd_kind_name(scope->kind), colon + 1);
}

static void put_result(struct shd_api_call *call, const struct shd_expr *expr,
		       const struct shd_result *result, const struct shd_eval *eval)
{
	char type[SHD_TYPE_TEXT];

	shd_api_put_text(call->answer, "type", shd_expr_type(expr, type));
	shd_api_put_value(call->answer, "value", &result->v);
	shd_api_put_text(call->answer, "missing", result->v.none ? eval->missing : NULL);
	shd_api_put_bool(call->answer, "blind", result->v.none && result->blind);
	shd_api_put_sample(call->answer, eval->hit, eval->of);
	shd_api_put_time(call->answer, "next_change", (struct shd_wall){eval->wake_ms});
}

static void evaluate(struct shd_api_call *call, struct shd_store_reader *reader,
		     const struct shd_entity *entity, const struct shd_expr *expr)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	struct shd_rule_env env;
	struct shd_eval eval;
	struct shd_result result;

	shd_text_init(&text, 1 << 16);
	shd_expr_print(expr, &text);
	shd_api_put_text(call->answer, "expr", text.data);
	shd_store_reader_env(reader, entity, &env);
	shd_eval_init(&eval, &env, NULL, NULL);
	shd_eval(&eval, expr, &result);
	put_result(call, expr, &result, &eval);
}

bool shd_api_eval_read(struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr)
{
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(TREE_BYTES);
	json_t *mistakes = json_array();
	struct shd_expr_mistakes report = {.report = add_mistake, .ctx = mistakes};
	struct shd_expr_scope scope = {.word_lists = call->config->word_lists,
		.calendars = &call->config->settings->calendars};
	struct shd_entity *entity;
	struct shd_store_reader reader;

	json_object_set_new(call->answer, "mistakes", mistakes);
	shd_api_put_text(call->answer, "store", call->argument);
	shd_api_put_text(call->answer, "written", call->expr);
	if (!shd_store_reader_open(&reader, call, call->argument, state, reterr) ||
	    !find_entity(call, &reader, &scope, &entity, reterr))
		return false;
	struct shd_expr *expr = shd_parse(call->expr, strlen(call->expr), arena, &report);
	if (!expr || !shd_check(expr, &scope, arena, &report))
		return true; /* the mistakes are the answer */
	if (expr->is_list || expr->is_word_list) {
		add_mistake(mistakes, expr->at, expr->width, NULL, "a list is not a single value");
		return true;
	}
	evaluate(call, &reader, entity, expr);
	return shd_store_reader_ok(&reader, reterr);
}
