/* storehealthctl rules list and rules explain RULE: the rules, and the verdicts of one of them
 * now. */
#include "ctl.h"
#include "http/http.h"
#include "message/plain.h"

#include <stdio.h>
#include <string.h>

enum { SHORT_BYTES = 60 };

static const char *const level_names[] = {"info", "warning", "critical", "breached"};

/* Requests a path, with ?store= if there is a --store. */
static enum shd_exit ask(struct shd_ctl *ctl, struct shd_text *path, json_t **ret_answer)
{
	if (ctl->store) {
		shd_text_puts(path, "?store=");
		shd_percent_encode(ctl->store, strlen(ctl->store), path);
	}
	return shd_ctl_fetch(ctl, path->data, ret_answer);
}

/* --- rules list ------------------------------------------------------------------- */

/* "warning value > 10%, critical value >= 20%", shortened. */
static void levels_cell(struct shd_table *table, const json_t *rule)
{
	const json_t *levels = json_object_get(rule, "levels");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1 << 16);
	for (size_t i = 0; i < SHD_COUNT(level_names); i++) {
		const char *condition = shd_ctl_text(levels, level_names[i]);

		if (*condition)
			shd_text_printf(&words, "%s%s %s", words.len ? ", " : "", level_names[i],
				condition);
	}
	if (words.len > SHORT_BYTES) {
		size_t cut = shd_utf8_cut(words.data, words.len, SHORT_BYTES);

		words.data[cut] = '\0';
		words.len = cut;
		shd_text_puts(&words, "...");
	}
	shd_table_cell(table, SHD_PLAIN, words.data);
}

/* "a, b", or "3 stores" */
static void add_stores(struct shd_text *words, const json_t *stores)
{
	size_t count = json_array_size(stores);

	for (size_t i = 0; count <= 2 && i < count; i++)
		shd_text_printf(words, "%s%s", i ? ", " : "",
			json_string_value(json_array_get(stores, i)));
	if (count > 2)
		shd_text_printf(words, "%zu store%s", count, SHD_S(count));
}

/* "a, b (overridden for b)" */
static void stores_cell(struct shd_table *table, const json_t *rule)
{
	const json_t *stores = json_object_get(rule, "stores_watched");
	const json_t *overridden = json_object_get(rule, "stores_overridden");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1024);
	add_stores(&words, stores);
	if (!words.len)
		shd_text_puts(&words, shd_ctl_bool(rule, "enabled") ? "none" : "switched off");
	if (json_array_size(overridden)) {
		shd_text_puts(&words, " (overridden for ");
		add_stores(&words, overridden);
		shd_text_puts(&words, ")");
	}
	shd_table_cell(table, json_array_size(stores) ? SHD_PLAIN : SHD_DIM, words.data);
}

enum shd_exit shd_ctl_rules_list(struct shd_ctl *ctl)
{
	static const char *const headings[] = {"RULE", "ABOUT", "STORES", "LEVELS", "SOURCE", NULL};
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;
	json_t *rule;
	size_t i;

	shd_text_init(&path, 1024);
	shd_text_puts(&path, "/api/v1/rules");
	enum shd_exit code = ask(ctl, &path, &answer);
	if (!answer)
		return code;
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_array_foreach(json_object_get(answer, "rules"), i, rule) {
		const char *each = shd_ctl_text(rule, "each");

		shd_table_cell(table, SHD_BOLD, shd_ctl_text(rule, "id"));
		shd_table_cell(table, SHD_PLAIN, *each ? each : "the store");
		stores_cell(table, rule);
		levels_cell(table, rule);
		shd_table_cell(table, SHD_DIM, shd_ctl_text(rule, "source"));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
	return SHD_EXIT_OK;
}

/* --- rules explain: the rule --------------------------------------------------------- */

static void print_about(struct shd_ctl *ctl, const json_t *rule)
{
	const char *each = shd_ctl_text(rule, "each"), *where = shd_ctl_text(rule, "where");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1 << 16);
	if (*each)
		shd_text_printf(&words, "each %s", each);
	else
		shd_text_puts(&words, "the whole store");
	if (*where)
		shd_text_printf(&words, " where %s", where);
	shd_ctl_line(ctl, "watches", words.data);
}

