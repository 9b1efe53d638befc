/* settings/settings.h - the whole configuration as one read-only value.
 *
 * Built from documents by shd_settings_build, replaced as a whole on reload. Does
 * not read files, resolve secrets or know the clock (daemon/config.h does). */
#pragma once
#include "judge/judge.h"
#include "market/source.h"
#include "notify/notify.h"

/* First match wins unless `more`. */
struct shd_route_settings {
	const char *match;          /* expression of the rules language, NULL: everything */
	const struct shd_node *match_node;
	struct shd_match *compiled; /* NULL: everything */
	struct shd_texts to;        /* names of channels */
	int64_t group_for_ms;       /* wait this long to put alerts into one message */
	bool more;                  /* `continue: true` */
	const struct shd_node *node;
};

struct shd_settings {
	const char *listen;         /* control socket: unix:/run/storehealthd/api.sock */
	const char *public_url;
	const char *state_path;     /* NULL: $STATE_DIRECTORY/state.db */
	int64_t keep_samples_ms, keep_events_ms, keep_deliveries_ms, keep_history_ms;
	int64_t in_flight_max;      /* requests under way at once, all stores */
	int64_t answers_max_bytes;  /* memory for large answers, all stores */
	int64_t blind_after;        /* intervals without success */
	struct shd_store *stores;
	size_t store_count;
	/* What is polled: the marketplaces of the stores, and the carriers. */
	struct shd_source *sources;
	size_t source_count;
	struct shd_channel_settings *channels;
	size_t channel_count;
	struct shd_texts channel_names; /* in the same order */
	struct shd_route_settings *routes;
	struct shd_route *routing;  /* the same, as the judge takes them */
	size_t route_count;
	struct shd_calendars calendars;
	const struct shd_node *overrides; /* of all stores: map rule id -> keys, or NULL */
	/* private: */
	struct shd_arena *arena;
	struct shd_doc **docs;
	size_t doc_count;
};

/* What a configuration may name as a marketplace and as the type of a channel. */
struct shd_known {
	const struct shd_adapter *const *adapters;
	size_t adapter_count;
	const struct shd_notifier *const *notifiers;
	size_t notifier_count;
};

/* Takes the documents (main file first, then conf.d in order; maps are merged by
 * key, lists appended, a scalar given twice is a mistake). known NULL: all that this program
 * has. Returns owned; NULL when diags got a mistake. */
struct shd_settings *shd_settings_build(struct shd_doc **docs, size_t count,
					const struct shd_known *known, struct shd_diags *diags);

/* Frees the documents, two thirds of what the settings take, when all that is made of them
 * is made and no more mistake can be found: every `node` is gone then. */
void shd_settings_forget_files(struct shd_settings *settings);
void shd_settings_destroy(struct shd_settings *settings);

/* What the compiler of rules takes of the settings, borrowed; of NULL: nothing. */
struct shd_rule_setup;
struct shd_rule_setup shd_settings_for_rules(const struct shd_settings *settings);

/* What the judge takes of them, borrowed; stored and rules are to be added. */
struct shd_judge_in shd_settings_for_judge(const struct shd_settings *settings);
