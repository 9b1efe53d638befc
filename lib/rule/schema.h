/* rule/schema.h - a JSON schema of the files of rules, for completion in editors.
 *
 * Generated from the tables that also read those files: keys.def, functions.def, the catalog.
 * Pure. */
#pragma once
#include <jansson.h>

/* Returns owned. */
json_t *shd_rules_schema(void);

/* The `definitions` for the schema of the configuration: `override`, which has the keys of a rule
 * that a configuration may change, and what it refers to. Returns owned. */
json_t *shd_override_definitions(void);
