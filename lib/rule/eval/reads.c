#include "eval.h"

#include "catalog/page.h"
#include "catalog/unread.h"

#include <string.h>

static void set_text(struct shd_result *ret, const char *text)
{
	*ret = (struct shd_result){.v = {.type = SHD_TEXT, .none = !text}};
	if (text) {
		ret->v.text = text;
		ret->v.len = (uint32_t)strlen(text);
	}
}

/* now - instant, which has slope 1. */
static void set_elapsed(
	struct shd_eval *eval, const struct shd_value *instant, struct shd_result *ret)
{
	*ret = (struct shd_result){.v = {.type = SHD_DURATION, .none = instant->none}};
	if (instant->none)
		return;
	ret->v.n = shd_sub_saturated(eval->now_ms, instant->n);
	ret->slope = 1;
}

/* A word for a page is read as its address, which goes where lower() puts its texts. */
static void read_page(struct shd_eval *eval, const struct shd_entity *entity, struct shd_value *ret)
{
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};
	size_t room = SHD_SCRATCH_BYTES - eval->scratch_used;
	char *copy = eval->scratch + eval->scratch_used;

	*ret = (struct shd_value){.type = SHD_TEXT, .none = true, .text = ""};
	shd_text_init(&url, SHD_FIELD_BYTES);
	if (!shd_entity_page(eval->env->store, entity, &url) || !shd_text_ok(&url) ||
		url.len >= room)
		return;
	memcpy(copy, url.data, url.len + 1);
	eval->scratch_used += url.len + 1;
	*ret = (struct shd_value){.type = SHD_TEXT, .text = copy, .len = (uint32_t)url.len};
}

/* Marketplaces do not report that something is not closed: `closed` is false until it is set. */
static void read_field(struct shd_eval *eval, const struct shd_entity *entity, int index,
		       struct shd_result *ret)
{
	ret->v = entity->fields[index];
	if (index == SHD_I_url)
		read_page(eval, entity, &ret->v);
	if (index == SHD_I_closed && ret->v.none)
		ret->v = (struct shd_value){.type = SHD_BOOL, .n = false};
}

/* A field that cannot be read now counts as blind. */
static bool is_unread(const struct shd_entity *entity, const struct shd_expr *expr)
{
	return entity->fields && expr->ref != SHD_REF_ID &&
	       shd_unread_field(entity, expr->index);
}

static void read_entity(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_entity *entity = expr->inner ? eval->inner : eval->env->entity;
	bool blind = expr->inner ? eval->inner_blind : eval->entity_blind;

	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (!entity || blind) {
		shd_eval_set_none(eval, ret, shd_kind_name(expr->kind), blind);
		return;
	}
	/* A window uses the last known value: one bad field must not make the whole window blind.
	 */
	if (!expr->inner && is_unread(entity, expr)) {
		shd_eval_set_none(eval, ret, expr->name, true);
		return;
	}
	if (expr->ref == SHD_REF_ID)
		set_text(ret, entity->id);
	else if (expr->ref == SHD_REF_FIELD)
		read_field(eval, entity, expr->index, ret);
	else
		set_elapsed(eval, &entity->fields[expr->index], ret);
	if (ret->v.none)
		shd_eval_set_none(eval, ret, expr->name, false);
}

/* The store's last midnight; changes at the next one. */
static void read_today(struct shd_eval *eval, struct shd_result *ret)
{
	const struct shd_store *store = eval->env->store;
	const struct shd_zone *zone = store ? store->zone : NULL;
	int64_t day = shd_zone_day(zone, (struct shd_wall){eval->now_ms});

	*ret = (struct shd_result){.v = {.type = SHD_TIME, .n = shd_zone_midnight(zone, day).ms}};
	shd_eval_wake(eval, shd_zone_midnight(zone, day + 1).ms);
}

static void read_due(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	shd_eval(eval, eval->due, ret);
	if (ret->v.none || expr->ref == SHD_REF_DUE)
		return;
	ret->v = (struct shd_value){.type = SHD_DURATION,
		.n = ret->v.n == SHD_NEVER_MS ? SHD_NEVER_MS
					      : shd_sub_saturated(ret->v.n, eval->now_ms)};
	ret->slope -= 1;
}

/* Cached, because several levels read the value, which may be a costly aggregate. */
static void read_value(struct shd_eval *eval, struct shd_result *ret)
{
	bool present = eval->now_ms == eval->env->now.ms && !eval->shift_ms && !eval->no_wakes;

	if (!present) {
		shd_eval(eval, eval->value, ret);
		return;
	}
	if (!eval->value_known) {
		eval->hit = eval->of = 0;
		shd_eval(eval, eval->value, &eval->value_cache);
		eval->value_hit = eval->hit;
		eval->value_of = eval->of;
		eval->value_known = true;
	}
	*ret = eval->value_cache;
	eval->hit = eval->value_hit;
	eval->of = eval->value_of;
}

static bool store_is_blind(const struct shd_eval *eval)
{
	return eval->env->blind_kind && eval->env->blind_kind(eval->env->ctx, SHD_KIND_store);
}

