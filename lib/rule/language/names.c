#include "check.h"

#include "base/text.h"
#include "word_lists.h"

#include <string.h>
#include <strings.h>

static const struct shd_store_name_row store_names[] = {
#define X(name, type, words, doc) [SHD_OF_STORE_##name] = {#name, SHD_##type, words, doc},
	SHD_STORE_NAME_MAP(X)
#undef X
};

static const struct shd_name_row names[] = {
#define NAME(name, scope, type, index, doc)                                                        \
	[SHD_NAME_##name] = {#name, SHD_SCOPE_##scope, SHD_##type, index, doc},
#include "names.def"
#undef NAME
};

static const enum shd_ref name_refs[] = {
	[SHD_NAME_id] = SHD_REF_ID, [SHD_NAME_age] = SHD_REF_AGE, [SHD_NAME_idle] = SHD_REF_IDLE,
	[SHD_NAME_due] = SHD_REF_DUE, [SHD_NAME_remaining] = SHD_REF_REMAINING,
	[SHD_NAME_value] = SHD_REF_VALUE, [SHD_NAME_now] = SHD_REF_NOW,
	[SHD_NAME_today] = SHD_REF_TODAY,
};

const struct shd_store_name_row *shd_store_name_row(enum shd_store_name name)
{
	return &store_names[name];
}

const struct shd_name_row *shd_name_row(enum shd_name name)
{
	return &names[name];
}

enum { CANDIDATES_MAX = 256 };

struct candidates {
	const char *names[CANDIDATES_MAX];
	size_t count;
};

static void add_candidate(struct candidates *candidates, const char *name)
{
	if (candidates->count < CANDIDATES_MAX)
		candidates->names[candidates->count++] = name;
}

static void add_fields(struct candidates *candidates, enum shd_kind kind)
{
	for (int i = 0; i < shd_kind_fields(kind); i++)
		add_candidate(
			candidates, shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->name);
}

static void add_plain(struct candidates *candidates, enum shd_name_scope scope)
{
	for (size_t i = 0; i < SHD_COUNT(names); i++)
		if (names[i].scope == scope)
			add_candidate(candidates, names[i].name);
}

static void resolve_to(
	struct shd_expr *expr, enum shd_ref ref, int index, enum shd_type type, const char *words)
{
	expr->ref = ref;
	expr->index = index;
	expr->allowed_words = words;
	shd_expr_set_type(expr, type);
}

/* A name of names.def that stands in this scope. */
static bool resolve_plain(struct shd_expr *expr, enum shd_name_scope scope, const char *name)
{
	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		if (names[i].scope != scope || strcmp(names[i].name, name) != 0)
			continue;
		resolve_to(expr, name_refs[i], names[i].index, names[i].type, "");
		return true;
	}
	return false;
}

static uint64_t order_id_of(enum shd_kind kind)
{
	enum shd_field field;

	return shd_field_find(kind, "order_id", strlen("order_id"), &field)
		       ? 1ULL << shd_field_index(field) : 0;
}

static bool resolve_field(struct shd_checker *checker, struct shd_expr *expr, enum shd_kind kind,
	const char *name, bool inner)
{
	enum shd_field field;

	if (!shd_field_find(kind, name, strlen(name), &field))
		return false;
	const struct shd_field_row *row = shd_field_row(field);
	resolve_to(expr, SHD_REF_FIELD, shd_field_index(field), row->type, row->words);
	expr->kind = kind;
	expr->inner = inner;
	checker->scope->reads_kinds |= 1U << kind;
	checker->scope->reads_fields[kind] |= 1ULL << expr->index;
	if (expr->index == SHD_I_url) /* what the address is made of */
		checker->scope->reads_fields[kind] |= SHD_READS_ID | order_id_of(kind);
	if (!inner && (expr->index == SHD_I_closed || expr->index == SHD_I_closed_at))
		checker->scope->mentions_closed = true;
	return true;
}

