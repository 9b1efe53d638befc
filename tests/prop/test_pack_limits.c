/* Every number and comparison of every shipped rule is held by tests/rules: moved by its
 * smallest step, either way, some test of the rule fails. A number that no test holds
 * could be mistyped without anybody noticing. Rules that ship switched off are switched on
 * here, and held by tests/rules/switched-on. */
#include "support/check.h"

#include "trial/scenario.h"
#include "rule/rule.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX      16
#define TESTS_MAX      32
#define FILE_MAX_BYTES (1 << 20)
#define RULE_MAX_BYTES (1 << 14)

/* A rule's tests, each a document of its own, which the mutants of the rule share. */
struct tests {
	struct shd_doc *docs[TESTS_MAX];
	size_t count;
};

struct pack {
	char *rules[FILES_MAX];
	struct files {
		char *texts[FILES_MAX];
		size_t count;
	} tests, switched_on;
	size_t rule_files;
	struct shd_word_lists *words;
	size_t mutants, survivors;
};

/* --- files ---------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *text = shd_xcalloc(FILE_MAX_BYTES, 1);

	assert_non_null(file);
	*ret_len = fread(text, 1, FILE_MAX_BYTES - 1, file);
	fclose(file);
	return text;
}

static size_t read_files(const char *pattern, char *texts[FILES_MAX])
{
	glob_t found;
	size_t len, count;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc <= FILES_MAX);
	for (size_t i = 0; i < found.gl_pathc; i++)
		texts[i] = read_file(found.gl_pathv[i], &len);
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

static void load_words(struct pack *pack)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	glob_t found;

	pack->words = shd_word_lists_create();
	assert_int_equal(glob(SHD_SOURCE_DIR "/conf/words.d/*.txt", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len;
		shd_autofree char *text = read_file(found.gl_pathv[i], &len);
		shd_autofree char *name = shd_xstrdup(strrchr(found.gl_pathv[i], '/') + 1);

		*strrchr(name, '.') = '\0';
		assert_true(shd_word_lists_add(pack->words, name, "words", text, len, diags));
	}
	globfree(&found);
}

static int load(void **state)
{
	struct pack *pack = shd_xcalloc(1, sizeof(*pack));

	pack->rule_files = read_files(SHD_SOURCE_DIR "/conf/rules.d/*.yaml", pack->rules);
	pack->tests.count = read_files(SHD_SOURCE_DIR "/tests/rules/*.yaml", pack->tests.texts);
	pack->switched_on.count = read_files(
		SHD_SOURCE_DIR "/tests/rules/switched-on/*.yaml", pack->switched_on.texts);
	load_words(pack);
	*state = pack;
	return 0;
}

static int unload(void **state)
{
	struct pack *pack = *state;

	for (size_t i = 0; i < pack->rule_files; i++)
		free(pack->rules[i]);
	for (size_t i = 0; i < pack->tests.count; i++)
		free(pack->tests.texts[i]);
	for (size_t i = 0; i < pack->switched_on.count; i++)
		free(pack->switched_on.texts[i]);
	shd_word_lists_destroy(pack->words);
	free(pack);
	return 0;
}

/* The end of the list item that begins at `item`, where `dash` begins one. */
static const char *item_end(const char *item, const char *dash)
{
	const char *next = strstr(item + 1, dash);

	return next ? next + 1 : item + strlen(item);
}

static struct shd_doc *parse(const char *head, size_t head_len, const char *item, size_t len)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&text, FILE_MAX_BYTES);
	shd_text_add(&text, head, head_len);
	shd_text_add(&text, item, len);
	return shd_doc_parse("pack.yaml", text.data, text.len, diags);
}

static void find_tests(const struct files *files, const char *id, struct tests *ret)
{
	char needle[96];

	*ret = (struct tests){0};
	snprintf(needle, sizeof(needle), " rule: %s,", id);
	for (size_t i = 0; i < files->count; i++) {
		const char *first = strstr(files->texts[i], "\n  - test:");
		size_t head = (size_t)(first + 1 - files->texts[i]);

		for (const char *item = first + 1, *end; *item; item = end) {
			const char *found = strstr(item, needle);

			end = item_end(item, "\n  - test:");
			if (!found || found > end)
				continue;
			assert_true(ret->count < TESTS_MAX);
			ret->docs[ret->count] =
				parse(files->texts[i], head, item, (size_t)(end - item));
			assert_non_null(ret->docs[ret->count++]);
		}
	}
}

static void free_tests(struct tests *tests)
{
	for (size_t i = 0; i < tests->count; i++)
		shd_doc_destroy(tests->docs[i]);
}

/* --- a mutant --------------------------------------------------------------------- */

enum outcome { HELD, SURVIVED, NOT_A_RULE };

static void ignore(void *ctx, const struct shd_scenario_result *result)
{
	(void)ctx;
	(void)result;
}

