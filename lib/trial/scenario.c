#include "scenario_parts.h"
#include "trial.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-01-05T00:00:00Z, a Monday. */
#define START "2026-01-05"

enum { TESTS_PER_FILE_MAX = 2000, EXPECTATIONS_MAX = 10000, TEXT_BYTES = 1 << 20 };
#define ARENA_BYTES (256 << 20)

/* The values of `level`: levels of alerts, then other outcomes of a rule. */
enum outcome {
	OUTCOME_LEVELS = SHD_LEVEL_COUNT,
	OUTCOME_PENDING = OUTCOME_LEVELS,
	OUTCOME_UNKNOWN,
	OUTCOME_TOO_FEW,
};
static const char *const outcomes[] = {"none", "info", "warning", "critical", "breached", "pending",
	"unknown", "too-few", NULL};

/* One expectation, as its option table reads it. */
struct expect {
	const struct shd_node *node, *at_node, *told_node, *value, *limit, *cost, *room, *due;
	const char *rule_id, *entity;
	int level;
	bool told;
	struct shd_wall at;
	const struct shd_rule *rule;
};

#define AT(member) offsetof(struct expect, member)
#define EXPECT(name, type, member, words, doc)                                                     \
	{name, SHD_OPT_##type, AT(member), false, NULL, 0, 0, words, doc}

static const struct shd_option expect_options[] = {
	{"at", SHD_OPT_NODE, AT(at_node), true, NULL, 0, 0, NULL, "write at: 12h"},
	{"rule", SHD_OPT_TEXT, AT(rule_id), true, NULL, 0, 0, NULL, "write rule: its-id"},
	EXPECT("entity", TEXT, entity, NULL, "Of which entity; without it the worst."),
	EXPECT("level", WORD, level, outcomes, "The level of the alert."),
	EXPECT("told", BOOL, told, NULL, "Whether a message went out."),
	EXPECT("value", NODE, value, NULL, "The value as judged."),
	EXPECT("limit", NODE, limit, NULL, "What it was compared with."),
	EXPECT("cost", NODE, cost, NULL, "Money at risk."),
	EXPECT("room", NODE, room, NULL, "How many more until the next level."),
	EXPECT("due", NODE, due, NULL, "The deadline."),
};

struct test_parts {
	const char *name;
	struct shd_wall start;
	const struct shd_node *store, *given, *expect;
};

static const struct shd_option test_options[] = {
	{"test", SHD_OPT_TEXT, offsetof(struct test_parts, name), true, NULL, 1, 200, NULL,
		"write test: what it shows"},
	{"start", SHD_OPT_DATE, offsetof(struct test_parts, start), false, START, 0, 0, NULL,
		"When 0h is."},
	{"store", SHD_OPT_NODE, offsetof(struct test_parts, store), false, NULL, 0, 0, NULL,
		"The store."},
	{"given", SHD_OPT_NODE, offsetof(struct test_parts, given), false, NULL, 0, 0, NULL,
		"What happens."},
	{"expect", SHD_OPT_NODE, offsetof(struct test_parts, expect), true, NULL, 0, 0, NULL,
		"write expect: and a list"},
};

/* The run of a document; from `scenario` on, of its current test. */
struct run {
	const struct shd_rules *rules;
	const struct shd_settings *settings;
	struct shd_diags *diags;
	const struct shd_scenario_listener *listener;
	const struct shd_node *store; /* of the whole file, or NULL */
	bool store_checked;
	struct shd_scenario scenario;
	struct expect *expects;
	size_t expect_count, expect_room;
	size_t failed;  /* expectations; each counts once, however much of it failed */
	bool missed;    /* the present one failed */
	struct shd_trial_store *trial_store;
	struct shd_trial *trial;
	struct shd_text text; /* the expectations that failed, a line each */
};

/* --- reading expectations ------------------------------------------------------------- */

static const struct shd_rule *find_rule(struct run *run, const struct expect *expect)
{
	const struct shd_rule *rule = shd_rules_find(run->scenario.rules, expect->rule_id);
	size_t count = shd_rules_count(run->scenario.rules);
	const char **ids shd_autofree = shd_xcalloc(count, sizeof(*ids));

	if (rule)
		return rule;
	for (size_t i = 0; i < count; i++)
		ids[i] = shd_rules_at(run->scenario.rules, i)->id;
	shd_scenario_unknown(&run->scenario, shd_node_get(expect->node, "rule"),
		"there is no rule", expect->rule_id, ids, count);
	return NULL;
}

static bool says_something(const struct shd_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (strcmp(node->keys[i].text, "at") != 0 &&
			strcmp(node->keys[i].text, "rule") != 0 &&
			strcmp(node->keys[i].text, "entity") != 0)
			return true;
	return false;
}

static void read_expect(struct run *run, const struct shd_node *node)
{
	struct expect expect = {.node = node, .level = -1};

	if (!shd_options_apply(node, expect_options, SHD_COUNT(expect_options), &expect,
		    "an expectation", run->scenario.arena, run->diags) ||
		!shd_scenario_instant(&run->scenario, expect.at_node, &expect.at))
		return;
	if (!says_something(node)) {
		shd_node_mistake(node, run->diags, "write level: none",
			"nothing is expected of the rule");
		return;
	}
	expect.told_node = shd_node_get(node, "told");
	expect.rule = find_rule(run, &expect);
	if (!expect.rule)
		return;
	if (expect.entity && !expect.rule->each) {
		shd_node_mistake(shd_node_get(node, "entity"), run->diags, "leave it out",
			"rule `%s` is about the whole store", expect.rule_id);
		return;
	}
	shd_grow(run->expects, run->expect_count, run->expect_room);
	run->expects[run->expect_count++] = expect;
}

static void read_expects(struct run *run, const struct shd_node *list)
{
	if (!list)
		return;
	if (list->type != SHD_NODE_LIST || !list->count || list->count > EXPECTATIONS_MAX) {
		shd_node_mistake(list, run->diags, "- {at: 12h, rule: my-rule, level: info}",
			"`expect` must be a list of 1 to %d expectations", EXPECTATIONS_MAX);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		read_expect(run, &list->items[i]);
}

/* --- checking expectations ------------------------------------------------------------- */

/* The actual outcome of a rule, to be compared with an expectation: the worst of its watches. */
struct actual {
	struct run *run;
	const struct expect *expect;
	int outcome;
	bool notified, any;
	const char *entity; /* of the worst outcome */
	struct shd_verdict verdict;
	bool missed_wake;   /* the verdict has changed, but nothing woke the rule: a bug of ours */
};

static int outcome_of(const struct shd_alert *alert)
{
	if (alert->last.judgement == SHD_UNKNOWN)
		return OUTCOME_UNKNOWN;
	if (alert->state == SHD_ALERT_FIRING)
		return (int)alert->level;
	if (alert->state == SHD_ALERT_PENDING)
		return OUTCOME_PENDING;
	return alert->last.judgement == SHD_TOO_FEW ? OUTCOME_TOO_FEW : SHD_LEVEL_NONE;
}

/* Orders outcomes: levels are worse than all else, then unknown, pending, too few. */
static int severity(int outcome)
{
	static const int order[] = {0, 4, 5, 6, 7, 2, 3, 1};

	return order[outcome];
}

static void compare_watch(void *ctx, struct shd_trial_watch *watch)
{
	struct actual *actual = ctx;
	const struct shd_scenario_listener *listener = actual->run->listener;
	const char *id = watch->entity ? watch->entity->entity.id : "";
	struct shd_verdict now;

	if (actual->expect->entity && strcmp(actual->expect->entity, id) != 0)
		return;
	shd_trial_judge(actual->run->trial, watch, &now);
	if (listener->judged)
		listener->judged(listener->ctx, watch->rule, &now);
	actual->missed_wake |= now.judgement != watch->alert.last.judgement ||
		       now.level != watch->alert.last.level;
	actual->notified |= watch->notified;
	watch->notified = false;
	int outcome = outcome_of(&watch->alert);
	if (actual->any && severity(outcome) <= severity(actual->outcome))
		return;
	actual->any = true;
	actual->outcome = outcome;
	actual->verdict = now;
	actual->entity = id;
}

static void fail(struct actual *actual, const char *key, const char *expected, const char *got)
{
	struct run *run = actual->run;
	const struct expect *expect = actual->expect;
	const struct shd_node *node = shd_node_get(expect->node, key);
	char at[SHD_DURATION_TEXT];
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&text, 2048);
	shd_text_printf(&text, "%s at %s: expected %s%s%s, got %s", expect->rule_id,
		shd_duration_format(expect->at.ms - run->scenario.start.ms, at),
		strcmp(key, "level") == 0 ? "" : key, strcmp(key, "level") == 0 ? "" : " ",
		expected, got);
	run->missed = true;
	shd_text_printf(&run->text, "%s:%d: %s\n", shd_doc_file(node->doc), node->line, text.data);
	shd_node_mistake(node, run->diags, NULL, "%s", text.data);
}

static void add_part(const struct actual *actual, const char *name, const struct shd_value *value,
	struct shd_text *out)
{
	if (value->none)
		return;
	shd_text_printf(out, "%s %s ", out->len ? "," : "", name);
	shd_scenario_print(value, actual->run->scenario.start, out);
}

/* "info (entity O-3, value 4.55, limit 4.6)" */
static void describe(const struct actual *actual, struct shd_text *out)
{
	const struct shd_verdict *verdict = &actual->verdict;
	struct shd_value due = {.type = SHD_TIME, .none = !verdict->due.ms, .n = verdict->due.ms};
	struct shd_text parts SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&parts, 1024);
	if (!actual->any)
		shd_text_puts(&parts, actual->expect->entity ? " there is no such entity"
							   : " there is no such entity yet");
	else if (actual->entity[0])
		shd_text_printf(&parts, " entity %.64s", actual->entity);
	if (actual->any && verdict->judgement == SHD_NOT_WATCHED)
		shd_text_printf(&parts, "%s not watched: `stores`, `where`, or closed",
			parts.len ? "," : "");
	if (actual->any) {
		add_part(actual, "value", &verdict->value, &parts);
		add_part(actual, "limit", &verdict->limit, &parts);
		add_part(actual, "due", &due, &parts);
	}
	if (actual->any && verdict->sample_of)
		shd_text_printf(&parts, ", %u of %u", verdict->sample_hit, verdict->sample_of);
	if (actual->any && verdict->why)
		shd_text_printf(&parts, "%s because of %s", parts.len ? "," : "", verdict->why);
	shd_text_puts(out, outcomes[actual->outcome]);
	if (parts.len)
		shd_text_printf(out, " (%s)", parts.data + 1);
}

