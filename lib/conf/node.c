#include "node.h"

#include "base/hash.h"
#include "yaml.h"
#include "yaml_words.h"

#include <stdio.h>
#include <string.h>

const struct shd_node *shd_node_get(const struct shd_node *map, const char *key)
{
	if (!map || map->type != SHD_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i].text, key) == 0)
			return &map->items[i];
	}
	return NULL;
}

/* Nesting ends where the reader of YAML ends it. */
bool shd_node_same(const struct shd_node *a, const struct shd_node *b)
{
	if (a->type != b->type || a->len != b->len || a->count != b->count)
		return false;
	if (a->type == SHD_NODE_SCALAR)
		return memcmp(a->text, b->text, a->len) == 0;
	for (size_t i = 0; i < a->count; i++)
		if ((a->keys && !shd_node_same(&a->keys[i], &b->keys[i])) ||
		    !shd_node_same(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static uint64_t hash_on(const struct shd_node *node, uint64_t seed)
{
	uint64_t hash = shd_hash_after(seed + (uint64_t)node->type, node->text, node->len);

	for (size_t i = 0; i < node->count; i++) {
		if (node->keys)
			hash = hash_on(&node->keys[i], hash);
		hash = hash_on(&node->items[i], hash);
	}
	return hash;
}

uint64_t shd_node_hash(const struct shd_node *node)
{
	return hash_on(node, 0);
}

static enum shd_input_style style_of(const struct shd_node *node, const char *input)
{
	if (!node->quoted)
		return SHD_INPUT_PLAIN;
	char before = node->at > 0 ? input[node->at - 1] : '\0';
	return before == '\'' ? SHD_INPUT_SINGLE : before == '"' ? SHD_INPUT_DOUBLE
								   : SHD_INPUT_BLOCK;
}

SHD_PRINTF(7, 0)
static void report(const struct shd_node *node, size_t at, size_t end, enum shd_severity severity,
		   struct shd_diags *diags, const char *hint, const char *fmt, va_list args)
	SHD_PRINTF(7, 0);
static void report(const struct shd_node *node, size_t at, size_t end, enum shd_severity severity,
		   struct shd_diags *diags, const char *hint, const char *fmt, va_list args)
{
	char text[512];

	if (node->bad)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	shd_input_report(shd_doc_input(node->doc), at, end, severity, hint, text, diags);
}

/* Quotes belong to what is underlined when all of a text is meant. */
SHD_PRINTF(5, 0)
static void report_whole(const struct shd_node *node, enum shd_severity severity,
			 struct shd_diags *diags, const char *hint, const char *fmt, va_list args)
{
	const struct shd_input *input = shd_doc_input(node->doc);
	bool in_quotes = node->quoted && style_of(node, input->text) != SHD_INPUT_BLOCK;
	size_t at = in_quotes ? node->at - 1 : node->at, end = at;

	for (int i = 0; i < node->width && end < input->len; i++)
		shd_utf8_next(input->text, input->len, &end);
	report(node, at, end, severity, diags, hint, fmt, args);
}

void shd_node_mistake(const struct shd_node *node, struct shd_diags *diags, const char *hint,
		      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_whole(node, SHD_MISTAKE, diags, hint, fmt, args);
	va_end(args);
}

void shd_node_warn(const struct shd_node *node, struct shd_diags *diags, const char *hint,
		   const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_whole(node, SHD_WARNING, diags, hint, fmt, args);
	va_end(args);
}

/* What is wrong with a part of its text; of one that is no scalar, with the whole. */
SHD_PRINTF(7, 0)
static void report_part(const struct shd_node *node, size_t offset, size_t width,
			enum shd_severity severity, struct shd_diags *diags, const char *hint,
			const char *fmt, va_list args)
{
	const struct shd_input *input = shd_doc_input(node->doc);

	if (node->type != SHD_NODE_SCALAR) {
		report_whole(node, severity, diags, hint, fmt, args);
		return;
	}
	enum shd_input_style style = style_of(node, input->text);
	size_t from = offset < node->len ? offset : node->len;
	size_t to = width < node->len - from ? from + width : node->len;

	report(node,
		shd_input_of_content(input, node->at, style, node->text, node->len, from),
		shd_input_of_content(input, node->at, style, node->text, node->len, to),
		severity, diags, hint, fmt, args);
}

void shd_node_mistake_at(const struct shd_node *node, size_t offset, size_t width,
			 struct shd_diags *diags, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_part(node, offset, width, SHD_MISTAKE, diags, hint, fmt, args);
	va_end(args);
}

void shd_node_warn_at(const struct shd_node *node, size_t offset, size_t width,
		      struct shd_diags *diags, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_part(node, offset, width, SHD_WARNING, diags, hint, fmt, args);
	va_end(args);
}

bool shd_node_refuse_colon(const struct shd_node *node, struct shd_diags *diags)
{
	size_t at, width;
	const char *what = node->type == SHD_NODE_SCALAR && !node->quoted
				   ? shd_yaml_colon(node->text, node->len, &at, &width)
				   : NULL;

	if (what)
		shd_node_mistake_at(
			node, at, width, diags, "write a colon and a space", "%s", what);
	return what;
}
