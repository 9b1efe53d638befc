#include "entity.h"

#include "base/currency.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

void shd_value_print(const struct shd_value *value, struct shd_text *out)
{
	char number[SHD_DECIMAL_TEXT], duration[SHD_DURATION_TEXT], time[SHD_TIME_TEXT];

	if (value->none) {
		shd_text_puts(out, "none");
		return;
	}
	switch (value->type) {
	case SHD_BOOL:
		shd_text_puts(out, value->n ? "true" : "false");
		return;
	case SHD_NUMBER:
		shd_text_puts(out, shd_decimal_format(value->n, 6, number));
		return;
	case SHD_RATIO:
		shd_text_printf(out, "%s%%", shd_decimal_format(value->n, 4, number));
		return;
	case SHD_DURATION:
		shd_text_puts(out, shd_duration_format(value->n, duration));
		return;
	case SHD_TIME:
		shd_text_puts(out, shd_time_format((struct shd_wall){value->n}, time));
		return;
	case SHD_MONEY:
		shd_text_printf(out, "%s %s",
			shd_decimal_format(value->n, shd_currency_digits(value->currency), number),
			value->currency);
		return;
	case SHD_TEXT:
		shd_text_add(out, value->text, value->len);
		return;
	}
}

bool shd_value_equal(const struct shd_value *a, const struct shd_value *b)
{
	if (a->type != b->type || a->none != b->none)
		return false;
	if (a->none)
		return true;
	if (a->type == SHD_TEXT)
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	return a->n == b->n && (a->type != SHD_MONEY || memcmp(a->currency, b->currency, 4) == 0);
}

struct shd_harvest *shd_harvest_create(size_t max_bytes)
{
	struct shd_harvest *harvest = shd_xcalloc(1, sizeof(*harvest));

	harvest->arena = shd_arena_create(max_bytes);
	return harvest;
}

void shd_harvest_destroy(struct shd_harvest *harvest)
{
	if (!harvest)
		return;
	shd_arena_destroy(harvest->arena);
	free(harvest->entities);
	free(harvest->measures);
	free(harvest->unmeasured);
	free(harvest->follows);
	free(harvest);
}

size_t shd_harvest_entity(struct shd_harvest *harvest, enum shd_kind kind, const char *id,
			  size_t id_len)
{
	/* What a full harvest still gets goes here, so that callers need no checks. */
	static const char none[] = "";
	size_t at = harvest->entity_count;
	size_t count = (size_t)shd_kind_fields(kind);

	shd_grow(harvest->entities, at, harvest->entity_room);
	struct shd_entity *entity = &harvest->entities[at];
	*entity = (struct shd_entity){.kind = kind};
	entity->id = shd_arena_text(harvest->arena, id, id_len);
	entity->fields = shd_arena_alloc(harvest->arena, count, sizeof(*entity->fields));
	harvest->entity_count++;
	if (!entity->id || !entity->fields) {
		harvest->full = true;
		entity->id = none;
		entity->fields = NULL;
		return at;
	}
	for (size_t i = 0; i < count; i++) {
		entity->fields[i].type =
			shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type;
		entity->fields[i].none = true;
	}
	return at;
}

size_t shd_harvest_known(struct shd_harvest *harvest, enum shd_kind kind, const char *id,
			 size_t id_len)
{
	size_t at = shd_harvest_entity(harvest, kind, id, id_len);

	harvest->entities[at].known_only = true;
	return at;
}

static void forget_unread(struct shd_entity *entity, int index)
{
	const struct shd_unreadable *at = entity->unread, **link = &entity->unread;

	for (; at; at = at->next) {
		if (at->index == index) {
			*link = at->next;
			return;
		}
		link = &((struct shd_unreadable *)at)->next; /* of our own making */
	}
}

/* The slot of a field, marked as spoken of; NULL in a full harvest. */
static struct shd_value *slot(struct shd_harvest *harvest, size_t at, enum shd_field field)
{
	shd_assert(at < harvest->entity_count);
	struct shd_entity *entity = &harvest->entities[at];
	shd_assert(shd_field_row(field)->kind == entity->kind);
	if (!entity->fields)
		return NULL;
	int index = shd_field_index(field);
	entity->set |= 1ULL << index;
	if (entity->unread)
		forget_unread(entity, index);
	return &entity->fields[index];
}

void shd_set_none(struct shd_harvest *harvest, size_t at, enum shd_field field)
{
	struct shd_value *value = slot(harvest, at, field);

	if (value)
		*value = (struct shd_value){.type = value->type, .none = true};
}

void shd_set_unread(struct shd_harvest *harvest, size_t at, enum shd_field field, bool blank,
		    const char *example)
{
	struct shd_value *value = slot(harvest, at, field);
	struct shd_entity *entity = &harvest->entities[at];
	int index = shd_field_index(field);

	if (!value)
		return;
	*value = (struct shd_value){.type = value->type, .none = true};
	entity->set &= ~(1ULL << index);
	struct shd_unreadable *unread = shd_arena_alloc(harvest->arena, 1, sizeof(*unread));
	const char *copy = shd_arena_text(harvest->arena, example, strlen(example));
	if (!unread || !copy) {
		harvest->full = true;
		return;
	}
	*unread = (struct shd_unreadable){entity->unread, index, blank, copy, NULL};
	entity->unread = unread;
}

