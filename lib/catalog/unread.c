#include "unread.h"

#include <string.h>

enum { EXAMPLE_BYTES = 48 }; /* with all fields of a kind it stays below what a field holds */

/* What shd_derive makes of what: unknown when that is. */
static const struct {
	enum shd_field derived, from;
} sources[] = {
	{SHD_F_order_shipped_late, SHD_F_order_ship_by},
	{SHD_F_order_shipped_late, SHD_F_order_shipped_at},
	{SHD_F_order_shipped_late, SHD_F_order_status},
	{SHD_F_order_delivered_late, SHD_F_order_deliver_by},
	{SHD_F_order_delivered_late, SHD_F_order_delivered_at},
	{SHD_F_order_delivered_late, SHD_F_order_status},
	{SHD_F_order_cancelled_at, SHD_F_order_status},
	{SHD_F_order_delivered_at, SHD_F_order_status},
	{SHD_F_stock_cover, SHD_F_stock_available},
	{SHD_F_stock_cover, SHD_F_stock_sold_7d},
	{SHD_F_stock_had_stock, SHD_F_stock_available},
	{SHD_F_listing_state_since, SHD_F_listing_state},
	{SHD_F_listing_was_active, SHD_F_listing_state},
	{SHD_F_parcel_customs_since, SHD_F_parcel_status},
};

static size_t word(const char *at, const char *end)
{
	const char *blank = memchr(at, ' ', (size_t)(end - at));

	return (size_t)((blank ? blank : end) - at);
}

bool shd_unread_next(const char **at, struct shd_unread_line *ret_line)
{
	const char *text = *at, *end = text + strcspn(text, "\n");

	if (!*text)
		return false;
	*ret_line = (struct shd_unread_line){.field = text, .field_len = word(text, end)};
	text += ret_line->field_len + (text + ret_line->field_len < end);
	ret_line->feed = text;
	ret_line->feed_len = word(text, end);
	text += ret_line->feed_len + (text + ret_line->feed_len < end);
	ret_line->example = text;
	ret_line->example_len = (size_t)(end - text);
	*at = end + (*end == '\n');
	return true;
}

bool shd_unread_names(const struct shd_entity *entity, const char *name, size_t len)
{
	const struct shd_value *unreadable = &entity->fields[SHD_I_unreadable];
	const char *at = unreadable->text;
	struct shd_unread_line line;

	while (!unreadable->none && shd_unread_next(&at, &line))
		if (len == line.field_len && memcmp(line.field, name, len) == 0)
			return true;
	return false;
}

static bool is_named(const struct shd_entity *entity, enum shd_field field)
{
	const char *name = shd_field_row(field)->name;

	return shd_unread_names(entity, name, strlen(name));
}

bool shd_unread_field(const struct shd_entity *entity, int index)
{
	const struct shd_value *unreadable = &entity->fields[SHD_I_unreadable];
	enum shd_field field = shd_kind_first(entity->kind) + (enum shd_field)index;

	if (unreadable->none || index == SHD_I_unreadable)
		return false;
	if (is_named(entity, field))
		return true;
	for (size_t i = 0; i < SHD_COUNT(sources); i++)
		if (sources[i].derived == field &&
			is_named(entity, sources[i].from))
			return true;
	return false;
}

static const struct shd_unreadable *find(const struct shd_entity *seen, int index)
{
	const struct shd_unreadable *unread = seen->unread;

	while (unread && unread->index != index)
		unread = unread->next;
	return unread;
}

static bool is_metric(enum shd_kind kind, const struct shd_unread_line *line)
{
	enum shd_metric ignored;

	return kind == SHD_KIND_store && shd_metric_find(line->field, line->field_len, &ignored);
}

static void keep_line(const struct shd_unread_line *line, struct shd_text *out)
{
	shd_text_puts(out, out->len ? "\n" : "");
	shd_text_add(out, line->field, (size_t)(line->example + line->example_len - line->field));
}

