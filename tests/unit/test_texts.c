/* How every text that a person reads is written, in its language: the texts of conf/texts and
 * the titles, advice and messages of the shipped rules. What a machine can hold of it. */
#include "support/pack.h"

#include <regex.h>

/* What no text of the language may have, as an extended regular expression over bytes. HAN is
 * any character of three bytes that Chinese is written with, its punctuation left out. */
#define HAN "(\xE4[\xB8-\xBF].|[\xE5-\xE9]..)"

static const struct {
	enum shd_language language;
	const char *pattern, *wanted;
} slips[] = {
	{SHD_EN, "[0-9]%", "a space before %"},
	{SHD_EN, "–|—", "no dashes but -"},
	{SHD_EN, "waits? to be shipped|waits? for the seller", "awaiting"},
	{SHD_EN, "holds? a |the support|by itself|^It is over|passes now", "plain English"},
	{SHD_EN, "[Oo]f (7|30|90) days", "the last 30 days"},
	{SHD_EN, "stock runs|restart.*reload|are blind", "low stock; not judged"},
	{SHD_ZH, HAN "[ ]?[,;:!?()\"]|[,;:!?()\"][ ]?" HAN, "full-width punctuation"},
	{SHD_ZH, HAN "\\.", "。"},
	{SHD_ZH, "\\[|\\]", "【】"},
	{SHD_ZH, HAN " " HAN, "no space between characters"},
	{SHD_ZH, "(，|。|；|：|（|）|“|”) | (，|。|；|：|（|）|“|”)",
		"no space beside full-width signs"},
	{SHD_ZH, "[0-9}] %|–| - ", "20%, and 至 between numbers"},
	{SHD_ZH, "警报|超时|卡住|附俄|附近 365|盲区|评级超过",
		"告警, 已逾期, 停滞, 附上, 触及警戒线"},
	{SHD_RU, "[0-9}]%", "a space before %"},
	{SHD_RU, "–| - |[^ ]—|—[^ ]", "one kind of dash: — between spaces"},
	{SHD_RU, "\"", "«»"},
	{SHD_RU, "слеп|перезагруз|под угрозой \\{|сам[ои]?сь? собой",
		"не проверяются, перезапустите, возможные потери"},
	{SHD_LANGUAGE_COUNT, "  |^ | $|\\.\\.\\.", "single spaces, …"},
};

static bool has(const char *pattern, const char *text)
{
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		fail_msg("%s is no pattern", pattern);
	bool found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static size_t refused; /* all are shown before the test fails */

static void refuse(const char *where, const char *language, const char *wanted, const char *text)
{
	print_error("%s (%s), %s: %s\n", where, language, wanted, text);
	refused++;
}

/* "{n} stores" is wrong of 1; units and signs stay as they are. */
static void counts_agree(const char *where, enum shd_language language, const char *text)
{
	if (language == SHD_ZH)
		return;
	if (has("\\{n\\} [[:alpha:]\xD0\xD1]", text) &&
		!has("^\\{n\\} (d|h|min|s|дн\\.|ч|мин|с|шт\\.)$", text))
		refuse(where, shd_language_names[language], "what is counted must agree", text);
	if (strchr(text, '#') && !has("one \\{", text))
		refuse(where, shd_language_names[language], "a form for one", text);
	if (language == SHD_RU && strchr(text, '#') &&
		(!has("few \\{", text) || !has("many \\{", text)))
		refuse(where, shd_language_names[language], "three forms", text);
}

static void check_text(const char *where, enum shd_language language, const char *text)
{
	if (!text)
		return;
	for (size_t i = 0; i < SHD_COUNT(slips); i++)
		if ((slips[i].language == language || slips[i].language == SHD_LANGUAGE_COUNT) &&
			has(slips[i].pattern, text))
			refuse(where, shd_language_names[language], slips[i].wanted, text);
	counts_agree(where, language, text);
}

static void rules_are_well_written(void **state)
{
	const struct pack *pack = *state;

	refused = 0;
	for (size_t i = 0; i < shd_rules_count(pack->rules); i++) {
		const struct shd_rule *rule = shd_rules_at(pack->rules, i);

		for (int l = 0; l < SHD_LANGUAGE_COUNT; l++) {
			check_text(rule->id, (enum shd_language)l, rule->title[l]);
			check_text(rule->id, (enum shd_language)l, rule->advice[l]);
			check_text(rule->id, (enum shd_language)l, rule->message[l]);
			if (!rule->message[0] != !rule->message[l])
				refuse(rule->id, shd_language_names[l], "a message", "");
		}
	}
	assert_int_equal(refused, 0);
}

static struct shd_doc *texts_of(enum shd_language language)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	char path[256];
	size_t len;

	snprintf(path, sizeof(path), SHD_SOURCE_DIR "/conf/texts/%s.yaml",
		shd_language_names[language]);
	shd_autofree char *text = pack_read_file(path, &len);
	return shd_doc_parse(path, text, len, diags);
}

