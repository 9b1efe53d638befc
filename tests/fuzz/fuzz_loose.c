/* Any JSON to every loose reader: none fails, and what one returns keeps its promise. */
#include "base/currency.h"
#include "market/loose.h"
#include "market/adapter.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_money(const json_t *value, const json_t *currency)
{
	char code[4] = "";
	int64_t minor;

	if (shd_loose_money(value, currency, &minor, code))
		shd_assert(strlen(code) == 3 && shd_currency_digits(code) >= 0);
}

static void read_value(const json_t *value)
{
	static const struct shd_loose_word words[] = {{"DONE", "done"}, {"1", "one"}, {NULL, NULL}};
	struct shd_loose_text text;
	struct shd_wall time;
	const char *meant = NULL;
	int64_t n;
	bool yes;

	if (shd_loose_text(value, &text))
		shd_assert(text.text && text.len);
	if (shd_loose_int(value, &n))
		shd_assert(shd_loose_text(value, &text));
	if (shd_loose_time(value, &time))
		shd_assert(time.ms != SHD_NEVER_MS);
	if (shd_loose_word(value, words, &meant))
		shd_assert(meant);
	shd_loose_bool(value, &yes);
	shd_loose_decimal(value, 6, &n);
	shd_loose_is(value, "canceled");
	shd_loose_any(value);
	read_money(value, NULL);
	read_money(value, shd_loose_at(value, "currency"));
}

/* Every value goes into every kind of field of an order. */
static void put_value(struct shd_harvest *out, size_t at, const json_t *value)
{
	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++) {
		enum shd_field field = shd_kind_first(SHD_KIND_order) + (enum shd_field)i;
		enum shd_type type = shd_field_row(field)->type;

		if (type == SHD_TEXT && !*shd_field_row(field)->words)
			shd_put_text(out, at, field, value);
		else if (type == SHD_TIME)
			shd_put_time(out, at, field, value);
		else if (type == SHD_NUMBER)
			shd_put_number(out, at, field, value);
		else if (type == SHD_BOOL)
			shd_put_bool(out, at, field, value);
		else if (type == SHD_MONEY)
			shd_put_money(out, at, field, value, NULL);
	}
}

static void walk(struct shd_harvest *out, size_t at, json_t *value, int depth)
{
	struct shd_error error;
	const char *key;
	json_t *member;
	size_t i, found;

	read_value(value);
	put_value(out, at, value);
	if (!shd_put_entity(out, SHD_KIND_review, "r:", value, "id", &found, &error))
		shd_assert(error.kind == SHD_ERR_SCHEMA && *error.msg);
	if (depth > 20)
		return;
	json_object_foreach (value, key, member)
		walk(out, at, member, depth + 1);
	json_array_foreach (value, i, member)
		walk(out, at, member, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);
	struct shd_error error;
	json_auto_t *value = shd_adapter_parse((const char *)data, size, &error);
	size_t at = shd_harvest_entity(harvest, SHD_KIND_order, "o", 1);

	if (value)
		walk(harvest, at, value, 0);
	else
		shd_assert(*error.msg);
	read_value(NULL);
	shd_harvest_destroy(harvest);
	return 0;
}
