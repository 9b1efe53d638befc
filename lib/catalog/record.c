#include "record.h"

#include "base/currency.h"
#include "base/num.h"

#include <string.h>

enum { CURRENCY_LEN = 3 };

static void write_text(struct shd_text *out, const struct shd_value *value)
{
	if (!memchr(value->text, '\n', value->len) && !memchr(value->text, '\\', value->len)) {
		shd_text_add(out, value->text, value->len);
		return;
	}
	for (size_t i = 0; i < value->len; i++) {
		char c = value->text[i];

		if (c == '\n' || c == '\\')
			shd_text_putc(out, '\\');
		shd_text_putc(out, c == '\n' ? 'n' : c);
	}
}

static void write_field(struct shd_text *out, const char *name, const struct shd_value *value)
{
	shd_text_puts(out, name);
	if (!value->none) {
		shd_text_putc(out, '=');
		if (value->type == SHD_TEXT)
			write_text(out, value);
		else
			shd_text_printf(out, "%lld%s", (long long)value->n, value->currency);
	}
	shd_text_putc(out, '\n');
}

void shd_record_write(struct shd_text *out, const struct shd_entity *entity, uint64_t fields)
{
	int first = (int)shd_kind_first(entity->kind), count = shd_kind_fields(entity->kind);

	for (int i = 0; i < count; i++)
		if (fields >> i & 1)
			write_field(out, shd_field_row((enum shd_field)(first + i))->name,
				    &entity->fields[i]);
}

static void read_text(const char *text, size_t len, struct shd_harvest *harvest, size_t at,
		      enum shd_field field)
{
	char plain[2 * SHD_FIELD_BYTES];
	size_t out = 0;

	for (size_t i = 0; i < len && out < sizeof(plain); i++) {
		bool escaped = text[i] == '\\' && i + 1 < len;

		i += escaped;
		plain[out++] = escaped && text[i] == 'n' ? '\n' : text[i];
	}
	shd_set_text(harvest, at, field, plain, out);
}

static void read_number(const char *text, size_t len, enum shd_type type,
			struct shd_harvest *harvest, size_t at, enum shd_field field)
{
	bool coded = type == SHD_MONEY && len > CURRENCY_LEN &&
		     shd_currency_digits(text + len - CURRENCY_LEN) >= 0;
	struct shd_error ignored;
	char currency[4] = "";
	int64_t n = 0;

	if (coded) {
		len -= CURRENCY_LEN;
		memcpy(currency, text + len, CURRENCY_LEN);
	}
	if (!shd_decimal_parse(text, len, 0, &n, &ignored))
		return;
	if (type == SHD_MONEY)
		shd_set_money(harvest, at, field, n, currency);
	else
		shd_set_n(harvest, at, field, n);
}

static void read_line(const char *line, size_t len, struct shd_harvest *harvest, size_t at)
{
	const char *equals = memchr(line, '=', len);
	size_t name_len = equals ? (size_t)(equals - line) : len;
	enum shd_field field = SHD_FIELD_COUNT;

	if (!shd_field_find(harvest->entities[at].kind, line, name_len, &field))
		return;
	enum shd_type type = shd_field_row(field)->type;
	if (!equals)
		shd_set_none(harvest, at, field);
	else if (type == SHD_TEXT)
		read_text(equals + 1, len - name_len - 1, harvest, at, field);
	else
		read_number(equals + 1, len - name_len - 1, type, harvest, at, field);
}

void shd_record_read(const char *text, struct shd_harvest *harvest, size_t at)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		read_line(text, len, harvest, at);
		text += len + (text[len] == '\n');
	}
}
