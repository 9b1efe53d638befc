/* storehealthctl schema and rules schema: the configuration and files of rules as JSON
 * schemas, for editors. */
#include "ctl.h"

#include "settings/schema.h"
#include "rule/schema.h"

enum shd_exit shd_ctl_schema(struct shd_ctl *ctl)
{
	json_auto_t *schema = shd_settings_schema();

	shd_ctl_print_json(ctl, schema);
	return SHD_EXIT_OK;
}

enum shd_exit shd_ctl_rules_schema(struct shd_ctl *ctl)
{
	json_auto_t *schema = shd_rules_schema();

	shd_ctl_print_json(ctl, schema);
	return SHD_EXIT_OK;
}