static void check_texts(enum shd_language language)
{
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = texts_of(language);
	const struct shd_node *root = shd_doc_root(doc);
	assert_true(root->count > 50);
	for (size_t i = 0; i < root->count; i++) {
		const struct shd_node *map = &root->items[i];

		if (map->type == SHD_NODE_SCALAR)
			check_text(root->keys[i].text, language, map->text);
		for (size_t j = 0; map->type == SHD_NODE_MAP && j < map->count; j++)
			check_text(map->keys[j].text, language, map->items[j].text);
	}
}

static void texts_are_well_written(void **state)
{
	(void)state;
	refused = 0;
	for (int l = 0; l < SHD_LANGUAGE_COUNT; l++)
		check_texts((enum shd_language)l);
	assert_int_equal(refused, 0);
}

/* A word that one language has for a value of ours, and English where the value is none, the
 * others have too. */
static void words_are_known_in_every_language(void **state)
{
	static const char *const lists[] = {"words", "currencies"};
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *zh = texts_of(SHD_ZH), *ru = texts_of(SHD_RU);
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *en = texts_of(SHD_EN);

	(void)state;
	refused = 0;
	for (size_t i = 0; i < SHD_COUNT(lists); i++) {
		const struct shd_node *maps[] = {shd_node_get(shd_doc_root(zh), lists[i]),
			shd_node_get(shd_doc_root(ru), lists[i]),
			shd_node_get(shd_doc_root(en), lists[i])};

		for (size_t from = 0; from < SHD_COUNT(maps); from++)
			for (size_t j = 0; maps[from] && j < maps[from]->count; j++)
				for (size_t to = 0; to < 2; to++)
					if (!shd_node_get(maps[to], maps[from]->keys[j].text))
						refuse(lists[i], to ? "ru" : "zh", "a word",
							maps[from]->keys[j].text);
	}
	assert_int_equal(refused, 0);
}

/* The patterns themselves: each finds what it is meant for. */
static void slips_are_found(void **state)
{
	static const struct {
		enum shd_language language;
		const char *text;
		bool good;
	} cases[] = {
		{SHD_ZH, "订单,逾期", false}, {SHD_ZH, "订单(1)", false}, {SHD_ZH, "达到 20 % 时", false},
		{SHD_ZH, "达到 20% 时", true}, {SHD_ZH, "店铺，订单：1（2）", true},
		{SHD_ZH, "[严重] 订单", false},
		{SHD_ZH, "订单。 请", false}, {SHD_ZH, "请在 Ozon 处理。", true}, {SHD_ZH, "处理.", false},
		{SHD_RU, "больше – лучше", false}, {SHD_RU, "больше — лучше", true},
		{SHD_RU, "от 8—15 %", false}, {SHD_RU, "20%", false}, {SHD_EN, "20%", false},
		{SHD_EN, "3 stores — worse", false},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		bool good = true;

		for (size_t j = 0; j < SHD_COUNT(slips); j++)
			good &= slips[j].language != cases[i].language ||
				!has(slips[j].pattern, cases[i].text);
		if (good != cases[i].good)
			fail_msg("\"%s\" is %s", cases[i].text, good ? "let through" : "refused");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_found),
		cmocka_unit_test(texts_are_well_written),
		cmocka_unit_test(words_are_known_in_every_language),
		cmocka_unit_test(rules_are_well_written),
	};
	return cmocka_run_group_tests(tests, pack_load, pack_unload);
}
