/* storehealthctl entities KIND and show KIND ID: what is known now. */
#include "ctl.h"
#include "http/http.h"
#include "message/plain.h"

#include <string.h>

#define MAX_DEFAULT "100"
enum { LITERAL_BYTES = 60 };

static void add_argument(struct shd_text *path, const char *name, const char *value)
{
	if (!value)
		return;
	shd_text_printf(path, "%s%s=", strchr(path->data, '?') ? "&" : "?", name);
	shd_percent_encode(value, strlen(value), path);
}

static void start_path(const struct shd_ctl *ctl, struct shd_text *path)
{
	shd_text_init(path, 1 << 14);
	shd_text_puts(path, "/api/v1/entities/");
	shd_percent_encode(ctl->argument, strlen(ctl->argument), path);
	add_argument(path, "store", ctl->store);
}

/* As people read it: an instant with its distance from now, "cannot be read" where that is so. */
static void add_value(const struct shd_ctl *ctl, const json_t *field, struct shd_text *text)
{
	const json_t *value = json_object_get(field, "value");
	struct shd_wall time = {json_integer_value(json_object_get(value, "n"))};
	char when[SHD_WORDING_TEXT];

	shd_text_puts(text, shd_ctl_value(field, "value"));
	if (json_is_object(value) && strcmp(shd_ctl_text(field, "type"), "time") == 0)
		shd_text_printf(text, " (%s)", shd_wording_when(time, ctl->now, when));
	if (shd_ctl_bool(field, "unreadable"))
		shd_text_printf(text, "%scannot be read now%s", text->len ? " (known before; " : "",
			text->len ? ")" : "");
}

/* "status shipped, amount 1351.50 RUB": without what every kind has, but for odd ones. */
static void fields_cell(struct shd_ctl *ctl, struct shd_table *table, const json_t *fields)
{
	static const char *const left_out[] = {"opened_at", "progressed_at", "closed", "url"};
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	json_t *field;
	size_t i;

	shd_text_init(&text, 1 << 16);
	json_array_foreach(fields, i, field) {
		const char *name = shd_ctl_text(field, "name");
		bool out = false;

		for (size_t n = 0; n < SHD_COUNT(left_out); n++)
			out |= strcmp(left_out[n], name) == 0;
		if (out && !shd_ctl_bool(field, "unreadable"))
			continue;
		shd_text_printf(&text, "%s%s ", text.len ? ", " : "", name);
		add_value(ctl, field, &text);
	}
	shd_table_cell(table, SHD_PLAIN, text.data);
}

static const json_t *field_of(const json_t *fields, const char *name)
{
	json_t *field;
	size_t i;

	json_array_foreach(fields, i, field)
		if (strcmp(shd_ctl_text(field, "name"), name) == 0)
			return field;
	return NULL;
}

static void print_list(struct shd_ctl *ctl, const json_t *entities)
{
	static const char *const headings[] = {"STORE", "ID", "OPENED", "WHAT IS KNOWN", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *entity;
	size_t i;

	json_array_foreach(entities, i, entity) {
		const json_t *fields = json_object_get(entity, "fields");
		const json_t *opened = json_object_get(field_of(fields, "opened_at"), "value");
		struct shd_wall at = {json_integer_value(json_object_get(opened, "n"))};
		char when[SHD_WORDING_TEXT];

		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(entity, "store"));
		shd_table_cell(table, SHD_BOLD, shd_ctl_text(entity, "id"));
		shd_table_cell(table, SHD_PLAIN,
			json_is_object(opened) ? shd_wording_when(at, ctl->now, when) : "");
		fields_cell(ctl, table, fields);
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

enum shd_exit shd_ctl_entities(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;

	start_path(ctl, &path);
	add_argument(&path, "after", ctl->after);
	add_argument(&path, "all", ctl->all ? "1" : NULL);
	add_argument(&path, "max", ctl->max ? ctl->max : MAX_DEFAULT);
	enum shd_exit code = shd_ctl_fetch(ctl, path.data, &answer);
	if (!answer)
		return code;
	const json_t *entities = json_object_get(answer, "entities");
	size_t count = json_array_size(entities);
	if (!count) {
		shd_text_printf(&ctl->out, "No %s is known%s.\n", ctl->argument,
			ctl->all ? "" : " that is open; --all shows closed ones too");
		return SHD_EXIT_OK;
	}
	print_list(ctl, entities);
	if (shd_ctl_bool(answer, "more")) {
		const json_t *last = json_array_get(entities, count - 1);

		shd_text_printf(&ctl->out, "There are more: entities %s --store ", ctl->argument);
		shd_paint_text(&ctl->out, false, SHD_PLAIN, shd_ctl_text(last, "store"));
		shd_text_puts(&ctl->out, " --after ");
		shd_paint_text(&ctl->out, false, SHD_PLAIN, shd_ctl_text(last, "id"));
		shd_text_puts(&ctl->out, ctl->all ? " --all\n" : "\n");
	}
	return SHD_EXIT_OK;
}

/* As a rule writes it: nothing for instants and for texts that are long or have quotes. */
static void add_written(const json_t *field, struct shd_text *text)
{
	const char *type = shd_ctl_text(field, "type"), *written = shd_ctl_text(field, "written");

	if (json_is_null(json_object_get(field, "value")))
		shd_text_puts(text, "none");
	else if (strcmp(type, "text") != 0 && strcmp(type, "time") != 0)
		shd_text_puts(text, written);
	else if (strcmp(type, "text") == 0 && strlen(written) <= LITERAL_BYTES &&
		!strpbrk(written, "\"\\\n"))
		shd_text_printf(text, "\"%s\"", written);
}

static void print_entity(struct shd_ctl *ctl, const json_t *entity)
{
	static const char *const headings[] = {"FIELD", "TYPE", "VALUE", "IN A RULE", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *field;
	size_t i;

	shd_ctl_line(ctl, "store", shd_ctl_text(entity, "store"));
	shd_ctl_line(ctl, "id", shd_ctl_text(entity, "id"));
	json_array_foreach(json_object_get(entity, "fields"), i, field) {
		const char *type = shd_ctl_text(field, "type");
		SHD_AUTO(shd_text_finish) struct shd_text value = {0}, written = {0};

		shd_text_init(&value, 1 << 14);
		shd_text_init(&written, 1 << 14);
		add_value(ctl, field, &value);
		add_written(field, &written);
		shd_table_cell(table, SHD_BOLD, shd_ctl_text(field, "name"));
		shd_table_cell(table, SHD_DIM, type);
		shd_table_cell(table, SHD_PLAIN, value.data);
		shd_table_cell(table, SHD_PLAIN, written.data);
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

enum shd_exit shd_ctl_show(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;
	json_t *entity;
	size_t i;

	start_path(ctl, &path);
	add_argument(&path, "id", ctl->arguments[1]);
	enum shd_exit code = shd_ctl_fetch(ctl, path.data, &answer);
	if (!answer)
		return code;
	json_array_foreach(json_object_get(answer, "entities"), i, entity) {
		if (i)
			shd_text_putc(&ctl->out, '\n');
		print_entity(ctl, entity);
	}
	return SHD_EXIT_OK;
}
