/* storehealthctl rules reference [NAME]: what can be written in rules. Needs no daemon. */
#include "ctl.h"

#include "config/config.h"
#include "reference.h"

#include <stdio.h>
#include <string.h>

enum { DIAGS_MAX = 100, CELL_BYTES = 1 << 12 };

/* "ozon, storehealthd", or "-": nobody tells it yet. */
static void by_cell(struct shd_table *table, const json_t *row)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	json_t *platform;
	size_t i;

	shd_text_init(&text, CELL_BYTES);
	json_array_foreach(json_object_get(row, "platforms"), i, platform)
		shd_text_printf(&text, "%s%s", i ? ", " : "", json_string_value(platform));
	if (shd_ctl_bool(row, "made"))
		shd_text_printf(&text, "%sstorehealthd", text.len ? ", " : "");
	shd_table_cell(table, SHD_PLAIN, text.data);
}

static void heading(struct shd_ctl *ctl, const char *text)
{
	if (ctl->out.len)
		shd_text_putc(&ctl->out, '\n');
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BOLD, text);
	shd_text_putc(&ctl->out, '\n');
}

/* A table with a column for each member; "by" is made of several. */
static void print_list(struct shd_ctl *ctl, const char *title, const json_t *list,
		       const char *const *headings, const char *const *members)
{
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *row;
	size_t i;

	if (!json_array_size(list))
		return;
	if (title)
		heading(ctl, title);
	json_array_foreach(list, i, row) {
		for (size_t m = 0; members[m]; m++) {
			const json_t *value = json_object_get(row, members[m]);

			if (strcmp(members[m], "by") == 0)
				by_cell(table, row);
			else if (json_is_integer(value))
				shd_table_int(table, SHD_PLAIN, json_integer_value(value));
			else
				shd_table_cell(table, m ? SHD_PLAIN : SHD_BOLD,
					shd_ctl_text(row, members[m]));
		}
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

/* The only words that a text can be, each field's in a line of its own. */
static void print_words(struct shd_ctl *ctl, const json_t *list)
{
	bool any = false;
	json_t *row, *word;
	size_t i, n;

	json_array_foreach(list, i, row) {
		const json_t *words = json_object_get(row, "words");

		if (!json_array_size(words))
			continue;
		if (!any)
			heading(ctl, "The only words that it can be");
		any = true;
		shd_text_puts(&ctl->out, shd_ctl_text(row, "name"));
		shd_text_putc(&ctl->out, ':');
		json_array_foreach(words, n, word)
			shd_text_printf(&ctl->out, " %s", json_string_value(word));
		shd_text_putc(&ctl->out, '\n');
	}
}

static void print_kind(struct shd_ctl *ctl, const json_t *kind)
{
	static const char *const headings[] = {
		"FIELD", "TYPE", "BROUGHT BY", "WHAT IT IS", "EXAMPLE", NULL};
	static const char *const members[] = {"name", "type", "by", "doc", "example", NULL};
	const char *poller = shd_ctl_text(kind, "poller");
	const json_t *fields = json_object_get(kind, "fields");

	heading(ctl, shd_ctl_text(kind, "name"));
	shd_ctl_line(ctl, "what it is", shd_ctl_text(kind, "doc"));
	shd_ctl_line(ctl, "poller", *poller ? poller : "storehealthd makes it itself");
	shd_ctl_line(ctl, "example", shd_ctl_text(kind, "example"));
	shd_text_putc(&ctl->out, '\n');
	print_list(ctl, NULL, fields, headings, members);
	print_words(ctl, fields);
}

static void print_kinds(struct shd_ctl *ctl, const json_t *kinds)
{
	static const char *const headings[] = {
		"KIND", "POLLER", "BROUGHT BY", "WHAT IT IS", "EXAMPLE", NULL};
	static const char *const members[] = {"name", "poller", "by", "doc", "example", NULL};
	json_t *kind;
	size_t i;

	if (!ctl->argument)
		print_list(ctl, "Kinds, for `each` and windows; see rules reference KIND", kinds,
			headings, members);
	else
		json_array_foreach(kinds, i, kind)
			print_kind(ctl, kind);
}

static void print_calls(struct shd_ctl *ctl, const json_t *all)
{
	static const char *const function_headings[] = {
		"FUNCTION", "TAKES", "GIVES", "WHAT IT IS", "EXAMPLE", NULL};
	static const char *const window_headings[] = {
		"OVER A WINDOW", "OF", "GIVES", "WHAT IT IS", "EXAMPLE", NULL};
	static const char *const members[] = {"name", "takes", "gives", "doc", "example", NULL};

	print_list(ctl, "Functions", json_object_get(all, "functions"), function_headings,
		members);
	print_list(ctl, "Over a window", json_object_get(all, "aggregates"), window_headings,
		members);
}

static void print_rest(struct shd_ctl *ctl, const json_t *all)
{
	static const char *const name_headings[] = {
		"NAME", "TYPE", "WHERE", "WHAT IT IS", NULL};
	static const char *const name_members[] = {"name", "type", "scope", "doc", NULL};
	static const char *const list_headings[] = {"WORD LIST", "ENTRIES", "EXAMPLE", NULL};
	static const char *const list_members[] = {"name", "entries", "example", NULL};
	static const char *const type_headings[] = {"TYPE", "WRITTEN", "WHAT IT IS", NULL};
	static const char *const type_members[] = {"name", "example", "doc", NULL};
	static const char *const key_headings[] = {"KEY", "WHAT IT IS", NULL};
	static const char *const in_message[] = {"IN `message`", "WHAT IT IS", NULL};
	static const char *const doc_members[] = {"name", "doc", NULL};
	const json_t *names = json_object_get(all, "names");

	print_list(ctl, "Names", names, name_headings, name_members);
	print_words(ctl, names);
	print_list(ctl, "Word lists", json_object_get(all, "word_lists"), list_headings,
		list_members);
	print_list(ctl, "Types", json_object_get(all, "types"), type_headings, type_members);
	print_list(ctl, "Keys of a rule", json_object_get(all, "keys"), key_headings, doc_members);
	print_list(ctl, "Placeholders", json_object_get(all, "placeholders"), in_message,
		doc_members);
}

static void print_all(struct shd_ctl *ctl, const json_t *all)
{
	static const char *const headings[] = {"METRIC", "TYPE", "BETTER", "POLLER", "BROUGHT BY",
		"WHAT IT IS", "EXAMPLE", NULL};
	static const char *const members[] = {
		"name", "type", "better", "poller", "by", "doc", "example", NULL};

	print_kinds(ctl, json_object_get(all, "kinds"));
	print_list(ctl, "Metrics, each also as NAME_target, the platform's own limit",
		json_object_get(all, "metrics"), headings, members);
	print_calls(ctl, all);
	print_rest(ctl, all);
}

enum shd_exit shd_ctl_rules_reference(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = shd_config_load_rules(ctl->rules, diags);
	const struct shd_word_lists *lists = config ? config->word_lists : NULL;
	json_auto_t *all = shd_reference(lists, ctl->argument);

	if (!config)
		fputs("storehealthctl: the rules have mistakes, so the word lists are left out; "
		      "see "
		      "storehealthctl check\n",
			stderr);
	if (all && ctl->json) {
		shd_ctl_print_json(ctl, all);
	} else if (all) {
		print_all(ctl, all);
	} else {
		const char *near = shd_reference_nearest(lists, ctl->argument);

		fprintf(stderr, "storehealthctl: nothing in rules is called \"%.64s\"%s%s%s\n",
			ctl->argument, near ? ", did you mean " : "", near ? near : "",
			near ? "?" : "");
	}
	shd_config_destroy(config);
	return all ? SHD_EXIT_OK : SHD_EXIT_NO;
}