/* A field of an entity, its id, or a duration derived from a field. */
static bool resolve_in_entity(struct shd_checker *checker, struct shd_expr *expr,
	enum shd_kind kind, const char *name, bool inner)
{
	if (resolve_field(checker, expr, kind, name, inner))
		return true;
	if (!resolve_plain(expr, SHD_SCOPE_ENTITY, name))
		return false;
	expr->kind = kind;
	expr->inner = inner;
	checker->scope->reads_kinds |= 1U << kind;
	checker->scope->reads_fields[kind] |=
		expr->ref == SHD_REF_ID ? SHD_READS_ID : 1ULL << expr->index;
	return true;
}

static bool resolve_in_rule(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr_scope *scope = checker->scope;
	bool value = strcmp(expr->name, "value") == 0 && scope->value;
	bool due = strcmp(expr->name, "due") == 0 || strcmp(expr->name, "remaining") == 0;

	if ((value && scope->value->bad) || (due && scope->due && scope->due->bad)) {
		expr->bad = true; /* the mistake in `due` or `value` itself was reported */
		return true;
	}
	if (value) {
		resolve_to(expr, SHD_REF_VALUE, 0, scope->value->type, scope->value->allowed_words);
		memcpy(expr->currency, scope->value->currency, sizeof(expr->currency));
		return true;
	}
	if (strcmp(expr->name, "due") == 0 && scope->due) {
		resolve_to(expr, SHD_REF_DUE, 0, SHD_TIME, "");
		return true;
	}
	if (strcmp(expr->name, "remaining") == 0 && scope->due) {
		resolve_to(expr, SHD_REF_REMAINING, 0, SHD_DURATION, "");
		return true;
	}
	return false;
}

static bool resolve_in_store(struct shd_checker *checker, struct shd_expr *expr, const char *name)
{
	enum shd_field field;

	if (strncmp(name, "labels.", 7) == 0 && name[7]) {
		resolve_to(expr, SHD_REF_STORE_LABEL, 0, SHD_TEXT, "");
		expr->label = name + 7;
		return true;
	}
	for (int i = 0; i < SHD_OF_STORE_COUNT; i++) {
		if (strcmp(store_names[i].name, name) != 0)
			continue;
		resolve_to(
			expr, SHD_REF_STORE_SETTING, i, store_names[i].type, store_names[i].words);
		if (i != SHD_OF_STORE_opened_at && i != SHD_OF_STORE_age)
			return true;
		/* When the configuration does not say when the store opened, the marketplace may.
		 */
		checker->scope->reads_kinds |= 1U << SHD_KIND_store;
		checker->scope->reads_fields[SHD_KIND_store] |=
			1ULL << SHD_I_opened_at | 1ULL << SHD_I_unreadable;
		return true;
	}
	if (!shd_field_find(SHD_KIND_store, name, strlen(name), &field))
		return false;
	const struct shd_field_row *row = shd_field_row(field);
	resolve_to(expr, SHD_REF_STORE_FIELD, shd_field_index(field), row->type, row->words);
	checker->scope->reads_kinds |= 1U << SHD_KIND_store;
	checker->scope->reads_fields[SHD_KIND_store] |=
		1ULL << expr->index | 1ULL << SHD_I_unreadable;
	return true;
}

static bool resolve_metric(struct shd_checker *checker, struct shd_expr *expr)
{
	static const char suffix[] = "_target";
	size_t len = strlen(expr->name), tail = sizeof(suffix) - 1;
	enum shd_metric metric;
	enum shd_ref ref = SHD_REF_METRIC;

	if (!shd_metric_find(expr->name, len, &metric)) {
		if (len <= tail || strcmp(expr->name + len - tail, suffix) != 0 ||
			!shd_metric_find(expr->name, len - tail, &metric))
			return false;
		ref = SHD_REF_TARGET;
	}
	resolve_to(expr, ref, (int)metric, shd_metric_row(metric)->type, "");
	checker->scope->reads_metrics |= 1ULL << metric;
	return true;
}

/* "; did you mean 'x'?" for the end of a message, or "". */
static const char *suggest(
	const struct candidates *candidates, const char *name, char buf[static 128])
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	const char *near = shd_nearest(name, candidates->names, candidates->count);

	shd_text_init(&text, 127);
	if (near)
		shd_text_printf(&text, "; did you mean '%s'?", near);
	memcpy(buf, text.data, text.len + 1);
	return buf;
}

