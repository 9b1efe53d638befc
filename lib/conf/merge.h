/* conf/merge.h - several files as one map. Pure. */
#pragma once
#include "node.h"

/* One node for both: maps merged by key, lists appended. Anything else given twice
 * is reported at `b`, and `a` is kept. Lives in the arena; borrows what a and b
 * hold. */
struct shd_node shd_node_merge(const struct shd_node *a, const struct shd_node *b, const char *name,
			       struct shd_arena *arena, struct shd_diags *diags);