static enum outcome try_rule(const struct pack *pack, const char *rule, size_t len,
			     const struct tests *tests)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	struct shd_doc *doc = parse("rules:\n", 7, rule, len);
	const struct shd_scenario_listener listener = {.report = ignore};
	enum outcome outcome = SURVIVED;

	if (!doc)
		return NOT_A_RULE;
	struct shd_rules *rules = shd_rules_compile(&doc, 1, NULL, pack->words, diags);
	if (!rules)
		outcome = NOT_A_RULE;
	for (size_t i = 0; outcome == SURVIVED && i < tests->count; i++) {
		shd_scenarios_run(tests->docs[i], rules, NULL, diags, &listener);
		if (shd_diags_mistakes(diags))
			outcome = HELD;
	}
	shd_rules_destroy(rules);
	shd_doc_destroy(doc);
	return outcome;
}

/* One rule while its mutants are tried. */
struct trial {
	struct pack *pack;
	const char *id, *text;
	size_t len;
	struct tests tests;
};

/* What may be moved without a difference, and why. */
static const struct {
	const char *rule, *was, *becomes, *why;
} equivalent[] = {
	{"ozon-return-response", "0%", "0.01%", "what counts as no rate is far below 18 %"},
	{"ozon-return-response", "0%", "-0.01%", "what counts as no rate is far below 18 %"},
};

static bool is_equivalent(const struct trial *trial, size_t at, size_t width, const char *becomes)
{
	for (size_t i = 0; i < SHD_COUNT(equivalent); i++)
		if (strcmp(equivalent[i].rule, trial->id) == 0 &&
		    strlen(equivalent[i].was) == width &&
		    memcmp(equivalent[i].was, trial->text + at, width) == 0 &&
		    strcmp(equivalent[i].becomes, becomes) == 0)
			return true;
	return false;
}

static void try_mutant(const struct trial *trial, size_t at, size_t width, const char *becomes)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&text, RULE_MAX_BYTES);
	shd_text_add(&text, trial->text, at);
	shd_text_puts(&text, becomes);
	shd_text_puts(&text, trial->text + at + width);
	enum outcome outcome = try_rule(trial->pack, text.data, text.len, &trial->tests);
	trial->pack->mutants++;
	if (outcome == HELD || (outcome == SURVIVED && is_equivalent(trial, at, width, becomes)))
		return;
	const char *line = trial->text + at;
	while (line[-1] != '\n')
		line--;
	print_error("%s %s: `%.*s` -> `%s` in %.*s\n",
		outcome == SURVIVED ? "survived" : "not a rule", trial->id, (int)width,
		trial->text + at, becomes, (int)strcspn(line, "\n"), line);
	trial->pack->survivors++;
}

/* --- what is moved ------------------------------------------------------------------ */

static int64_t duration_ms(const char *text, size_t len)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"w", 7 * SHD_DAY_MS}, {"d", SHD_DAY_MS}, {"h", SHD_HOUR_MS},
		{"m", SHD_MINUTE_MS}, {"s", SHD_SECOND_MS}};
	int64_t ms = 0;

	for (size_t at = 0; at < len;) {
		char *end;
		long long n = strtoll(text + at, &end, 10);
		size_t u = 0;

		while (strncmp(end, units[u].unit, strlen(units[u].unit)) != 0)
			assert_true(++u < SHD_COUNT(units));
		ms += n * units[u].ms;
		at = (size_t)(end - text) + strlen(units[u].unit);
	}
	return ms;
}

static bool follows(const struct trial *trial, size_t at, const char *word)
{
	return strncmp(trial->text + at, word, strlen(word)) == 0;
}

static bool precedes(const struct trial *trial, size_t at, const char *word)
{
	size_t len = strlen(word);

	return at >= len && memcmp(trial->text + at - len, word, len) == 0;
}

/* The days of a baseline are whole ones. */
static bool counts_days(const struct trial *trial, size_t at, size_t width)
{
	return precedes(trial, at, ", ") && follows(trial, at + width, ")") &&
	       trial->text[at + width - 1] == 'd';
}

static void move_duration(const struct trial *trial, size_t at, size_t width)
{
	int64_t ms = duration_ms(trial->text + at, width);
	int64_t step = counts_days(trial, at, width) ? SHD_DAY_MS : 1;
	char text[32];

	for (int way = -1; way <= 1; way += 2) {
		snprintf(text, sizeof(text), "%lldms", (long long)(ms + way * step));
		try_mutant(trial, at, width, text);
	}
}

/* Tenths of whole factors, hundredths of shares, money and what is written with a point,
 * else whole numbers. */