static void refuse_store_name(struct shd_checker *checker, struct shd_expr *expr, const char *name)
{
	struct candidates candidates = {.count = 0};
	char suggestion[128];

	add_fields(&candidates, SHD_KIND_store);
	for (int i = 0; i < SHD_OF_STORE_COUNT; i++)
		add_candidate(&candidates, store_names[i].name);
	shd_check_fail(checker, expr, NULL, "unknown name '%s' of the store%s", name,
		suggest(&candidates, name, suggestion));
}

static void refuse_poller(struct shd_checker *checker, struct shd_expr *expr, const char *name)
{
	struct candidates candidates = {.count = 0};
	char suggestion[128];

	for (int i = 0; i < SHD_POLLER_COUNT; i++)
		add_candidate(&candidates, shd_poller_name((enum shd_poller)i));
	shd_check_fail(checker, expr, NULL, "unknown poller '%s'%s", name,
		suggest(&candidates, name, suggestion));
}

static void resolve_word_list(struct shd_checker *checker, struct shd_expr *expr, const char *name)
{
	expr->word_list = shd_word_lists_find(checker->scope->word_lists, name);
	expr->ref = SHD_REF_WORD_LIST;
	expr->is_word_list = true;
	shd_expr_set_type(expr, SHD_TEXT);
	if (expr->word_list)
		return;
	const char *near = shd_word_lists_nearest(checker->scope->word_lists, name);
	shd_check_fail(checker, expr, "a list is a file in words.d", "unknown word list '%s'%s%s%s",
		name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* Reports `order.amount` in a rule that is not `each: order`. */
static void refuse_kind(struct shd_checker *checker, struct shd_expr *expr, enum shd_kind kind)
{
	shd_check_fail(checker, expr, "write an aggregate, as in count(order last 24h)",
		"there is no %s here: the rule is not `each: %s`", shd_kind_name(kind),
		shd_kind_name(kind));
}

static void check_dotted(struct shd_checker *checker, struct shd_expr *expr, const char *dot)
{
	const struct shd_expr_scope *scope = checker->scope;
	size_t head = (size_t)(dot - expr->name);
	struct candidates candidates = {.count = 0};
	char suggestion[128];
	enum shd_poller poller;
	enum shd_kind kind;

	if (strncmp(expr->name, "store.", 6) == 0) {
		if (!resolve_in_store(checker, expr, dot + 1))
			refuse_store_name(checker, expr, dot + 1);
	} else if (strncmp(expr->name, "words.", 6) == 0) {
		resolve_word_list(checker, expr, dot + 1);
	} else if (strncmp(expr->name, "poll.", 5) == 0) {
		if (!shd_poller_find(dot + 1, strlen(dot + 1), &poller))
			refuse_poller(checker, expr, dot + 1);
		else
			resolve_to(expr, SHD_REF_POLLER, (int)poller, SHD_DURATION, "");
	} else if (scope->stores && strncmp(expr->name, "labels.", 7) == 0) {
		resolve_in_store(checker, expr, expr->name);
	} else if (!shd_kind_find(expr->name, head, &kind)) {
		shd_check_fail(checker, expr, NULL, "unknown name '%s'", expr->name);
	} else if (!scope->each || kind != scope->kind) {
		refuse_kind(checker, expr, kind);
	} else if (!resolve_in_entity(checker, expr, kind, dot + 1, false)) {
		add_fields(&candidates, kind);
		shd_check_fail(checker, expr, NULL, "unknown field '%s' of %s%s", dot + 1,
			shd_kind_name(kind), suggest(&candidates, dot + 1, suggestion));
	}
}

static void add_all_names(const struct shd_checker *checker, struct candidates *candidates)
{
	const struct shd_expr_scope *scope = checker->scope;

	if (checker->inner || scope->each) {
		add_fields(candidates, checker->inner ? checker->inner_kind : scope->kind);
		add_plain(candidates, SHD_SCOPE_ENTITY);
	}
	if (scope->due) {
		add_candidate(candidates, "due");
		add_candidate(candidates, "remaining");
	}
	if (scope->value)
		add_candidate(candidates, "value");
	for (int i = 0; scope->stores && i < SHD_OF_STORE_COUNT; i++)
		add_candidate(candidates, store_names[i].name);
	if (scope->stores)
		add_fields(candidates, SHD_KIND_store);
	add_plain(candidates, SHD_SCOPE_ANY);
	for (int i = 0; i < SHD_METRIC_COUNT; i++)
		add_candidate(candidates, shd_metric_row((enum shd_metric)i)->name);
}

/* `age` and `id` do not count: whoever writes them means those of an entity. */
static bool is_store_name(const char *name)
{
	enum shd_field field;

	for (int i = 0; i < SHD_OF_STORE_COUNT; i++)
		if (i != SHD_OF_STORE_age && i != SHD_OF_STORE_id &&
			strcmp(store_names[i].name, name) == 0)
			return true;
	return shd_field_find(SHD_KIND_store, name, strlen(name), &field);
}

/* The hint for `due` or `value` where it cannot be used. */
static void hint_missing_key(
	const struct shd_expr_scope *scope, const char *key, bool has, struct shd_text *hint)
{
	if (!has)
		shd_text_printf(hint, "the rule has no `%s`", key);
	else if (scope->key && strcmp(scope->key, key) == 0)
		shd_text_printf(hint, "`%s` cannot use itself", key);
	else
		shd_text_printf(hint, "`%s` is not known yet when `%s` is looked at", key,
			scope->key ? scope->key : "this");
}

static void refuse_unknown(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr_scope *scope = checker->scope;
	struct candidates candidates = {.count = 0};
	char suggestion[128], hint[96];
	enum shd_field field;
	const char *name = expr->name;

	add_all_names(checker, &candidates);
	suggest(&candidates, name, suggestion);
	bool null = strcasecmp(name, "null") == 0 || strcmp(name, "nil") == 0;
	if (checker->text_expected || null)
		suggestion[0] = '\0';
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	shd_text_init(&text, sizeof(hint) - 1);
	if (checker->inner && scope->each &&
		shd_field_find(scope->kind, name, strlen(name), &field))
		shd_text_printf(&text, "that of the rule's own entity is %s.%s",
			shd_kind_name(scope->kind), name);
	else if (checker->text_expected)
		shd_text_printf(&text, "texts stand in quotes: \"%.40s\"", name);
	else if (is_store_name(name))
		shd_text_printf(&text, "that of the store is store.%.40s", name);
	else if (strcmp(name, "remaining") == 0 || strcmp(name, "due") == 0)
		hint_missing_key(scope, "due", scope->has_due, &text);
	else if (strcmp(name, "value") == 0)
		hint_missing_key(scope, "value", scope->has_value, &text);
	else if (null)
		shd_text_puts(&text, "what is absent is `none`: x is none");
	else if (strcmp(name, "age") == 0 || strcmp(name, "idle") == 0)
		shd_text_puts(&text, "the rule has no `each`; the store's own age is store.age");
	memcpy(hint, text.data, text.len + 1);
	if (checker->inner || scope->each)
		shd_check_fail(checker, expr, hint[0] ? hint : NULL, "unknown field '%s' of %s%s",
			name, shd_kind_name(checker->inner ? checker->inner_kind : scope->kind),
			suggestion);
	else
		shd_check_fail(checker, expr, hint[0] ? hint : NULL, "unknown name '%s'%s", name,
			suggestion);
}

/* Inner scopes hide outer ones: the rule's value and due, the entity of the window or of the
 * rule, the store (in `stores`), the metrics. */
void shd_check_name(struct shd_checker *checker, struct shd_expr *expr)
{
	const struct shd_expr_scope *scope = checker->scope;
	const char *dot = strchr(expr->name, '.');

	if (dot) {
		check_dotted(checker, expr, dot);
		return;
	}
	if (!checker->inner && resolve_in_rule(checker, expr))
		return;
	if (checker->inner &&
		resolve_in_entity(checker, expr, checker->inner_kind, expr->name, true))
		return;
	if (!checker->inner && scope->each &&
		resolve_in_entity(checker, expr, scope->kind, expr->name, false))
		return;
	if (checker->inner && resolve_in_rule(checker, expr))
		return;
	if (scope->stores && resolve_in_store(checker, expr, expr->name))
		return;
	if (!resolve_plain(expr, SHD_SCOPE_ANY, expr->name) && !resolve_metric(checker, expr))
		refuse_unknown(checker, expr);
}
