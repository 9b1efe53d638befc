/* storehealthctl schema: the configuration as a JSON schema, for editors. */
#include "ctl/ctl.h"

#include "conf/schema.h"

enum shd_exit shd_ctl_schema(struct shd_ctl *ctl)
{
	json_auto_t *schema = shd_settings_schema();

	shd_ctl_print_json(ctl, schema);
	return SHD_EXIT_OK;
}
