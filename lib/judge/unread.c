/* What can no longer be read, for the journal. */
#include "parts.h"

#include "catalog/unread.h"

#include <string.h>

enum { NOTED_MAX = 100 };

static bool is_same(const struct shd_noted_unread *noted, const char *store, const char *what,
		    const struct shd_unread_line *line)
{
	return strcmp(noted->what, what) == 0 && strcmp(noted->store, store) == 0 &&
	       strlen(noted->feed) == line->feed_len &&
	       memcmp(noted->feed, line->feed, line->feed_len) == 0;
}

static void note(struct shd_outcome *outcome, const char *store, enum shd_kind kind,
		 const struct shd_unread_line *line)
{
	struct shd_noted_unread noted = {.entities = 1};
	struct shd_text what SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&what, 256);
	shd_unread_print(kind, line, &what);
	for (size_t i = 0; i < outcome->unread_count; i++) {
		if (is_same(&outcome->unread[i], store, what.data, line)) {
			outcome->unread[i].entities++;
			return;
		}
	}
	if (outcome->unread_count == NOTED_MAX)
		return;
	noted.store = shd_arena_text(outcome->arena, store, strlen(store));
	noted.feed = shd_arena_text(outcome->arena, line->feed, line->feed_len);
	noted.what = shd_arena_text(outcome->arena, what.data, what.len);
	noted.example = shd_arena_text(outcome->arena, line->example, line->example_len);
	if (!noted.store || !noted.feed || !noted.what || !noted.example)
		return; /* `status` has them all */
	shd_grow(outcome->unread, outcome->unread_count, outcome->unread_room);
	outcome->unread[outcome->unread_count++] = noted;
}

void shd_judge_note_unread(struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_entity *before, const struct shd_entity *entity)
{
	const struct shd_value *now = &entity->fields[SHD_I_unreadable];
	struct shd_unread_line line;

	if (now->none)
		return;
	for (const char *at = now->text; shd_unread_next(&at, &line);)
		if (!(before && shd_unread_names(before, line.field, line.field_len)))
			note(txn->outcome, visit->store->id, entity->kind, &line);
}
