/* settings/sections.h - the readers of single sections of the configuration. Private
 * to settings/. */
#pragma once
#include "settings.h"
#include "tables.h"

struct shd_build {
	struct shd_settings *settings;
	const struct shd_known *known;
	struct shd_diags *diags;
};

/* Each takes the section's node, NULL when it is absent. Calendars come before
 * stores, stores and channels before routes. */
void shd_calendars_build(struct shd_build *build, const struct shd_node *node);
void shd_stores_build(struct shd_build *build, const struct shd_node *node);
void shd_channels_build(struct shd_build *build, const struct shd_node *node);
void shd_routes_build(struct shd_build *build, const struct shd_node *node);

/* Zeroed memory that lives as long as the settings. */
void *shd_build_take(struct shd_build *build, size_t count, size_t size);

/* A copy of the text that lives as long. */
const char *shd_build_text(struct shd_build *build, const char *text, size_t len);

/* True when the scalar is a name of a-z, 0-9 and `-`; else reports it. */
bool shd_build_name(struct shd_build *build, const struct shd_node *node, const char *what);

/* A map of rule ids; NULL when it is absent, empty, or none, which is reported. */
const struct shd_node *shd_build_overrides(struct shd_build *build, const struct shd_node *node);

/* The options of a marketplace or notifier for shd_options_apply_all; target NULL:
 * which one it is could not be found. */
struct shd_option_use shd_build_use(const struct shd_option *table, size_t count, void *target);

/* A source while it is read: what its map is to be applied to. */
struct shd_source_draft {
	struct shd_source *source;
	struct shd_credential *credential;
	void *settings, *credential_settings; /* of the adapter's tables; NULL: no adapter */
	struct shd_source_parts parts;
};

/* Begins with the defaults of the adapter (NULL: it could not be found); the caller applies
 * the tables, then ends it. The id is also that of the credential. */
void shd_source_start(struct shd_build *build, struct shd_source_draft *draft,
		      struct shd_source *source, const struct shd_adapter *adapter,
		      const struct shd_node *map);
void shd_source_end(struct shd_build *build, struct shd_source_draft *draft, const char *id,
		    const struct shd_node *map);

/* Marketplaces tie the stores of one seller together by their address: warns of it. */
void shd_sources_warn(struct shd_build *build);
