/* rule/: texts to typed trees; every mistake with its place and its hint. */
#include "support/check.h"

#include "base/num.h"
#include "rule/language/expr.h"
#include "support/rule_env.h"

static struct shd_word_lists *words;

static int make_words(void **state)
{
	static const char list[] = "original # comment\n\n  100% cotton \nоригинал\n正品\n";
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);

	(void)state;
	words = shd_word_lists_create();
	assert_true(
		shd_word_lists_add(words, "banned", "banned.txt", list, sizeof(list) - 1, diags));
	return 0;
}

static int free_words(void **state)
{
	(void)state;
	shd_word_lists_destroy(words);
	return 0;
}

/* Checks `text` as a condition of a rule `each: order` with due and value (a ratio),
 * or of a store rule; returns the mistakes. */
static const char *mistakes_of(const char *text, bool each, struct mistakes *mistakes)
{
	struct shd_arena *arena = shd_arena_create(1 << 20);
	struct shd_expr_scope scope = {.word_lists = words, .each = each, .kind = SHD_KIND_order};
	static const char due_text[] = "opened_at + 48h", value_text[] = "4%";

	mistakes_init(mistakes);
	if (each) {
		struct shd_expr *due =
			shd_parse(due_text, sizeof(due_text) - 1, arena, &mistakes->report);
		struct shd_expr *value =
			shd_parse(value_text, sizeof(value_text) - 1, arena, &mistakes->report);

		assert_true(shd_check(due, &scope, arena, &mistakes->report));
		assert_true(shd_check(value, &scope, arena, &mistakes->report));
		scope.due = due;
		scope.value = value;
	}
	struct shd_expr *expr = shd_parse(text, strlen(text), arena, &mistakes->report);
	if (expr)
		shd_check(expr, &scope, arena, &mistakes->report);
	shd_arena_destroy(arena);
	return mistakes->text.data;
}

