/* daemon/poll/heap.h: on a clock of our own. */
#include "support/check.h"

#include "base/mem.h"
#include "poll/heap.h"

#include <string.h>

static uint32_t seed;

static uint32_t draw(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static void items_come_in_the_order_of_their_time(void **state)
{
	enum { ITEMS = 1000 };
	static struct shd_heap_item items[ITEMS];
	struct shd_heap heap = {0};
	struct shd_heap_item *item;
	int64_t last = -1;
	size_t taken = 0;

	(void)state;
	seed = 1;
	memset(items, 0, sizeof(items));
	for (size_t i = 0; i < ITEMS; i++)
		shd_heap_put(&heap, &items[i], (struct shd_mono){draw() % 500});
	for (size_t i = 0; i < ITEMS; i += 3) /* moved */
		shd_heap_put(&heap, &items[i], (struct shd_mono){draw() % 500});
	for (size_t i = 0; i < ITEMS; i += 7) {
		shd_heap_remove(&heap, &items[i]);
		shd_heap_remove(&heap, &items[i]); /* twice does nothing */
	}
	for (int64_t now = 0; now <= 500; now += 50) {
		while ((item = shd_heap_take(&heap, (struct shd_mono){now}))) {
			assert_true(item->due.ms >= last && item->due.ms <= now);
			assert_int_not_equal((item - items) % 7, 0);
			last = item->due.ms;
			taken++;
		}
		assert_true(shd_heap_next(&heap).ms > now);
	}
	assert_int_equal(taken, ITEMS - (ITEMS + 6) / 7);
	assert_true(shd_heap_next(&heap).ms == SHD_NEVER_MS);
	shd_heap_finish(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_in_the_order_of_their_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