void shd_set_otherwise(struct shd_harvest *harvest, size_t at, enum shd_field field,
		       const char *example)
{
	struct shd_entity *entity = &harvest->entities[at];
	struct shd_value *otherwise = shd_arena_alloc(harvest->arena, 1, sizeof(*otherwise));
	int index = shd_field_index(field);

	if (!otherwise)
		harvest->full = true;
	if (!otherwise || !(entity->set >> index & 1))
		return;
	*otherwise = entity->fields[index];
	shd_set_unread(harvest, at, field, true, example);
	if (!harvest->full)
		((struct shd_unreadable *)entity->unread)->otherwise =
			otherwise; /* of our making */
}

void shd_set_n(struct shd_harvest *harvest, size_t at, enum shd_field field, int64_t n)
{
	struct shd_value *value = slot(harvest, at, field);

	if (!value)
		return;
	shd_assert(value->type != SHD_TEXT && value->type != SHD_MONEY);
	value->none = false;
	value->n = n;
}

/* Bytes of the valid UTF-8 character at s[0..len), 0 when there is none or it is
 * a control character other than tab and line feed. */
static size_t good_char(const unsigned char *s, size_t len)
{
	size_t need = s[0] < 0x80   ? 1
		      : s[0] < 0xC2 ? 0
		      : s[0] < 0xE0 ? 2
		      : s[0] < 0xF0 ? 3
		      : s[0] < 0xF5 ? 4
				    : 0;

	if (need == 0 || need > len || (need == 1 && s[0] < 0x20 && s[0] != '\t' && s[0] != '\n') ||
	    s[0] == 0x7F)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
	bool surrogate = s[0] == 0xED && s[1] >= 0xA0, beyond = s[0] == 0xF4 && s[1] >= 0x90;
	return overlong || surrogate || beyond ? 0 : need;
}

/* Whether all of it is printable ASCII, as ids, words and times are. */
static bool is_plain(const unsigned char *text, size_t len)
{
	unsigned odd = 0;

	for (size_t i = 0; i < len; i++)
		odd |= text[i] - 0x20U > 0x7E - 0x20U;
	return !odd;
}

/* Copies text[0..len), replacing what is not clean; NULL when the arena is full. */
static char *clean_copy(struct shd_arena *arena, const char *text, size_t len, size_t *ret_len)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t need = 0, out = 0;

	if (is_plain(in, len)) {
		*ret_len = len;
		return shd_arena_text(arena, text, len);
	}
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = good_char(in + i, len - i);
		need += n ? n : 3;
	}
	char *copy = shd_arena_alloc(arena, need + 1, 1);
	if (!copy)
		return NULL;
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = good_char(in + i, len - i);
		memcpy(copy + out, n ? text + i : "\xEF\xBF\xBD", n ? n : 3);
		out += n ? n : 3;
	}
	*ret_len = out;
	return copy;
}

/* Bounded by SHD_FIELD_BYTES before cleaning, so that the cost is bounded too. */
void shd_set_text(struct shd_harvest *harvest, size_t at, enum shd_field field, const char *text,
		  size_t len)
{
	struct shd_value *value = slot(harvest, at, field);
	size_t cut = len, clean_len = 0;

	if (!value)
		return;
	shd_assert(value->type == SHD_TEXT);
	if (len > SHD_FIELD_BYTES)
		for (cut = SHD_FIELD_BYTES; cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80;)
			cut--;
	char *copy = clean_copy(harvest->arena, text, cut, &clean_len);
	if (!copy) {
		harvest->full = true;
		return;
	}
	value->none = false;
	value->text = copy;
	value->len = (uint32_t)clean_len;
}

void shd_set_money(struct shd_harvest *harvest, size_t at, enum shd_field field, int64_t minor,
		   const char currency[4])
{
	struct shd_value *value = slot(harvest, at, field);

	if (!value)
		return;
	shd_assert(value->type == SHD_MONEY);
	value->none = false;
	value->n = minor;
	memcpy(value->currency, currency, 3);
	value->currency[3] = '\0';
}

void shd_harvest_measure(struct shd_harvest *harvest, enum shd_metric metric, bool is_target,
			 struct shd_value value)
{
	shd_assert(value.type == shd_metric_row(metric)->type);
	shd_grow(harvest->measures, harvest->measure_count, harvest->measure_room);
	harvest->measures[harvest->measure_count++] =
		(struct shd_measure){metric, is_target, value};
}

void shd_harvest_unmeasured(struct shd_harvest *harvest, enum shd_metric metric, bool is_target,
			    const char *example)
{
	const char *copy = shd_arena_text(harvest->arena, example, strlen(example));

	if (!copy) {
		harvest->full = true;
		return;
	}
	shd_grow(harvest->unmeasured, harvest->unmeasured_count, harvest->unmeasured_room);
	harvest->unmeasured[harvest->unmeasured_count++] =
		(struct shd_unmeasured){metric, is_target, copy};
}

void shd_harvest_follow(struct shd_harvest *harvest, const char *endpoint, const char *id,
			size_t id_len)
{
	shd_grow(harvest->follows, harvest->follow_count, harvest->follow_room);
	const char *copy = shd_arena_text(harvest->arena, id, id_len);
	if (!copy) {
		harvest->full = true;
		return;
	}
	harvest->follows[harvest->follow_count++] = (struct shd_follow){endpoint, copy};
}

bool shd_harvest_says(const struct shd_harvest *harvest)
{
	return harvest->entity_count || harvest->measure_count || harvest->unmeasured_count;
}

size_t shd_harvest_bytes(const struct shd_harvest *harvest)
{
	return shd_arena_used(harvest->arena);
}

bool shd_harvest_ok(const struct shd_harvest *harvest, struct shd_error *reterr)
{
	if (harvest->full)
		return shd_fail(reterr, SHD_ERR_LIMIT,
			"the poll brought more than %zu bytes of fields",
			shd_arena_used(harvest->arena));
	return true;
}