static const struct {
	const char *text, *mistakes;
} wrong_each[] = {
	{"late_shipment_rate > 4", "0:22 cannot compare ratio with number [did you mean 4% ?]"},
	{"rating < 4%", "0:11 cannot compare number with ratio [did you mean 4 ?]"},
	{"age > 48", "0:8 cannot compare duration with number [did you mean 48h ?]"},
	{"amount > 5000", "0:13 cannot compare money with number [did you mean 5000 RUB ?]"},
	{"5000 RUB > 3 USD", "0:16 cannot compare RUB and USD [both sides need the same currency]"},
	{"5000 RUB + 3 USD > 1 RUB",
		"0:16 cannot add RUB and USD [both sides need the same currency]"},
	{"respondedat is none", "0:11 unknown field 'respondedat' of order"},
	{"shiped_at is none", "0:9 unknown field 'shiped_at' of order; did you mean 'shipped_at'?"},
	{"store.kindd == \"local\"",
		"0:11 unknown name 'kindd' of the store; did you mean 'kind'?"},
	{"store.kind == \"locla\"", "14:7 \"locla\" is never the store.kind, which is one of: "
				    "local crossborder [did you mean \"local\" ?]"},
	{"status == shipped",
		"10:7 unknown field 'shipped' of order [texts stand in quotes: \"shipped\"]"},
	{"status in [\"shipped\", \"deliverd\"]",
		"22:10 \"deliverd\" is never the status, which is one of: awaiting_payment "
		"awaiting_shipment "
		"shipped delivered cancelled [did you mean \"delivered\" ?]"},
	{"value = 4%", "6:1 '=' is not an operator [did you mean == ?]"},
	{"closed && shipped_late", "7:2 '&&' is not an operator [write `and`]"},
	{"closed || shipped_late", "7:2 '||' is not an operator [write `or`]"},
	{"!closed", "0:1 '!' is not an operator [write `not`]"},
	{"value =< 4%", "6:2 '=<' is not an operator [did you mean <= ?]"},
	{"value \xE2\x89\xA4 4%", "6:3 '\xE2\x89\xA4' is not an operator [write <=]"},
	{"shipped_at == none", "14:4 nothing can be compared with none [write `is none`]"},
	{"shipped_at != none", "14:4 nothing can be compared with none [write `is not none`]"},
	{"shipped_at is 4", "14:1 expected 'none' after 'is' [compare values with == and !=]"},
	{"1% < value < 4%", "11:1 comparisons cannot be chained [join two with `and`]"},
	{"not units", "4:5 `not` needs true or false, this is number"},
	{"closed and 4", "11:1 `and` needs true or false, this is number"},
	{"status < \"shipped\"", "0:18 text has no order [compare them with == or !=]"},
	{"opened_at + opened_at > now", "0:21 cannot add time and time"},
	{"now - 4 > opened_at", "0:7 cannot take time minus number"},
	{"amount * amount > 1 RUB", "0:15 cannot multiply money and money"},
	{"-status == \"x\"", "0:7 a text has no sign"},
	{"(value > 4%", "11:1 expected ')' after the expression, found the end"},
	{"value > 4%)", "10:1 expected an operator or the end, found ')'"},
	{"value >", "7:1 expected a value, found the end"},
	{"value > > 4%", "8:1 expected a value, found '>'"},
	{"value 4%",
		"6:2 expected an operator or the end, found '4%' [is an operator missing before "
		"it?]"},
	{"status == \"shipped", "10:8 this text has no closing \""},
	{"status == \xE2\x80\x9Cshipped\xE2\x80\x9D",
		"10:3 unexpected character '\xE2\x80\x9C' [use plain quotes: \"text\"]"},
	{"age > 48hours", "6:7 '48hours' is not a duration [write 48h]"},
	{"age > 4x", "6:2 '4x' is not a duration [units are w d h m s ms: 1d12h, 90s]"},
	{"age > 4 h", "6:3 '4 h' is not a duration [write 4h]"},
	{"age > 30 days", "6:7 '30 days' is not a duration [write 30d]"},
	{"age > 4.5 hours", "6:9 '4.5 hours' is not a duration [only whole numbers: 1h30m]"},
	{"age > 3天", "6:4 '3天' is not a duration [write 3d]"},
	{"age > 3 часа", "6:10 '3 часа' is not a duration [write 3h]"},
	{"amount > 100 rub", "9:7 '100 rub' is not a sum of money [write 100 RUB]"},
	{"amount > 100 руб.", "9:11 '100 руб.' is not a sum of money [write 100 RUB]"},
	{"amount > 5$", "9:2 '5$' is not a sum of money [write 5 USD]"},
	{"amount > $5", "9:1 unexpected character '$' [money is a number and a code: 5 USD]"},
	{"amount > 100 RMB", "13:3 'RMB' is not a currency of ISO 4217 [did you mean CNY ?]"},
	{"amount > 100 XYZ",
		"13:3 'XYZ' is not a currency of ISO 4217 [as in 100 RUB, 20 USD, 50 CNY]"},
	{"value > 4％", "8:4 '4％' is not a ratio [write 4%]"},
	{"units > 4.1234567",
		"8:9 a number has at most 6 digits after the point, this has 7 [round it]"},
	{"amount > 10.555 RUB",
		"9:10 RUB has at most 2 digits after the point, this has 3 [round it]"},
	{"amount > 10.5 JPY", "9:8 JPY has no digits after the point, this has 1 [round it]"},
	{"value > 0.12345%", "8:8 a percentage has at most 4 digits after the point, this has 5 "
			     "[round it]"},
	{"closed == False", "10:5 'False' must be in small letters [write `false`]"},
	{"closed AND paid", "7:3 'AND' must be in small letters [write `and`]"},
	{"units ＞ 4", "6:3 '＞' is a full-width character [write >]"},
	{"units ＞＝ 4", "6:6 '＞＝' is a full-width character [write >=]"},
	{"units in [1，2]", "11:3 '，' is a full-width character [write ,]"},
	{"units\u3000> 4", "5:3 this blank is not a plain space [write a plain space]"},
	{"units === 4", "6:3 '===' is not an operator [write == for \"is equal\"]"},
	{"closed_at == null", "13:4 nothing can be compared with none [write `is none`]"},
	{"closed_at is null", "13:4 expected 'none' after 'is' [write `none`]"},
	{"units not in [1, 2]", "6:3 `not` cannot stand behind a value [write `not` before all of "
				"it: not x in [a, b]]"},
	{"units < 4,5", "9:1 expected an operator or the end, found ',' [a decimal has a point: "
			"4.5]"},
	{"count(order where closed) > 3",
		"12:5 expected ')' after the arguments, found 'where' [as in count(order last 24h "
		"where amount > 100 RUB)]"},
	{"age > 2 business days",
		"8:8 expected an operator or the end, found 'business' [they are added to a time: "
		"opened_at + 2 business days]"},
	{"now > due - 2 business days",
		"12:1 business days can only be added [due: opened_at + 2 business days]"},
	{"now > due + 2 business", "22:1 expected 'days' after 'business' [opened_at + 2 business "
				   "days]"},
	{"now > due + 1.5 business days",
		"12:3 business_days goes 0 to 1000 whole days ahead [business_days(opened_at, 2)]"},
	{"now > due + 2 business days in \"cn\"",
		"31:4 unknown calendar 'cn' [calendars stand in storehealthd.yaml, under "
		"`calendars`]"},
	{"p99(rating last 7d) > 4",
		"4:6 p99 goes over a field of entities, 'rating' is a metric [over metrics go avg "
		"min max median p90 first last delta slope]"},
	{"age > 1.5h", "6:4 '1.5h' is not a duration [only whole numbers: 1h30m]"},
	{"units > 99999999999999999999", "8:20 \"99999999999999999999\" is too large a number [the "
					 "largest is 9223372036854.775807]"},
	{"value > 4% # late", "11:1 unexpected character '#'"},
	{"cuont(order last 1d) > 3", "0:20 unknown function 'cuont'; did you mean 'count'?"},
	{"count(order) > 3", "0:12 count needs a window [as in count(order last 24h)]"},
	{"count(order last 4) > 3", "17:1 expected a duration after 'last' [last 24h, last 30d]"},
	{"count(ordr last 4d) > 3",
		"6:4 count cannot go over 'ordr'; did you mean 'order'? "
		"[it goes over a kind of entity: order, review, complaint, ...]"},
	{"count(order last 0s) > 3", "17:2 a window is 1s to 3660d long"},
	{"share(order last 1d) > 3%",
		"0:20 share needs a condition [share(order last 30d where shipped_late)]"},
	{"share(order last 1d where amount) > 3%",
		"26:6 `where` needs true or false, this is money"},
	{"share(review last 1d where sku == amount) > 3%",
		"34:6 unknown field 'amount' of review [that of the rule's own entity is "
		"order.amount]"},
	{"sum(order last 7d) > 3",
		"4:5 sum cannot go over 'order' [name a field: sum(order.amount last 7d)]"},
	{"sum(order.status last 7d) > 3", "4:12 there is no sum of order.status, which is text"},
	{"sum(rating last 7d) > 3",
		"4:6 sum goes over a field of entities, 'rating' is a metric [over metrics go avg "
		"min max median p90 first last delta slope]"},
	{"first(order.units last 7d) > 3", "6:11 first cannot go over 'order.units' [it goes over "
					   "a metric: first(rating last 7d)]"},
	{"sum(order.amont last 7d) > 3 RUB",
		"4:11 unknown field 'amont' of order; did you mean 'amount'?"},
	{"sum(ordr.amount last 7d) > 3 RUB",
		"4:11 sum cannot go over 'ordr.amount'; did you mean 'order'? "
		"[a field of a kind: sum(order.amount last 7d)]"},
	{"avg(rating last 7d where closed) > 3", "25:6 the samples of a metric take no `where`"},
	{"count(order last 1d where count(order last 1d) > 1) > 1",
		"26:20 an aggregate cannot stand in the condition of another"},
	{"abs(order last 1d) > 1", "0:18 abs takes values, not a window"},
	{"min(units) > 1", "0:10 min takes 2 arguments, not 1"},
	{"min(units, 4%) > 1", "0:14 min needs two of one type, these are number and ratio"},
	{"abs() > 1", "0:5 abs takes 1 argument, not 0"},
	{"age_of(orders) > 1h", "7:6 unknown field 'orders' of order"},
	{"age_of(poll.order) > 1h", "7:10 unknown poller 'order'; did you mean 'orders'?"},
	{"poll.orders > 1h", "0:11 a poller is not a value [write age_of(poll.NAME)]"},
	{"baseline(count(order last 1d), 36h) > 1", "31:3 a baseline goes over 1 to 60 whole days"},
	{"room(value, 4%) > 1", "5:5 room needs a share or a ratio [room(share(order last 30d "
				"where shipped_late), 4%)]"},
	{"forecast(units, 7d) > 1",
		"9:5 forecast needs a metric [forecast(order_defect_rate, 7d)]"},
	{"status contains words.baned", "16:11 unknown word list 'baned'; did you mean 'banned'? "
					"[a list is a file in words.d]"},
	{"status in words.banned", "0:22 `in` needs a value on its left and a list on its right: x "
				   "in [a, b] [a word list follows `contains`]"},
	{"status == [\"shipped\"]", "0:21 cannot compare with a list [did you mean `in`?]"},
	{"units in [1, 4%]", "13:2 a list of number holds no ratio"},
	{"status matches \"a(b\"",
		"15:5 this pattern is wrong at character 4: missing closing parenthesis"},
	{"status matches sku",
		"0:18 `matches` needs a text on its left and a pattern in quotes on its right"},
	{"closed ? 4 : 4%",
		"0:15 `? :` gives number or ratio: both must be the same [did you mean 4% ?]"},
	{"tracking_number else 4", "0:22 `else` gives text or number: both must be the same"},
	{"review.stars > 3", "0:12 there is no review here: the rule is not `each: review` [write "
			     "an aggregate, as in count(order last 24h)]"},
	{"order.amont > 3 RUB", "0:11 unknown field 'amont' of order; did you mean 'amount'?"},
	{"rating < 4% and late_shipment_rate > 4",
		"0:11 cannot compare number with ratio [did you mean 4 ?]\n"
		"16:22 cannot compare ratio with number [did you mean 4% ?]"},
};

