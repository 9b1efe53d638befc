/* rule/eval/window_list.h - a window over entities that no index sorts: those in it are collected,
 * then shown in order. Pure. */
#pragma once
#include "env.h"

struct shd_window_list {
	int time;                          /* as in env.h */
	struct shd_wall from, to;
	const struct shd_entity **items;   /* borrowed each */
	size_t count, room;
};

/* Adds the entity if its time lies in the window. */
void shd_window_list_add(struct shd_window_list *list, const struct shd_entity *entity);

/* Visits what was added, the earliest first, and frees the list. */
void shd_window_list_show(struct shd_window_list *list, shd_window_fn *visit, void *ctx);