/* When its alert fires, and when it ends. */
static void print_times(struct shd_ctl *ctl, const json_t *rule)
{
	const char *clear = shd_ctl_text(rule, "clear");
	int64_t for_ms = shd_ctl_int(rule, "for_ms"), hits = shd_ctl_int(rule, "for_hits");
	int64_t clear_ms = shd_ctl_int(rule, "clear_for_ms");
	char length[SHD_WORDING_TEXT];
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1 << 16);
	if (hits)
		shd_text_printf(&words, "once it held in %lld of %lld look%s", (long long)hits,
			(long long)shd_ctl_int(rule, "for_of"),
			SHD_S(shd_ctl_int(rule, "for_of")));
	else if (for_ms)
		shd_text_printf(&words, "once it held for %s", shd_wording_length(for_ms, length));
	shd_ctl_line(ctl, "fires", words.data);
	shd_text_clear(&words);
	if (*clear)
		shd_text_printf(&words, "once %s", clear);
	else if (clear_ms)
		shd_text_puts(&words, "once no level holds, or a better one");
	if (clear_ms)
		shd_text_printf(&words, ", for %s", shd_wording_length(clear_ms, length));
	shd_ctl_line(ctl, "ends", words.data);
}

static void add_names(struct shd_text *words, const json_t *list, const char *what)
{
	json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		shd_text_printf(words, "%s%s%s", words->len ? ", " : "", what,
			json_string_value(name));
}

/* When nobody is notified of its alert. */
static void print_inhibited_by(struct shd_ctl *ctl, const json_t *rule)
{
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	json_t *name;
	size_t i;

	shd_text_init(&words, 1 << 16);
	json_array_foreach(json_object_get(rule, "inhibited_by"), i, name)
		shd_text_printf(&words, "%s %s", i ? " or" : "while", json_string_value(name));
	if (words.len)
		shd_text_puts(&words, " fires");
	shd_ctl_line(ctl, "not told", words.data);
}

static void print_rule(struct shd_ctl *ctl, const json_t *answer)
{
	const json_t *rule = json_object_get(answer, "rule");
	const json_t *levels = json_object_get(rule, "levels");
	const json_t *clears = json_object_get(rule, "clear_levels");
	const json_t *reads = json_object_get(rule, "reads");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1 << 16);
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BOLD, shd_ctl_text(rule, "id"));
	shd_text_printf(&ctl->out, ": ");
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_PLAIN, shd_ctl_text(rule, "title"));
	shd_text_puts(&ctl->out, "\n\n");
	shd_ctl_line(ctl, "", shd_ctl_bool(rule, "enabled") ? "" : "(this rule is switched off)");
	print_about(ctl, rule);
	shd_ctl_line(ctl, "stores", shd_ctl_text(rule, "stores"));
	shd_ctl_line(ctl, "value", shd_ctl_text(rule, "value"));
	shd_ctl_line(ctl, "needs", shd_ctl_text(rule, "needs"));
	shd_ctl_line(ctl, "due", shd_ctl_text(rule, "due"));
	for (size_t i = 0; i < SHD_COUNT(level_names); i++) {
		const char *until = shd_ctl_text(clears, level_names[i]);

		shd_text_clear(&words);
		shd_text_puts(&words, shd_ctl_text(levels, level_names[i]));
		if (*until)
			shd_text_printf(&words, ", until %s", until);
		shd_ctl_line(ctl, level_names[i], words.data);
	}
	print_times(ctl, rule);
	print_inhibited_by(ctl, rule);
	shd_ctl_line(ctl, "at risk", shd_ctl_text(rule, "cost"));
	shd_text_clear(&words);
	add_names(&words, json_object_get(reads, "kinds"), "");
	add_names(&words, json_object_get(reads, "metrics"), "");
	add_names(&words, json_object_get(reads, "pollers"), "age of poll.");
	shd_ctl_line(ctl, "reads", words.data);
	shd_text_clear(&words);
	add_stores(&words, json_object_get(answer, "stores_overridden"));
	if (words.len && !ctl->store)
		shd_text_puts(&words, "; see them with --store");
	shd_ctl_line(ctl, "overridden", words.data);
	shd_ctl_line(ctl, "what to do", shd_ctl_text(rule, "advice"));
	shd_ctl_line(ctl, "runbook", shd_ctl_text(rule, "runbook"));
	shd_ctl_line(ctl, "source", shd_ctl_text(rule, "source"));
	shd_text_putc(&ctl->out, '\n');
}

/* --- rules explain: standings ---------------------------------------------------------- */

