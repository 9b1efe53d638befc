/* Reads and prints answers of the API. */
#include "ctl.h"
#include "message/plain.h"

#include <stdlib.h>
#include <string.h>

const char *shd_ctl_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return shd_or_empty(text);
}

int64_t shd_ctl_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool shd_ctl_bool(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

struct shd_wall shd_ctl_time(const json_t *object, const char *name)
{
	const char *text = shd_ctl_text(object, name);
	struct shd_wall time = {0};
	struct shd_error ignored;

	if (!shd_time_parse(text, strlen(text), &time, &ignored))
		time.ms = 0;
	return time;
}

const char *shd_ctl_value(const json_t *object, const char *name)
{
	return shd_ctl_text(json_object_get(object, name), "text");
}

void shd_ctl_add_sample(struct shd_text *text, const json_t *object)
{
	const json_t *sample = json_object_get(object, "sample");

	if (shd_ctl_int(sample, "of"))
		shd_text_printf(text, " (%lld of %lld)", (long long)shd_ctl_int(sample, "hit"),
			(long long)shd_ctl_int(sample, "of"));
}

const char *shd_ctl_when(const struct shd_ctl *ctl, const json_t *object, const char *name,
			 const char *never, char buf[SHD_WORDING_TEXT])
{
	struct shd_wall time = shd_ctl_time(object, name);

	return time.ms ? shd_wording_when(time, ctl->now, buf) : never;
}

enum shd_paint shd_ctl_level_paint(const char *level)
{
	static const struct {
		const char *name;
		enum shd_paint paint;
	} rows[] = {
		{"breached", SHD_BAD},
		{"critical", SHD_BAD},
		{"warning", SHD_POOR},
		{"info", SHD_GOOD},
	};

	for (size_t i = 0; i < SHD_COUNT(rows); i++)
		if (strcmp(rows[i].name, level) == 0)
			return rows[i].paint;
	return SHD_PLAIN;
}

enum shd_exit shd_ctl_fetch(struct shd_ctl *ctl, const char *path, json_t **ret_answer)
{
	enum shd_exit code = shd_ctl_ask(ctl, path, ret_answer);

	if (code != SHD_EXIT_OK || !ctl->json)
		return code;
	shd_ctl_print_json(ctl, *ret_answer);
	json_decref(shd_steal(*ret_answer));
	return SHD_EXIT_OK;
}

void shd_ctl_line(struct shd_ctl *ctl, const char *name, const char *text)
{
	if (!*text)
		return;
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_DIM, name);
	shd_text_printf(&ctl->out, "%*s", (int)(12 - strlen(name)), "");
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_PLAIN, text);
	shd_text_putc(&ctl->out, '\n');
}

void shd_ctl_print_json(struct shd_ctl *ctl, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_INDENT(2));

	shd_assert(text);
	text = shd_json_clean(text);
	shd_text_puts(&ctl->out, text);
	shd_text_putc(&ctl->out, '\n');
	free(text);
}
