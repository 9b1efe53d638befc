/* config/secrets.h - the secrets that a configuration names, read once per load.
 *
 * Sources: systemd credentials, files that nobody else can read, the environment.
 * Contents never reach a diagnostic. Reads files: not on the loop. Read-only once
 * built, then safe on any thread. */
#pragma once
#include "base/secret.h"
#include "conf/option.h"

struct shd_secrets;

/* dir: relative paths are below it. Returns owned. */
struct shd_secrets *shd_secrets_create(const char *dir);
void shd_secrets_destroy(struct shd_secrets *secrets); /* wipes them */

/* Reads every secret that a table's options name in *settings; mistakes go to diags,
 * at the node that names them. A reference met before is not read again. */
void shd_secrets_read(struct shd_secrets *secrets, const struct shd_option *table, size_t count,
		      const void *settings, struct shd_diags *diags);

/* The secret behind a reference, NULL for one that was not read. */
const struct shd_secret *shd_secrets_find(const struct shd_secrets *secrets,
					  const struct shd_secret_ref *ref);
