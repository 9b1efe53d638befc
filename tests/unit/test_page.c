/* catalog/page.h: the address of an entity's page, and Ozon's words for them. */
#include "support/check.h"

#include "catalog/page.h"
#include "market/adapter.h"

#include <string.h>

static const struct {
	enum shd_kind kind;
	enum shd_store_kind store;
	const char *id, *order_id, *url, *address; /* address NULL: it has none */
} cases[] = {
	{SHD_KIND_order, SHD_STORE_LOCAL, "71-1", NULL, "fbs",
		"https://seller.ozon.ru/app/postings/fbs?postingDetails=71-1"},
	{SHD_KIND_order, SHD_STORE_LOCAL, "7 1/&", NULL, "fbo",
		"https://seller.ozon.ru/app/postings/fbo?postingDetails=7%201%2F%26"},
	{SHD_KIND_order, SHD_STORE_CROSSBORDER, "71-1", NULL, "fbs",
		"https://seller.ozon.ru/app/postings/crossborder/fbs?tab=all&postingNumber=71-1"
		"&postingDetails=71-1"},
	{SHD_KIND_order, SHD_STORE_CROSSBORDER, "71-1", NULL, "fbo",
		"https://seller.ozon.ru/app/postings/crossborder/fbo/71-1"},
	{SHD_KIND_parcel, SHD_STORE_LOCAL, "p", "71-1", "fbs",
		"https://seller.ozon.ru/app/postings/fbs?postingDetails=71-1"},
	{SHD_KIND_cancellation, SHD_STORE_LOCAL, "9", "71-1", "fbs",
		"https://seller.ozon.ru/app/postings/fbs?postingDetails=71-1"},
	{SHD_KIND_complaint, SHD_STORE_LOCAL, "cancel:9", "71-1", "fbs",
		"https://seller.ozon.ru/app/postings/fbs?postingDetails=71-1"},
	{SHD_KIND_cancellation, SHD_STORE_LOCAL, "9", NULL, "fbs", NULL},
	{SHD_KIND_order, SHD_STORE_LOCAL, "71-1", NULL, "word of another version", NULL},
	{SHD_KIND_order, SHD_STORE_LOCAL, "71-1", NULL, "", NULL},
	{SHD_KIND_order, SHD_STORE_LOCAL, "71-1", NULL, NULL, NULL},
	{SHD_KIND_order, SHD_STORE_LOCAL, "71-1", NULL, "http://a.example/1", "http://a.example/1"},
};

static struct shd_value text_value(const char *text)
{
	return text ? (struct shd_value){.type = SHD_TEXT, .text = text,
			      .len = (uint32_t)strlen(text)}
		    : (struct shd_value){.type = SHD_TEXT, .none = true, .text = ""};
}

static void check(size_t i, const struct shd_store *store, const char *address)
{
	struct shd_value fields[64] = {0};
	struct shd_entity entity = {.kind = cases[i].kind, .id = cases[i].id, .fields = fields};
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};
	enum shd_field field;

	fields[SHD_I_url] = text_value(cases[i].url);
	if (shd_field_find(entity.kind, "order_id", strlen("order_id"), &field))
		fields[shd_field_index(field)] = text_value(cases[i].order_id);
	shd_text_init(&url, SHD_FIELD_BYTES);
	assert_int_equal(shd_entity_page(store, &entity, &url), address != NULL);
	assert_string_equal(url.data, address ? address : "");
}

static void a_word_is_the_page_of_the_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_store store = {
			.kind = (int)cases[i].store, .page = shd_adapter_find("ozon")->page};

		check(i, &store, cases[i].address);
	}
}

/* Of the daemon's pseudo-store, and of a marketplace that has no words. */
static void without_words_an_address_stays(void **state)
{
	const struct shd_store store = {.kind = SHD_STORE_LOCAL};
	size_t last = SHD_COUNT(cases) - 1;

	(void)state;
	check(last, NULL, "http://a.example/1");
	check(last, &store, "http://a.example/1");
	check(0, NULL, NULL);
	check(0, &store, NULL);
}

/* Whatever a message is about, it has a link. */
static void every_kind_has_a_page_of_the_account(void **state)
{
	const struct shd_store store = {.kind_page = shd_adapter_find("ozon")->kind_page};

	(void)state;
	for (int kind = 0; kind < SHD_KIND_COUNT; kind++) {
		const char *page = shd_kind_page(&store, (enum shd_kind)kind);

		assert_non_null(page);
		assert_int_equal(strncmp(page, "https://seller.ozon.ru", 22), 0);
		assert_null(strchr(page, '{'));
	}
	assert_string_equal(shd_kind_page(&store, SHD_KIND_store),
		"https://seller.ozon.ru/app/settings/api-keys");
	assert_null(shd_kind_page(NULL, SHD_KIND_order)); /* the daemon has no account */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_the_page_of_the_order),
		cmocka_unit_test(without_words_an_address_stays),
		cmocka_unit_test(every_kind_has_a_page_of_the_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
