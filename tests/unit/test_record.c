/* catalog/record.h: fields as texts and back. */
#include "support/check.h"

#include "catalog/record.h"

#include <string.h>

static struct shd_harvest *harvest_of(enum shd_kind kind)
{
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);

	assert_int_equal(shd_harvest_entity(harvest, kind, "o1", 2), 0);
	return harvest;
}

static struct shd_harvest *an_order(void)
{
	struct shd_harvest *harvest = harvest_of(SHD_KIND_order);

	shd_set_text(harvest, 0, SHD_F_order_status, "shipped", 7);
	shd_set_text(harvest, 0, SHD_F_order_carrier, "a=b\\c\nd", 7);
	shd_set_text(harvest, 0, SHD_F_order_sku, "", 0);
	shd_set_n(harvest, 0, SHD_F_order_units, 1500000);
	shd_set_n(harvest, 0, SHD_F_order_closed, 1);
	shd_set_n(harvest, 0, SHD_F_order_ship_by, SHD_NEVER_MS);
	shd_set_none(harvest, 0, SHD_F_order_shipped_at);
	shd_set_money(harvest, 0, SHD_F_order_amount, -1990, "RUB");
	return harvest;
}

static void what_is_written_reads_the_same(void **state)
{
	struct shd_harvest *order = an_order(), *again = harvest_of(SHD_KIND_order);
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&text, 1 << 16);
	shd_record_write(&text, &order->entities[0], order->entities[0].set);
	assert_string_equal(text.data,
			    "closed=1\nstatus=shipped\nship_by=9223372036854775807\nshipped_at\n"
			    "amount=-1990RUB\nunits=1500000\nsku=\ncarrier=a=b\\\\c\\nd\n");
	shd_record_read(text.data, again, 0);
	assert_true(again->entities[0].set == order->entities[0].set);
	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++)
		assert_true(shd_value_equal(&again->entities[0].fields[i],
					    &order->entities[0].fields[i]));
	shd_harvest_destroy(order);
	shd_harvest_destroy(again);
}

static void money_without_a_currency_is_money(void **state)
{
	struct shd_harvest *order = harvest_of(SHD_KIND_order);

	(void)state;
	shd_record_read("amount=5", order, 0);
	assert_int_equal(shd_entity_get(&order->entities[0], SHD_F_order_amount)->n, 5);
	assert_string_equal(shd_entity_get(&order->entities[0], SHD_F_order_amount)->currency, "");
	shd_harvest_destroy(order);
}

/* Written by another version, or damaged. */
static void what_cannot_be_read_is_passed_over(void **state)
{
	static const char *const texts[] = {
		"", "\n", "=", "=1", "colour=red\n", "units=many\n", "units=\n", "units=1.5.2",
		"amount=RUB\n", "amount=1RU\n", "ship_by=99999999999999999999\n", "status_\n",
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(texts); i++) {
		struct shd_harvest *order = harvest_of(SHD_KIND_order);

		shd_record_read(texts[i], order, 0);
		assert_true(order->entities[0].set == 0);
		shd_harvest_destroy(order);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(money_without_a_currency_is_money),
		cmocka_unit_test(what_cannot_be_read_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
