/* Any bytes as an answer of Ozon, to every endpoint: what comes out keeps the promises
 * of the catalog, and a refusal has words. */
#include "base/text.h"
#include "settings/settings.h"
#include "market/adapter.h"
#include "../support/source.h"
#include "market/slice.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_word_of(const char *words, const struct shd_value *value)
{
	for (const char *word = words; *word; word += strspn(word, " ")) {
		size_t len = strcspn(word, " ");

		if (len == value->len && memcmp(word, value->text, len) == 0)
			return true;
		word += len;
	}
	return false;
}

static void check_entity(const struct shd_entity *entity)
{
	shd_assert(*entity->id);
	for (int i = 0; i < shd_kind_fields(entity->kind); i++) {
		const struct shd_value *value = &entity->fields[i];
		const struct shd_field_row *row =
			shd_field_row(shd_kind_first(entity->kind) + (enum shd_field)i);

		if (value->none)
			continue;
		shd_assert(value->type == row->type);
		if (row->type == SHD_BOOL)
			shd_assert(value->n == 0 || value->n == 1);
		if (row->type == SHD_TIME)
			shd_assert(value->n != SHD_NEVER_MS);
		if (row->type == SHD_TEXT && *row->words)
			shd_assert(is_word_of(row->words, value));
	}
}

static void check_harvest(const struct shd_adapter *market, const struct shd_harvest *harvest)
{
	struct shd_error error;

	if (!shd_harvest_ok(harvest, &error))
		return;
	for (size_t i = 0; i < harvest->entity_count; i++)
		check_entity(&harvest->entities[i]);
	for (size_t i = 0; i < harvest->follow_count; i++) {
		const struct shd_endpoint *row =
			shd_adapter_endpoint(market, harvest->follows[i].endpoint);

		shd_assert(row && row->paging == SHD_PAGE_FOLLOW && *harvest->follows[i].id);
	}
}

static void finish_page(struct shd_page_out *out)
{
	shd_text_finish(&out->position);
}

static void go_on(const struct shd_endpoint *row, const struct shd_slicer *slicer, size_t records,
		  struct shd_page_in *in)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	SHD_AUTO(finish_page) struct shd_page_out out = {.last = true};
	struct shd_error error;

	shd_text_init(&text, slicer->len + 2);
	shd_text_init(&out.position, SHD_POSITION_BYTES);
	shd_slice_envelope(slicer, &text);
	json_auto_t *envelope = shd_adapter_parse(text.data, text.len, &error);
	if (envelope && row->next(row, envelope, records, in, &out, &error) && !out.last)
		shd_assert(out.position.len && strcmp(out.position.data, in->position) != 0);
}

static void read_answer(const struct shd_adapter *market, const struct shd_endpoint *row,
			const char *body, size_t len)
{
	struct test_source shop;
	struct shd_map_in in = {
		.source = &shop.source, .row = row, .fetched = {1790856000000}, .id = "8001"};
	struct shd_page_in page = {.source = &shop.source, .position = ""};
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);
	struct shd_slicer slicer = {0};
	struct shd_error error;
	size_t at, n, records = 0;
	bool more = true;

	test_source_init(&shop, "shop", market);
	if (!shd_slice_open(&slicer, body, len, row->records ? row->records : "", &error))
		more = false;
	while (more && shd_slice_next(&slicer, &at, &n, &more, &error) && more) {
		json_auto_t *record = shd_adapter_parse(body + at, n, &error);

		if (record && !row->map(&in, record, harvest, &error))
			shd_assert(error.kind == SHD_ERR_SCHEMA && *error.msg);
		page.last_record = body + at;
		page.last_record_len = n;
		records++;
	}
	if (row->next && !more && slicer.done)
		go_on(row, &slicer, records, &page);
	check_harvest(market, harvest);
	shd_harvest_destroy(harvest);
}

static const char *no_header(const void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "Retry-After") == 0 ? "5" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 401, 403, 404, 429, 500};
	const struct shd_adapter *market = shd_adapter_find("ozon");

	for (size_t i = 0; i < market->endpoint_count; i++)
		read_answer(market, &market->endpoints[i], (const char *)data, size);
	for (size_t i = 0; i < SHD_COUNT(statuses); i++) {
		struct shd_answer answer = {.status = statuses[i], .body = (const char *)data,
			.len = size, .header = no_header};
		struct shd_answer_verdict refusal = {0};

		if (!market->accept(&market->endpoints[0], &answer, &refusal))
			shd_assert(*refusal.error.msg && refusal.retry_after_ms >= 0);
	}
	return 0;
}