static void state_cell(struct shd_table *table, const json_t *row)
{
	const char *judgement = shd_ctl_text(row, "judgement"), *level = shd_ctl_text(row, "level");
	const char *state = shd_ctl_text(row, "state"), *why = shd_ctl_text(row, "why");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1024);
	if (strcmp(judgement, "judged") != 0)
		shd_text_puts(&words, judgement);
	else
		shd_text_puts(&words, strcmp(level, "none") == 0 ? "good" : level);
	if (*why)
		shd_text_printf(&words, " (%s)", why);
	if (strcmp(state, "pending") == 0)
		shd_text_puts(&words, ", pending");
	if (strcmp(state, "firing") == 0 || strcmp(state, "unknown") == 0)
		shd_text_printf(&words, ", alert %lld", (long long)shd_ctl_int(row, "alert"));
	shd_table_cell(table, shd_ctl_level_paint(level), words.data);
}

static bool is_duration(const json_t *row, const char *name)
{
	return strcmp(shd_ctl_text(json_object_get(row, name), "type"), "duration") == 0;
}

static void value_cell(struct shd_table *table, const json_t *row)
{
	const char *value = shd_ctl_value(row, "value"), *limit = shd_ctl_value(row, "limit");
	bool late = *shd_ctl_text(row, "due") && is_duration(row, "value") &&
		    shd_ctl_int(json_object_get(row, "value"), "n") < 0;
	bool no_time = is_duration(row, "limit") &&
		       shd_ctl_int(json_object_get(row, "limit"), "n") == 0;
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 4096);
	if (late)
		shd_text_printf(&words, "%s overdue", *value == '-' ? value + 1 : value);
	else
		shd_text_puts(&words, value);
	if (*value && *limit && !no_time)
		shd_text_printf(&words, ", limit %s", limit);
	shd_ctl_add_sample(&words, row);
	shd_table_cell(table, SHD_PLAIN, words.data);
}

/* "orders where shipped_late" */
static void add_counted(struct shd_text *words, const json_t *of, bool one)
{
	const char *kind = shd_ctl_text(of, "kind"), *where = shd_ctl_text(of, "where");
	size_t len = strlen(kind);
	bool y = len && kind[len - 1] == 'y';

	if (len && one)
		shd_text_printf(words, " %s", kind);
	else if (len)
		shd_text_printf(words, " %.*s%s", (int)(len - y), kind, y ? "ies" : "s");
	if (*where)
		shd_text_printf(words, " where %s", where);
}

/* "2 more orders where shipped_late until critical: value >= 20%" */
static void room_cell(struct shd_table *table, const json_t *row, const json_t *rule)
{
	/* If the store overrides the rule, the row has levels of its own. */
	const json_t *own = json_object_get(row, "levels");
	const json_t *levels = own ? own : json_object_get(rule, "levels");
	const json_t *of = json_object_get(row, "room_of");
	const char *next = shd_ctl_text(of, "level"), *room = shd_ctl_value(row, "room");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1 << 16);
	if (*room && *next) {
		shd_text_printf(&words, "%s more", room);
		add_counted(&words, of, strcmp(room, "1") == 0);
		shd_text_printf(&words, " until %s: %s", next, shd_ctl_text(levels, next));
	}
	shd_table_cell(table, SHD_PLAIN, words.data);
}

static void print_standings(struct shd_ctl *ctl, const json_t *answer)
{
	static const char *const headings[] = {"STORE", "ABOUT", "STANDS", "VALUE", "ROOM", "DUE",
		"NEXT LOOK", NULL};
	const json_t *rule = json_object_get(answer, "rule");
	const json_t *list = json_object_get(answer, "standings");
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *row;
	size_t i;

	if (!json_array_size(list)) {
		shd_text_puts(&ctl->out, "It watches nothing at present.\n");
		return;
	}
	json_array_foreach(list, i, row) {
		char when[SHD_WORDING_TEXT];

		shd_table_cell(table, SHD_BOLD, shd_ctl_text(row, "store"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(row, "entity"));
		state_cell(table, row);
		value_cell(table, row);
		room_cell(table, row, rule);
		shd_table_cell(table, SHD_PLAIN, shd_ctl_when(ctl, row, "due", "", when));
		shd_table_cell(table, SHD_PLAIN,
			shd_ctl_when(ctl, row, "next_look", "at a change", when));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
	if (shd_ctl_int(answer, "more"))
		shd_text_printf(
			&ctl->out, "and %lld more\n", (long long)shd_ctl_int(answer, "more"));
}

enum shd_exit shd_ctl_rules_explain(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;

	shd_text_init(&path, 1024);
	shd_text_puts(&path, "/api/v1/rules/");
	shd_percent_encode(ctl->argument, strlen(ctl->argument), &path);
	enum shd_exit code = ask(ctl, &path, &answer);
	if (!answer)
		return code;
	print_rule(ctl, answer);
	print_standings(ctl, answer);
	return SHD_EXIT_OK;
}
