/* The facts of a message as JSON and back; see message.h. */
#include "message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 1000 };

/* --- pack ---------------------------------------------------------------------- */

static void put_int(json_t *map, const char *name, int64_t n)
{
	if (n)
		json_object_set_new(map, name, json_integer(n));
}

static void put_text(json_t *map, const char *name, const char *text)
{
	if (text && *text)
		json_object_set_new(map, name, json_string(text));
}

/* ["ratio", 40000], ["money", 1990, "RUB"], ["text", "blocked"]; absent: none. */
static void put_value(json_t *map, const char *name, const struct shd_value *value)
{
	if (value->none)
		return;
	json_t *list = json_pack("[s]", shd_type_name(value->type));

	if (value->type == SHD_TEXT)
		json_array_append_new(list, json_stringn(value->text, value->len));
	else
		json_array_append_new(list, json_integer(value->n));
	if (value->type == SHD_MONEY)
		json_array_append_new(list, json_string(value->currency));
	json_object_set_new(map, name, list);
}

static json_t *pack_one(const struct shd_facts *facts)
{
	json_t *map = json_object();

	put_int(map, "alert", facts->alert);
	put_int(map, "episode", facts->episode);
	put_text(map, "move", shd_move_name(facts->move));
	put_text(map, "level", shd_level_name(facts->level));
	put_text(map, "from", shd_level_name(facts->from_level));
	put_text(map, "rule", facts->rule);
	put_text(map, "store", facts->store);
	put_text(map, "entity", facts->entity);
	put_text(map, "marketplace", facts->marketplace);
	put_text(map, "subject", facts->subject);
	put_text(map, "url", facts->url);
	put_text(map, "product", facts->product);
	put_text(map, "quote", facts->quote);
	put_int(map, "units", facts->units);
	if (facts->amount.type == SHD_MONEY)
		put_value(map, "amount", &facts->amount);
	put_int(map, "ship_by", facts->ship_by.ms);
	put_int(map, "at", facts->at.ms);
	put_int(map, "since", facts->since.ms);
	put_value(map, "value", &facts->value);
	put_value(map, "limit", &facts->limit);
	put_value(map, "cost", &facts->cost);
	put_value(map, "room", &facts->room);
	put_int(map, "sample_hit", facts->sample_hit);
	put_int(map, "sample_of", facts->sample_of);
	put_int(map, "due", facts->due.ms);
	put_int(map, "unlisted", facts->unlisted.ms);
	put_int(map, "unwatched", facts->unwatched);
	put_int(map, "more", facts->more);
	return map;
}

char *shd_facts_pack(const struct shd_facts *facts, size_t count, struct shd_arena *arena)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, pack_one(&facts[i]));
	char *text shd_autofree = json_dumps(list, JSON_COMPACT);
	shd_assert(text);
	return shd_arena_text(arena, text, strlen(text));
}

/* --- unpack -------------------------------------------------------------------- */

static const char *get_text(const json_t *map, const char *name, struct shd_arena *arena)
{
	const json_t *text = json_object_get(map, name);

	return json_is_string(text)
		       ? shd_arena_text(arena, json_string_value(text), json_string_length(text))
		       : NULL;
}

static const char *get_word(const json_t *map, const char *name, struct shd_arena *arena)
{
	const char *text = get_text(map, name, arena);

	return shd_or_empty(text);
}

static int64_t get_int(const json_t *map, const char *name)
{
	return json_integer_value(json_object_get(map, name)); /* 0 when absent */
}

static bool get_value(const json_t *map, const char *name, struct shd_arena *arena,
	struct shd_value *ret, struct shd_error *reterr)
{
	const json_t *list = json_object_get(map, name), *n = json_array_get(list, 1);
	const char *type = json_string_value(json_array_get(list, 0));