static void mistakes_name_place_and_remedy(void **state)
{
	int different = 0;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(wrong_each); i++) {
		struct mistakes mistakes;
		const char *found = mistakes_of(wrong_each[i].text, true, &mistakes);

		if (strcmp(found, wrong_each[i].mistakes) != 0) {
			different++;
			print_error("%s\n\texpected %s\n\tfound    %s\n", wrong_each[i].text,
				wrong_each[i].mistakes, found);
		}
		shd_text_finish(&mistakes.text);
	}
	assert_int_equal(different, 0);
}

static void names_of_other_rules_are_explained(void **state)
{
	static const struct {
		const char *text, *mistakes;
	} cases[] = {
		{"remaining < 2h", "0:9 unknown name 'remaining' [the rule has no `due`]"},
		{"value < 2%", "0:5 unknown name 'value' [the rule has no `value`]"},
		{"age < 2h", "0:3 unknown name 'age' [the rule has no `each`; the store's own age "
			     "is store.age]"},
		{"raing < 4", "0:5 unknown name 'raing'; did you mean 'rating'?"},
		{"marketplace == \"ozon\"",
			"0:11 unknown name 'marketplace' [that of the store is store.marketplace]"},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct mistakes mistakes;

		assert_string_equal(
			mistakes_of(cases[i].text, false, &mistakes), cases[i].mistakes);
		shd_text_finish(&mistakes.text);
	}
}

