/* settings/schema.h - the configuration as a JSON schema, for completion in editors.
 *
 * Made from the same option tables that read the configuration. Pure. */
#pragma once
#include "conf/option.h"

#include <jansson.h>

/* One table as the schema of an object. Returns owned. */
json_t *shd_options_schema(const struct shd_option *table, size_t count);

/* The schema of storehealthd.yaml with all marketplaces and notifiers. Returns owned. */
json_t *shd_settings_schema(void);
