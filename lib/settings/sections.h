/* settings/sections.h - the readers of single sections of the configuration. Private
 * to settings/. */
#pragma once
#include "settings.h"
#include "tables.h"

struct shd_named_credential;

struct shd_build {
	struct shd_settings *settings;
	const struct shd_known *known;
	struct shd_diags *diags;
	struct shd_named_credential *credentials;
	size_t credential_count;
	struct shd_named_credential *credential_table; /* the same by id, until they are checked */
};

/* Each takes the section's node, NULL when it is absent. Calendars and credentials come
 * before stores, these before carriers, stores and channels before routes. */
void shd_calendars_build(struct shd_build *build, const struct shd_node *node);
void shd_credentials_build(struct shd_build *build, const struct shd_node *node);
void shd_carriers_build(struct shd_build *build, const struct shd_node *node);
void shd_stores_build(struct shd_build *build, const struct shd_node *node);
void shd_channels_build(struct shd_build *build, const struct shd_node *node);
void shd_routes_build(struct shd_build *build, const struct shd_node *node);

/* Zeroed memory that lives as long as the settings. */
void *shd_build_take(struct shd_build *build, size_t count, size_t size);

/* A copy of the text that lives as long. */
const char *shd_build_text(struct shd_build *build, const char *text, size_t len);

/* True when the scalar is a name of a-z, 0-9 and `-`; else reports it. */
bool shd_build_name(struct shd_build *build, const struct shd_node *node, const char *what);

/* The same of a name that is a key, which no option row measures: 1 to 64 characters. */
bool shd_build_key(struct shd_build *build, const struct shd_node *node, const char *what);

/* A map of rule ids; NULL when it is absent, empty, or none, which is reported. */
const struct shd_node *shd_build_overrides(struct shd_build *build, const struct shd_node *node);

/* The options of a marketplace or notifier for shd_options_apply_all; target NULL:
 * which one it is could not be found. */
struct shd_option_use shd_build_use(const struct shd_option *table, size_t count, void *target);

/* The adapter that a scalar names, of a marketplace or a carrier; NULL when there is none,
 * which is reported, beginning with `lead`. */
const struct shd_adapter *shd_build_adapter(struct shd_build *build, const struct shd_node *name,
					    bool carrier, const char *lead);

/* A source while it is read: what its map is to be applied to. */
struct shd_source_draft {
	struct shd_source *source;
	struct shd_credential *credential;    /* its own */
	struct shd_source_parts parts;
	struct shd_option_use own, own_credential; /* of the adapter's tables */
};
#define SHD_SOURCE_USES(draft)                                                                     \
	{shd_source_options, shd_source_option_count, (draft)->source},                            \
		{shd_source_parts_options, shd_source_parts_option_count, &(draft)->parts},        \
		{shd_credential_options, shd_credential_option_count, &(draft)->parts},            \
		(draft)->own, (draft)->own_credential

/* Begins with the defaults of the adapter (NULL: it could not be found); the caller applies
 * the tables, then ends it. The id is also that of the credential. */
void shd_source_start(struct shd_build *build, struct shd_source_draft *draft,
		      struct shd_source *source, const struct shd_adapter *adapter,
		      const struct shd_node *map);
void shd_source_end(struct shd_build *build, struct shd_source_draft *draft, const char *id,
		    const struct shd_node *map);

/* Of a source, or of the credential that it names. */
void shd_source_check_rate(struct shd_build *build, const struct shd_source *source,
			   const struct shd_credential *credential, const struct shd_node *map);
const struct shd_egress *shd_source_read_egress(struct shd_build *build,
						const struct shd_source *source,
						const struct shd_node *node);

/* Gives the source the credential that its map names, if it does. When all have been read,
 * tells of those that nobody named. */
void shd_credentials_use(struct shd_build *build, struct shd_source *source,
			 const struct shd_node *map);
void shd_credentials_check(struct shd_build *build);

/* Marketplaces tie the stores of one seller together by their address: warns of it. */
void shd_sources_warn(struct shd_build *build);
