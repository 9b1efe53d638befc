#include "secrets.h"
#include "host/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

enum {
	SECRET_MAX = 64 * 1024,
	FILE_FORBIDDEN = 0066,       /* who may not read or change it: group, others */
	CREDENTIAL_FORBIDDEN = 0006, /* systemd may show its ACL as rights of the group */
};

/* Where systemd puts the credentials of a service that is running, so that a check
 * from root's shell finds them too. */
#define RUNNING_CREDENTIALS "/run/credentials/storehealthd.service"
/* Of a whole folder, as LoadCredential=secrets:FOLDER in the unit, systemd names each
 * file by this and its own name. */
#define FOLDER_PREFIX "secrets_"

struct entry {
	char *key; /* kind and name of the source, as in the file */
	struct shd_secret *secret; /* NULL: could not be read, was reported */
	UT_hash_handle hh;
};

struct shd_secrets {
	char *dir;
	struct entry *entries;
};

/* What reading one secret knows. */
struct lookup {
	const struct shd_secrets *secrets;
	const struct shd_secret_ref *ref;
	struct shd_diags *diags;
};

struct shd_secrets *shd_secrets_create(const char *dir)
{
	struct shd_secrets *secrets = shd_xcalloc(1, sizeof(*secrets));

	secrets->dir = shd_xstrdup(dir);
	return secrets;
}

void shd_secrets_destroy(struct shd_secrets *secrets)
{
	struct entry *entry, *next;

	if (!secrets)
		return;
	HASH_ITER(hh, secrets->entries, entry, next)
	{
		HASH_DEL(secrets->entries, entry);
		shd_secret_destroy(entry->secret);
		free(entry->key);
		free(entry);
	}
	free(secrets->dir);
	free(secrets);
}

static void make_key(const struct shd_secret_ref *ref, struct shd_text *out)
{
	shd_text_init(out, 8192);
	shd_text_printf(out, "%d %s", (int)ref->from, ref->name);
}

static struct entry *find_entry(const struct shd_secrets *secrets, const struct shd_secret_ref *ref)
{
	SHD_AUTO(shd_text_finish) struct shd_text key = {0};
	struct entry *entry = NULL;

	make_key(ref, &key);
	HASH_FIND(hh, secrets->entries, key.data, key.len, entry);
	return entry;
}

const struct shd_secret *shd_secrets_find(const struct shd_secrets *secrets,
					  const struct shd_secret_ref *ref)
{
	const struct entry *entry = find_entry(secrets, ref);

	return entry ? entry->secret : NULL;
}

/* Checks and keeps the bytes; one newline at the end is the editor's. */
static struct shd_secret *keep(const struct lookup *lookup, const char *what, const char *bytes,
			       size_t len)
{
	const struct shd_node *node = lookup->ref->node;

	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (len > SECRET_MAX) {
		shd_node_mistake(node, lookup->diags, NULL, "%s `%s` is larger than %d KB", what,
			lookup->ref->name, SECRET_MAX / 1024);
		return NULL;
	}
	if (!len) {
		shd_node_mistake(
			node, lookup->diags, NULL, "%s `%s` is empty", what, lookup->ref->name);
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7F) {
			shd_node_mistake(node, lookup->diags, "write the secret alone, in one line",
				"%s `%s` holds a line break or another control character", what,
				lookup->ref->name);
			return NULL;
		}
	}
	return shd_secret_create(bytes, len);
}

/* The service is no root either. */
static const char denied_hint[] =
	"run `check` with sudo; the service itself reads only what it owns and "
	"`{credential: NAME}`";

static struct shd_secret *read_file(const struct lookup *lookup, const char *what,
				    const char *path, const char *hint, mode_t forbidden)
{
	const struct shd_node *node = lookup->ref->node;
	struct shd_error err;
	char *text, command[256];
	uint32_t mode;
	size_t len;

	if (!shd_file_read(path, SECRET_MAX + 2, &text, &len, &mode, &err)) {
		bool denied = access(path, R_OK) != 0 && errno == EACCES;

		shd_node_mistake(node, lookup->diags,
			denied                        ? denied_hint
			: err.kind == SHD_ERR_MISSING ? hint
						      : NULL,
			"%s `%s` %s", what, lookup->ref->name, err.msg);
		return NULL;
	}
	struct shd_secret *secret = NULL;
	if (mode & forbidden) {
		snprintf(command, sizeof(command), "chmod 600 %s", path);
		shd_node_mistake(node, lookup->diags, command,
			"%s `%s` can be read or changed by others (mode %04o)", what,
			lookup->ref->name, mode);
	} else {
		secret = keep(lookup, what, text, len);
	}
	explicit_bzero(text, len);
	free(text);
	return secret;
}