static const char *const good[] = {
	"age >= 12h",
	"remaining <= 0s",
	"value > 0.5%",
	"now - opened_at > 1d12h",
	"opened_at + 2 business days < now",
	"opened_at + 1 business day + 3h < now",
	"not closed and shipped_late",
	"status in [\"shipped\", 'delivered']",
	"amount > 5000 RUB",
	"3.5% * amount + 280 RUB > 300 RUB",
	"share(order last 30d where shipped_late) > 4 %",
	"ratio(count(return last 30d), count(order last 30d)) > 18%",
	"count(review last 1d where stars <= 2 and sku == order.sku) >= 3",
	"baseline(complaint_rate, 14d) * 1.5 < complaint_rate",
	"rating < (rating_target else 4.6)",
	"median(order.amount last 7d) > 1000 RUB",
	"p90(parcel.progressed_at last 60d) < now",
	"age_of(poll.orders) > 3h",
	"forecast(order_defect_rate, 7d) > 1%",
	"slope(rating last 28d) < -0.01",
	"room(share(order last 30d where shipped_late), 4%) < 3",
	"sku contains words.banned",
	"sku contains [\"a\", \"b\"]",
	"mixed_script(sku)",
	"sku matches \"^[A-Z]+$\"",
	"length(lower(sku)) > 3",
	"store.labels.team == \"ru\"",
	"store.status != \"active\"",
	"store.age < 90d",
	"closed ? true : false",
	"age / 1h > 5",
	"amount / 10 RUB > 5",
	"units * 2h < age",
	"min(age, idle) > 3h",
	"abs(remaining) < 1h",
	"order.id == \"1\"",
	"max(rating last 7d) - min(rating last 7d) > 0.2",
};

