/* The laws of odd answers (test_odd_answers.c) for the made-up marketplace and the made-up carrier:
 * what real ones of a later day may need as well, a list of changes and parcels of any store. */
#include "support/odd_vary.h"

extern const struct shd_adapter shd_madeup_adapter, shd_madepost_adapter;

#define ORDERS                                                                                     \
	"[{\"id\":\"o1\",\"created\":\"2026-09-30T10:00:00Z\",\"tracking\":\"T1\"},"               \
	"{\"id\":\"o2\",\"created\":\"2026-09-30T11:00:00Z\"}]"

static const struct {
	const char *endpoint, *answer;
} answers[] = {
	{"orders", "{\"orders\":" ORDERS ",\"next\":null}"},
	{"changes", "{\"changes\":" ORDERS ",\"more\":false,\"mark\":\"m1\",\"expires\":0}"},
	{"stock", "{\"rows\":[{\"sku\":\"s1\",\"available\":\"5\"},"
		"{\"sku\":\"s2\",\"available\":\"0\"}]}"},
	{"tea", "{\"listings\":[{\"sku\":\"s1\",\"title\":\"Tea\"},"
		"{\"sku\":\"s2\",\"title\":\"Pot\"}]}"},
	{"parcels", "{\"parcels\":[{\"no\":\"T1\",\"by\":\"post\",\"state\":\"moving\"},"
		"{\"no\":\"T2\",\"by\":\"post\",\"state\":\"border\"}]}"},
};

static struct run *run_of(const struct shd_adapter *adapter, void (*seed)(struct odd_world *world))
{
	struct odd_body *bodies = shd_xcalloc(SHD_COUNT(answers), sizeof(*bodies));
	struct shd_error err;
	size_t count = 0;

	for (size_t i = 0; i < SHD_COUNT(answers); i++) {
		const struct shd_endpoint *row =
			shd_adapter_endpoint(adapter, answers[i].endpoint);
		struct odd_body *body = &bodies[count];

		if (!row)
			continue;
		count++;
		body->at = (size_t)(row - adapter->endpoints);
		body->json = shd_adapter_parse(
			answers[i].answer, strlen(answers[i].answer), &err);
		snprintf(body->name, sizeof(body->name), "%s", row->name);
	}
	return odd_run(adapter, bodies, count, seed);
}

/* With a shelf and the list of changes; the report's document as if it came as JSON, in one
 * request. */
static struct run *run_market(struct shd_arena *arena)
{
	static const char *const shelf[] = {"tea"};
	const struct shd_texts shelves = {.items = shelf, .count = 1};
	char *settings shd_autofree = shd_xcalloc(1, shd_madeup_adapter.settings_size);
	const bool yes = true;

	for (size_t i = 0; i < shd_madeup_adapter.option_count; i++) {
		const struct shd_option *option = &shd_madeup_adapter.options[i];

		if (strcmp(option->name, "shelves") == 0)
			memcpy(settings + option->offset, &shelves, sizeof(shelves));
		else if (strcmp(option->name, "changes") == 0)
			memcpy(settings + option->offset, &yes, sizeof(yes));
	}
	struct shd_adapter adapter = shd_madeup_adapter;
	const struct shd_endpoint *made =
		adapter.make_endpoints(settings, arena, &adapter.endpoint_count);
	struct shd_endpoint *rows = shd_arena_alloc(arena, adapter.endpoint_count, sizeof(*rows));
	for (size_t i = 0; i < adapter.endpoint_count; i++) {
		rows[i] = made[i];
		if (!rows[i].report)
			continue;
		rows[i].report = NULL;
		rows[i].records = "rows";
		rows[i].decode = SHD_DECODE_JSON;
		rows[i].columns = NULL;
	}
	adapter.endpoints = rows;
	adapter.make_endpoints = NULL;
	return run_of(&adapter, NULL);
}

/* Parcels of the store under these numbers. */
static void seed_parcels(struct odd_world *world)
{
	static const char *const numbers[] = {"T1", "T2"};
	struct bench *b = &world->b;

	for (size_t i = 0; i < SHD_COUNT(numbers); i++) {
		size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_parcel, numbers[i], 2);

		shd_set_text(b->harvest, at, SHD_F_parcel_tracking_number, numbers[i], 2);
	}
	bench_poll(b, "index");
}

struct runs {
	struct shd_arena *arena;
	struct run *market, *carrier;
};

static int start(void **state)
{
	struct runs *runs = shd_xcalloc(1, sizeof(*runs));

	runs->arena = shd_arena_create(1 << 16);
	runs->market = run_market(runs->arena);
	runs->carrier = run_of(&shd_madepost_adapter, seed_parcels);
	*state = runs;
	return 0;
}

static int stop(void **state)
{
	struct runs *runs = *state;

	odd_run_end(runs->market);
	odd_run_end(runs->carrier);
	shd_arena_destroy(runs->arena);
	free(runs);
	return 0;
}

#define X(id, text)                                                                                \
	static void law_##id(void **state)                                                         \
	{                                                                                          \
		const struct runs *runs = *state;                                                  \
\
		odd_hold(runs->market, LAW_##id, #id, text, "");                                   \
		odd_hold(runs->carrier, LAW_##id, #id, text, "");                                  \
	}
LAW_MAP(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {
#define X(id, text) cmocka_unit_test(law_##id),
		LAW_MAP(X)
#undef X
	};

	return cmocka_run_group_tests(tests, start, stop);
}
