/* rule/: what expressions give over a store in memory, and when they change. */
#include "support/check.h"

#include "base/num.h"
#include "rule/language/word_lists.h"
#include "support/eval_rows.h"

static void add_order(int64_t opened_ms, int64_t amount, bool late)
{
	struct shd_entity *order = fake_add(&fake, SHD_KIND_order, "o", opened_ms);

	fake_money(order, SHD_F_order_amount, amount, "RUB");
	fake_n(order, SHD_F_order_shipped_late, late);
}

static void add_review(int64_t opened_ms, int64_t stars, const char *sku)
{
	struct shd_entity *review = fake_add(&fake, SHD_KIND_review, "r", opened_ms);

	fake_n(review, SHD_F_review_stars, stars * SHD_MICRO);
	if (sku)
		fake_text(review, SHD_F_review_sku, sku);
}

/* A listing under judgement at T0 + 10 days, and what happened before. */
static int make_store(void **state)
{
	static const char list[] = "original\n100% cotton\nоригинал\n正品\nБренд\n"
				   "подлинн*\nкопи* марк*\nреплик* часов\n";
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);

	(void)state;
	words = shd_word_lists_create();
	assert_true(
		shd_word_lists_add(words, "banned", "banned.txt", list, sizeof(list) - 1, diags));
	fake_init(&fake);
	for (int i = 0; i < 10; i++)
		add_order(T0 + i * D, 100000 + i * 1000, i >= 8);
	add_review(T0 + 9 * D, 2, "S-1");
	add_review(T0 + 9 * D + H, 5, "S-1");
	add_review(T0 + 9 * D + 2 * H, 1, "S-2");
	add_review(T0 + 10 * D + H, 1, "S-1"); /* dated ahead */
	for (int i = 0; i <= 8; i += 2)
		fake_sample(&fake, SHD_M_rating, T0 + i * D, 4800000 - i * 50000);
	fake_set_metric(&fake, SHD_M_order_defect_rate, 8000);
	fake.polled[SHD_P_orders].ms = T0 + 10 * D - H;
	struct shd_entity *listing = fake_add(&fake, SHD_KIND_listing, "L-1", T0);
	fake_n(listing, SHD_F_listing_progressed_at, T0 + 5 * D);
	fake_text(listing, SHD_F_listing_sku, "S-1");
	fake_text(listing, SHD_F_listing_title, "Кабель USB-\xD0\xA1 ORIGINAL, 100% Cotton");
	fake_text(listing, SHD_F_listing_state, "active");
	fake_money(listing, SHD_F_listing_price, 199000, "RUB");
	fake.env.entity = listing;
	fake.env.now.ms = T0 + 10 * D;
	return 0;
}

static int free_store(void **state)
{
	(void)state;
	shd_word_lists_destroy(words);
	return 0;
}