	*ret = (struct shd_value){.none = true};
	if (!list)
		return true;
	if (!type || !shd_type_find(type, &ret->type))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "facts: %s has no known type", name);
	ret->none = false;
	if (ret->type == SHD_TEXT) {
		ret->text = json_is_string(n) ? shd_arena_text(arena, json_string_value(n),
							json_string_length(n))
					      : NULL;
		ret->len = (uint32_t)json_string_length(n);
		return ret->text || shd_fail(reterr, SHD_ERR_SCHEMA, "facts: %s is no text", name);
	}
	ret->n = json_integer_value(n);
	const char *currency = json_string_value(json_array_get(list, 2));
	if (ret->type == SHD_MONEY && (!currency || strlen(currency) != 3))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "facts: %s has no currency", name);
	if (ret->type == SHD_MONEY)
		memcpy(ret->currency, currency, 4);
	return true;
}

static bool get_level(const json_t *map, const char *name, enum shd_level *ret_level)
{
	const char *word = json_string_value(json_object_get(map, name));

	return word && shd_level_find(word, ret_level);
}

static bool unpack_one(const json_t *map, struct shd_arena *arena, struct shd_facts *facts,
	struct shd_error *reterr)
{
	const char *move = json_string_value(json_object_get(map, "move"));

	if (!move || !shd_move_find(move, &facts->move) ||
		!get_level(map, "level", &facts->level) ||
		!get_level(map, "from", &facts->from_level))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "facts: unknown move or level");
	facts->alert = get_int(map, "alert");
	facts->episode = (int)get_int(map, "episode");
	facts->rule = get_word(map, "rule", arena);
	facts->store = get_word(map, "store", arena);
	facts->entity = get_word(map, "entity", arena);
	facts->marketplace = get_word(map, "marketplace", arena);
	facts->subject = get_word(map, "subject", arena);
	facts->url = get_text(map, "url", arena);
	facts->product = get_text(map, "product", arena);
	facts->quote = get_text(map, "quote", arena);
	facts->units = get_int(map, "units");
	facts->ship_by.ms = get_int(map, "ship_by");
	facts->at.ms = get_int(map, "at");
	facts->since.ms = get_int(map, "since");
	facts->sample_hit = (uint32_t)get_int(map, "sample_hit");
	facts->sample_of = (uint32_t)get_int(map, "sample_of");
	facts->due.ms = get_int(map, "due");
	facts->unlisted.ms = get_int(map, "unlisted");
	facts->unwatched = get_int(map, "unwatched");
	facts->more = (uint32_t)get_int(map, "more");
	return get_value(map, "value", arena, &facts->value, reterr) &&
	       get_value(map, "limit", arena, &facts->limit, reterr) &&
	       get_value(map, "cost", arena, &facts->cost, reterr) &&
	       get_value(map, "amount", arena, &facts->amount, reterr) &&
	       get_value(map, "room", arena, &facts->room, reterr);
}

bool shd_facts_unpack(const char *json, struct shd_arena *arena, struct shd_facts **ret_facts,
	size_t *ret_count, struct shd_error *reterr)
{
	json_error_t where;
	json_auto_t *list = json_loads(json, JSON_REJECT_DUPLICATES, &where);
	size_t count = json_array_size(list);

	if (!list)
		return shd_fail(reterr, SHD_ERR_SYNTAX, "facts: %s", where.text);
	if (!count || count > FACTS_MAX)
		return shd_fail(reterr, SHD_ERR_LIMIT, "facts: %zu alerts, expected 1 to %d", count,
			FACTS_MAX);
	struct shd_facts *facts = shd_arena_alloc(arena, count, sizeof(*facts));
	if (!facts)
		return shd_fail(reterr, SHD_ERR_LIMIT, "facts: too large");
	for (size_t i = 0; i < count; i++) {
		if (!unpack_one(json_array_get(list, i), arena, &facts[i], reterr))
			return false;
	}
	*ret_facts = facts;
	*ret_count = count;
	return true;
}
