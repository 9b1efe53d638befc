/* rule/schema.h - files of rules as a JSON schema, for completion in editors.
 *
 * Made from the tables that read them: keys.def, functions.def, the catalog. Pure. */
#pragma once
#include <jansson.h>

/* Returns owned. */
json_t *shd_rules_schema(void);

/* For another schema's `definitions`: `override`, the keys of a rule that a configuration
 * may change, and what that refers to. Returns owned. */
json_t *shd_override_definitions(void);
