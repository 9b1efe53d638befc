/* storehealthctl status: the daemon, the pollers or feeds of each store, the channels. */
#include "ctl.h"
#include "message/plain.h"

#include <stdio.h>
#include <string.h>

enum { WORTH_A_LINE = 20 }; /* of the memory for large answers: a twentieth */

static enum shd_paint state_paint(const char *state)
{
	if (strcmp(state, "ok") == 0)
		return SHD_GOOD;
	if (strcmp(state, "failing") == 0 || strcmp(state, "refused") == 0 ||
		strcmp(state, "silent") == 0)
		return SHD_BAD;
	return SHD_DIM;
}

/* A line of what is wrong with the daemon itself; nothing for an empty text. */
static void print_wrong(struct shd_ctl *ctl, const json_t *daemon, const char *since,
	const char *what, const char *text)
{
	SHD_AUTO(shd_text_finish) struct shd_text line = {0};
	struct shd_wall from = shd_ctl_time(daemon, since);
	char length[SHD_WORDING_TEXT];
	const char *why = shd_ctl_text(daemon, text);

	if (!*why)
		return;
	shd_text_init(&line, 1024);
	shd_text_puts(&line, what);
	if (from.ms)
		shd_text_printf(&line, " %s", shd_wording_length(ctl->now.ms - from.ms, length));
	shd_text_puts(&line, *what ? ": " : "");
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BAD, line.data);
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_PLAIN, why);
	shd_text_putc(&ctl->out, '\n');
}

/* Whether what it reads is judged, and kept. */
static bool works(const json_t *daemon)
{
	return !*shd_ctl_text(daemon, "unkept") && !*shd_ctl_text(daemon, "state_unreadable") &&
	       !shd_ctl_time(daemon, "unjudged_since").ms;
}

static void print_unjudged(struct shd_ctl *ctl, const json_t *daemon)
{
	SHD_AUTO(shd_text_finish) struct shd_text line = {0};
	struct shd_wall since = shd_ctl_time(daemon, "unjudged_since");
	char length[SHD_WORDING_TEXT];

	if (!since.ms)
		return;
	shd_text_init(&line, 256);
	shd_text_printf(&line, "Deadlines have not been judged for %s; those that pass meanwhile "
		"are told afterwards.", shd_wording_length(ctl->now.ms - since.ms, length));
	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BAD, line.data);
	shd_text_putc(&ctl->out, '\n');
}

static void put_megabytes(struct shd_text *out, const json_t *of, const char *name)
{
	shd_text_printf(out, "%.1f MB", (double)shd_ctl_int(of, name) / 1e6);
}

/* Who takes memory; nothing where nobody ever took a part worth a line. */
static void print_memory(struct shd_ctl *ctl, const char *what,
			 const char *refused, const json_t *answers)
{
	const json_t *users = json_object_get(answers, "sources");
	int64_t max = shd_ctl_int(answers, "max_bytes"), waiting = shd_ctl_int(answers, "waiting");
	SHD_AUTO(shd_text_finish) struct shd_text line = {0};
	size_t i;
	json_t *user;

	if (shd_ctl_int(answers, "peak_bytes") < max / WORTH_A_LINE)
		return;
	shd_text_init(&line, 4096);
	shd_text_printf(&line, "%s ", what);
	put_megabytes(&line, answers, "bytes");
	shd_text_puts(&line, " of ");
	put_megabytes(&line, answers, "max_bytes");
	shd_text_puts(&line, ", at most ");
	put_megabytes(&line, answers, "peak_bytes");
	json_array_foreach(users, i, user) {
		if (shd_ctl_int(user, "peak_bytes") < max / WORTH_A_LINE)
			continue;
		shd_text_printf(&line, "; %s ", shd_ctl_text(user, "source"));
		put_megabytes(&line, user, "bytes");
		shd_text_puts(&line, ", at most ");
		put_megabytes(&line, user, "peak_bytes");
	}
	if (waiting)
		shd_text_printf(&line, "; %lld wait%s for room", (long long)waiting,
			waiting == 1 ? "s" : "");
	if (shd_ctl_int(answers, "refused"))
		shd_text_printf(&line, "; %lld %s",
			(long long)shd_ctl_int(answers, "refused"), refused);
	shd_paint_text(&ctl->out, ctl->screen.colour, waiting ? SHD_POOR : SHD_PLAIN, line.data);
	shd_text_putc(&ctl->out, '\n');
}