static void check_level(struct actual *actual)
{
	const struct expect *expect = actual->expect;
	struct shd_text got SHD_AUTO(shd_text_finish) = {0};
	bool too_early = actual->outcome == OUTCOME_PENDING || actual->outcome == OUTCOME_TOO_FEW;

	if (expect->level < 0 || expect->level == actual->outcome ||
		(expect->level == SHD_LEVEL_NONE && too_early))
		return;
	shd_text_init(&got, 1024);
	describe(actual, &got);
	fail(actual, "level", outcomes[expect->level], got.data);
}

static void check_value(struct actual *actual, const char *key, const struct shd_node *node,
	const struct shd_value *got)
{
	struct shd_scenario *scenario = &actual->run->scenario;
	struct shd_text expected_text SHD_AUTO(shd_text_finish) = {0};
	struct shd_text got_text SHD_AUTO(shd_text_finish) = {0};
	struct shd_value expected;

	if (!node)
		return;
	shd_text_init(&expected_text, 512);
	shd_text_init(&got_text, 512);
	shd_scenario_print(got, scenario->start, &got_text);
	bool none = node->type == SHD_NODE_SCALAR && node->text && strcmp(node->text, "none") == 0;
	if (got->none || none) {
		if (!got->none || !none)
			fail(actual, key, node->text ? node->text : "a value", got_text.data);
		return;
	}
	if (!shd_scenario_value(scenario, node, got->type, "", key, &expected)) {
		actual->run->missed = true;
		return;
	}
	if (shd_value_equal(&expected, got))
		return;
	shd_scenario_print(&expected, scenario->start, &expected_text);
	fail(actual, key, expected_text.data, got_text.data);
}

