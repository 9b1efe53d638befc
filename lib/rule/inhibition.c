/* `inhibited_by`: the rules whose firing alert suppresses the notifications of another rule. */
#include "base/text.h"
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 };

static const char usage[] = "inhibited_by: credentials-refused, or [a-rule, another-rule]";

void shd_compile_inhibited_by(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
	bool list = node && node->type == SHD_NODE_LIST;
	size_t count = list ? node->count : node != NULL;

	if (!node)
		return;
	if (node->type == SHD_NODE_MAP || count > NAMES_MAX) {
		shd_node_mistake(node, compiler->diags, usage,
			"`inhibited_by` must be the name of a rule, or a list of at most %d",
			NAMES_MAX);
		return;
	}
	const char **names = shd_compiler_alloc(compiler, count, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		const struct shd_node *name = list ? &node->items[i] : node;

		if (name->type != SHD_NODE_SCALAR) {
			shd_node_mistake(name, compiler->diags, usage,
				"a rule in `inhibited_by` must be a name");
			return;
		}
		names[i] = shd_compiler_text(compiler, name->text);
		if (!names[i])
			return;
	}
	compiler->rule->inhibited_by = names;
	compiler->rule->inhibited_by_count = names ? count : 0;
}

/* --- cycles -------------------------------------------------------------------------------- */

/* A rule in the graph of who inhibits whom. Rules form a cycle when they are in one strongly
 * connected component, found by Tarjan's algorithm, which is not recursive here. */
struct vertex {
	size_t number;    /* in the order of the visits, from 1; 0: not visited yet */
	size_t low_link;  /* least number on the stack that is known to be reachable */
	size_t next;      /* the edge to follow next */
	size_t parent;    /* the vertex from which it was visited */
	size_t component; /* equal for the vertices of one component */
	bool on_stack;
};

struct id_entry {
	const char *id;
	size_t at; /* index of the rule and its vertex */
};

struct graph {
	const struct shd_rules *rules;
	struct id_entry *by_id;  /* sorted */
	size_t id_count;
	struct vertex *vertices; /* one for each rule */
	size_t *stack;
	size_t stack_count, number;
};

enum { NO_VERTEX = -1 };

static int compare_ids(const void *a, const void *b)
{
	const struct id_entry *one = a, *other = b;

	return strcmp(one->id, other->id);
}

static size_t find(const struct graph *graph, const char *id)
{
	const struct id_entry wanted = {.id = id};
	const struct id_entry *found = bsearch(
		&wanted, graph->by_id, graph->id_count, sizeof(wanted), compare_ids);

	return found ? found->at : (size_t)NO_VERTEX;
}

static void visit(struct graph *graph, size_t at, size_t parent)
{
	struct vertex *vertex = &graph->vertices[at];

	vertex->number = vertex->low_link = ++graph->number;
	vertex->parent = parent;
	vertex->on_stack = true;
	graph->stack[graph->stack_count++] = at;
}

/* All vertices that can be reached from this one were visited: completes its component if it is
 * the root of one. */
static void finish(struct graph *graph, size_t at)
{
	const struct vertex *vertex = &graph->vertices[at];
	size_t last;

	if (vertex->low_link == vertex->number)
		do {
			last = graph->stack[--graph->stack_count];
			graph->vertices[last].on_stack = false;
			graph->vertices[last].component = vertex->number;
		} while (last != at);
	else if (graph->vertices[vertex->parent].low_link > vertex->low_link)
		graph->vertices[vertex->parent].low_link = vertex->low_link;
}

/* Finds the components of all that can be reached from a vertex. */
static void find_components(struct graph *graph, size_t from)
{
	size_t at = from;

	for (visit(graph, from, (size_t)NO_VERTEX); at != (size_t)NO_VERTEX;) {
		const struct shd_rule *rule = graph->rules->items[at];
		struct vertex *vertex = &graph->vertices[at];

		if (vertex->next == rule->inhibited_by_count) {
			finish(graph, at);
			at = vertex->parent;
			continue;
		}
		size_t next = find(graph, rule->inhibited_by[vertex->next++]);
		if (next == (size_t)NO_VERTEX)
			continue;
		if (!graph->vertices[next].number) {
			visit(graph, next, at);
			at = next;
		} else if (graph->vertices[next].on_stack &&
			   graph->vertices[next].number < vertex->low_link) {
			vertex->low_link = graph->vertices[next].number;
		}
	}
}

