#include "base/text.h"
#include "base/time.h"
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const placeholders[] = {
#define PLACEHOLDER(name, doc) #name,
#include "placeholders.def"
#undef PLACEHOLDER
};

enum { TEXT_BYTES = 4000, LABELS_MAX = 32, HITS_MAX = 64 };

static bool is_scalar(struct shd_compiler *compiler, const struct shd_node *node, const char *key)
{
	if (node->type == SHD_NODE_SCALAR && node->len <= TEXT_BYTES)
		return true;
	if (node->type == SHD_NODE_SCALAR)
		shd_node_mistake(node, compiler->diags, NULL, "`%s` has more than %d bytes", key,
			TEXT_BYTES);
	else
		shd_node_mistake(node, compiler->diags, NULL, "`%s` must be a text", key);
	return false;
}

bool shd_placeholder_at(const char *text, enum shd_placeholder *ret_placeholder, size_t *ret_len)
{
	for (size_t i = 0; *text == '{' && i < SHD_COUNT(placeholders); i++) {
		size_t len = strlen(placeholders[i]);

		if (strncmp(text + 1, placeholders[i], len) != 0 || text[1 + len] != '}')
			continue;
		*ret_placeholder = (enum shd_placeholder)i;
		*ret_len = len + 2;
		return true;
	}
	return false;
}

/* Reports the word of len bytes at text[at], in braces, which is no placeholder. */
static void refuse_placeholder(
	struct shd_compiler *compiler, const struct shd_node *node, size_t at, size_t len)
{
	SHD_AUTO(shd_text_finish) struct shd_text list = {0};
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(len < 60 ? len : 60), node->text + at);
	const char *near = shd_nearest(name, placeholders, SHD_COUNT(placeholders));
	bool blanks = near && strcmp(near, name) == 0;
	shd_text_init(&list, 400);
	shd_text_puts(&list, "there are");
	for (size_t i = 0; i < SHD_COUNT(placeholders); i++)
		shd_text_printf(&list, " {%s}", placeholders[i]);
	shd_node_mistake_at(node, at, len, compiler->diags, blanks ? NULL : list.data,
		"%s {%s}%s%s%s", blanks ? "leave out the blanks:" : "a message has no", name,
		near && !blanks ? "; did you mean {" : "", near && !blanks ? near : "",
		near && !blanks ? "}?" : "");
}

/* Every word in braces must be a placeholder; numbers, and braces around other text, are left. */
static void check_message(struct shd_compiler *compiler, const struct shd_node *node)
{
	enum shd_placeholder placeholder;

	for (const char *at = strchr(node->text, '{'); at; at = strchr(at + 1, '{')) {
		const char *word = at + 1 + strspn(at + 1, " ");
		size_t len = strcspn(word, " {}\n"), known;
		bool digits = strspn(word, "0123456789.,%") == len;

		if (!digits && word[len + strspn(word + len, " ")] == '}' &&
			!shd_placeholder_at(at, &placeholder, &known))
			refuse_placeholder(compiler, node, (size_t)(word - node->text), len);
	}
}

static const char *copy_text(
	struct shd_compiler *compiler, const char *key, const struct shd_node *node)
{
	if (!is_scalar(compiler, node, key))
		return NULL;
	if (strcmp(key, "message") == 0)
		check_message(compiler, node);
	return shd_compiler_text(compiler, node->text);
}

/* A text, or one per language. */
static void read_texts(
	struct shd_compiler *compiler, const char *key, const char *ret[SHD_LANGUAGE_COUNT])
{
	static const char *const languages[] = {"en", "zh", "ru"};
	_Static_assert(SHD_COUNT(languages) == SHD_LANGUAGE_COUNT, "enum shd_language");
	const struct shd_node *node = shd_compiler_find(compiler, key);

	if (!node)
		return;
	if (node->type != SHD_NODE_MAP) {
		ret[SHD_EN] = copy_text(compiler, key, node);
		return;
	}
	shd_compiler_check_members(compiler, node, "language", languages, SHD_LANGUAGE_COUNT);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		const struct shd_node *text = shd_compiler_find_in(compiler, key, languages[i]);

		if (text)
			ret[i] = copy_text(compiler, key, text);
	}
}

static const char *read_text(struct shd_compiler *compiler, const char *key)
{
	const struct shd_node *node = shd_compiler_find(compiler, key);

	return node && is_scalar(compiler, node, key) ? shd_compiler_text(compiler, node->text)
						      : NULL;
}

