/* storehealthctl explain ALERT: why it is there, who was told, what comes next. */
#include "ctl.h"
#include "host/clock.h"
#include "message/plain.h"

#include <stdio.h>
#include <string.h>

/* "16:59:00 MSK (12 s ago)" */
static void add_instant(struct shd_ctl *ctl, struct shd_text *words, struct shd_wall time)
{
	char text[SHD_CLOCK_TEXT], when[SHD_WORDING_TEXT];

	shd_text_printf(words, "%s (%s)", shd_clock_text(time, ctl->now, text),
		shd_wording_when(time, ctl->now, when));
}

static void instant_line(struct shd_ctl *ctl, const char *name, const json_t *object,
			 const char *member)
{
	struct shd_wall time = shd_ctl_time(object, member);
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 256);
	if (time.ms)
		add_instant(ctl, &words, time);
	shd_ctl_line(ctl, name, words.data);
}

/* "4.1 %, limit 4 % (3 of 73)" */
static void add_value(struct shd_text *words, const json_t *object)
{
	const char *type = shd_ctl_text(json_object_get(object, "value"), "type");
	int64_t n = shd_ctl_int(json_object_get(object, "value"), "n");
	const char *value = shd_ctl_value(object, "value"), *limit = shd_ctl_value(object, "limit");

	if (!*value)
		return;
	if (n < 0 && strcmp(type, "duration") == 0) { /* remaining <= 0s */
		shd_text_printf(words, "overdue by %s", value + (*value == '-'));
		return;
	}
	shd_text_puts(words, value);
	if (*limit)
		shd_text_printf(words, ", limit %s", limit);
	shd_ctl_add_sample(words, object);
}

/* Lists that are not whole: what they lack is no sign that it is over. */
static void print_incomplete(struct shd_ctl *ctl, const json_t *lists)
{
	size_t i;
	json_t *row;

	json_array_foreach(lists, i, row) {
		char when[SHD_WORDING_TEXT];
		SHD_AUTO(shd_text_finish) struct shd_text words = {0};

		shd_text_init(&words, 2048);
		shd_text_printf(&words,
			"the list of %s, for %s: %s; nothing counts as gone by it",
			shd_ctl_text(row, "feed"),
			shd_wording_length(
				ctl->now.ms - shd_ctl_time(row, "incomplete_since").ms, when),
			shd_ctl_text(row, "incomplete"));
		shd_ctl_line(ctl, i ? "" : "incomplete", words.data);
	}
}

static void print_alert(struct shd_ctl *ctl, const json_t *answer)
{
	const json_t *alert = json_object_get(answer, "alert"),
		     *rule = json_object_get(answer, "rule");
	const char *level = shd_ctl_text(alert, "level"), *state = shd_ctl_text(alert, "state");
	char head[64];
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 4096);
	snprintf(head, sizeof(head),
		"Alert %lld, %s, %s: ", (long long)shd_ctl_int(alert, "number"), level, state);
	shd_paint_text(&ctl->out, ctl->screen.colour, shd_ctl_level_paint(level), head);
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BOLD, shd_ctl_text(rule, "title"));
	shd_text_puts(&ctl->out, "\n\n");
	shd_ctl_line(ctl, "store", shd_ctl_text(alert, "store"));
	shd_ctl_line(ctl, "about", shd_ctl_text(alert, "entity"));
	shd_ctl_line(ctl, "rule", shd_ctl_text(rule, "id"));
	if (!shd_ctl_bool(rule, "known"))
		shd_ctl_line(ctl, "", "(this rule is no longer part of the configuration)");
	shd_ctl_line(ctl, "condition", shd_ctl_text(alert, "condition"));
	shd_ctl_line(ctl, "until", shd_ctl_text(alert, "until"));
	add_value(&words, alert);
	shd_ctl_line(ctl, "value", words.data);
	if (strcmp(state, "unknown") == 0)
		shd_ctl_line(ctl, "not known", shd_ctl_text(alert, "why"));
	print_incomplete(ctl, json_object_get(answer, "incomplete"));
	shd_ctl_line(ctl, "at risk", shd_ctl_value(alert, "cost"));
	instant_line(ctl, "due", alert, "due");
	instant_line(ctl, "since", alert, "since");
	instant_line(ctl, "resolved", alert, "resolved_at");
	shd_ctl_line(ctl, "what to do", shd_ctl_text(rule, "advice"));
	shd_ctl_line(ctl, "runbook", shd_ctl_text(rule, "runbook"));
	shd_ctl_line(ctl, "source", shd_ctl_text(rule, "source"));
	instant_line(ctl, "next look", answer, "next_look");
	if (shd_ctl_time(answer, "next_look").ms)
		shd_ctl_line(ctl, "", "and whenever a poll brings a change");
	else
		shd_ctl_line(ctl, "next look", "whenever a poll brings a change");
}

