#include "json.h"

#include "base/text.h"
#include "message/plain.h"

void shd_api_put_value(json_t *object, const char *name, const struct shd_value *value)
{
	if (value->none) {
		json_object_set_new(object, name, json_null());
		return;
	}
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	shd_text_init(&text, SHD_FIELD_BYTES);
	shd_wording_plainly(value, &text);

	json_t *row = json_object();
	shd_api_put_text(row, "type", shd_type_name(value->type));
	if (value->type == SHD_MONEY)
		shd_api_put_text(row, "currency", value->currency);
	if (value->type != SHD_TEXT)
		shd_api_put_int(row, "n", value->n);
	shd_api_put_text(row, "text", text.data);
	json_object_set_new(object, name, row);
}

void shd_api_put_time(json_t *object, const char *name, struct shd_wall time)
{
	char text[SHD_TIME_TEXT];
	bool known = time.ms != 0 && time.ms != SHD_NEVER_MS;

	shd_api_put_text(object, name, known ? shd_time_format(time, text) : NULL);
}

void shd_api_put_text(json_t *object, const char *name, const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	json_object_set_new(object, name, value ? value : json_string("?"));
}

void shd_api_put_int(json_t *object, const char *name, int64_t n)
{
	json_object_set_new(object, name, json_integer(n));
}

void shd_api_put_bool(json_t *object, const char *name, bool yes)
{
	json_object_set_new(object, name, json_boolean(yes));
}

void shd_api_put_sample(json_t *object, uint32_t hit, uint32_t of)
{
	json_t *sample = json_object();

	shd_api_put_int(sample, "hit", hit);
	shd_api_put_int(sample, "of", of);
	json_object_set_new(object, "sample", sample);
}
