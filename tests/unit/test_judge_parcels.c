/* A carrier serves the parcels of every store: what it brings is judged where they are, in the
 * same transaction, and its own health is its own. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: parcel-trouble\n"
	"    title: {en: Trouble, zh: Trouble, ru: Trouble}\n"
	"    each: parcel\n"
	"    levels: {warning: status == \"exception\"}\n";

static const struct shd_endpoint post_rows[] = {
	{.name = "tracking", .poller = SHD_P_logistics, .paging = SHD_PAGE_SINGLE}};
static const struct shd_adapter post_adapter = {.name = "post", .carrier = true,
	.endpoints = post_rows, .endpoint_count = SHD_COUNT(post_rows)};

struct fixture {
	struct bench b;
	struct shd_source sources[3];
};

static void start(struct fixture *f, bool on_disk)
{
	if (on_disk)
		bench_start_on_disk(&f->b, rules);
	else
		bench_start(&f->b, rules);
	f->sources[0] = f->b.sources[0];
	f->sources[1] = f->b.sources[1];
	f->sources[2] = (struct shd_source){.id = "post", .adapter = &post_adapter,
		.endpoints = post_rows, .endpoint_count = SHD_COUNT(post_rows),
		.every_ms[SHD_P_logistics] = SHD_MINUTE_MS};
	for (size_t i = 0; i < 2; i++)
		f->b.stores[i].source = &f->sources[i];
	f->b.in.sources = f->sources;
	f->b.in.source_count = 3;
	bench_judge(&f->b);
}

static void text(struct shd_harvest *harvest, size_t at, enum shd_field field, const char *value)
{
	if (value)
		shd_set_text(harvest, at, field, value, strlen(value));
}

static void parcel(struct bench *b, const char *id, const char *number, const char *carrier,
		   const char *status)
{
	struct shd_harvest *harvest = bench_harvest(b);
	size_t at = shd_harvest_entity(harvest, SHD_KIND_parcel, id, strlen(id));

	text(harvest, at, SHD_F_parcel_tracking_number, number);
	text(harvest, at, SHD_F_parcel_carrier, carrier);
	text(harvest, at, SHD_F_parcel_status, status);
}

static struct shd_batch of_store(struct fixture *f, size_t store)
{
	struct shd_batch batch = bench_batch(&f->b, store, "index");

	batch.source = &f->sources[store];
	return batch;
}

static struct shd_batch of_carrier(struct fixture *f)
{
	struct shd_batch batch = bench_batch_of(&f->b, &post_rows[0]);

	batch.source = &f->sources[2];
	return batch;
}

static const char *field(struct fixture *f, const char *store, const char *id, enum shd_field field)
{
	const struct shd_stored *stored = bench_stored(&f->b);
	struct shd_stored_entity row;

	assert_true(stored->entity(
		stored->ctx, store, SHD_KIND_parcel, id, f->b.arena, &row, &f->b.err));
	if (!row.entity)
		return "no parcel";
	const struct shd_value *value = shd_entity_get(row.entity, field);
	return value->none ? "none" : value->text;
}

static enum shd_level level(struct fixture *f, const char *store, const char *id)
{
	const struct shd_alert *alert = bench_alert_of(&f->b, store, "parcel-trouble", id);

	return alert && alert->state == SHD_ALERT_FIRING ? alert->level : SHD_LEVEL_NONE;
}

/* Two parcels with the same number, of two carriers, in two stores; and one of s2 alone. */
static void put_parcels(struct fixture *f)
{
	struct shd_batch batch;

	parcel(&f->b, "a", "N1", "Post", "in_transit");
	batch = of_store(f, 0);
	bench_take(&f->b, &batch);
	parcel(&f->b, "b", "N1", "rail", "in_transit");
	parcel(&f->b, "c", "N2", NULL, "in_transit");
	batch = of_store(f, 1);
	bench_take(&f->b, &batch);
}