static void good_conditions_pass_and_print_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(good); i++) {
		struct mistakes mistakes;
		SHD_AUTO(shd_text_finish) struct shd_text once = {0}, twice = {0};
		struct shd_arena *arena = shd_arena_create(1 << 20);

		assert_string_equal(mistakes_of(good[i], true, &mistakes), "");
		shd_text_init(&once, 4096);
		shd_text_init(&twice, 4096);
		struct shd_expr *first =
			shd_parse(good[i], strlen(good[i]), arena, &mistakes.report);
		assert_non_null(first);
		shd_expr_print(first, &once);
		struct shd_expr *second = shd_parse(once.data, once.len, arena, &mistakes.report);
		assert_non_null(second);
		assert_true(shd_expr_equal(first, second));
		shd_expr_print(second, &twice);
		assert_string_equal(once.data, twice.data);
		shd_text_finish(&mistakes.text);
		shd_arena_destroy(arena);
	}
}

/* prefix, then `count` times `part`, then suffix; the mistakes must hold `wanted`. */
static void refuse_repeated(
	const char *prefix, const char *part, int count, const char *suffix, const char *wanted)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	struct mistakes mistakes;

	shd_text_init(&text, 1 << 20);
	shd_text_puts(&text, prefix);
	for (int i = 0; i < count; i++)
		shd_text_puts(&text, part);
	shd_text_puts(&text, suffix);
	const char *found = mistakes_of(text.data, true, &mistakes);
	assert_non_null(strstr(found, wanted));
	shd_text_finish(&mistakes.text);
}

static void limits_are_stated(void **state)
{
	(void)state;
	refuse_repeated("", "(", 100, "closed", "nested more than 64 levels deep");
	refuse_repeated("", "not ", 100, "closed", "nested more than 64 levels deep");
	refuse_repeated("", "-", 100, "units > 1", "nested more than 64 levels deep");
	refuse_repeated("closed", " or closed", 100, "",
		"more than 63 operators in a row, or levels of brackets");
	refuse_repeated("closed ? ", "closed ? ", 100, "closed", "nested more than 64 levels deep");
	refuse_repeated("units in [1", ", 1", 300, "]", "more than 256 items");
	refuse_repeated(
		"closed", " ", 5000, "", "the expression has 5006 bytes, at most 4096 are allowed");
}

static void the_names_read_are_collected(void **state)
{
	static const char text[] =
		"count(review last 1d) > 1 and rating < 4 and age_of(poll.stock) > 1h and "
		"store.status != \"active\" and store.kind == \"local\"";
	struct shd_arena *arena = shd_arena_create(1 << 20);
	struct shd_expr_scope scope = {.each = true, .kind = SHD_KIND_order};
	struct mistakes mistakes;

	(void)state;
	mistakes_init(&mistakes);
	struct shd_expr *expr = shd_parse(text, sizeof(text) - 1, arena, &mistakes.report);
	assert_true(shd_check(expr, &scope, arena, &mistakes.report));
	assert_int_equal(scope.reads_kinds, 1U << SHD_KIND_review | 1U << SHD_KIND_store);
	assert_int_equal(scope.reads_metrics, 1ULL << SHD_M_rating);
	assert_int_equal(scope.reads_pollers, 1U << SHD_P_stock);
	assert_false(scope.mentions_closed);
	shd_arena_destroy(arena);
	shd_text_finish(&mistakes.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_name_place_and_remedy),
		cmocka_unit_test(names_of_other_rules_are_explained),
		cmocka_unit_test(good_conditions_pass_and_print_the_same),
		cmocka_unit_test(limits_are_stated),
		cmocka_unit_test(the_names_read_are_collected),
	};
	return cmocka_run_group_tests(tests, make_words, free_words);
}