static void arithmetic_is_exact_and_knows_units(void **state)
{
	static const struct row rows[] = {
		{"4.6 == 4.60", "true"},
		{"23 / 575 == 0.04", "true"},
		{"ratio(23, 575) == 4%", "true"},
		{"ratio(373, 2937)", "12.7%"},
		{"ratio(373, 2937) > 12.7%", "true"},
		{"ratio(373, 2937) == 12.7%", "false"},
		{"12.7% < ratio(373, 2937)", "true"},
		{"ratio(262, 2063) >= 12.7%", "false"},
		{"ratio(1, 3) * 3 == 100%", "true"},
		{"1 - 2 / 3 == 1 / 3", "true"},
		{"-(1 / 3) + 1 / 3 == 0", "true"},
		{"1 / 3 in [0.333333]", "false"},
		{"1 / 3 in [2 / 6]", "true"},
		{"1 / (1 / 3)", "3"},
		{"floor(2999999999 / 1000000000)", "2"},
		{"floor(3000000001 / 1000000000)", "3"},
		{"floor(-1 / 3000000)", "-1"},
		{"round(7499999999 / 3000000000)", "2"},
		{"round(-7499999999 / 3000000000)", "-2"},
		{"abs(-1 / 3) == 1 / 3", "true"},
		{"max(1 / 3, 0.333333) > 0.333333", "true"},
		{"min(1 / 3, 0.333333) < 1 / 3", "true"},
		{"room(ratio(4, 12), ratio(5, 12))", "1"},
		{"room(ratio(1, 3), ratio(1, 3))", "0"},
		{"(1 / 3) * (1 / 7) * (1 / 11) * 231 == 1", "true"},
		{"price / 3 * 3 == price", "true"},
		{"1 + 2 * 3", "7"},
		{"(1 + 2) * 3", "9"},
		{"-2 - -3", "1"},
		{"7 / 2", "3.5"},
		{"3.5% * 1990 RUB", "69.65 RUB"},
		{"5000 RUB + 3.5% * price", "5069.65 RUB"},
		{"price / 10 RUB", "199"},
		{"price / 2", "995 RUB"},
		{"4% * 1.5", "6%"},
		{"1.5 * 4%", "6%"},
		{"50% * 50%", "25%"},
		{"48h * 0.5", "1d"},
		{"48h / 1h", "48"},
		{"1d12h - 12h", "1d"},
		{"opened_at + 48h - opened_at", "2d"},
		{"abs(-3)", "3"},
		{"floor(-1.5)", "-2"},
		{"floor(1.5)", "1"},
		{"round(2.5)", "3"},
		{"round(-2.5)", "-3"},
		{"min(3, 2)", "2"},
		{"max(2h, 3h)", "3h"},
		{"5 / 0", "empty (what is divided by 0)"},
		{"ratio(1, 0)", "empty (anything to take a share of)"},
		{"price + 3 USD > 1 USD", "none (one currency)"},
		{"100 JPY * 1.5", "150 JPY"},
		{"sum(order.amount last 1h) + 5 RUB", "5 RUB"},
		{"max(sum(order.amount last 1h), 5 RUB)", "5 RUB"},
		{"min(5 RUB, sum(order.amount last 1h))", "0 RUB"},
		{"ratio(sum(order.amount last 1h), 5 RUB)", "0%"},
		{"9000000000000 + 9000000000000", "9223372036854.775807"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

static void truth_has_three_values(void **state)
{
	static const struct row rows[] = {
		{"price_index > 1", "none (price_index)"},
		{"not (price_index > 1)", "none (price_index)"},
		{"price_index > 1 and false", "false"},
		{"false and price_index > 1", "false"},
		{"price_index > 1 and true", "none (price_index)"},
		{"price_index > 1 or true", "true"},
		{"price_index > 1 or false", "none (price_index)"},
		{"price_index is none", "true"},
		{"price_index is not none", "false"},
		{"price_index else 3", "3"},
		{"(price_index else 3) > 2", "true"},
		{"price_index + 1", "none (price_index)"},
		{"price_index in [1, 2]", "none (price_index)"},
		{"state in [\"active\", \"rejected\"]", "true"},
		{"state in [\"rejected\"]", "false"},
		{"1 in [price_index, 1]", "true"},
		{"2 in [price_index, 1]", "none (price_index)"},
		{"price_index > 1 ? 1 : 2", "none (price_index)"},
		{"state == \"active\" ? 1 : 2", "1"},
		{"acos is none", "true"},
		{"closed", "false"},
		{"share(order last 1h where shipped_late) > 4%", "empty (order)"},
		{"not (share(order last 1h where shipped_late) > 4%)", "empty (order)"},
		{"median(order.amount last 1h) > 4 RUB or false", "empty (order.amount)"},
		{"avg(order.amount last 1h) * 2 + 1 RUB", "empty (order.amount)"},
		{"max(order.units last 30d) > 1", "none (order.units) @20d"},
		{"median(order.amount last 1h) > 4 RUB or rating > 5", "empty (order.amount)"},
		{"median(order.amount last 1h) > 4 RUB or acos > 5%", "none (order.amount)"},
		{"share(order last 1h where shipped_late) > 4% and rating > 5", "false"},
		{"share(order last 1h where shipped_late) is none", "true"},
		{"share(order last 1h where shipped_late) else 3%", "3%"},
		{"share(order last 1h where shipped_late) in [3%, 4%]", "empty (order)"},
		{"3% in [share(order last 1h where shipped_late), 4%]", "empty (order)"},
		{"baseline(share(complaint last 1d where closed), 2d)", "empty (complaint)"},
		{"sum(order.amount last 25h) / count(order last 1h)",
			"empty (what is divided by 0) @1h"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

static void a_blind_feed_shows_through_everything(void **state)
{
	static const struct row rows[] = {
		{"state is none", "blind (listing)"},
		{"price_index else 3", "blind (listing)"},
		{"state == \"active\" or true", "true"},
		{"count(order last 1d) == 0", "blind (order)"},
		{"rating else 4.0", "blind (rating)"},
		{"last(rating last 7d)", "blind (rating)"},
		{"baseline(count(order last 1d), 3d)", "blind (order)"},
		{"age > 1h and false", "false"},
		{"count(review last 2d where rating > 4) > 0", "blind (review) @1h"},
	};

	(void)state;
	fake.blind_kinds = 1U << SHD_KIND_listing | 1U << SHD_KIND_order;
	fake.blind_metrics = 1ULL << SHD_M_rating;
	check_rows(rows, SHD_COUNT(rows));
}

static void comparisons_wake_to_the_millisecond(void **state)
{
	static const struct row rows[] = {
		{"age >= 240h", "true"},
		{"age > 240h", "false @1ms"},
		{"age >= 241h", "false @1h"},
		{"age > 241h", "false @1h1ms"},
		{"age < 241h", "true @1h"},
		{"age <= 241h", "true @1h1ms"},
		{"age == 241h", "false @1h"},
		{"age == 240h", "true @1ms"},
		{"age != 240h", "false @1ms"},
		{"opened_at + 11d < now", "false @1d1ms"},
		{"now >= opened_at + 11d", "false @1d"},
		{"idle > 5d", "false @1ms"},
		{"2 * age > 21d", "false @12h1ms"},
		{"age * 0.5 >= 6d", "false @2d"},
		{"age / 2 >= 6d", "false @2d"},
		{"age / 1h >= 250", "false @10h"},
		{"age / 7 > 2d", "false @4d1ms"},
		{"floor(age / 1d) >= 11", "false @1d"},
		{"1h / age < 0.001", "false @31d16h1ms"},
		{"abs(opened_at + 11d - now) < 2h", "false @22h1ms"},
		{"min(age, 11d) >= 11d", "false @1d"},
		{"max(age, 11d) > 11d", "false @1d1ms"},
		{"age > 241h or age > 242h", "false @1h1ms"},
		{"age > 241h and age > 239h", "false @1h1ms"},
		{"age > 239h or age > 241h", "true"},
		{"age_of(poll.orders) > 3h", "false @2h1ms"},
		{"age_of(poll.stock) > 3h", "none (poll.stock)"},
		{"not (age > 241h)", "true @1h1ms"},
		{"closed and age > 241h", "false"},
		{"(age > 241h ? 1 : 2) == 1", "false @1h1ms"},
		{"age > idle", "true"},
		{"age in [241h, 242h]", "false @1h"},
		{"age in [240h]", "true @1ms"},
		{"age in [1h, 2h]", "false"},
		{"now in [today + 21h]", "false @33m20s"},
		{"round(age / 1h) in [241]", "false @30m"},
		{"floor(age / 1h) in [240]", "true @1h"},
		{"count(review last 30d where age in [24h30m])", "0 @30m"},
		{"baseline(age, 3d) > 9d", "false @1d1ms"},
		{"1h / (age - 240h) > 1", "empty (what is divided by 0) @1ms"},
		{"1h / (age - 241h) > 1", "false @1h"},
		{"1h / (age - 241h) is none", "false @1h"},
		{"idle / (opened_at + 11d - now) > 10", "false @10h54m32s728ms"},
		{"ratio(idle, age - 240h)", "empty (anything to take a share of) @1ms"},
		{"price / (age / 1h - 240) < 50 RUB", "empty (what is divided by 0) @1ms"},
		{"price / (age / 1h - 241) < 50 RUB", "true @1h"},
		{"min(age / 7, 40h - (age - 10d)) > 34h50m", "false @3h50m1ms"},
		{"min(age / 7, 40h - (age - 10d)) > 36h", "false @5h1ms"},
		{"abs(age / 7 - 35h) > 1h", "false @5h1ms"},
		{"age + idle >= 361h", "false @30m"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

static void windows_count_and_wake_when_one_leaves(void **state)
{
	static const struct row rows[] = {
		{"count(order last 3d)", "2 @1d"},
		{"count(order last 73h)", "3 @1h"},
		{"count(order last 30d)", "10 @20d"},
		{"share(order last 30d where shipped_late)", "20% @20d"},
		{"share(order last 1h where shipped_late)", "empty (order)"},
		{"count(order last 30d where shipped_late)", "2 @4w"},
		{"sum(order.amount last 3d)", "2170 RUB @1d"},
		{"avg(order.amount last 3d)", "1085 RUB @1d"},
		{"min(order.amount last 30d)", "1000 RUB @20d"},
		{"max(order.amount last 30d)", "1090 RUB @20d"},
		{"median(order.amount last 30d)", "1045 RUB @20d"},
		{"p90(order.amount last 30d)", "1080 RUB @20d"},
		{"p99(order.amount last 30d)", "1090 RUB @20d"},
		{"sum(order.units last 30d)", "0 @20d"},
		{"max(order.opened_at last 30d)", "2026-06-06T20:26:40.000Z @20d"},
		{"count(review last 2d where stars <= 2)", "2 @1h"},
		{"count(review last 2d where sku == listing.sku)", "2 @1h"},
		{"count(review last 2d where age >= 24h)", "1 @1h"},
		{"count(review last 30m)", "0 @1h"},
		{"avg(order.units last 30d)", "none (order.units) @20d"},
		{"room(share(order last 30d where shipped_late), 40%)", "2 @20d"},
		{"room(share(order last 30d where shipped_late), 10%)", "-1 @20d"},
		{"baseline(count(order last 1d), 5d)", "1 @1d"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

static void samples_have_ends_slopes_and_forecasts(void **state)
{
	static const struct row rows[] = {
		{"rating", "4.4"},
		{"first(rating last 5d)", "4.6 @1d"},
		{"last(rating last 5d)", "4.4"},
		{"last(rating last 1h)", "4.4"},
		{"delta(rating last 5d)", "-0.2 @1d"},
		{"slope(rating last 30d)", "-0.05 @20d"},
		{"slope(rating last 3d)", "empty (rating) @1d"},
		{"forecast(rating, 4d)", "4.2 @18d"},
		{"avg(rating last 30d)", "4.6 @20d"},
		{"min(rating last 30d)", "4.4 @20d"},
		{"median(rating last 30d)", "4.6 @20d"},
		{"baseline(rating, 4d)", "4.45 @1d"},
		{"forecast(order_defect_rate, 7d)", "none (order_defect_rate)"},
		{"avg(order_defect_rate last 7d)", "none (order_defect_rate)"},
		{"order_defect_rate > 0.5%", "true"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

static void texts_are_read_as_people_read_them(void **state)
{
	static const struct row rows[] = {
		{"title contains words.banned", "true"},
		{"title contains \"кабель\"", "true"},
		{"title contains [\"x\", \"usb\"]", "true"},
		{"\"originality\" contains words.banned", "false"},
		{"\"100% COTTON!\" contains words.banned", "true"},
		{"\"100% cottons\" contains words.banned", "false"},
		{"\"ОРИГИНАЛ\" contains words.banned", "true"},
		{"\"官方正品手机\" contains words.banned", "true"},
		{"\"бренды\" contains words.banned", "false"},
		{"\"мой бренд\" contains words.banned", "true"},
		{"\"Подлинные часы\" contains words.banned", "true"},
		{"\"неподлинные часы\" contains words.banned", "false"},
		{"\"ПОДЛИНН\" contains words.banned", "true"},
		{"\"подлин\" contains words.banned", "false"},
		{"\"копия марки\" contains words.banned", "true"},
		{"\"копи марк\" contains words.banned", "true"},
		{"\"копия, марки\" contains words.banned", "false"},
		{"\"копия мар\" contains words.banned", "false"},
		{"\"копиямарки\" contains words.banned", "false"},
		{"\"реплика часов\" contains words.banned", "true"},
		{"\"реплика часовая\" contains words.banned", "false"},
		{"mixed_script(title)", "true"},
		{"mixed_script(\"Аpple\")", "true"},  /* a Cyrillic А */
		{"mixed_script(\"USB-С\")", "true"},  /* a Cyrillic С */
		{"mixed_script(\"USB-С2\")", "true"},
		{"mixed_script(\"Т-shirt\")", "true"}, /* a Cyrillic Т */
		{"mixed_script(\"micro-ЅІ\")", "true"}, /* letters that Russian has not */
		{"mixed_script(\"USB-Ο\")", "true"},  /* a Greek Ο */
		{"mixed_script(\"Βosch\")", "true"},  /* a Greek Β */
		{"mixed_script(\"Eλλάδα\")", "true"}, /* a Latin E */
		{"mixed_script(\"LED-ТВ\")", "false"},
		{"mixed_script(\"Smart-ТВ\")", "false"},
		{"mixed_script(\"Android-ОС\")", "false"},
		{"mixed_script(\"10kΩ\")", "false"},
		{"mixed_script(\"10 кΩ, 5μF, 3µs\")", "false"},
		{"mixed_script(\"ΔT-sensor\")", "false"},
		{"mixed_script(\"Ελλάδα\")", "false"},
		{"mixed_script(\"USB-C\")", "false"},
		{"mixed_script(\"LED-лампа\")", "false"},
		{"mixed_script(\"Кaбель\")", "true"},
		{"mixed_script(\"iPhone手机壳\")", "false"},
		{"mixed_script(\"Кабель USB\")", "false"},
		{"title matches \"(?i)original\"", "true"},
		{"title matches \"^USB\"", "false"},
		{"length(\"Жук\")", "3"},
		{"lower(\"ЖУК\")", "\"жук\""},
		{"sku == \"S-1\"", "true"},
		{"listing.id", "\"L-1\""},
		{"store.id", "\"shop\""},
		{"store.marketplace", "\"ozon\""},
		{"store.kind == \"local\"", "true"},
		{"store.age > 1d", "none (store.age)"},
		{"store.status == \"active\"", "none (store.status)"},
		{"store.labels.team", "none (store.labels.team)"},
		{"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\" matches \"(a+)+$\"", "none (matches)"},
	};

	(void)state;
	check_rows(rows, SHD_COUNT(rows));
}

/* The store looks at Sunday 2026-06-07 20:26:40 UTC. */
static void days_are_those_of_the_store(void **state)
{
	static const struct row in_utc[] = {
		{"today", "2026-06-07T00:00:00.000Z @3h33m20s"},
		{"now - today < 21h", "true @33m20s"},
		{"now - today >= 20h26m40s", "true @3h33m20s"},
		{"floor((now - today) / 1h) >= 22", "false @1h33m20s"},
		{"floor((now - today) / 1h) >= 30", "false @3h33m20s"},
		{"hour(now)", "20 @33m20s"},
		{"hour(now) >= 22", "false @33m20s"},
		{"hour(now + 30m)", "20 @3m20s"},
		{"hour(today - 1h)", "23 @3h33m20s"},
		{"weekday(now)", "7 @3h33m20s"},
		{"weekday(now) <= 5", "false @3h33m20s"},
		{"day(now)", "7 @3h33m20s"},
		{"day(today - 7d)", "31 @3h33m20s"},
		{"hour(opened_at)", "20"},
		{"weekday(opened_at)", "4"},
		{"hour(closed_at)", "none (closed_at)"},
		{"hour(opened_at - age)", "20 @26m40s1ms"},
		{"count(order since today)", "0 @3h33m20s"},
	};
	static const struct row in_moscow[] = {
		{"today", "2026-06-06T21:00:00.000Z @33m20s"},
		{"now - today < 18h", "false @33m20s"},
		{"hour(now)", "23 @33m20s"},
		{"weekday(now + 34m)", "1 @23h59m20s"},
	};
	struct shd_arena *arena = shd_arena_create(1 << 20);

	(void)state;
	check_rows(in_utc, SHD_COUNT(in_utc));
	fake.settings.zone = shd_zone_make("Europe/Moscow", arena);
	assert_non_null(fake.settings.zone);
	check_rows(in_moscow, SHD_COUNT(in_moscow));
	fake.settings.zone = NULL;
	shd_arena_destroy(arena);
}

static void business_days_skip_what_is_free(void **state)
{
	static const struct row plain[] = {
		{"business_days(opened_at, 0)", "2026-05-28T20:26:40.000Z"},
		{"opened_at + 1 business day", "2026-05-29T20:26:40.000Z"},
		{"opened_at + 2 business days", "2026-06-01T20:26:40.000Z"},
		{"opened_at + 1h + 2 business days - 1h", "2026-06-01T20:26:40.000Z"},
		{"business_days(opened_at, 1)", "2026-05-29T20:26:40.000Z"},
		{"business_days(opened_at, 2)", "2026-06-01T20:26:40.000Z"},
		{"business_days(opened_at, 2) - now < -6d", "false @1ms"},
		{"business_days(now, 1)", "2026-06-09T00:00:00.000Z"},
		{"business_days(now, 1) > opened_at + 12d", "false @1d1ms"},
		{"business_days(closed_at, 1)", "none (closed_at)"},
		{"business_days(opened_at, 2, \"works\")", "2026-06-03T20:26:40.000Z"},
		{"business_days(opened_at, 1, \"never\")", "none (a business day)"},
		{"business_days(opened_at, -1)",
			"25:2 business_days needs a plain number here "
			"[business_days(opened_at, 2)]"},
		{"business_days(opened_at, 1.5)",
			"25:3 business_days goes 0 to 1000 whole days ahead "
			"[business_days(opened_at, 2)]"},
		{"business_days(opened_at, 2, \"work\")",
			"28:6 unknown calendar 'work'; did you mean 'works'? [calendars stand in "
			"storehealthd.yaml, under `calendars`]"},
		{"business_days(opened_at)",
			"0:24 business_days takes 2 or 3 arguments, not 1"},
		{"business_days(age, 2)", "14:3 business_days needs time here, this is duration"},
	};
	static const struct row named[] = {
		{"business_days(opened_at, 2)", "2026-06-03T20:26:40.000Z"},
	};

	(void)state;
	check_rows(plain, SHD_COUNT(plain));
	fake.settings.calendar = &calendar_items[0];
	check_rows(named, SHD_COUNT(named));
	fake.settings.calendar = NULL;
}

static void the_daemon_itself_is_a_store_without_settings(void **state)
{
	static const struct row rows[] = {
		{"store.marketplace == \"daemon\"", "true"},
		{"store.id", "\"daemon\""},
		{"store.kind", "none (store.kind)"},
		{"store.timezone", "none (store.timezone)"},
	};

	(void)state;
	fake.env.store = NULL;
	check_rows(rows, SHD_COUNT(rows));
	fake.env.store = &fake.settings;
}

static void word_lists_refuse_what_is_not_utf8(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);

	(void)state;
	assert_false(shd_word_lists_add(words, "bad", "bad.txt",
		"good\nb\xFF"
		"d\n",
		8, diags));
	assert_int_equal(shd_diags_at(diags, 0)->line, 2);
	assert_false(shd_word_lists_add(words, "banned", "banned.txt", "x", 1, diags));
}

static void a_star_stands_only_at_the_end_of_a_word(void **state)
{
	static const char *const wrong[] = {"*", "a b*c", "a *", "正品*", "a**", "a*.",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa*"};
	static const char *const right[] = {"a*", "a* b", "a*-b*", "a* b*  # c*d"};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(wrong) + SHD_COUNT(right); i++) {
		SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
		bool good = i >= SHD_COUNT(wrong);
		const char *text = good ? right[i - SHD_COUNT(wrong)] : wrong[i];
		struct shd_word_lists *own = shd_word_lists_create();

		if (shd_word_lists_add(own, "w", "w.txt", text, strlen(text), diags) != good)
			fail_msg("%s", text);
		shd_word_lists_destroy(own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic_is_exact_and_knows_units),
		cmocka_unit_test(truth_has_three_values),
		cmocka_unit_test(a_blind_feed_shows_through_everything),
		cmocka_unit_test(comparisons_wake_to_the_millisecond),
		cmocka_unit_test(windows_count_and_wake_when_one_leaves),
		cmocka_unit_test(samples_have_ends_slopes_and_forecasts),
		cmocka_unit_test(texts_are_read_as_people_read_them),
		cmocka_unit_test(days_are_those_of_the_store),
		cmocka_unit_test(business_days_skip_what_is_free),
		cmocka_unit_test(the_daemon_itself_is_a_store_without_settings),
		cmocka_unit_test(word_lists_refuse_what_is_not_utf8),
		cmocka_unit_test(a_star_stands_only_at_the_end_of_a_word),
	};
	return cmocka_run_group_tests(tests, make_store, free_store);
}
