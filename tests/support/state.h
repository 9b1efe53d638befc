/* tests/support/state.h - a state file in a folder of its own, for the tests of daemon/state. */
#pragma once
#include "check.h"

#include "base/num.h"
#include "state/sqlite/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char dir[32], path[64];
	struct shd_state *state;
	struct shd_arena *arena;
	struct shd_error err;
};

static inline int state_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/shd-state-XXXXXX");
	if (!f || !mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/state.db", f->dir);
	f->arena = shd_arena_create(16 << 20);
	*state = f;
	return shd_state_open(f->path, &f->state, &f->err) ? 0 : -1;
}

static inline int state_tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	char path[80];

	shd_state_close(f->state);
	for (size_t i = 0; i < SHD_COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		unlink(path);
	}
	rmdir(f->dir);
	shd_arena_destroy(f->arena);
	free(f);
	return 0;
}

static inline void state_reopen(struct fixture *f)
{
	shd_state_close(shd_steal(f->state));
	assert_true(shd_state_open(f->path, &f->state, &f->err));
}

static inline void make_entity(
	struct shd_entity *entity, struct shd_value *fields, enum shd_kind kind, const char *id)
{
	*entity = (struct shd_entity){.kind = kind, .id = id, .fields = fields};
	for (int i = 0; i < shd_kind_fields(kind); i++)
		fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type,
			.none = true};
}

static inline void put_order(struct fixture *f, const char *store, const char *id, int64_t opened,
		      bool closed, const char *sku, const char *feed)
{
	struct shd_value fields[64];
	struct shd_entity entity;

	make_entity(&entity, fields, SHD_KIND_order, id);
	fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = opened};
	fields[SHD_I_closed] = (struct shd_value){.type = SHD_BOOL, .n = closed};
	fields[SHD_I_closed_at] =
		(struct shd_value){.type = SHD_TIME, .n = opened, .none = !closed};
	int status = shd_field_index(SHD_F_order_status), at = shd_field_index(SHD_F_order_sku);
	fields[status] =
		(struct shd_value){.type = SHD_TEXT, .text = "awaiting_shipment", .len = 17};
	fields[at] =
		(struct shd_value){.type = SHD_TEXT, .text = sku, .len = (uint32_t)strlen(sku)};
	fields[shd_field_index(SHD_F_order_units)] =
		(struct shd_value){.type = SHD_NUMBER, .n = 2 * SHD_MICRO};
	if (!shd_state_entity_put(f->state, store, &entity, feed, &f->err))
		fail_msg("%s", f->err.msg);
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, state_set_up, state_tear_down)
