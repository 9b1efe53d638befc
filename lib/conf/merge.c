#include "merge.h"

#include <string.h>

static struct shd_node *take_nodes(struct shd_arena *arena, size_t count)
{
	struct shd_node *nodes = shd_arena_alloc(arena, count, sizeof(*nodes));

	shd_assert(nodes);
	return nodes;
}

static void copy_nodes(struct shd_node *to, const struct shd_node *from, size_t count)
{
	if (count)
		memcpy(to, from, count * sizeof(*to));
}

static struct shd_node append_lists(const struct shd_node *a, const struct shd_node *b,
				    struct shd_arena *arena)
{
	struct shd_node list = a->count ? *a : *b;
	struct shd_node *items = take_nodes(arena, a->count + b->count);

	copy_nodes(items, a->items, a->count);
	copy_nodes(items + a->count, b->items, b->count);
	list.items = items;
	list.count = a->count + b->count;
	return list;
}

static size_t find_key(const struct shd_node *keys, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(keys[i].text, name) != 0)
		i++;
	return i;
}

static struct shd_node merge_maps(const struct shd_node *a, const struct shd_node *b,
				  struct shd_arena *arena, struct shd_diags *diags)
{
	struct shd_node map = *a;
	struct shd_node *keys = take_nodes(arena, a->count + b->count);
	struct shd_node *items = take_nodes(arena, a->count + b->count);

	copy_nodes(keys, a->keys, a->count);
	copy_nodes(items, a->items, a->count);
	for (size_t i = 0; i < b->count; i++) {
		size_t at = find_key(keys, map.count, b->keys[i].text);

		if (at < map.count) {
			items[at] = shd_node_merge(
				&items[at], &b->items[i], b->keys[i].text, arena, diags);
			continue;
		}
		keys[map.count] = b->keys[i];
		items[map.count++] = b->items[i];
	}
	map.keys = keys;
	map.items = items;
	return map;
}

struct shd_node shd_node_merge(const struct shd_node *a, const struct shd_node *b, const char *name,
			       struct shd_arena *arena, struct shd_diags *diags)
{
	if (a->type == SHD_NODE_MAP && b->type == SHD_NODE_MAP)
		return merge_maps(a, b, arena, diags);
	if (a->type == SHD_NODE_LIST && b->type == SHD_NODE_LIST)
		return append_lists(a, b, arena);
	/* Two keys of one file are a duplicate, which the reader has reported. */
	if (a->doc != b->doc)
		shd_node_mistake(b, diags, NULL, "`%s` is given twice, first in %s:%d", name,
			shd_doc_file(a->doc), a->line);
	return *a;
}
