/* storehealthctl replay [FILE]: edited rules over the recorded history. Reads the state
 * itself, also while the daemon runs, and asks nobody. */
#include "ctl.h"

#include "config/config.h"
#include "host/clock.h"
#include "replay/replay.h"
#include "message/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIAGS_MAX = 1000, PATH_BYTES = 8192, LINE_BYTES = 1 << 16 };

/* The episodes of one rule, counted. The pairs are sorted by rule. */
struct rule_counts {
	const char *rule;
	size_t changes[SHD_REPLAY_CHANGE_COUNT], did, would;
};

static const struct shd_episode *any_episode(const struct shd_replay_pair *pair)
{
	return pair->would ? pair->would : pair->did;
}

/* Counts the pairs of the rule at pair *at, and advances *at to the next rule. */
static struct rule_counts count_rule(const struct shd_replay *replay, size_t *at)
{
	struct rule_counts counts = {.rule = any_episode(&replay->pairs[*at])->rule};

	for (; *at < replay->pair_count; ++*at) {
		const struct shd_replay_pair *pair = &replay->pairs[*at];

		if (strcmp(any_episode(pair)->rule, counts.rule) != 0)
			break;
		counts.changes[pair->change]++;
		counts.did += pair->did != NULL;
		counts.would += pair->would != NULL;
	}
	return counts;
}

static bool differs(const struct rule_counts *counts)
{
	return counts->changes[SHD_REPLAY_UNCHANGED] < counts->would || counts->did > counts->would;
}

/* --- for people ----------------------------------------------------------------------- */

/* "2026-11-22 07:28", in the reader's zone, as all times of the table. */
static const char *format_minute(struct shd_wall time, char buf[SHD_TIME_TEXT])
{
	time_t at_s = (time_t)(time.ms / SHD_SECOND_MS);
	struct tm at;

	buf[0] = '\0';
	if (localtime_r(&at_s, &at))
		strftime(buf, SHD_TIME_TEXT, "%Y-%m-%d %H:%M", &at);
	return buf;
}

/* "MSK" */
static const char *format_zone(struct shd_wall time, char buf[SHD_TIME_TEXT])
{
	time_t at_s = (time_t)(time.ms / SHD_SECOND_MS);
	struct tm at;

	buf[0] = '\0';
	if (localtime_r(&at_s, &at))
		strftime(buf, SHD_TIME_TEXT, "%Z", &at);
	return buf;
}

static const char *times(size_t count)
{
	return count == 1 ? "time" : "times";
}

/* "late-share would have fired 3 times, it fired 1 time: 2 new, 1 unchanged" */
static void print_rule(struct shd_ctl *ctl, const struct rule_counts *counts)
{
	const char *gap = ": ";

	shd_paint_text(&ctl->out, ctl->screen.colour, SHD_BOLD, counts->rule);
	shd_text_printf(&ctl->out, " would have fired %zu %s, it fired %zu %s", counts->would,
		times(counts->would), counts->did, times(counts->did));
	for (int i = 0; i < SHD_REPLAY_CHANGE_COUNT; i++) {
		if (!counts->changes[i])
			continue;
		shd_text_printf(&ctl->out, "%s%zu %s", gap, counts->changes[i],
			shd_replay_change_name((enum shd_replay_change)i));
		gap = ", ";
	}
	shd_text_putc(&ctl->out, '\n');
}

static void print_summary(struct shd_ctl *ctl, const struct shd_replay *replay)
{
	size_t same = 0, alerts = 0;

	for (size_t at = 0; at < replay->pair_count;) {
		struct rule_counts counts = count_rule(replay, &at);

		if (differs(&counts)) {
			print_rule(ctl, &counts);
			continue;
		}
		same++;
		alerts += counts.would;
	}
	if (same)
		shd_text_printf(&ctl->out, "%zu other %s fired %zu %s, as it was\n", same,
			same == 1 ? "rule" : "rules", alerts, times(alerts));
	if (!replay->pair_count)
		shd_text_puts(&ctl->out, "Nothing fired, and nothing would have\n");
}