/* A rule with mistakes is NULL in the set. */
static void graph_init(struct graph *graph, const struct shd_rules *rules)
{
	*graph = (struct graph){.rules = rules};
	graph->by_id = shd_xcalloc(rules->count + 1, sizeof(*graph->by_id));
	graph->vertices = shd_xcalloc(rules->count + 1, sizeof(*graph->vertices));
	graph->stack = shd_xcalloc(rules->count + 1, sizeof(*graph->stack));
	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i])
			graph->by_id[graph->id_count++] =
				(struct id_entry){rules->items[i]->id, i};
	qsort(graph->by_id, graph->id_count, sizeof(*graph->by_id), compare_ids);
	for (size_t i = 0; i < graph->id_count; i++)
		if (!graph->vertices[graph->by_id[i].at].number)
			find_components(graph, graph->by_id[i].at);
}

static void graph_finish(struct graph *graph)
{
	free(graph->by_id);
	free(graph->vertices);
	free(graph->stack);
}

/* --- mistakes ------------------------------------------------------------------------------ */

/* Only a warning: a file of rules may be tested without the files that define the others. */
static void warn_unknown_rule(struct shd_compiler *compiler, const struct shd_rules *rules,
			   const struct shd_node *node, const char *name)
{
	const char **ids shd_autofree = shd_xcalloc(rules->count + 1, sizeof(*ids));
	char hint[100];

	for (size_t i = 0; i < rules->count; i++)
		ids[i] = rules->items[i] ? rules->items[i]->id : "";
	const char *near = shd_nearest(name, ids, rules->count);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", near ? near : "");
	shd_node_warn(node, compiler->diags, near ? hint : NULL,
		"there is no rule '%s': it holds back nothing", name);
}

static void check_one(struct shd_compiler *compiler, const struct graph *graph, size_t at,
		      const struct shd_node *node, const char *name)
{
	const struct shd_rule *rule = graph->rules->items[at], *other;
	size_t found = find(graph, name);

	if (found == (size_t)NO_VERTEX) {
		warn_unknown_rule(compiler, graph->rules, node, name);
		return;
	}
	other = graph->rules->items[found];
	if (graph->vertices[found].component == graph->vertices[at].component)
		shd_node_mistake(node, compiler->diags, "one of a circle has to be told",
			"rule '%s' would hold back itself%s%s%s", rule->id,
			other == rule ? "" : ", by '", other == rule ? "" : name,
			other == rule ? "" : "'");
	else if (other->each && (!rule->each || rule->kind != other->kind))
		shd_node_mistake(node, compiler->diags,
			"a rule of the whole store, or one with the same `each`",
			"rule '%s' is judged for each %s: which one holds this back is not said",
			name, shd_kind_name(other->kind));
}

void shd_compile_check_inhibition(struct shd_compiler *compiler, const struct shd_rules *rules,
				  const struct shd_node *store_overrides)
{
	struct graph graph;

	graph_init(&graph, rules);
	for (size_t i = 0; i < rules->count; i++) {
		const struct shd_rule *rule = rules->items[i];

		if (!rule || !rule->inhibited_by_count)
			continue;
		compiler->layers[SHD_LAYER_STORE] = shd_node_get(store_overrides, rule->id);
		compiler->layers[SHD_LAYER_STORES] = shd_node_get(compiler->overrides, rule->id);
		compiler->layers[SHD_LAYER_RULE] = compiler->rules->origins[i].map;
		const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
		for (size_t k = 0; k < rule->inhibited_by_count; k++)
			check_one(compiler, &graph, i,
				node->type == SHD_NODE_LIST ? &node->items[k] : node,
				rule->inhibited_by[k]);
	}
	graph_finish(&graph);
	compiler->layers[SHD_LAYER_STORE] = NULL;
}
