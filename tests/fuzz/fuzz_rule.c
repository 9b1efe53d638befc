/* Any bytes as a file of rules: compiled, overridden by itself, judged. */
#include "settings/settings.h"
#include "rule/rule.h"
#include "rule/language/word_lists.h"

#include <string.h>

/* A map that the file has under this key. */
static const struct shd_node *map_of(const struct shd_doc *doc, const char *key)
{
	const struct shd_node *node = shd_node_get(shd_doc_root(doc), key);

	return node && node->type == SHD_NODE_MAP ? node : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct shd_rule *rule)
{
	static struct shd_value fields[64];
	struct shd_entity entity = {.kind = rule->kind, .id = "e", .fields = fields};
	struct shd_store settings = {.id = "shop"};
	struct shd_rule_env env = {.now = {1780000000000}, .store = &settings};
	struct shd_verdict verdict;

	memset(fields, 0, sizeof(fields));
	for (int i = 0; i < shd_kind_fields(rule->kind); i++)
		fields[i] = (struct shd_value){.none = true,
			.type = shd_field_row(shd_kind_first(rule->kind) + (enum shd_field)i)
					->type};
	fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = 1779000000000};
	if (rule->each)
		env.entity = &entity;
	shd_rule_judge(rule, &env, &verdict);
	shd_assert(verdict.wake.ms > env.now.ms);
	shd_assert(verdict.level == SHD_LEVEL_NONE || verdict.judgement == SHD_JUDGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};
	struct shd_word_lists *words = shd_word_lists_create();
	struct shd_doc *doc = shd_doc_parse("rules.yaml", (const char *)data, size, diags);
	struct shd_store store = {.id = "s"};
	struct shd_settings settings = {.stores = &store, .store_count = 1};
	const struct shd_rules *own = NULL;
	struct shd_rules *rules = NULL;

	shd_word_lists_add(words, "ozon_banned", "ozon_banned.txt", (const char *)data,
		size < 4096 ? size : 4096, diags);
	settings.overrides = doc ? map_of(doc, "overrides") : NULL;
	store.overrides = doc ? map_of(doc, "store_overrides") : NULL;
	struct shd_rule_setup setup = shd_settings_for_rules(&settings);
	if (doc)
		rules = shd_rules_compile(&doc, 1, &setup, words, diags);
	if (rules)
		own = shd_rules_of(rules, store.id);
	for (size_t i = 0; own && i < shd_rules_count(own); i++) {
		judge(shd_rules_at(rules, i));
		judge(shd_rules_at(own, i));
	}
	shd_text_init(&out, 16 << 20);
	shd_diags_print(diags, &out);
	shd_rules_destroy(rules);
	shd_doc_destroy(doc);
	shd_word_lists_destroy(words);
	return 0;
}