static void check(struct run *run, const struct expect *expect)
{
	struct actual actual = {.run = run,
		.expect = expect,
		.verdict = {.value.none = true,
			.limit.none = true,
			.cost.none = true,
			.room.none = true}};

	run->missed = false;
	shd_trial_visit(run->trial, expect->rule, compare_watch, &actual);
	const struct shd_verdict *verdict = &actual.verdict;
	struct shd_value due = {.type = SHD_TIME, .none = !verdict->due.ms, .n = verdict->due.ms};
	check_level(&actual);
	if (expect->told_node && expect->told != actual.notified)
		fail(&actual, "told", expect->told ? "true" : "false",
			actual.notified ? "true" : "false");
	check_value(&actual, "value", expect->value, &verdict->value);
	check_value(&actual, "limit", expect->limit, &verdict->limit);
	check_value(&actual, "cost", expect->cost, &verdict->cost);
	check_value(&actual, "room", expect->room, &verdict->room);
	check_value(&actual, "due", expect->due, &due);
	if (actual.missed_wake)
		fail(&actual, "at", "the rule to have woken up by itself",
			"another verdict by looking at it: a mistake of storehealthd");
	run->failed += run->missed;
}

/* --- the run ----------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct shd_scenario_step *x = a, *y = b;

	if (x->at.ms != y->at.ms)
		return x->at.ms < y->at.ms ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int expect_by_time(const void *a, const void *b)
{
	const struct expect *x = a, *y = b;

	if (x->at.ms != y->at.ms)
		return x->at.ms < y->at.ms ? -1 : 1;
	return x->node->line != y->node->line ? x->node->line - y->node->line
					      : x->node->col - y->node->col;
}

static bool apply_step(
	struct run *run, const struct shd_scenario_step *step, struct shd_error *reterr)
{
	switch (step->event) {
	case SHD_STEP_ENTITY:
		return shd_trial_store_observe(run->trial_store, &step->entity, reterr);
	case SHD_STEP_METRIC:
		return shd_trial_store_measure(run->trial_store, &step->measure, reterr);
	case SHD_STEP_BLIND:
	case SHD_STEP_UNBLIND:
		shd_trial_store_set_blind(
			run->trial_store, step->poller, step->event == SHD_STEP_BLIND);
		return true;
	}
	return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The first observation is the store itself, watched since now. */