static struct shd_secret *read_path(const struct lookup *lookup)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	const char *name = lookup->ref->name;

	shd_text_init(&path, 8192);
	if (name[0] == '/')
		shd_text_puts(&path, name);
	else
		shd_text_printf(&path, "%s/%s", lookup->secrets->dir, name);
	return read_file(lookup, "the file", path.data, NULL, FILE_FORBIDDEN);
}

static struct shd_secret *read_credential(const struct lookup *lookup)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	const char *name = lookup->ref->name, *dir = secure_getenv("CREDENTIALS_DIRECTORY");
	char hint[256];

	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		shd_node_mistake(lookup->ref->node, lookup->diags, "for a path write {file: PATH}",
			"`%s` is no name of a credential", name);
		return NULL;
	}
	snprintf(hint, sizeof(hint),
		"put it into " SHD_CONF_DIR "/secrets/%s and restart the service", name);
	if (!dir)
		dir = RUNNING_CREDENTIALS;
	shd_text_init(&path, 8192);
	shd_text_printf(&path, "%s/" FOLDER_PREFIX "%s", dir, name);
	if (access(path.data, F_OK) != 0) {
		shd_text_clear(&path);
		shd_text_printf(&path, "%s/%s", dir, name);
	}
	return read_file(lookup, "the credential", path.data, hint, CREDENTIAL_FORBIDDEN);
}

static struct shd_secret *read_env(const struct lookup *lookup)
{
	const char *value = secure_getenv(lookup->ref->name);

	if (value)
		return keep(lookup, "the environment variable", value, strlen(value));
	shd_node_mistake(lookup->ref->node, lookup->diags, NULL,
		"the environment variable `%s` is not set", lookup->ref->name);
	return NULL;
}

static struct shd_secret *read_any(const struct lookup *lookup)
{
	switch (lookup->ref->from) {
	case SHD_SECRET_CREDENTIAL:
		return read_credential(lookup);
	case SHD_SECRET_FILE:
		return read_path(lookup);
	case SHD_SECRET_ENV:
		return read_env(lookup);
	case SHD_SECRET_NONE:
		break;
	}
	return NULL;
}

static void read_one(struct shd_secrets *secrets, const struct shd_secret_ref *ref,
		     struct shd_diags *diags)
{
	struct lookup lookup = {.secrets = secrets, .ref = ref, .diags = diags};
	struct shd_text key = {0};

	if (ref->from == SHD_SECRET_NONE || find_entry(secrets, ref))
		return;
	struct entry *entry = shd_xcalloc(1, sizeof(*entry));
	make_key(ref, &key);
	size_t len = key.len;
	entry->key = shd_text_take(&key);
	entry->secret = read_any(&lookup);
	HASH_ADD_KEYPTR(hh, secrets->entries, entry->key, len, entry);
}

static void check_form(const struct shd_option *option, const struct shd_secret_ref *ref,
		       const struct shd_secret *secret, struct shd_diags *diags)
{
	const char *expected = secret && option->expects
		? option->expects(shd_secret_reveal(secret, NULL)) : NULL;

	if (expected)
		shd_node_mistake(ref->node, diags, NULL, "what `%s` holds is not %s", ref->name,
			expected);
}

void shd_secrets_read(struct shd_secrets *secrets, const struct shd_option *table, size_t count,
		      const void *settings, struct shd_diags *diags)
{
	for (size_t i = 0; i < count; i++) {
		struct shd_secret_ref ref;

		if (table[i].type != SHD_OPT_SECRET)
			continue;
		memcpy(&ref, (const char *)settings + table[i].offset, sizeof(ref));
		read_one(secrets, &ref, diags);
		check_form(&table[i], &ref, shd_secrets_find(secrets, &ref), diags);
	}
}
