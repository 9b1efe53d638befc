/* conf/option.h - option tables: one row per option of the configuration.
 *
 * A row says name, type, range, unit, default, text and where the value goes in
 * a struct. Applying a table reads a YAML map into that struct and reports every
 * mistake: unknown key (with a suggestion), wrong type, out of range, missing.
 * The JSON schema and the documentation are made from the same rows. Pure. */
#pragma once
#include "base/secret.h"
#include "base/time.h"
#include "node.h"

enum shd_option_type {
	SHD_OPT_TEXT,     /* const char *; min..max characters */
	SHD_OPT_WORD,     /* int: index into `words` */
	SHD_OPT_INT,      /* int64_t, within min..max */
	SHD_OPT_BOOL,     /* bool */
	SHD_OPT_DURATION, /* int64_t ms, within min..max; one of `words` is 0 */
	SHD_OPT_BYTES,    /* int64_t, within min..max; "64MB", "1GiB" */
	SHD_OPT_DATE,     /* struct shd_wall */
	SHD_OPT_URL,      /* const char *; scheme must be one of `words` */
	SHD_OPT_ZONE,     /* const char *; a name of the tz database */
	SHD_OPT_SECRET,   /* struct shd_secret_ref; a literal is a mistake with a hint */
	SHD_OPT_TEXTS,    /* struct shd_texts: a list of texts, or one text */
	SHD_OPT_PAIRS,    /* struct shd_pairs: a map of texts */
	SHD_OPT_NODE,     /* const struct shd_node *: the reader goes on by itself */
};

struct shd_option {
	const char *name;
	enum shd_option_type type;
	size_t offset;      /* offsetof the member */
	bool required;
	const char *preset; /* default, as it would be written; NULL leaves what is there;
	                     * for types of a single value only */
	int64_t min, max;   /* both 0: no range */
	const char *const *words; /* NULL-terminated */
	const char *doc;    /* one English sentence, with the unit */
	/* TEXT, and what a SECRET holds: what it should have been ("the digits of ..."), or NULL
	 * when it is good. NULL: any text is. */
	const char *(*expects)(const char *text);
};

struct shd_texts {
	size_t count;
	const char *const *items;
};

struct shd_pairs {
	size_t count;
	const char *const *names;
	const char *const *values;
};

/* Where a secret comes from. Only daemon/ reads it. */
enum shd_secret_from { SHD_SECRET_NONE, SHD_SECRET_CREDENTIAL, SHD_SECRET_FILE, SHD_SECRET_ENV };
struct shd_secret_ref {
	enum shd_secret_from from;
	const char *name;             /* credential name, path, variable name */
	const struct shd_node *node;  /* for diagnostics */
};

/* Yields the secret behind a reference; borrowed. Never NULL for a reference that was loaded
 * without a mistake. */
struct shd_secret;
typedef const struct shd_secret *shd_secret_fn(void *ctx, const struct shd_secret_ref *ref);

/* Reads `map` into *target (zeroed by the caller) by the rows of `table`. Texts
 * are allocated in `arena`. `what` names the map in messages ("store"). False when
 * anything was reported as a mistake; what could be read is set all the same. */
bool shd_options_apply(const struct shd_node *map, const struct shd_option *table, size_t count,
		       void *target, const char *what, struct shd_arena *arena,
		       struct shd_diags *diags);

/* The same with several tables that share one map (a store's own options and those of
 * its marketplace); an unknown key is one that no table knows. A table NULL
 * stands for one that could not be found: unknown keys then pass. */
struct shd_option_use {
	const struct shd_option *table;
	size_t count;
	void *target;
};
bool shd_options_apply_all(const struct shd_node *map, const struct shd_option_use *uses,
			   size_t use_count, const char *what, struct shd_arena *arena,
			   struct shd_diags *diags);

/* True when a URL, or a host in it, names this host itself: 127.0.0.0/8, ::1, localhost. */
bool shd_url_is_loopback(const char *url);
bool shd_host_is_loopback(const char *host, size_t len); /* IPv6 with or without brackets */

/* Puts the defaults of a table into *target, as an absent map would. */
void shd_options_preset(const struct shd_option *table, size_t count, void *target,
			struct shd_arena *arena);