static bool begin(struct run *run, struct shd_wall now, struct shd_error *reterr)
{
	struct shd_value fields[64] = {0};
	struct shd_entity store = {
		.kind = SHD_KIND_store, .id = run->scenario.settings.id, .fields = fields};
	int opened = shd_field_index(SHD_F_store_opened_at);
	int since = shd_field_index(SHD_F_store_watched_since);

	store.set = 1ULL << since | 1ULL << opened;
	fields[opened] = (struct shd_value){.type = SHD_TIME, .none = true};
	fields[since] = (struct shd_value){.type = SHD_TIME, .n = now.ms};
	shd_trial_store_advance(run->trial_store, now);
	return shd_trial_store_observe(run->trial_store, &store, reterr);
}

/* Advances the clock to each instant at which something is given, due or expected. */
static bool play(struct run *run, struct shd_error *reterr)
{
	const struct shd_scenario *scenario = &run->scenario;
	size_t step = 0, expect = 0;

	int64_t first = earlier(scenario->start.ms, run->expects[0].at.ms);
	if (scenario->step_count)
		first = earlier(first, scenario->steps[0].at.ms);
	if (!begin(run, (struct shd_wall){first}, reterr))
		return false;
	while (expect < run->expect_count) {
		int64_t next = earlier(shd_trial_wake(run->trial).ms, run->expects[expect].at.ms);
		if (step < scenario->step_count)
			next = earlier(next, scenario->steps[step].at.ms);
		struct shd_wall now = {next};

		shd_trial_store_advance(run->trial_store, now);
		for (; step < scenario->step_count && scenario->steps[step].at.ms == next; step++)
			if (!apply_step(run, &scenario->steps[step], reterr))
				return false;
		if (!shd_trial_step(run->trial, now, reterr))
			return false;
		for (; expect < run->expect_count && run->expects[expect].at.ms == next; expect++)
			check(run, &run->expects[expect]);
	}
	return true;
}

