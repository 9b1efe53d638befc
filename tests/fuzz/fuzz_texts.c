/* Any bytes as the texts of a language: compiled, and where they are good, a message
 * is rendered with them. */
#include "message/message.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const struct shd_phrasebook *book, enum shd_language language)
{
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(1 << 20);
	struct shd_facts told = {.alert = 7, .episode = 1, .move = SHD_MOVE_NEW,
		.level = SHD_CRITICAL, .rule = "gone", .store = "shop", .entity = "1",
		.marketplace = "ozon", .subject = "0300-1", .at = {1790856000000},
		.since = {1790856000000}, .due = {1790859600000}, .more = 3};
	struct shd_message message;
	struct shd_error error;

	if (!shd_message_render(book, NULL, &told, 1, language, "Europe/Moscow", told.at, arena,
		    &message, &error))
		shd_assert(error.kind == SHD_ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	struct shd_doc *doc = shd_doc_parse("texts.yaml", (const char *)data, size, diags);
	struct shd_doc *docs[SHD_LANGUAGE_COUNT];

	if (!doc)
		return 0;
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		docs[i] = doc;
	struct shd_phrasebook *book = shd_phrasebook_create(docs, diags);
	for (int i = 0; book && i < SHD_LANGUAGE_COUNT; i++)
		render(book, (enum shd_language)i);
	shd_phrasebook_destroy(book);
	shd_doc_destroy(doc);
	return 0;
}