static void parcels_are_found_in_all_stores(void **state)
{
	(void)state;
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		struct fixture f;
		struct shd_batch batch;

		start(&f, on_disk);
		put_parcels(&f);
		parcel(&f.b, "N1", NULL, "post", "exception");
		parcel(&f.b, "N2", NULL, "post", "exception");
		parcel(&f.b, "N3", NULL, "post", "exception");
		batch = of_carrier(&f);
		bench_begin(&f.b);
		assert_true(shd_judge_batch(f.b.judge, &batch, &f.b.err));
		assert_int_equal(f.b.outcome.unclaimed_count, 1);
		assert_string_equal(f.b.outcome.unclaimed[0], "N3");
		bench_end(&f.b);
		shd_harvest_destroy(shd_steal(f.b.harvest));
		assert_int_equal(level(&f, "s1", "a"), SHD_WARN);
		assert_int_equal(level(&f, "s2", "b"), SHD_LEVEL_NONE); /* another carrier's */
		assert_int_equal(level(&f, "s2", "c"), SHD_WARN);
		assert_string_equal(field(&f, "s1", "a", SHD_F_parcel_status), "exception");
		assert_string_equal(field(&f, "s2", "b", SHD_F_parcel_status), "in_transit");
		/* The shop's words stay, and the carrier itself has no parcel. */
		assert_string_equal(field(&f, "s1", "a", SHD_F_parcel_carrier), "Post");
		assert_string_equal(field(&f, "s2", "c", SHD_F_parcel_carrier), "none");
		assert_string_equal(field(&f, "post", "N1", SHD_F_parcel_status), "no parcel");
		/* Who names no carrier speaks of any. */
		parcel(&f.b, "N1", NULL, NULL, "delivered");
		batch = of_carrier(&f);
		bench_take(&f.b, &batch);
		assert_string_equal(field(&f, "s1", "a", SHD_F_parcel_status), "delivered");
		assert_string_equal(field(&f, "s2", "b", SHD_F_parcel_status), "delivered");
		assert_int_equal(level(&f, "s1", "a"), SHD_LEVEL_NONE);
		bench_finish(&f.b);
	}
}

/* The overlay: a number that the same transaction brought, changed, or took away. */
static void parcels_of_the_same_transaction_are_found(void **state)
{
	(void)state;
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		struct fixture f;
		struct shd_batch batch;

		start(&f, on_disk);
		put_parcels(&f);
		bench_begin(&f.b);
		parcel(&f.b, "a", "N4", NULL, NULL);
		parcel(&f.b, "d", "N5", NULL, "in_transit");
		batch = of_store(&f, 0);
		assert_true(shd_judge_batch(f.b.judge, &batch, &f.b.err));
		struct shd_harvest *first = shd_steal(f.b.harvest);
		parcel(&f.b, "N1", NULL, NULL, "at_customs");
		parcel(&f.b, "N4", NULL, NULL, "at_pickup");
		parcel(&f.b, "N5", NULL, NULL, "exception");
		batch = of_carrier(&f);
		assert_true(shd_judge_batch(f.b.judge, &batch, &f.b.err));
		assert_int_equal(f.b.outcome.unclaimed_count, 0);
		bench_end(&f.b);
		shd_harvest_destroy(first);
		shd_harvest_destroy(shd_steal(f.b.harvest));
		assert_string_equal(field(&f, "s1", "a", SHD_F_parcel_status), "at_pickup");
		assert_string_equal(field(&f, "s2", "b", SHD_F_parcel_status), "at_customs");
		assert_int_equal(level(&f, "s1", "d"), SHD_WARN);
		bench_finish(&f.b);
	}
}

static bool is_blind(struct fixture *f, const char *store, const char *poller)
{
	const struct shd_stored *stored = bench_stored(&f->b);
	struct shd_stored_entity row;

	assert_true(stored->entity(stored->ctx, store, SHD_KIND_poller, poller, f->b.arena, &row,
				   &f->b.err));
	assert_non_null(row.entity);
	return !shd_entity_get(row.entity, SHD_F_poller_blinds)->none;
}

static void each_source_has_its_own_health(void **state)
{
	struct fixture f;
	struct shd_batch batch;

	(void)state;
	start(&f, false);
	bench_poll_all(&f.b);
	batch = of_carrier(&f);
	bench_take(&f.b, &batch);
	assert_false(is_blind(&f, "s1", "logistics"));
	assert_false(is_blind(&f, "post", "logistics"));
	f.b.now += SHD_HOUR_MS;
	bench_poll_all(&f.b);
	batch = of_carrier(&f);
	bench_failed(&batch, SHD_ERR_CREDENTIALS, BENCH_OFTEN);
	bench_take(&f.b, &batch);
	assert_false(is_blind(&f, "s1", "logistics"));
	assert_true(is_blind(&f, "post", "logistics"));
	bench_finish(&f.b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parcels_are_found_in_all_stores),
		cmocka_unit_test(parcels_of_the_same_transaction_are_found),
		cmocka_unit_test(each_source_has_its_own_health),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
