/* judge/overlay.h: windows by different times, while entities change between them. */
#include "support/check.h"

#include "judge/memory.h"
#include "judge/overlay.h"

enum { FIELDS = 64 };

struct world {
	struct shd_memory *memory;
	struct shd_overlay *overlay;
	struct shd_error err;
};

/* opened_ms, closed_ms -1: none. */
static void put(struct world *w, const char *id, int64_t opened_ms, int64_t closed_ms)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 16);
	struct shd_value fields[FIELDS];
	struct shd_entity order = {.kind = SHD_KIND_order, .id = id, .fields = fields};
	const struct shd_entity *before, *kept;

	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++)
		fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(SHD_KIND_order) + (enum shd_field)i)
					->type,
			.none = true};
	fields[SHD_I_opened_at] = (struct shd_value){SHD_TIME, opened_ms < 0, .n = opened_ms};
	fields[SHD_I_closed_at] = (struct shd_value){SHD_TIME, closed_ms < 0, .n = closed_ms};
	assert_true(shd_overlay_entity(
		w->overlay, "s", SHD_KIND_order, id, arena, &before, &w->err));
	assert_true(shd_overlay_entity_put(
		w->overlay, "s", before, &order, NULL, &kept, &w->err));
}

struct ids {
	char text[16];
	size_t count;
};

static bool add_id(void *ctx, const struct shd_entity *entity)
{
	struct ids *ids = ctx;

	assert_true(ids->count + 1 < sizeof(ids->text));
	ids->text[ids->count++] = entity->id[0];
	ids->text[ids->count] = '\0';
	return true;
}

/* Their ids, one letter each, in order. */
static const char *window(struct world *w, int time, int64_t from_ms, int64_t to_ms)
{
	static struct ids ids;
	const struct shd_stored *stored = shd_overlay_stored(w->overlay);

	ids = (struct ids){.count = 0};
	assert_true(stored->window(stored->ctx, "s", SHD_KIND_order, time, 0,
		(struct shd_wall){from_ms}, (struct shd_wall){to_ms}, add_id, &ids, &w->err));
	return ids.text;
}

static void store(struct world *w)
{
	assert_true(shd_memory_apply(w->memory, shd_overlay_changes(w->overlay), &w->err));
	shd_overlay_reset(w->overlay);
}

static void a_window_sees_what_changed_since_the_last_one(void **state)
{
	struct world w = {.memory = shd_memory_create()};

	(void)state;
	w.overlay = shd_overlay_create(shd_memory_stored(w.memory), 1 << 20);
	put(&w, "a", 10, 90);
	put(&w, "b", 20, 80);
	put(&w, "c", 30, -1);
	put(&w, "d", -1, 70);
	store(&w);
	assert_string_equal(window(&w, SHD_I_opened_at, 0, 100), "abc");
	assert_string_equal(window(&w, SHD_I_closed_at, 0, 100), "dba");
	put(&w, "a", 10, 75); /* no index of the orders has its time of closing */
	assert_string_equal(window(&w, SHD_I_closed_at, 0, 100), "dab");
	assert_string_equal(window(&w, SHD_I_closed_at, 75, 100), "b");
	put(&w, "a", 10, 99);
	assert_string_equal(window(&w, SHD_I_closed_at, 0, 100), "dba");
	assert_string_equal(window(&w, SHD_I_opened_at, 0, 100), "abc");
	put(&w, "a", 10, -1);
	assert_string_equal(window(&w, SHD_I_opened_at, 0, 100), "abc");
	assert_string_equal(window(&w, SHD_I_closed_at, 0, 100), "db");
	put(&w, "c", 30, 71);
	put(&w, "e", 5, 72);
	assert_string_equal(window(&w, SHD_I_closed_at, 70, 80), "ceb");
	assert_string_equal(window(&w, SHD_I_opened_at, 0, 100), "eabc");
	store(&w);
	assert_string_equal(window(&w, SHD_I_closed_at, 0, 100), "dceb");
	shd_overlay_destroy(w.overlay);
	shd_memory_destroy(w.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_sees_what_changed_since_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