/* Lines of fields that `seen` says nothing of stay. */
static void keep_lines(
	const struct shd_entity *entity, const struct shd_entity *seen, struct shd_text *out)
{
	const char *at = entity->fields[SHD_I_unreadable].text;
	struct shd_unread_line line;
	enum shd_field field;

	while (shd_unread_next(&at, &line)) {
		if (is_metric(entity->kind, &line)) {
			keep_line(&line, out);
			continue;
		}
		if (!shd_field_find(entity->kind, line.field, line.field_len, &field))
			continue;
		int index = shd_field_index(field);
		if (!(seen->set >> index & 1) && !find(seen, index))
			keep_line(&line, out);
	}
}

static void add_line(const char *name, const char *feed, const char *example, struct shd_text *out)
{
	shd_text_printf(out, "%s%s %s ", out->len ? "\n" : "", name, feed && *feed ? feed : "-");
	shd_text_excerpt(out, example, strlen(example), EXAMPLE_BYTES);
}

static void add_lines(const struct shd_entity *entity, const struct shd_entity *seen,
	const char *feed, struct shd_text *out)
{
	for (const struct shd_unreadable *unread = seen->unread; unread; unread = unread->next) {
		enum shd_field field =
			shd_kind_first(entity->kind) + (enum shd_field)unread->index;

		/* All begins at some time. */
		if (unread->blank && entity->fields[unread->index].none &&
			unread->index != SHD_I_opened_at)
			continue;
		if (unread->otherwise &&
			shd_value_equal(&entity->fields[unread->index], unread->otherwise))
			continue;
		add_line(shd_field_row(field)->name, feed, unread->example, out);
	}
}

static void take_otherwise(struct shd_entity *entity, const struct shd_entity *seen)
{
	for (const struct shd_unreadable *unread = seen->unread; unread; unread = unread->next) {
		if (!unread->otherwise || !entity->fields[unread->index].none)
			continue;
		entity->fields[unread->index] = *unread->otherwise;
		entity->set |= 1ULL << unread->index;
	}
}

static bool keep_in(struct shd_value *unreadable, const struct shd_text *lines,
	struct shd_arena *arena)
{
	unreadable->none = lines->len == 0;
	if (unreadable->none)
		return true;
	unreadable->text = shd_arena_text(arena, lines->data, lines->len);
	unreadable->len = (uint32_t)lines->len;
	return unreadable->text != NULL;
}

bool shd_unread_merge(struct shd_entity *entity, const struct shd_entity *seen, const char *feed,
		      struct shd_arena *arena)
{
	struct shd_value *unreadable = &entity->fields[SHD_I_unreadable];
	struct shd_text lines SHD_AUTO(shd_text_finish) = {0};

	if (unreadable->none && !seen->unread)
		return true;
	take_otherwise(entity, seen);
	shd_text_init(&lines, SHD_FIELD_BYTES);
	if (!unreadable->none)
		keep_lines(entity, seen, &lines);
	add_lines(entity, seen, feed, &lines);
	return keep_in(unreadable, &lines, arena);
}

static bool is_of(const struct shd_unread_line *line, const char *feed)
{
	return line->feed_len == strlen(feed) && memcmp(line->feed, feed, line->feed_len) == 0;
}

bool shd_unread_merge_metrics(struct shd_entity *store, const struct shd_harvest *harvest,
	const char *feed, struct shd_arena *arena)
{
	struct shd_value *unreadable = &store->fields[SHD_I_unreadable];
	struct shd_text lines SHD_AUTO(shd_text_finish) = {0};
	const char *at = unreadable->text;
	struct shd_unread_line line;

	shd_text_init(&lines, SHD_FIELD_BYTES);
	while (!unreadable->none && shd_unread_next(&at, &line))
		if (!is_metric(store->kind, &line) || !is_of(&line, feed))
			keep_line(&line, &lines);
	for (size_t i = 0; i < harvest->unmeasured_count; i++) {
		const struct shd_unmeasured *one = &harvest->unmeasured[i];

		if (i == 0 || one->metric != one[-1].metric)
			add_line(shd_metric_row(one->metric)->name, feed, one->example, &lines);
	}
	return keep_in(unreadable, &lines, arena);
}

void shd_unread_print(enum shd_kind kind, const struct shd_unread_line *line, struct shd_text *out)
{
	if (!is_metric(kind, line))
		shd_text_printf(out, "%s.", shd_kind_name(kind));
	shd_text_add(out, line->field, line->field_len);
}
