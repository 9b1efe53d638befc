/* storehealthctl alerts: what is wrong now, worst first. */
#include "ctl.h"
#include "http/http.h"
#include "message/plain.h"

#include <stdio.h>
#include <string.h>

enum { RULES_FROM = 140 }; /* cells of the screen */

/* A level that always holds needs no word. */
static const char *condition_of(const json_t *alert)
{
	const char *condition = shd_ctl_text(alert, "condition");

	return strcmp(condition, "true") == 0 ? "" : condition;
}

/* Adds "28 s left", "overdue by 23 h 59 min", "4.58, limit 4.6", or the rule's condition. */
static void add_standing(struct shd_ctl *ctl, struct shd_table *table, const json_t *alert)
{
	const char *value = shd_ctl_value(alert, "value"), *limit = shd_ctl_value(alert, "limit");
	int64_t due_ms = shd_ctl_time(alert, "due").ms, left_ms = due_ms - ctl->now.ms;
	char text[400], length[SHD_WORDING_TEXT];

	if (due_ms && left_ms >= 0)
		snprintf(text, sizeof(text), "%s left", shd_wording_length(left_ms, length));
	else if (due_ms)
		snprintf(text, sizeof(text), "overdue by %s", shd_wording_length(left_ms, length));
	else if (*value && *limit)
		snprintf(text, sizeof(text), "%.180s, limit %.180s", value, limit);
	else
		snprintf(text, sizeof(text), "%.380s", *value ? value : condition_of(alert));
	shd_table_cell(table, SHD_PLAIN, text);
}

/* A narrow screen shows what is the matter instead; explain names the rule. */
static bool has_rules(const struct shd_ctl *ctl)
{
	return !ctl->screen.width || ctl->screen.width >= RULES_FROM;
}

static void add_alert(struct shd_ctl *ctl, struct shd_table *table, const json_t *alert)
{
	char when[SHD_WORDING_TEXT];
	const char *level = shd_ctl_text(alert, "level"), *state = shd_ctl_text(alert, "state");
	bool firing = strcmp(state, "firing") == 0, resolved = strcmp(state, "resolved") == 0;

	shd_table_int(table, SHD_BOLD, shd_ctl_int(alert, "number"));
	shd_table_cell(
		table, firing ? shd_ctl_level_paint(level) : SHD_DIM, firing ? level : state);
	shd_table_cell(table, SHD_PLAIN, shd_ctl_text(alert, "store"));
	shd_table_cell(table, SHD_PLAIN, shd_ctl_text(alert, "title"));
	shd_table_cell(table, SHD_PLAIN, shd_ctl_text(alert, "entity"));
	if (resolved)
		shd_table_cell(table, SHD_PLAIN, "");
	else
		add_standing(ctl, table, alert);
	shd_table_cell(table, SHD_PLAIN,
		shd_ctl_when(ctl, alert, resolved ? "resolved_at" : "since", "", when));
	if (has_rules(ctl))
		shd_table_cell(table, SHD_DIM, shd_ctl_text(alert, "rule"));
}

enum shd_exit shd_ctl_alerts(struct shd_ctl *ctl)
{
	const char *const headings[] = {"ALERT", "LEVEL", "STORE", "WHAT", "ABOUT", "HOW IT STANDS",
		"SINCE", has_rules(ctl) ? "RULE" : NULL, NULL};
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;
	json_t *alert;
	size_t i;

	shd_text_init(&path, 1024);
	shd_text_printf(&path, "/api/v1/alerts?all=%d", ctl->all);
	if (ctl->store) {
		shd_text_puts(&path, "&store=");
		shd_percent_encode(ctl->store, strlen(ctl->store), &path);
	}
	enum shd_exit code = shd_ctl_fetch(ctl, path.data, &answer);
	if (!answer)
		return code;
	const json_t *alerts = json_object_get(answer, "alerts");
	if (!json_array_size(alerts)) {
		shd_text_puts(&ctl->out, ctl->all ? "No alerts.\n" : "No open alerts.\n");
		return SHD_EXIT_OK;
	}
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_array_foreach(alerts, i, alert)
		add_alert(ctl, table, alert);
	shd_table_print(table, &ctl->screen, &ctl->out);
	if (shd_ctl_bool(answer, "more"))
		shd_text_puts(&ctl->out, "There are more; choose a store with --store.\n");
	return SHD_EXIT_OK;
}