static void print_events(struct shd_ctl *ctl, const json_t *events)
{
	static const char *const headings[] = {
		"AT", "AGO", "MOVE", "LEVEL", "TOLD", "VALUE", "WHY", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		char when[SHD_WORDING_TEXT], at[SHD_CLOCK_TEXT];
		SHD_AUTO(shd_text_finish) struct shd_text words = {0};

		shd_table_cell(
			table, SHD_PLAIN, shd_clock_text(shd_ctl_time(event, "at"), ctl->now, at));
		shd_table_cell(table, SHD_DIM, shd_ctl_when(ctl, event, "at", "", when));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(event, "move"));
		shd_text_init(&words, 1024);
		shd_text_printf(&words, "%s to %s", shd_ctl_text(event, "from"),
			shd_ctl_text(event, "to"));
		shd_table_cell(table, shd_ctl_level_paint(shd_ctl_text(event, "to")), words.data);
		shd_table_cell(table, SHD_PLAIN, shd_ctl_bool(event, "told") ? "yes" : "no");
		shd_text_clear(&words);
		add_value(&words, event);
		shd_table_cell(table, SHD_PLAIN, words.data);
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(event, "reason"));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

static void print_deliveries(struct shd_ctl *ctl, const json_t *deliveries)
{
	static const char *const headings[] = {
		"AT", "CHANNEL", "MESSAGE", "ATTEMPT", "RESULT", "TOOK", "ANSWER", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *row;
	size_t i;

	json_array_foreach(deliveries, i, row) {
		char when[SHD_WORDING_TEXT], text[32];
		bool ok = shd_ctl_bool(row, "ok");
		const char *error = shd_ctl_text(row, "error");

		shd_table_cell(table, SHD_DIM, shd_ctl_when(ctl, row, "at", "", when));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(row, "channel"));
		shd_table_int(table, SHD_PLAIN, shd_ctl_int(row, "message"));
		shd_table_int(table, SHD_PLAIN, shd_ctl_int(row, "attempt"));
		snprintf(text, sizeof(text), "%s %lld", ok ? "sent" : "failed",
			(long long)shd_ctl_int(row, "status"));
		shd_table_cell(table, ok ? SHD_GOOD : SHD_BAD, text);
		snprintf(text, sizeof(text), "%lld ms", (long long)shd_ctl_int(row, "took_ms"));
		shd_table_cell(table, SHD_PLAIN, text);
		shd_table_cell(table, SHD_PLAIN, *error ? error : shd_ctl_text(row, "answer"));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

/* Messages that wait in the outbox, and those that were given up. */
static void print_unsent(struct shd_ctl *ctl, const json_t *unsent)
{
	static const char *const headings[] = {"CHANNEL", "MESSAGE", "MADE", "ATTEMPTS", "NEXT TRY",
		"UNTIL", "LAST ERROR", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *row;
	size_t i;

	json_array_foreach(unsent, i, row) {
		char when[SHD_WORDING_TEXT];
		bool dead = strcmp(shd_ctl_text(row, "state"), "dead") == 0;

		shd_table_cell(table, SHD_BOLD, shd_ctl_text(row, "channel"));
		shd_table_int(table, SHD_PLAIN, shd_ctl_int(row, "message"));
		shd_table_cell(table, SHD_DIM, shd_ctl_when(ctl, row, "made", "", when));
		shd_table_int(table, SHD_PLAIN, shd_ctl_int(row, "attempts"));
		shd_table_cell(table, dead ? SHD_BAD : SHD_PLAIN,
			dead ? "given up" : shd_ctl_when(ctl, row, "next_try", "", when));
		shd_table_cell(table, SHD_DIM, shd_ctl_when(ctl, row, "give_up", "", when));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(row, "error"));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

enum shd_exit shd_ctl_explain(struct shd_ctl *ctl)
{
	char path[64];
	json_auto_t *answer = NULL;

	if (strlen(ctl->argument) > 18 ||
		strspn(ctl->argument, "0123456789") != strlen(ctl->argument)) {
		fprintf(stderr, "storehealthctl: \"%s\" is not the number of an alert; see "
				"storehealthctl alerts\n", ctl->argument);
		return SHD_EXIT_USAGE;
	}
	snprintf(path, sizeof(path), "/api/v1/alerts/%s", ctl->argument);
	enum shd_exit code = shd_ctl_fetch(ctl, path, &answer);
	if (!answer)
		return code;
	print_alert(ctl, answer);
	shd_text_puts(&ctl->out, "\nWhat happened\n");
	print_events(ctl, json_object_get(answer, "events"));
	const json_t *deliveries = json_object_get(answer, "deliveries");
	const json_t *unsent = json_object_get(answer, "unsent");
	if (json_array_size(deliveries)) {
		shd_text_puts(&ctl->out, "\nWho was told\n");
		print_deliveries(ctl, deliveries);
	} else {
		shd_text_puts(&ctl->out, "\nNo message has been attempted.\n");
	}
	if (json_array_size(unsent)) {
		shd_text_puts(&ctl->out, "\nWhat has not arrived\n");
		print_unsent(ctl, unsent);
	}
	return SHD_EXIT_OK;
}