static void move_number(const struct trial *trial, size_t at, size_t digits, size_t width)
{
	bool factor = follows(trial, at + width, " *") || precedes(trial, at, "/ ");
	bool whole = width == digits && !factor && !memchr(trial->text + at, '.', digits);
	double step = whole ? 1 : factor && !memchr(trial->text + at, '.', width) ? 0.1 : 0.01;
	double value = strtod(trial->text + at, NULL);
	char text[48];

	for (int way = -1; way <= 1; way += 2) {
		snprintf(text, sizeof(text), "%.*f%.*s", whole ? 0 : 2, value + way * step,
			 (int)(width - digits), trial->text + at + digits);
		try_mutant(trial, at, width, text);
	}
}

/* The literal that begins at `at`; returns where it ends. */
static size_t move_literal(const struct trial *trial, size_t at)
{
	size_t digits = strspn(trial->text + at, "0123456789."), end = at + digits;

	bool share = follows(trial, end, "%");

	if (share || follows(trial, end, " RUB") || follows(trial, end, " USD")) {
		size_t width = digits + (share ? 1 : strlen(" RUB"));

		move_number(trial, at, digits, width);
		return at + width;
	}
	if (!isalpha((unsigned char)trial->text[end])) {
		move_number(trial, at, digits, digits);
		return end;
	}
	while (isalnum((unsigned char)trial->text[end]))
		end++;
	move_duration(trial, at, end - at);
	return end;
}

/* The comparison that stands at `at`, with a space on either side; 0: none does. */
static size_t move_comparison(const struct trial *trial, size_t at)
{
	static const char *const moves[][2] = {{" <= ", " < "}, {" < ", " <= "}, {" >= ", " > "},
		{" > ", " >= "}, {" == ", " != "}, {" != ", " == "}};

	for (size_t i = 0; i < SHD_COUNT(moves); i++) {
		if (!follows(trial, at, moves[i][0]))
			continue;
		try_mutant(trial, at, strlen(moves[i][0]), moves[i][1]);
		return strlen(moves[i][0]) - 1;
	}
	return 0;
}

static void move_line(const struct trial *trial, size_t at, size_t end)
{
	while (at < end) {
		unsigned char c = (unsigned char)trial->text[at];
		size_t width = c == ' ' ? move_comparison(trial, at) : 0;

		if (width) {
			at += width;
		} else if (c == '"') {
			const char *close = memchr(trial->text + at + 1, '"', end - at - 1);

			at = close ? (size_t)(close - trial->text) + 1 : end;
		} else if (isdigit(c)) {
			at = move_literal(trial, at);
		} else if (isalpha(c) || c == '_') {
			while (isalnum((unsigned char)trial->text[at]) || trial->text[at] == '_')
				at++;
		} else {
			at++;
		}
	}
}

/* Whether the lines of this key hold conditions or amounts. */
static bool is_judged(const char *line)
{
	static const char *const keys[] = {"where:", "due:", "value:", "needs:", "levels:",
		"clear:", "for:", "clear_for:", "cost:"};

	for (size_t i = 0; i < SHD_COUNT(keys); i++)
		if (strncmp(line + 4, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

static void move_all(const struct trial *trial)
{
	bool judged = false;

	for (size_t at = 0, end; at < trial->len; at = end + 1) {
		const char *line = trial->text + at;

		end = at + strcspn(line, "\n");
		if (strncmp(line, "    ", 4) == 0 && isalpha((unsigned char)line[4]))
			judged = is_judged(line);
		if (judged && line[strspn(line, " ")] != '#')
			move_line(trial, at, end);
	}
}

static void hold_rule(struct pack *pack, const char *item, size_t len)
{
	shd_autofree char *text = shd_xcalloc(len + 1, 1);
	char id[64];

	memcpy(text, item, len);
	assert_int_equal(sscanf(text, "  - rule: %63s", id), 1);
	struct trial trial = {.pack = pack, .id = id, .text = text, .len = len};
	char *off = strstr(text, "\n    enabled: false\n");
	if (off)
		memset(off + 1, ' ', strlen("    enabled: false"));
	find_tests(off ? &pack->switched_on : &pack->tests, id, &trial.tests);
	if (try_rule(pack, text, len, &trial.tests) != SURVIVED)
		fail_msg("the tests of %s fail", id);
	move_all(&trial);
	free_tests(&trial.tests);
}

static void every_number_and_comparison_is_held_by_a_test(void **state)
{
	struct pack *pack = *state;

	for (size_t i = 0; i < pack->rule_files; i++) {
		const char *item = strstr(pack->rules[i], "\n  - rule:");

		assert_non_null(item);
		for (item++; *item;) {
			const char *end = item_end(item, "\n  - rule:");

			hold_rule(pack, item, (size_t)(end - item));
			item = end;
		}
	}
	assert_true(pack->mutants > 500);
	if (pack->survivors)
		fail_msg("%zu of %zu changes went unnoticed", pack->survivors, pack->mutants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_and_comparison_is_held_by_a_test),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