static void run_test(struct run *run)
{
	struct shd_scenario *scenario = &run->scenario;
	struct shd_error err;

	if (scenario->step_count)
		qsort(scenario->steps, scenario->step_count, sizeof(*scenario->steps), by_time);
	shd_assert(run->expect_count); /* else the test has a mistake */
	qsort(run->expects, run->expect_count, sizeof(*run->expects), expect_by_time);
	bool daemon = strcmp(scenario->settings.marketplace, "daemon") == 0;
	run->trial_store =
		shd_trial_store_create(daemon ? NULL : &scenario->settings, scenario->every_ms);
	run->trial = shd_trial_create(run->trial_store);
	for (size_t i = 0; i < run->expect_count; i++)
		shd_trial_add(run->trial, run->expects[i].rule);
	if (!play(run, &err)) {
		run->failed = run->expect_count; /* none was reached, or not all */
		shd_text_printf(&run->text, "%s:%d: %s\n", shd_doc_file(scenario->node->doc),
			scenario->node->line, err.msg);
		shd_node_mistake(scenario->node, run->diags, NULL, "the test takes %s", err.msg);
	}
	shd_trial_destroy(run->trial);
	shd_trial_store_destroy(run->trial_store);
}

/* --- tests of a file ---------------------------------------------------------------------- */

static size_t count_listed(const struct shd_node *expect)
{
	return expect && expect->type == SHD_NODE_LIST ? expect->count : 0;
}

static void read_and_run(struct run *run, const struct shd_node *node)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(ARENA_BYTES);
	size_t before = shd_diags_mistakes(run->diags);
	struct test_parts parts = {0};

	run->scenario = (struct shd_scenario){.node = node, .arena = arena, .diags = run->diags,
		.config = run->settings, .rules = run->rules};
	run->expect_count = run->failed = 0;
	shd_text_clear(&run->text);
	shd_options_apply(node, test_options, SHD_COUNT(test_options), &parts, "a test", arena,
		run->diags);
	run->scenario.start = parts.start;
	shd_scenario_store(&run->scenario, run->store, run->store_checked, parts.store);
	run->store_checked = true;
	shd_scenario_given(&run->scenario, parts.given);
	read_expects(run, parts.expect);

	struct shd_scenario_result result = {.file = shd_doc_file(node->doc), .line = node->line,
		.name = parts.name ? parts.name : "", .expected = count_listed(parts.expect)};
	/* In a flawed file a part of this test may not have been read. */
	result.unreadable =
		shd_diags_mistakes(run->diags) > before || shd_doc_flawed(node->doc);
	if (!result.unreadable)
		run_test(run);
	result.failed = run->failed;
	result.text = run->text.data;
	run->listener->report(run->listener->ctx, &result);
	free(run->scenario.steps);
}

void shd_scenarios_run(const struct shd_doc *doc, const struct shd_rules *rules,
	const struct shd_settings *settings, struct shd_diags *diags,
	const struct shd_scenario_listener *listener)
{
	struct file_parts {
		const struct shd_node *store, *tests, *rules;
	} parts = {0};
	static const struct shd_option options[] = {
		{"store", SHD_OPT_NODE, offsetof(struct file_parts, store), false, NULL, 0, 0, NULL,
			"The store of every test that names none."},
		{"tests", SHD_OPT_NODE, offsetof(struct file_parts, tests), true, NULL, 0, 0, NULL,
			"write tests: and a list"},
		{"rules", SHD_OPT_NODE, offsetof(struct file_parts, rules), false, NULL, 0, 0, NULL,
			"Rules in the same file, which are read as such."},
	};
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 16);
	struct run run = {
		.rules = rules, .settings = settings, .diags = diags, .listener = listener};

	if (!shd_doc_root(doc) ||
		!shd_options_apply(shd_doc_root(doc), options, SHD_COUNT(options), &parts,
			"a file of tests", arena, diags))
		return;
	run.store = parts.store;
	if (parts.tests->type != SHD_NODE_LIST || parts.tests->count > TESTS_PER_FILE_MAX) {
		shd_node_mistake(parts.tests, diags, "- test: what it shows",
			"`tests` must be a list of at most %d tests", TESTS_PER_FILE_MAX);
		return;
	}
	shd_text_init(&run.text, TEXT_BYTES);
	for (size_t i = 0; i < parts.tests->count; i++)
		read_and_run(&run, &parts.tests->items[i]);
	shd_text_finish(&run.text);
	free(run.expects);
}
