/* lib/judge/transitions.c: what a message calls the thing it is about. */
#include "support/judge_bench.h"

static size_t add(struct bench *b, enum shd_kind kind, const char *id)
{
	return shd_harvest_entity(bench_harvest(b), kind, id, strlen(id));
}

static void text(struct bench *b, size_t at, enum shd_field field, const char *word)
{
	shd_set_text(b->harvest, at, field, word, strlen(word));
}

static void what_has_only_a_product_is_called_by_its_title(void **state)
{
	static const struct {
		const char *sku, *subject;
	} cases[] = {{"x", "\"subject\":\"Kettle\""}, {"y", "\"subject\":\"y\""}};
	struct shd_outbox_row *rows;
	size_t count;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct bench b;

		bench_start(&b,
			"rules:\n  - rule: bad\n    each: complaint\n    levels: {info: true}\n");
		bench_poll_all(&b);
		size_t at = add(&b, SHD_KIND_listing, "l1");
		text(&b, at, SHD_F_listing_sku, "x");
		text(&b, at, SHD_F_listing_title, "Kettle");
		bench_poll(&b, "stock");
		at = add(&b, SHD_KIND_complaint, "c1");
		text(&b, at, SHD_F_complaint_sku, cases[i].sku);
		bench_poll(&b, "cases");
		bench_messages(&b, &rows, &count);
		assert_int_equal(count, 1);
		assert_non_null(strstr(rows[0].facts, cases[i].subject));
		bench_finish(&b);
	}
}

static const char *account_page(enum shd_kind kind)
{
	return kind == SHD_KIND_order	  ? "https://account.example/order"
	       : kind == SHD_KIND_review  ? "https://account.example/review"
	       : kind == SHD_KIND_complaint ? "https://account.example/complaint"
					    : "https://account.example/";
}

/* A new order and a bad review, as a person knows them. */
static void goods_and_words_are_told(void **state)
{
	static const char *const expected[] = {"\"subject\":\"o1\"", "\"product\":\"Kettle\"",
		"\"units\":2000000", "\"amount\":[\"money\",199000,\"RUB\"]", "\"ship_by\":",
		"\"url\":\"https://account.example/order\"", "\"subject\":\"Kettle\"",
		"\"quote\":\"It leaks.\"", "\"url\":\"https://account.example/review\"",
		"\"url\":\"https://account.example/complaint\"", "\"product\":\"SKU y\"",
		"\"product\":\"Kettle × 1; Mug × 2\""};
	SHD_AUTO(shd_text_finish) struct shd_text all = {0};
	struct shd_outbox_row *rows;
	size_t count;
	struct bench b;

	(void)state;
	bench_start(&b, "rules:\n"
			"  - rule: sold\n    each: order\n    levels: {info: true}\n"
			"  - rule: bad\n    each: review\n    levels: {info: true}\n"
			"  - rule: asked\n    each: message\n    levels: {info: true}\n"
			"  - rule: many\n    levels: {info: count(complaint last 30d) >= 0}\n");
	b.stores[0].kind_page = account_page;
	bench_poll_all(&b);
	size_t at = add(&b, SHD_KIND_listing, "l1");
	text(&b, at, SHD_F_listing_sku, "x");
	text(&b, at, SHD_F_listing_title, "Kettle");
	bench_poll(&b, "stock");
	at = add(&b, SHD_KIND_order, "o1");
	text(&b, at, SHD_F_order_sku, "x");
	shd_set_n(b.harvest, at, SHD_F_order_units, 2000000);
	shd_set_money(b.harvest, at, SHD_F_order_amount, 199000, "RUB");
	shd_set_n(b.harvest, at, SHD_F_order_ship_by, b.now + SHD_DAY_MS);
	bench_poll(&b, "orders");
	at = add(&b, SHD_KIND_order, "o2");
	text(&b, at, SHD_F_order_sku, "y");
	bench_poll(&b, "orders");
	at = add(&b, SHD_KIND_order, "o3");
	text(&b, at, SHD_F_order_goods, "Kettle × 1; Mug × 2");
	bench_poll(&b, "orders");
	at = add(&b, SHD_KIND_review, "r1");
	text(&b, at, SHD_F_review_sku, "x");
	text(&b, at, SHD_F_review_text, "It leaks.");
	bench_poll(&b, "cases");
	at = add(&b, SHD_KIND_message, "m1");
	text(&b, at, SHD_F_message_text, "Hello?");
	bench_poll(&b, "cases");
	bench_messages(&b, &rows, &count);
	shd_text_init(&all, 1 << 20);
	for (size_t i = 0; i < count; i++)
		shd_text_puts(&all, rows[i].facts);
	for (size_t i = 0; i < SHD_COUNT(expected); i++)
		if (!strstr(all.data, expected[i]))
			fail_msg("no %s in %s", expected[i], all.data);
	assert_non_null(strstr(all.data, "\"subject\":\"Hello?\""));
	assert_null(strstr(all.data, "\"quote\":\"Hello?\"")); /* not twice */
	bench_finish(&b);
}

/* As a marketplace makes the address of its word. */
static bool made_page(
	const struct shd_store *store, const struct shd_entity *entity, struct shd_text *ret_url)
{
	if (strcmp(entity->fields[SHD_I_url].text, "word") != 0)
		return false;
	shd_text_printf(ret_url, "https://%s.example/%s", store->id, entity->id);
	return true;
}

/* In the message, in the rule of an order, and in a window that reads little of it. */
static void a_word_for_a_page_is_read_as_its_address(void **state)
{
	static const struct {
		const char *word, *url; /* NULL: the rule says false, nobody is told */
	} cases[] = {
		{"word", "\"url\":\"https://s1.example/o1\""},
		{"https://s1.example/o1", "\"url\":\"https://s1.example/o1\""},
		{"other", NULL},
	};
	struct shd_outbox_row *rows;
	size_t count;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct bench b;

		bench_start_on_disk(&b,
			"rules:\n"
			"  - rule: paged\n    each: order\n    levels:\n"
			"      info: url matches \"s1.example/o1$\" and"
			" count(order last 1d where url matches \"s1.example/o1$\") == 1\n");
		b.stores[0].page = made_page;
		bench_poll_all(&b);
		size_t at = add(&b, SHD_KIND_order, "o1");
		shd_set_n(b.harvest, at, SHD_F_order_opened_at, b.now - 1);
		text(&b, at, SHD_F_order_url, cases[i].word);
		bench_poll(&b, "orders");
		bench_messages(&b, &rows, &count);
		assert_int_equal(count, cases[i].url ? 1 : 0);
		if (cases[i].url)
			assert_non_null(strstr(rows[0].facts, cases[i].url));
		bench_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_only_a_product_is_called_by_its_title),
		cmocka_unit_test(goods_and_words_are_told),
		cmocka_unit_test(a_word_for_a_page_is_read_as_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