static void print_daemon(struct shd_ctl *ctl, const json_t *daemon, size_t stores)
{
	char length[SHD_WORDING_TEXT];
	int64_t up_ms = ctl->now.ms - shd_ctl_time(daemon, "started").ms;
	long long rules = shd_ctl_int(daemon, "rules"), polls = shd_ctl_int(daemon, "polls");
	long long refused = shd_ctl_int(daemon, "changes_refused");

	shd_text_printf(&ctl->out,
		"storehealthd %s, up %s: %zu store%s, %lld rule%s, %lld poll%s, %lld failed\n",
		shd_ctl_text(daemon, "version"), shd_wording_length(up_ms, length), stores,
		SHD_S(stores), rules, SHD_S(rules), polls, SHD_S(polls),
		(long long)shd_ctl_int(daemon, "polls_failed"));
	if (shd_ctl_bool(daemon, "blind"))
		shd_paint_text(&ctl->out, ctl->screen.colour, SHD_POOR,
			"It reads the stores again after a pause; until that is done it judges "
			"nothing.");
	if (shd_ctl_bool(daemon, "blind"))
		shd_text_putc(&ctl->out, '\n');
	print_wrong(ctl, daemon, "unkept_since", "Nothing can be kept in the state for", "unkept");
	print_unjudged(ctl, daemon);
	print_wrong(ctl, daemon, "", "The state cannot be read", "state_unreadable");
	print_wrong(ctl, daemon, "", "", "state_note");
	print_wrong(ctl, daemon, "retain_failing_since",
		"What is older than it should be kept could not be deleted for",
		"retain_error");
	if (refused)
		shd_text_printf(&ctl->out, "%lld change%s %s refused since the start; ", refused,
			SHD_S(refused), refused == 1 ? "was" : "were");
	print_wrong(ctl, daemon, "refused_at", "the last one before", "refused");
	print_wrong(ctl, daemon, "",
		"The last reload was refused, the old configuration is in force", "reload_error");
	print_memory(ctl, "Large answers take", "got none", json_object_get(daemon, "answers"));
	print_memory(ctl, "What was read and is not kept yet takes", "polls ended early",
		json_object_get(daemon, "harvests"));
}

/* The columns that pollers and feeds have in common. */
static void add_times(struct shd_ctl *ctl, struct shd_table *table, const json_t *row)
{
	char when[SHD_WORDING_TEXT];
	const char *state = shd_ctl_text(row, "state");
	const json_t *error = json_object_get(row, "error");
	bool off = strcmp(state, "off") == 0;

	if (shd_ctl_bool(row, "silent") && !off)
		state = "silent";
	shd_table_cell(table, state_paint(state), state);
	shd_table_cell(table, SHD_PLAIN,
		shd_ctl_when(ctl, row, "last_success", off ? "" : "never", when));
	shd_table_cell(table, SHD_PLAIN, shd_ctl_when(ctl, row, "next_due", "", when));
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};
	shd_text_init(&words, 1024);
	if (off)
		shd_text_puts(&words, "switched off by the configuration");
	else if (shd_ctl_time(row, "failing_since").ms)
		shd_text_printf(&words, "since %s: ",
			shd_wording_length(
				ctl->now.ms - shd_ctl_time(row, "failing_since").ms, when));
	const char *text = shd_ctl_text(error, "text");
	if (!off)
		shd_text_puts(&words, text);
	if (!off && shd_ctl_bool(row, "silent"))
		shd_text_puts(&words, *text ? "; its host does not answer, and is asked one "
					      "request at a time"
					    : "its host does not answer, and is asked one "
					      "request at a time");
	if (!off && !*text && *shd_ctl_text(row, "incomplete"))
		shd_text_printf(&words, "since %s: %s; nothing counts as gone by it",
			shd_wording_length(
				ctl->now.ms - shd_ctl_time(row, "incomplete_since").ms, when),
			shd_ctl_text(row, "incomplete"));
	shd_table_cell(table, SHD_PLAIN, words.data);
}