static void read_bool(struct shd_compiler *compiler, const char *key, bool *ret)
{
	const struct shd_node *node = shd_compiler_find(compiler, key);

	if (!node)
		return;
	bool yes = node->type == SHD_NODE_SCALAR && strcmp(node->text, "true") == 0;
	bool no = node->type == SHD_NODE_SCALAR && strcmp(node->text, "false") == 0;
	if (yes || no)
		*ret = yes;
	else
		shd_node_mistake(node, compiler->diags, NULL, "`%s` must be true or false", key);
}

static void read_duration(struct shd_compiler *compiler, const char *key,
	const struct shd_node *node, int64_t *ret_ms)
{
	struct shd_error err;

	if (node->type != SHD_NODE_SCALAR ||
		!shd_duration_parse(node->text, node->len, ret_ms, &err))
		shd_node_mistake(node, compiler->diags,
			strcmp(key, "for") == 0 ? "10m, or 3 of 5" : "10m, 2h",
			"`%s` must be a duration", key);
}

/* "10m", or "3 of 5". */
static void read_for(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "for");
	struct shd_rule *rule = compiler->rule;

	if (!node)
		return;
	const char *of = node->type == SHD_NODE_SCALAR ? strstr(node->text, " of ") : NULL;
	if (!of) {
		read_duration(compiler, "for", node, &rule->for_ms);
		return;
	}
	char *hits_end, *of_end;
	long hits = strtol(node->text, &hits_end, 10), all = strtol(of + 4, &of_end, 10);
	if (hits_end != of || *of_end || hits < 1 || all < hits || all > HITS_MAX) {
		shd_node_mistake(node, compiler->diags, "for: 3 of 5",
			"`for` must be a duration, or so many of so many (at most %d)", HITS_MAX);
		return;
	}
	rule->for_hits = (int)hits;
	rule->for_of = (int)all;
}

static void read_runbook(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "runbook");

	compiler->rule->runbook = read_text(compiler, "runbook");
	if (compiler->rule->runbook && strncmp(node->text, "https://", 8) != 0 &&
		strncmp(node->text, "http://", 7) != 0)
		shd_node_mistake(
			node, compiler->diags, NULL, "`runbook` must be an http or https URL");
}

/* Adds the labels of `map` that are not there yet. */
static void add_labels(struct shd_compiler *compiler, const struct shd_node *map,
	const char **names, const char **values, size_t *count)
{
	if (!map)
		return;
	if (map->type != SHD_NODE_MAP || map->count > LABELS_MAX) {
		shd_node_mistake(map, compiler->diags, "labels: {team: ru}",
			"`labels` must be a map of at most %d texts", LABELS_MAX);
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		bool known = false;

		for (size_t j = 0; j < *count; j++)
			known |= strcmp(names[j], map->keys[i].text) == 0;
		if (known || !is_scalar(compiler, &map->items[i], map->keys[i].text))
			continue;
		names[*count] = shd_compiler_text(compiler, map->keys[i].text);
		values[*count] = shd_compiler_text(compiler, map->items[i].text);
		if (!names[*count] || !values[*count])
			return;
		++*count;
	}
}

static void read_labels(struct shd_compiler *compiler)
{
	struct shd_pairs *labels = &compiler->rule->labels;
	const char **names = shd_compiler_alloc(compiler, 2 * LABELS_MAX, sizeof(*names));
	const char **values = shd_compiler_alloc(compiler, 2 * LABELS_MAX, sizeof(*values));

	if (!names || !values)
		return;
	for (int i = 0; i < SHD_LAYER_COUNT; i++)
		add_labels(compiler, shd_node_get(compiler->layers[i], "labels"), names, values,
			&labels->count);
	labels->names = names;
	labels->values = values;
}

void shd_compile_attributes(struct shd_compiler *compiler)
{
	struct shd_rule *rule = compiler->rule;
	const struct shd_node *clear_for = shd_compiler_find(compiler, "clear_for");

	read_texts(compiler, "title", rule->title);
	read_texts(compiler, "message", rule->message);
	read_texts(compiler, "advice", rule->advice);
	if (!rule->title[SHD_EN])
		rule->title[SHD_EN] = rule->id;
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		if (!rule->title[i])
			rule->title[i] = rule->title[SHD_EN];
	rule->source = read_text(compiler, "source");
	read_runbook(compiler);
	read_bool(compiler, "enabled", &compiler->code->enabled);
	read_bool(compiler, "tell_resolved", &rule->tell_resolved);
	read_for(compiler);
	if (clear_for)
		read_duration(compiler, "clear_for", clear_for, &rule->clear_for_ms);
	read_labels(compiler);
	shd_compile_inhibited_by(compiler);
}