static void read_store_field(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_entity *entity = eval->env->store_entity;

	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (store_is_blind(eval) || (entity && is_unread(entity, expr))) {
		shd_eval_set_none(eval, ret, expr->name, true);
		return;
	}
	if (entity && entity->fields)
		read_field(eval, entity, expr->index, ret);
	if (!entity || !entity->fields || ret->v.none)
		shd_eval_set_none(eval, ret, expr->name, false);
}

/* When the seller opened the store: as configured, otherwise as the marketplace says. */
static struct shd_value store_opened_at(const struct shd_eval *eval)
{
	const struct shd_store *store = eval->env->store;
	const struct shd_entity *entity = eval->env->store_entity;
	struct shd_value opened = {.type = SHD_TIME, .none = true};

	if (store && store->opened.ms)
		opened = (struct shd_value){.type = SHD_TIME, .n = store->opened.ms};
	else if (store && entity && entity->fields)
		opened = entity->fields[SHD_I_opened_at];
	return opened;
}

static void read_store_setting(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	static const char pseudo[] = "daemon";
	const struct shd_store *store = eval->env->store;
	struct shd_value opened;

	switch ((enum shd_store_name)expr->index) {
	case SHD_OF_STORE_id:
		set_text(ret, store ? store->id : pseudo);
		break;
	case SHD_OF_STORE_marketplace:
		set_text(ret, store ? store->marketplace : pseudo);
		break;
	case SHD_OF_STORE_kind:
		set_text(ret, !store                           ? NULL
			       : store->kind == SHD_STORE_LOCAL ? "local"
								: "crossborder");
		break;
	case SHD_OF_STORE_region:
		set_text(ret, store ? store->region : NULL);
		break;
	case SHD_OF_STORE_timezone:
		set_text(ret, store ? store->timezone : NULL);
		break;
	case SHD_OF_STORE_currency:
		set_text(ret, store ? store->currency : NULL);
		break;
	case SHD_OF_STORE_opened_at:
		*ret = (struct shd_result){.v = store_opened_at(eval)};
		break;
	case SHD_OF_STORE_age:
		opened = store_opened_at(eval);
		set_elapsed(eval, &opened, ret);
		break;
	case SHD_OF_STORE_COUNT:
		break;
	}
	if (ret->v.none)
		shd_eval_set_none(eval, ret, expr->name, false);
}

static void read_label(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_store *store = eval->env->store;

	set_text(ret, NULL);
	for (size_t i = 0; store && i < store->labels.count; i++)
		if (strcmp(store->labels.names[i], expr->label) == 0)
			set_text(ret, store->labels.values[i]);
	if (ret->v.none)
		shd_eval_set_none(eval, ret, expr->name, false);
}

struct past_metric {
	struct shd_eval *eval;
	struct shd_value *value;
};

static bool visit_past(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	struct past_metric *past = ctx;

	if (at.ms > past->eval->now_ms) {
		shd_eval_wake(past->eval, at.ms);
		return false;
	}
	*past->value = *value;
	return true;
}

static void read_metric(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_rule_env *env = eval->env;
	enum shd_metric metric = (enum shd_metric)expr->index;
	bool target = expr->ref == SHD_REF_TARGET;

	*ret = (struct shd_result){.v = {.type = expr->type, .none = true}};
	bool unread = env->store_entity && env->store_entity->fields &&
		      shd_unread_names(env->store_entity, shd_metric_row(metric)->name,
			      strlen(shd_metric_row(metric)->name));

	if (unread || (env->blind_metric && env->blind_metric(env->ctx, metric))) {
		shd_eval_set_none(eval, ret, expr->name, true);
		return;
	}
	if (eval->shift_ms && !target) {
		struct past_metric past = {eval, &ret->v};
		struct shd_wall at = {eval->now_ms};

		if (env->samples)
			env->samples(env->ctx, metric, at, (struct shd_wall){SHD_NEVER_MS},
				visit_past, &past);
	} else if (env->metric) {
		env->metric(env->ctx, metric, target, &ret->v);
	}
	if (ret->v.none)
		shd_eval_set_none(eval, ret, expr->name, false);
}

void shd_eval_name(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	switch (expr->ref) {
	case SHD_REF_FIELD:
	case SHD_REF_ID:
	case SHD_REF_AGE:
	case SHD_REF_IDLE:
		read_entity(eval, expr, ret);
		return;
	case SHD_REF_NOW:
		*ret = (struct shd_result){.v = {.type = SHD_TIME, .n = eval->now_ms}, .slope = 1};
		return;
	case SHD_REF_TODAY:
		read_today(eval, ret);
		return;
	case SHD_REF_DUE:
	case SHD_REF_REMAINING:
		read_due(eval, expr, ret);
		return;
	case SHD_REF_VALUE:
		read_value(eval, ret);
		return;
	case SHD_REF_STORE_FIELD:
		read_store_field(eval, expr, ret);
		return;
	case SHD_REF_STORE_SETTING:
		read_store_setting(eval, expr, ret);
		return;
	case SHD_REF_STORE_LABEL:
		read_label(eval, expr, ret);
		return;
	case SHD_REF_METRIC:
	case SHD_REF_TARGET:
		read_metric(eval, expr, ret);
		return;
	case SHD_REF_NONE:
	case SHD_REF_WORD_LIST:
	case SHD_REF_POLLER:
		break;
	}
	shd_bug("a name that is no value", __FILE__, __LINE__);
}