static void add_pollers(struct shd_ctl *ctl, struct shd_table *table, const json_t *store)
{
	size_t i;
	json_t *poller;

	json_array_foreach(json_object_get(store, "pollers"), i, poller) {
		if (strcmp(shd_ctl_text(poller, "state"), "none") == 0)
			continue; /* the marketplace has nothing of that sort */
		shd_table_cell(table, SHD_BOLD, shd_ctl_text(store, "id"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(poller, "name"));
		add_times(ctl, table, poller);
	}
}

static void add_feeds(struct shd_ctl *ctl, struct shd_table *table, const json_t *store)
{
	size_t i;
	json_t *feed;

	json_array_foreach(json_object_get(store, "feeds"), i, feed) {
		shd_table_cell(table, SHD_BOLD, shd_ctl_text(store, "id"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(feed, "poller"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(feed, "name"));
		add_times(ctl, table, feed);
	}
}

/* Adds the rows of the chosen stores; returns how many stores those are. */
static size_t add_stores(struct shd_ctl *ctl, struct shd_table *table, const json_t *stores)
{
	size_t i, chosen = 0;
	json_t *store;

	json_array_foreach(stores, i, store) {
		if (ctl->store && strcmp(ctl->store, shd_ctl_text(store, "id")) != 0)
			continue;
		chosen++;
		if (ctl->feeds)
			add_feeds(ctl, table, store);
		else
			add_pollers(ctl, table, store);
	}
	return chosen;
}

/* What the channel's last error was, and whom it was not told of. */
static void add_trouble(struct shd_table *table, const json_t *channel)
{
	long long untold = shd_ctl_int(channel, "untold_alerts");
	SHD_AUTO(shd_text_finish) struct shd_text words = {0};

	shd_text_init(&words, 1024);
	const char *error = shd_ctl_text(json_object_get(channel, "error"), "text");

	if (strcmp(shd_ctl_text(channel, "state"), "silent") == 0)
		shd_text_printf(&words, "asked one message at a time%s", *error ? ": " : "");
	shd_text_puts(&words, error);
	if (untold)
		shd_text_printf(&words, "%snews of %lld open alert%s %s given up",
			words.len ? "; " : "", untold, SHD_S(untold), untold == 1 ? "was" : "were");
	shd_table_cell(table, SHD_PLAIN, words.data);
}

/* What waits for each channel, and what it last said; not of a single store. */
static void print_channels(struct shd_ctl *ctl, const json_t *channels)
{
	static const char *const headings[] = {
		"CHANNEL", "TYPE", "STATE", "WAITING", "LAST SENT", "ERROR", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_t *row;
	size_t i;

	if (ctl->store)
		return;
	json_array_foreach(channels, i, row) {
		char when[SHD_WORDING_TEXT];
		const char *state = shd_ctl_text(row, "state");

		shd_table_cell(table, SHD_BOLD, shd_ctl_text(row, "name"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_text(row, "type"));
		shd_table_cell(table, state_paint(state), state);
		shd_table_int(table, SHD_PLAIN, shd_ctl_int(row, "waiting"));
		shd_table_cell(
			table, SHD_PLAIN, shd_ctl_when(ctl, row, "last_success", "never", when));
		add_trouble(table, row);
	}
	shd_text_putc(&ctl->out, '\n');
	shd_table_print(table, &ctl->screen, &ctl->out);
}

static bool any_fails(const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
		if (strcmp(shd_ctl_text(row, "state"), "failing") == 0 ||
			strcmp(shd_ctl_text(row, "state"), "silent") == 0)
			return true;
	return false;
}

/* Whether nothing that was asked for is in trouble: what scripts go by. */
static bool is_well(const struct shd_ctl *ctl, const json_t *answer)
{
	const json_t *daemon = json_object_get(answer, "daemon");
	bool well = works(daemon) && !*shd_ctl_text(daemon, "reload_error") &&
		    (ctl->store || !any_fails(json_object_get(answer, "channels")));
	size_t i;
	json_t *store;

	json_array_foreach(json_object_get(answer, "stores"), i, store)
		if (!ctl->store || strcmp(ctl->store, shd_ctl_text(store, "id")) == 0)
			well &= !any_fails(json_object_get(store, "pollers"));
	return well;
}

/* Fields of the chosen stores that cannot be read, below the table. */
static void print_unread(struct shd_ctl *ctl, const json_t *stores)
{
	size_t i, j;
	json_t *store, *row;

	json_array_foreach(stores, i, store) {
		const char *id = shd_ctl_text(store, "id");

		if (ctl->store && strcmp(ctl->store, id) != 0)
			continue;
		json_array_foreach(json_object_get(store, "unread"), j, row) {
			SHD_AUTO(shd_text_finish) struct shd_text line = {0};
			long long n = shd_ctl_int(row, "entities");

			shd_text_init(&line, 1024);
			shd_text_printf(&line,
				"%s: %s: %s cannot be read (%lld), as in %s; what was known stays",
				id, shd_ctl_text(row, "feed"), shd_ctl_text(row, "field"), n,
				shd_ctl_text(row, "example"));
			shd_paint_text(&ctl->out, ctl->screen.colour, SHD_POOR, line.data);
			shd_text_putc(&ctl->out, '\n');
		}
	}
}

enum shd_exit shd_ctl_status(struct shd_ctl *ctl)
{
	static const char *const pollers[] = {"STORE", "POLLER", "STATE", "LAST SUCCESS", "NEXT",
		"ERROR", NULL};
	static const char *const feeds[] = {"STORE", "POLLER", "FEED", "STATE", "LAST SUCCESS",
		"NEXT", "ERROR", NULL};
	json_auto_t *answer = NULL;
	enum shd_exit code = shd_ctl_ask(
		ctl, ctl->feeds ? "/api/v1/status?feeds=1" : "/api/v1/status", &answer);

	if (!answer)
		return code;
	const json_t *daemon = json_object_get(answer, "daemon");
	code = is_well(ctl, answer) ? SHD_EXIT_OK : SHD_EXIT_NO;
	if (ctl->json) {
		shd_ctl_print_json(ctl, answer);
		return code;
	}
	const json_t *stores = json_object_get(answer, "stores");
	SHD_AUTO(shd_table_destroyp)
	struct shd_table *table = shd_table_create(ctl->feeds ? feeds : pollers);
	print_daemon(ctl, daemon, json_array_size(stores));
	if (!add_stores(ctl, table, stores) && ctl->store) {
		fprintf(stderr, "storehealthctl: there is no store \"%s\"\n", ctl->store);
		return SHD_EXIT_NO;
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
	print_unread(ctl, stores);
	print_channels(ctl, json_object_get(answer, "channels"));
	return code;
}
