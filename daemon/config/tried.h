/* config/tried.h - what can be found wrong once everything is read. Private to daemon/config. */
#pragma once
#include "config.h"

/* Makes a request of each source and a message of each channel, and reports what these are
 * refused for. The configuration has no mistake so far. */
void shd_config_try(const struct shd_config *config, struct shd_diags *diags);

/* Warns of what routes name and is not there, of levels that nobody is told of, and where there
 * is nobody to tell. Reads what was read; rules may be NULL. */
void shd_config_check_routes(const struct shd_config *config, const char *path,
			     struct shd_diags *diags);
