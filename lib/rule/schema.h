/* rule/schema.h - files of rules as a JSON schema, for completion in editors.
 *
 * Made from the tables that read them: keys.def, functions.def, the catalog. Pure. */
#pragma once
#include <jansson.h>

/* Returns owned. */
json_t *shd_rules_schema(void);
