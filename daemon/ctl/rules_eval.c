/* storehealthctl rules eval EXPR --store ID: the value of an expression now. */
#include "ctl.h"
#include "http/http.h"
#include "rule/language/expr.h"
#include "message/plain.h"

#include <stdio.h>
#include <string.h>

enum { DIAGS_MAX = 100 };

/* Characters of the first `bytes` bytes. */
static int characters(const char *text, size_t bytes)
{
	size_t len = strlen(text), at = 0;
	int count = 0;

	for (; at < bytes && at < len; count++)
		shd_utf8_next(text, len, &at);
	return count;
}

/* As compilers do, with a caret under the mistake. */
static void print_mistakes(const char *text, const json_t *mistakes)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);
	json_t *row;
	size_t i;

	json_array_foreach(mistakes, i, row) {
		size_t at = (size_t)shd_ctl_int(row, "at"),
		       width = (size_t)shd_ctl_int(row, "width");
		const char *hint = shd_ctl_text(row, "hint");
		struct shd_diag diag = {.severity = SHD_MISTAKE,
			.file = "expression",
			.line = 1,
			.col = characters(text, at) + 1,
			.width = characters(text, at + width) - characters(text, at),
			.text = shd_ctl_text(row, "text"),
			.hint = *hint ? hint : NULL,
			.source = text};

		shd_diags_add(diags, &diag);
	}
	shd_ctl_print_diags(diags);
}

static void print_value(struct shd_ctl *ctl, const json_t *answer)
{
	const json_t *sample = json_object_get(answer, "sample");
	const char *missing = shd_ctl_text(answer, "missing");
	char when[SHD_WORDING_TEXT];

	if (json_is_null(json_object_get(answer, "value"))) {
		shd_paint_text(&ctl->out, ctl->screen.colour, SHD_POOR, "unknown");
		if (shd_ctl_bool(answer, "blind"))
			shd_text_printf(
				&ctl->out, ": the feed behind %s cannot be read now", missing);
		else if (*missing)
			shd_text_printf(&ctl->out, ": %s has no value", missing);
	} else {
		shd_paint_text(
			&ctl->out, ctl->screen.colour, SHD_BOLD, shd_ctl_value(answer, "value"));
	}
	shd_text_printf(&ctl->out, "  (%s)\n", shd_ctl_text(answer, "type"));
	if (shd_ctl_int(sample, "of"))
		shd_text_printf(&ctl->out, "sample: %lld of %lld\n",
			(long long)shd_ctl_int(sample, "hit"),
			(long long)shd_ctl_int(sample, "of"));
	if (shd_ctl_time(answer, "next_change").ms)
		shd_text_printf(&ctl->out, "changes by time alone: %s\n",
			shd_ctl_when(ctl, answer, "next_change", "", when));
}

enum shd_exit shd_ctl_rules_eval(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;

	if (!ctl->store) {
		fputs("storehealthctl: rules eval needs --store ID\n", stderr);
		return SHD_EXIT_USAGE;
	}
	if (strlen(ctl->argument) > SHD_EXPR_BYTES) {
		fprintf(stderr,
			"storehealthctl: the expression has %zu bytes, at most %d are allowed\n",
			strlen(ctl->argument), SHD_EXPR_BYTES);
		return SHD_EXIT_NO;
	}
	shd_text_init(&path, 1 << 16);
	shd_text_puts(&path, "/api/v1/eval/");
	shd_percent_encode(ctl->store, strlen(ctl->store), &path);
	shd_text_puts(&path, "?expr=");
	shd_percent_encode(ctl->argument, strlen(ctl->argument), &path);
	if (ctl->entity) {
		shd_text_puts(&path, "&entity=");
		shd_percent_encode(ctl->entity, strlen(ctl->entity), &path);
	}
	enum shd_exit code = shd_ctl_ask(ctl, path.data, &answer);
	if (code != SHD_EXIT_OK)
		return code;
	const json_t *mistakes = json_object_get(answer, "mistakes");
	bool good = !json_array_size(mistakes);
	if (ctl->json)
		shd_ctl_print_json(ctl, answer);
	else if (good)
		print_value(ctl, answer);
	else
		print_mistakes(ctl->argument, mistakes);
	return good ? SHD_EXIT_OK : SHD_EXIT_NO;
}
