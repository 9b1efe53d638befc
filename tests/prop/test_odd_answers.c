/* No single odd answer is a verdict. Each endpoint is read well, then once oddly, in every way
 * that the tables of this file and of support/odd_answers.h know, then well again. The laws:
 *
 * - an alert ends or begins only by what the answer says in a form that can be read;
 * - nothing that is still there closes;
 * - nothing unreadable becomes a number, a time or "none";
 * - what could be read of a page is told, and what could not is said to be unreadable;
 * - no feed, source or key rests for more than 30 minutes;
 * - no list is followed in circles;
 * - the next good answer mends everything.
 *
 * There is no chance in it: the answers are the cases of tests/cases, in all their variations. */
#include "support/odd_vary.h"

#include "market/ozon/ozon.h"

static int start(void **state)
{
	size_t count;
	struct odd_body *bodies = odd_load_bodies(
		&shd_ozon_adapter, SHD_SOURCE_DIR "/tests/cases/ozon-*", &count);

	*state = odd_run(&shd_ozon_adapter, bodies, count, NULL);
	return 0;
}

static int stop(void **state)
{
	odd_run_end(*state);
	return 0;
}

static void hold(const struct run *run, enum law law, const char *name, const char *text)
{
	size_t len;
	char *known shd_autofree = case_file(SHD_SOURCE_DIR "/tests/prop/odd_known.txt", &len);

	odd_hold(run, law, name, text, known);
}

/* Whether a line of odd_known.txt is of a row that was not read. */
static bool is_of_another_row(const struct run *run, const char *line)
{
	char row[64] = "";

	sscanf(line, "%*s %63s", row);
	return !is_wanted(run, row);
}

static bool is_found(const struct run *run, const char *line)
{
	static const char *const names[] = {
#define X(id, text) #id,
		LAW_MAP(X)
#undef X
	};
	char text[300];

	for (size_t i = 0; i < run->finding_count; i++) {
		const struct finding *finding = &run->findings[i];

		snprintf(text, sizeof(text), "%s %s", names[finding->law], finding->where);
		if (strcmp(text, line) == 0)
			return true;
	}
	return false;
}

/* The list only gets shorter. */
static void what_is_known_is_still_broken(void **state)
{
	size_t len, count = 0;
	char *known shd_autofree = case_file(SHD_SOURCE_DIR "/tests/prop/odd_known.txt", &len);

	for (char *rest = known, *line; (line = strsep(&rest, "\n"));) {
		if (!*line || *line == '#' || is_of_another_row(*state, line) ||
			is_found(*state, line))
			continue;
		print_message("odd_known.txt: this is mended, take it out: %s\n", line);
		count++;
	}
	assert_int_equal(count, 0);
}

static bool is_brought(const struct odd_world *world, const char *id)
{
	const struct shd_harvest *harvest = world->poll->harvest;
	size_t len = strlen(id);

	for (size_t i = 0; harvest && i < harvest->entity_count; i++)
		if (strncmp(harvest->entities[i].id, id, len) == 0 &&
			(!harvest->entities[i].id[len] || harvest->entities[i].id[len] == ':'))
			return true;
	return false;
}

/* The good answer of the row, when one of its ids was not asked for; then, with what is known of
 * it, when that one is. */
static void ask_for_another_than(struct run *run, size_t at, const char *id)
{
	struct odd_world *world = &run->world;
	const char *name = odd_row(world, at)->name;
	struct odd_polled polled;

	world->unasked = id;
	odd_read(world, at, NULL, true, &polled);
	world->unasked = NULL;
	if (is_brought(world, id) || !world->poll->foreign_records ||
		world->poll->walk.lack != SHD_LACK_FOREIGN)
		fail_msg("%s: %s was not asked for, and came", name, id);
	odd_read(world, at, NULL, false, &polled);
	if (!is_brought(world, id) || world->poll->foreign_records || world->poll->walk.lack)
		fail_msg("%s: %s was asked for, and did not come", name, id);
}

static void batch_answers_bring_only_what_was_asked(void **state)
{
	struct run *run = *state;
	struct odd_world *world = &run->world;
	struct shd_loose_text id;
	struct shd_error err;
	const json_t *record;
	size_t i, tried = 0;

	open_world(run, run->adapter);
	for (size_t at = 0; at < run->adapter->endpoint_count; at++) {
		const struct shd_endpoint *row = odd_row(world, at);
		const char *good = world->good[at];

		if (row->paging != SHD_PAGE_BATCH)
			continue;
		json_auto_t *body = shd_adapter_parse(good, strlen(good), &err);
		json_array_foreach (shd_loose_at(body, row->records), i, record) {
			assert_true(shd_loose_text(json_object_get(record, row->id_at), &id));
			ask_for_another_than(run, at, id.text);
			tried++;
		}
	}
	close_world(run);
	assert_true(tried >= 5);
}

/* For three days one row of a record cannot be told whose it is: nobody knows that the stock it
 * may be of has gone. */
static void a_row_that_cannot_be_read_closes_no_stock(void **state)
{
	static const char *const skus[] = {"161", "null", "{}", "\"\"", "true", "\"a\""};
	static const char page[] = "{\"items\":[{\"product_id\":660,\"offer_id\":\"A\",\"stocks\":["
		"{\"sku\":160,\"present\":5,\"reserved\":0},"
		"{\"sku\":%s,\"present\":%d,\"reserved\":0}]},"
		"{\"product_id\":661,\"offer_id\":\"B\",\"stocks\":["
		"{\"sku\":162,\"present\":%d,\"reserved\":0}]}],\"cursor\":\"\",\"total\":2}";
	struct run *run = *state;
	struct odd_world *world = &run->world;
	size_t at =
		(size_t)(shd_adapter_endpoint(run->adapter, "stocks") - run->adapter->endpoints);
	struct odd_polled polled;
	char body[600];
	const struct odd_answer odd = {.status = 200, .body = body};

	open_world(run, run->adapter);
	/* what else changes is another record */
	for (int i = 0; i < 6 * (int)SHD_COUNT(skus); i++) {
		snprintf(body, sizeof(body), page, skus[i / 6], 7 + i / 6, 1 + i);
		odd_read(world, at, &odd, false, &polled);
		assert_int_equal(polled.state, SHD_POLL_CHANGED);
		assert_int_equal(world->poll->walk.lack,
			i < 6 ? SHD_LACK_NOTHING : SHD_LACK_UNREAD);
		assert_int_equal(world->poll->bad_records, i >= 6);
		const struct shd_entity *stock = bench_entity(&world->b, SHD_KIND_stock, "161");
		assert_non_null(stock);
		assert_true(stock->fields[SHD_I_unlisted_since].none);
		assert_true(stock->fields[SHD_I_closed].none || !stock->fields[SHD_I_closed].n);
		world->b.now += SHD_DAY_MS / 2;
	}
	close_world(run);
}

/* SHD_ODD_ALL in the environment: also what is known to break them. */
#define X(id, text)                                                                                \
	static void law_##id(void **state)                                                         \
	{                                                                                          \
		hold(*state, LAW_##id, #id, text);                                                 \
	}
LAW_MAP(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {
#define X(id, text) cmocka_unit_test(law_##id),
		LAW_MAP(X)
#undef X
		cmocka_unit_test(what_is_known_is_still_broken),
		cmocka_unit_test(batch_answers_bring_only_what_was_asked),
		cmocka_unit_test(a_row_that_cannot_be_read_closes_no_stock),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
