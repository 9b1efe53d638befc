/* ctl/ctl.h - storehealthctl: what its commands share.
 *
 * A command is a row of commands.c: the row drives dispatch and usage. It prints
 * through ctl->out and returns an exit code of SHD_EXIT_MAP. */
#pragma once
#include "base/text.h"
#include "base/time.h"
#include "conf/diag.h"
#include "table.h"

#include <jansson.h>

/* X(NAME, code, "meaning") */
#define SHD_EXIT_MAP(X)                                                                            \
	X(OK, 0, "done; for check: no mistake, perhaps warnings")                                  \
	X(NO, 1, "the answer is no: mistakes, no such alert, a key refused, nothing is kept")      \
	X(USAGE, 64, "the command line is wrong")                                                  \
	X(UNAVAILABLE, 69, "the daemon does not answer")                                           \
	X(DENIED, 77, "no permission for the daemon's socket")
enum shd_exit {
#define X(id, code, text) SHD_EXIT_##id = code,
	SHD_EXIT_MAP(X)
#undef X
};

struct shd_ctl {
	const char *socket;
	const char *argument;     /* of the command, the first of them, or NULL */
	const char *const *arguments;
	size_t argument_count;
	const char *store;        /* --store, or NULL */
	const char *credentials;  /* folder of the files that LoadCredential= names */
	const char *rules, *junit, *entity; /* --rules, --junit, --entity, or NULL */
	const char *since;        /* --since, or NULL */
	const char *config;       /* --config, or NULL */
	bool json, all, feeds, online;
	bool colour;
	struct shd_wall now;      /* the daemon's, once it answered */
	struct shd_text out;      /* printed by main */
};

struct shd_command {
	const char *name, *argument, *doc; /* argument: "ALERT", "[FILE]", "FILE...", or "" */
	enum shd_exit (*run)(struct shd_ctl *ctl);
};
extern const struct shd_command shd_commands[];
extern const size_t shd_command_count;

/* The commands, each beside what it prints. */
enum shd_exit shd_ctl_alerts(struct shd_ctl *ctl);
enum shd_exit shd_ctl_check(struct shd_ctl *ctl);
enum shd_exit shd_ctl_explain(struct shd_ctl *ctl);
enum shd_exit shd_ctl_metrics(struct shd_ctl *ctl);
enum shd_exit shd_ctl_replay(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_eval(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_explain(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_list(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_schema(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_test(struct shd_ctl *ctl);
enum shd_exit shd_ctl_schema(struct shd_ctl *ctl);
enum shd_exit shd_ctl_status(struct shd_ctl *ctl);

/* Prints all mistakes of a reading to stderr; the same as JSON, owned. */
void shd_ctl_print_diags(const struct shd_diags *diags);
json_t *shd_ctl_diags_json(const struct shd_diags *diags);

/* Asks the daemon. *ret_answer is owned (json_decref) and set only with OK; what
 * went wrong is said on stderr. Takes ctl->now from the answer. */
enum shd_exit shd_ctl_ask(struct shd_ctl *ctl, const char *path, json_t **ret_answer);

/* The same for an answer that becomes a table: with --json it is printed as it is, and
 * *ret_answer stays NULL, as after a failure. */
enum shd_exit shd_ctl_fetch(struct shd_ctl *ctl, const char *path, json_t **ret_answer);

/* Appends a line of a description: the name, dimmed, and the text in a column of its own;
 * nothing for an empty text. */
void shd_ctl_line(struct shd_ctl *ctl, const char *name, const char *text);

/* Appends the answer as indented JSON. */
void shd_ctl_print_json(struct shd_ctl *ctl, const json_t *answer);

/* Readers of answers that never fail: "" and 0 for what is absent or null. */
const char *shd_ctl_text(const json_t *object, const char *name);
int64_t shd_ctl_int(const json_t *object, const char *name);
bool shd_ctl_yes(const json_t *object, const char *name);
struct shd_wall shd_ctl_time(const json_t *object, const char *name);
/* The words of a value; "" when it has none. */
const char *shd_ctl_value(const json_t *object, const char *name);
/* "12 s ago", or `never` for no time at all. */
const char *shd_ctl_when(const struct shd_ctl *ctl, const json_t *object, const char *name,
			 const char *never, char buf[48]);
enum shd_paint shd_ctl_level_paint(const char *level);
