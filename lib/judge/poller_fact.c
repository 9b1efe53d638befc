#include "poller_fact.h"

#include <stdio.h>

static int64_t number_of(const struct shd_entity *entity, enum shd_field field)
{
	const struct shd_value *value = shd_entity_get(entity, field);

	return value->none ? 0 : value->n;
}

struct shd_poller_fact shd_poller_fact_of(const struct shd_entity *poller, int64_t every_ms)
{
	struct shd_poller_fact fact = {.known = true, .blind = true, .off = every_ms == 0};

	if (!poller)
		return fact;
	fact.last_success.ms = number_of(poller, SHD_F_poller_last_success_at);
	fact.blind = !shd_entity_get(poller, SHD_F_poller_blinds)->none;
	fact.failing = !shd_entity_get(poller, SHD_F_poller_failing_since)->none;
	fact.idle = number_of(poller, SHD_F_poller_closed);
	return fact;
}

bool shd_poller_is_blind(const struct shd_poller_fact *fact)
{
	return fact->off || fact->blind;
}

struct shd_wall shd_poller_polled(const struct shd_poller_fact *fact)
{
	const struct shd_wall never = {0};

	return fact->idle || fact->off ? never : fact->last_success;
}

const char *shd_poller_behind_words(enum shd_poller poller, struct shd_arena *arena)
{
	char words[100];
	int len = snprintf(words, sizeof(words), "poller %s is behind, and read first",
			   shd_poller_name(poller));

	return shd_arena_text(arena, words, (size_t)len);
}

const char *shd_poller_idle_words(const struct shd_poller_fact *fact, enum shd_poller poller,
				  struct shd_arena *arena)
{
	char words[100];

	if (!fact->off && !fact->idle)
		return NULL;
	int len = snprintf(words, sizeof(words), "poller %s is %s", shd_poller_name(poller),
			   fact->off ? "switched off" : "not part of the tariff");
	return shd_arena_text(arena, words, (size_t)len);
}
