/* Any bytes as a file of rule tests: read, and run on rules of each sort. */
#include "trial/scenario.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"rules:\n"
	"  - rule: wait\n"
	"    each: complaint\n"
	"    where: responded_at is none\n"
	"    due: opened_at + 2 business days\n"
	"    levels: {info: age >= 12h, warning: remaining <= 12h, breached: remaining <= 0s}\n"
	"    for: 10m\n"
	"  - rule: late\n"
	"    value: share(order last 30d where shipped_late)\n"
	"    levels: {warning: value > 4%, critical: value > 8%}\n"
	"    clear: value < 3%\n"
	"    clear_for: 1h\n"
	"  - rule: rating\n"
	"    levels: {warning: rating < 4.6, critical: rating < 4.4}\n"
	"    for: 2 of 3\n";

static void on_result(void *ctx, const struct shd_scenario_result *result)
{
	size_t *count = ctx;

	shd_assert(result->failed <= result->expected && strlen(result->text) < 1 << 20);
	++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	SHD_AUTO(shd_doc_destroyp)
	struct shd_doc *doc = shd_doc_parse("t.yaml", (const char *)data, size, diags);
	SHD_AUTO(shd_doc_destroyp)
	struct shd_doc *own = shd_doc_parse("rules.yaml", text, sizeof(text) - 1, diags);
	struct shd_word_lists *words = shd_word_lists_create();
	struct shd_rules *rules = shd_rules_compile(&own, 1, NULL, words, diags);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};
	size_t count = 0;

	const struct shd_scenario_listener listener = {.report = on_result, .ctx = &count};
	shd_assert(rules);
	if (doc)
		shd_scenarios_run(doc, rules, NULL, diags, &listener);
	shd_text_init(&out, 16 << 20);
	shd_diags_print(diags, &out);
	shd_rules_destroy(rules);
	shd_word_lists_destroy(words);
	return 0;
}
