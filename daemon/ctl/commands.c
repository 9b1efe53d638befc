#include "ctl.h"

const struct shd_command shd_commands[] = {
	{"alerts", "", "open alerts, worst first; --all: closed ones too", shd_ctl_alerts},
	{"check", "[FILE]",
		"read the configuration and tell every mistake; --online: also call each store and "
		"channel",
		shd_ctl_check},
	{"entities", "KIND",
		"what is known now of the open orders, reviews, ...; --all: of closed ones too",
		shd_ctl_entities},
	{"explain", "ALERT", "why an alert is there, who was told, what comes next",
		shd_ctl_explain},
	{"metrics", "STORE", "the newest numbers of a store, with the platform's targets",
		shd_ctl_metrics},
	{"reload", "[PID]",
		"have the daemon read its configuration again, and say whether it took it; PID "
		"as systemd names it",
		shd_ctl_reload},
	{"replay", "[FILE]",
		"edited rules over the recorded history, beside what really fired; "
		"differences are no failure",
		shd_ctl_replay},
	{"rules eval", "EXPR", "what an expression of the rules language is now; needs --store",
		shd_ctl_rules_eval},
	{"rules explain", "RULE", "a rule in words, its present value, and its next look",
		shd_ctl_rules_explain},
	{"rules list", "", "the rules in force, and the stores that each watches",
		shd_ctl_rules_list},
	{"rules reference", "[NAME]",
		"every kind, field, metric, function and name that a rule may use, or one of them",
		shd_ctl_rules_reference},
	{"rules schema", "", "files of rules as a JSON schema, for completion in editors",
		shd_ctl_rules_schema},
	{"rules test", "FILE...", "try the rules on a virtual clock, by files or folders of tests",
		shd_ctl_rules_test},
	{"schema", "", "the configuration as a JSON schema, for completion in editors",
		shd_ctl_schema},
	{"show", "KIND ID", "every field of one entity, as it is known now", shd_ctl_show},
	{"status", "", "how well each store can be read; --feeds: each endpoint of it",
		shd_ctl_status},
};
const size_t shd_command_count = SHD_COUNT(shd_commands);
