#include "window_list.h"

#include <stdlib.h>

struct dated {
	int64_t ms;
	const struct shd_entity *entity;
};

void shd_window_list_add(struct shd_window_list *list, const struct shd_entity *entity)
{
	const struct shd_value *time = &entity->fields[list->time];

	if (time->none || time->n <= list->from.ms || time->n > list->to.ms)
		return;
	shd_grow(list->items, list->count, list->room);
	list->items[list->count++] = entity;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct dated *)a)->ms, y = ((const struct dated *)b)->ms;

	return (x > y) - (x < y);
}

void shd_window_list_show(struct shd_window_list *list, shd_window_fn *visit, void *ctx)
{
	struct dated *dated shd_autofree = shd_xcalloc(list->count + 1, sizeof(*dated));
	size_t count = list->count;

	for (size_t i = 0; i < count; i++)
		dated[i] = (struct dated){list->items[i]->fields[list->time].n, list->items[i]};
	free(list->items);
	list->items = NULL;
	list->count = list->room = 0;
	qsort(dated, count, sizeof(*dated), by_time);
	for (size_t i = 0; i < count; i++)
		if (!visit(ctx, dated[i].entity))
			return;
}
