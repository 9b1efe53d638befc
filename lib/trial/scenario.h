/* trial/scenario.h - runs the tests of rules: what is given, what is expected.
 *
 *   store: {marketplace: ozon}                  # for all tests of the file; default ozon
 *   tests:
 *     - test: a local complaint escalates on time
 *       store: {kind: local}                    # id kind region timezone currency opened
 *                                               # calendar labels
 *       start: 2026-01-05                       # optional: when 0h is
 *       given:
 *         - {at: 0h, complaint: {id: C-1, order_amount: 1990 RUB}}
 *         - {at: -30d, times: 20, every: 1d, order: {id: O, shipped_late: false}}
 *         - {at: 2h, metric: {rating: 4.5}, target: {rating: 4.6}}
 *         - {at: 3h, blind: reviews}            # and `sees: reviews` later
 *       expect:
 *         - {at: 12h, rule: ozon-complaint-first-response, level: info, told: true}
 *
 * Every field of every kind can be given, by its name; times count from the start. An entity
 * is opened when it is first given, unless it says when; `closed: true` closes it. `times`
 * makes O-1, O-2, ... The store is watched since the beginning of the test.
 *
 * An expectation is compared with what the rule came to by then, judged as in the daemon: when
 * something that it reads changes, and at its own wake-ups. `level` is that of the alert (none
 * info warning critical breached), or pending, unknown, too-few; without `entity` the worst of
 * all entities. `told`: somebody was notified since the previous expectation of the same rule.
 * value, limit, cost, room, due: as judged.
 *
 * Pure: no clock, no sleep, no disk; one thread at a time. */
#pragma once
#include "rule/rule.h"
#include "settings/settings.h"

struct shd_scenario_result {
	const char *file, *name;
	int line;
	bool unreadable;       /* the test, or its file, has a mistake: it was not run */
	size_t expected, failed; /* expectations; one that was not run has none that failed */
	const char *text;      /* the expectations that failed, a line each; or "" */
};

/* Who hears of a run. */
struct shd_scenario_listener {
	void (*report)(void *ctx, const struct shd_scenario_result *result); /* each test */
	/* A verdict that an expectation is compared with; NULL: nobody wants to know. */
	void (*judged)(void *ctx, const struct shd_rule *rule, const struct shd_verdict *verdict);
	void *ctx;
};

/* Reads and runs all tests of a document, and reports each. `settings` are those that the rules
 * were compiled with, or NULL: a test whose store has an id starts from that store's settings, with
 * its overrides. Mistakes of the file and expectations that failed go to diags, with their place.
 */
void shd_scenarios_run(const struct shd_doc *doc, const struct shd_rules *rules,
	const struct shd_settings *settings, struct shd_diags *diags,
	const struct shd_scenario_listener *listener);
