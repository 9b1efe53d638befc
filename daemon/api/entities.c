/* GET /api/v1/entities/KIND: what is known of the entities of a kind, or of one of them. */
#include "json.h"
#include "route.h"
#include "catalog/unread.h"

#include <string.h>

enum { ENTITIES_MAX = 1000, DAEMON_STORES = 1 };

static json_t *value_json(const struct shd_entity *entity, int index)
{
	const struct shd_field_row *row =
		shd_field_row(shd_kind_first(entity->kind) + (enum shd_field)index);
	const struct shd_value *value = &entity->fields[index];
	SHD_AUTO(shd_text_finish) struct shd_text written = {0};
	json_t *field = json_object();

	shd_text_init(&written, SHD_FIELD_BYTES + 16);
	shd_value_print(value, &written);
	shd_api_put_text(field, "name", row->name);
	shd_api_put_text(field, "type", shd_type_name(row->type));
	shd_api_put_value(field, "value", value);
	shd_api_put_text(field, "written", value->none ? NULL : written.data);
	shd_api_put_bool(field, "unreadable", shd_unread_field(entity, index));
	return field;
}

/* All fields of one that was asked for; in a list those that have a value or cannot be read. */
static json_t *entity_json(
	const struct shd_api_call *call, const char *store, const struct shd_entity *entity)
{
	json_t *row = json_object(), *fields = json_array();

	shd_api_put_text(row, "store", store);
	shd_api_put_text(row, "id", entity->id);
	for (int i = 0; i < shd_kind_fields(entity->kind); i++)
		if (call->id || !entity->fields[i].none || shd_unread_field(entity, i))
			json_array_append_new(fields, value_json(entity, i));
	json_object_set_new(row, "fields", fields);
	return row;
}

bool shd_api_entities_begin(struct shd_api_call *call, const struct shd_config *config,
			    struct shd_error *reterr)
{
	const char *kind = call->argument, *all = shd_api_argument(call, "all");

	if (!shd_kind_find(kind, strlen(kind), &call->kind))
		return shd_api_refuse_kind(kind, strlen(kind), reterr);
	call->id = shd_api_argument_copy(call, "id");
	call->after = shd_api_argument_copy(call, "after");
	call->filter.closed_too = call->id || (all && strcmp(all, "1") == 0);
	if (!shd_api_max(call, ENTITIES_MAX, &call->filter.max, reterr) ||
		!shd_api_filter_begin(call, config, reterr))
		return false;
	if (call->after && !call->filter.store)
		return shd_fail(reterr, SHD_ERR_REQUEST, "?after= needs ?store=");
	shd_api_copy_stores(call, config);
	return !call->filter.store || strcmp(call->filter.store, "daemon") == 0 ||
	       shd_api_store_find(call, call->filter.store, reterr);
}

/* Appends a store's entities until the list has `max`; true in *ret_more: it has others. */
static bool add_page(struct shd_api_call *call, struct shd_state *state, const char *store,
		     json_t *list, bool *ret_more, struct shd_error *reterr)
{
	struct shd_entity_page page = {.after = call->after,
		.closed_too = call->filter.closed_too,
		.max = call->filter.max - json_array_size(list) + 1};
	const char *const *ids;
	size_t count;

	if (!shd_state_entity_page(
		    state, store, call->kind, &page, call->arena, &ids, &count, reterr))
		return false;
	*ret_more = count == page.max;
	for (size_t i = 0; i < count - *ret_more; i++) {
		struct shd_entity *entity;

		if (!shd_state_entity_get(
			    state, store, call->kind, ids[i], call->arena, &entity, reterr))
			return false;
		if (entity)
			json_array_append_new(list, entity_json(call, store, entity));
	}
	return true;
}

static bool add_one(struct shd_api_call *call, struct shd_state *state, const char *store,
		    json_t *list, struct shd_error *reterr)
{
	struct shd_entity *entity;

	if (!shd_state_entity_get(
		    state, store, call->kind, call->id, call->arena, &entity, reterr))
		return false;
	if (entity)
		json_array_append_new(list, entity_json(call, store, entity));
	return true;
}

/* The stores, and then the daemon itself. */
static const char *store_at(const struct shd_api_call *call, size_t at)
{
	return at < call->store_count ? call->stores[at].id : "daemon";
}

bool shd_api_entities_read(struct shd_api_call *call, struct shd_state *state,
			   struct shd_error *reterr)
{
	const char *wanted = call->filter.store;
	json_t *list = json_array();
	bool more = false;

	shd_api_put_text(call->answer, "kind", shd_kind_name(call->kind));
	json_object_set_new(call->answer, "entities", list);
	for (size_t i = 0; i < call->store_count + DAEMON_STORES && !more; i++) {
		const char *store = store_at(call, i);

		if (wanted && strcmp(store, wanted) != 0)
			continue;
		if (!(call->id ? add_one(call, state, store, list, reterr)
			       : add_page(call, state, store, list, &more, reterr)))
			return false;
	}
	shd_api_put_bool(call->answer, "more", more);
	if (!call->id || json_array_size(list))
		return true;
	if (wanted)
		return shd_fail(reterr, SHD_ERR_MISSING, "store \"%s\" has no %s \"%.64s\"",
			wanted, shd_kind_name(call->kind), call->id);
	return shd_fail(reterr, SHD_ERR_MISSING, "no store has %s %s \"%.64s\"",
		strchr("aeiou", shd_kind_name(call->kind)[0]) ? "an" : "a",
		shd_kind_name(call->kind), call->id);
}