/* "2 h earlier", "critical before", "open, ended after 3 h before" */
static void add_difference(struct shd_text *out, const struct shd_replay_pair *pair)
{
	const struct shd_episode *did = pair->did, *would = pair->would;
	char length[SHD_WORDING_TEXT], end[SHD_TIME_TEXT];

	if (!did || !would)
		return;
	if (pair->change == SHD_REPLAY_EARLIER || pair->change == SHD_REPLAY_LATER)
		shd_text_printf(out, "%s %s",
			shd_wording_length(would->from.ms - did->from.ms, length),
			shd_replay_change_name(pair->change));
	if (did->level != would->level)
		shd_text_printf(
			out, "%s%s before", out->len ? ", " : "", shd_level_name(did->level));
	if (pair->change == SHD_REPLAY_CHANGED && did->to.ms != would->to.ms)
		shd_text_printf(out, "%sended %s before", out->len ? ", " : "",
			did->to.ms == SHD_NEVER_MS ? "later" : format_minute(did->to, end));
}

static enum shd_paint change_paint(enum shd_replay_change change)
{
	return change == SHD_REPLAY_NEW ? SHD_POOR
	       : change == SHD_REPLAY_GONE ? SHD_GOOD
	       : change == SHD_REPLAY_UNCHANGED ? SHD_DIM : SHD_PLAIN;
}

static void add_pair(struct shd_table *table, const struct shd_replay_pair *pair)
{
	const struct shd_episode *episode = any_episode(pair);
	SHD_AUTO(shd_text_finish) struct shd_text difference = {0};
	const char *level = shd_level_name(episode->level);
	char from[SHD_TIME_TEXT], to[SHD_TIME_TEXT];

	shd_text_init(&difference, LINE_BYTES);
	add_difference(&difference, pair);
	shd_table_cell(table, change_paint(pair->change), shd_replay_change_name(pair->change));
	shd_table_cell(table, SHD_BOLD, episode->rule);
	shd_table_cell(table, SHD_PLAIN, episode->store);
	shd_table_cell(table, SHD_PLAIN, episode->entity);
	shd_table_cell(table, shd_ctl_level_paint(level), level);
	shd_table_cell(table, SHD_PLAIN, format_minute(episode->from, from));
	shd_table_cell(table, SHD_PLAIN,
		episode->to.ms == SHD_NEVER_MS ? "open" : format_minute(episode->to, to));
	shd_table_cell(table, SHD_PLAIN, difference.data);
}

static void print_pairs(struct shd_ctl *ctl, const struct shd_replay *replay)
{
	static const char *const headings[] = {"CHANGE", "RULE", "STORE", "ABOUT", "LEVEL",
		"FROM", "TO", "DIFFERENCE", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	size_t rows = 0;

	for (size_t i = 0; i < replay->pair_count; i++) {
		if (!ctl->all && replay->pairs[i].change == SHD_REPLAY_UNCHANGED)
			continue;
		add_pair(table, &replay->pairs[i]);
		rows++;
	}
	if (!rows)
		return;
	shd_text_putc(&ctl->out, '\n');
	shd_table_print(table, &ctl->screen, &ctl->out);
}

static void print_replay(struct shd_ctl *ctl, const struct shd_replay *replay, int64_t asked_ms,
			 int64_t took_ms)
{
	char from[SHD_TIME_TEXT], to[SHD_TIME_TEXT], zone[SHD_TIME_TEXT];
	char length[SHD_WORDING_TEXT];

	shd_text_printf(&ctl->out, "%s, %s to %s %s: %zu change%s replayed in %lld.%lld s\n",
		shd_wording_length(replay->until.ms - replay->since.ms, length),
		format_minute(replay->since, from), format_minute(replay->until, to),
		format_zone(replay->until, zone), replay->changes, SHD_S(replay->changes),
		(long long)(took_ms / 1000), (long long)(took_ms / 100 % 10));
	if (replay->since.ms > asked_ms)
		shd_text_puts(&ctl->out, "The history does not reach back any further.\n");
	shd_text_putc(&ctl->out, '\n');
	print_summary(ctl, replay);
	print_pairs(ctl, replay);
}

/* --- for programs ------------------------------------------------------------------------ */

static json_t *time_json(struct shd_wall time)
{
	char text[SHD_TIME_TEXT];

	return time.ms == SHD_NEVER_MS ? json_null() : json_string(shd_time_format(time, text));
}

static json_t *episode_json(const struct shd_episode *episode)
{
	if (!episode)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "level", shd_level_name(episode->level), "from",
		time_json(episode->from), "to", time_json(episode->to));
}

