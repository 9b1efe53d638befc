/* ctl/ctl.h - what the commands of storehealthctl share.
 *
 * A command is a row of commands.c, which serves dispatch and usage. It prints to ctl->out and
 * returns an exit code of SHD_EXIT_MAP. */
#pragma once
#include "base/text.h"
#include "base/time.h"
#include "conf/diag.h"
#include "table.h"

#include <jansson.h>

/* X(NAME, code, "meaning") */
#define SHD_EXIT_MAP(X)                                                                            \
	X(OK, 0, "done; for check: no mistake, perhaps warnings")                                  \
	X(NO, 1,                                                                                   \
		"the answer is no: mistakes, no such alert, a key refused; status: something "     \
		"fails")                                                                           \
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
	const char *argument;     /* the command's first argument, or NULL */
	const char *const *arguments;
	size_t argument_count;
	const char *store;        /* --store, or NULL */
	const char *credentials;  /* folder of the files that LoadCredential= names */
	const char *rules, *junit, *entity; /* --rules, --junit, --entity, or NULL */
	const char *after, *max;  /* --after, --max, or NULL */
	const char *since;        /* --since, or NULL */
	const char *config;       /* --config, or NULL */
	bool json, all, feeds, online;
	struct shd_screen screen;
	struct shd_wall now;      /* the daemon's clock, from its answer */
	struct shd_text out;      /* what main prints at the end */
};

struct shd_command {
	const char *name, *argument, *doc; /* argument: "ALERT", "[FILE]", "FILE...", or "" */
	enum shd_exit (*run)(struct shd_ctl *ctl);
};
extern const struct shd_command shd_commands[];
extern const size_t shd_command_count;

/* The commands; each is defined in the file that has its name. */
enum shd_exit shd_ctl_alerts(struct shd_ctl *ctl);
enum shd_exit shd_ctl_check(struct shd_ctl *ctl);
enum shd_exit shd_ctl_entities(struct shd_ctl *ctl);
enum shd_exit shd_ctl_explain(struct shd_ctl *ctl);
enum shd_exit shd_ctl_metrics(struct shd_ctl *ctl);
enum shd_exit shd_ctl_reload(struct shd_ctl *ctl);
enum shd_exit shd_ctl_replay(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_eval(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_explain(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_list(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_reference(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_schema(struct shd_ctl *ctl);
enum shd_exit shd_ctl_rules_test(struct shd_ctl *ctl);
enum shd_exit shd_ctl_schema(struct shd_ctl *ctl);
enum shd_exit shd_ctl_show(struct shd_ctl *ctl);
enum shd_exit shd_ctl_status(struct shd_ctl *ctl);

/* Prints all diagnostics to stderr; returns them as JSON, owned. */
void shd_ctl_print_diags(const struct shd_diags *diags);
json_t *shd_ctl_diags_json(const struct shd_diags *diags);

/* Requests a path of the daemon's API. *ret_answer is owned (json_decref) and set only with OK;
 * errors are printed to stderr. Sets ctl->now from the answer. */
enum shd_exit shd_ctl_ask(struct shd_ctl *ctl, const char *path, json_t **ret_answer);

/* The same, but with --json it prints the answer as it is and leaves *ret_answer NULL, as after a
 * failure: then the command is done. */
enum shd_exit shd_ctl_fetch(struct shd_ctl *ctl, const char *path, json_t **ret_answer);

/* Appends a line of a description, the name dimmed and the text in a second column; nothing when
 * the text is empty. */
void shd_ctl_line(struct shd_ctl *ctl, const char *name, const char *text);

/* Appends the answer as indented JSON. */
void shd_ctl_print_json(struct shd_ctl *ctl, const json_t *answer);

/* Read members of an answer; "", 0, false for one that is absent or null. */
const char *shd_ctl_text(const json_t *object, const char *name);
int64_t shd_ctl_int(const json_t *object, const char *name);
bool shd_ctl_bool(const json_t *object, const char *name);
struct shd_wall shd_ctl_time(const json_t *object, const char *name);
/* The display text of a value (api/json.h); "" when it has none. */
const char *shd_ctl_value(const json_t *object, const char *name);
/* Appends " (3 of 73)", the sample of a share; nothing when there is none. */
void shd_ctl_add_sample(struct shd_text *text, const json_t *object);
/* "12 s ago", or `never` when there is no time. */
const char *shd_ctl_when(const struct shd_ctl *ctl, const json_t *object, const char *name,
			 const char *never, char buf[48]);
enum shd_paint shd_ctl_level_paint(const char *level);
