/* lib/alert/route.h: who is told. */
#include "support/check.h"

#include "alert/route.h"
#include "conf/node.h"

#include <stdio.h>
#include <string.h>

enum { CHANNELS = 3 };

/* Routes made from conditions ("" is every alert), each to one channel or all of them. */
struct fixture {
	struct shd_diags *diags;
	struct shd_doc *docs[CHANNELS];
	struct shd_match *matches[CHANNELS];
	struct shd_route items[CHANNELS];
	struct shd_routes routes;
};

static const char *const all[CHANNELS] = {"li", "mail", "ops"};

/* To so many channels from this one on. */
static void add(struct fixture *f, const char *match, size_t channel, size_t count, bool more)
{
	size_t i = f->routes.count++;

	if (*match) {
		f->docs[i] = shd_doc_parse("match", match, strlen(match), f->diags);
		f->matches[i] = shd_match_compile(shd_doc_root(f->docs[i]), f->diags);
		assert_non_null(f->matches[i]);
	}
	f->items[i] = (struct shd_route){
		.match = f->matches[i], .to = {count, all + channel}, .more = more};
	f->routes.items = f->items;
}

static void init(struct fixture *f)
{
	*f = (struct fixture){.diags = shd_diags_create(10), .routes.channels = {CHANNELS, all}};
}

static void finish(struct fixture *f)
{
	for (size_t i = 0; i < CHANNELS; i++) {
		shd_match_destroy(f->matches[i]);
		shd_doc_destroy(f->docs[i]);
	}
	shd_diags_destroy(f->diags);
}

/* As "li:a ops:b": the channel, and the route by its place. */
static const char *told(const struct fixture *f, const struct shd_route_query *query)
{
	static char text[100];
	struct shd_recipient recipients[CHANNELS];
	size_t count = shd_route_alert(&f->routes, query, recipients), len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s:%c", i ? " " : "",
			recipients[i].channel,
			recipients[i].route ? (char)('a' + (recipients[i].route - f->items)) : '-');
	return text;
}

static const struct shd_match_facts critical = {
	.rule = "r", .store = "s", .marketplace = "ozon", .level = SHD_CRITICAL};
static const struct shd_match_facts info = {
	.rule = "r", .store = "s", .marketplace = "ozon", .level = SHD_INFO};

static void the_first_match_wins_unless_it_says_that_more_follow(void **state)
{
	struct shd_route_query query = {.facts = &critical};
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, "level >= critical", 0, 2, true);
	add(&f, "", 1, 2, false);
	add(&f, "", 0, 3, false);
	assert_string_equal(told(&f, &query), "li:a mail:a ops:b");
	query.facts = &info;
	assert_string_equal(told(&f, &query), "mail:b ops:b");
	finish(&f);
}

static void an_end_goes_to_those_who_were_told_whatever_the_routes(void **state)
{
	static const char *const told_of_it[] = {"ops", "gone", "li"};
	struct shd_route_query query = {.facts = &critical, .over = true};
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, "", 1, 1, false);
	assert_string_equal(told(&f, &query), "");
	query.notified = (struct shd_texts){3, told_of_it};
	assert_string_equal(told(&f, &query), "ops:- li:-"); /* one is no longer there */
	finish(&f);
}

static void nobody_is_told_of_what_is_held_back(void **state)
{
	struct shd_route_query query = {.facts = &critical, .held_back = true};
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, "", 0, 3, false);
	assert_string_equal(told(&f, &query), "");
	finish(&f);
}

static void a_channel_does_not_tell_of_its_own_failure(void **state)
{
	struct shd_route_query query = {.facts = &critical, .about = "li"};
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, "level >= critical", 0, 1, false);
	add(&f, "", 0, 3, false);
	assert_string_equal(told(&f, &query), "mail:a"); /* somebody has to hear of it */
	query.facts = &info;
	assert_string_equal(told(&f, &query), "mail:b ops:b");
	query.facts = &critical;
	query.about = "ops";
	assert_string_equal(told(&f, &query), "li:a");
	f.routes.channels.count = 1; /* there is no other one */
	query.about = "li";
	assert_string_equal(told(&f, &query), "li:a");
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_match_wins_unless_it_says_that_more_follow),
		cmocka_unit_test(an_end_goes_to_those_who_were_told_whatever_the_routes),
		cmocka_unit_test(nobody_is_told_of_what_is_held_back),
		cmocka_unit_test(a_channel_does_not_tell_of_its_own_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