static json_t *rules_json(const struct shd_replay *replay)
{
	json_t *list = json_array();

	for (size_t at = 0; at < replay->pair_count;) {
		struct rule_counts counts = count_rule(replay, &at);
		json_t *row = json_pack("{s:s, s:I, s:I}", "rule", counts.rule, "would",
			(json_int_t)counts.would, "did", (json_int_t)counts.did);

		for (int i = 0; i < SHD_REPLAY_CHANGE_COUNT; i++)
			json_object_set_new(row, shd_replay_change_name((enum shd_replay_change)i),
				json_integer((json_int_t)counts.changes[i]));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *pairs_json(const struct shd_ctl *ctl, const struct shd_replay *replay)
{
	json_t *list = json_array();

	for (size_t i = 0; i < replay->pair_count; i++) {
		const struct shd_replay_pair *pair = &replay->pairs[i];
		const struct shd_episode *episode = any_episode(pair);

		if (!ctl->all && pair->change == SHD_REPLAY_UNCHANGED)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "change",
				      shd_replay_change_name(pair->change), "rule", episode->rule,
				      "store", episode->store, "entity", episode->entity, "would",
				      episode_json(pair->would), "did", episode_json(pair->did)));
	}
	return list;
}

static void print_as_json(struct shd_ctl *ctl, const struct shd_replay *replay, int64_t took_ms)
{
	json_auto_t *answer = json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "since",
		time_json(replay->since), "until", time_json(replay->until), "changes",
		(json_int_t)replay->changes, "judged", (json_int_t)replay->judged, "took_ms",
		(json_int_t)took_ms, "rules", rules_json(replay), "alerts",
		pairs_json(ctl, replay));

	shd_ctl_print_json(ctl, answer);
}

/* --- the command ---------------------------------------------------------------------------- */

static enum shd_exit run(struct shd_ctl *ctl, const struct shd_config *config, int64_t age_ms)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	const struct shd_clock_reading began = shd_clock_read();
	struct shd_replay *replay = NULL;
	struct shd_error err = {0};

	shd_text_init(&path, PATH_BYTES);
	shd_config_state_path(config->settings, &path);
	struct shd_replay_request request = {.state_path = path.data,
		.in = shd_config_for_judge(config),
		.store = ctl->store,
		.since = {began.wall.ms - age_ms}};
	if (!shd_replay_run(&request, &replay, &err)) {
		fprintf(stderr, "storehealthctl: %s\n", err.msg);
		return SHD_EXIT_NO;
	}
	int64_t took_ms = shd_clock_read().mono.ms - began.mono.ms;
	if (ctl->json)
		print_as_json(ctl, replay, took_ms);
	else
		print_replay(ctl, replay, request.since.ms, took_ms);
	shd_replay_destroy(replay);
	return SHD_EXIT_OK;
}

enum shd_exit shd_ctl_replay(struct shd_ctl *ctl)
{
	const char *path = ctl->argument ? ctl->argument : SHD_CONF_DIR "/storehealthd.yaml";
	const char *since = ctl->since ? ctl->since : "30d";
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = NULL;
	struct shd_error err = {0};
	int64_t age_ms = 0;

	if (!shd_duration_parse(since, strlen(since), &age_ms, &err) || age_ms <= 0) {
		fprintf(stderr, "storehealthctl: --since takes an age as 30d or 12h, not \"%s\"\n",
			since);
		return SHD_EXIT_USAGE;
	}
	diags = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = shd_config_load_trial(path, ctl->rules, diags);
	shd_ctl_print_diags(diags);
	enum shd_exit code = config ? run(ctl, config, age_ms) : SHD_EXIT_NO;
	shd_config_destroy(config);
	return code;
}
