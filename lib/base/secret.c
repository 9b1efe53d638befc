#include "secret.h"

#include "crypto.h"

#include <stdlib.h>
#include <string.h>

struct shd_secret {
	size_t len;
	char bytes[];
};

struct shd_secret *shd_secret_create(const char *bytes, size_t len)
{
	struct shd_secret *secret = shd_xcalloc(1, sizeof(*secret) + len + 1);

	secret->len = len;
	memcpy(secret->bytes, bytes, len);
	return secret;
}

void shd_secret_destroy(struct shd_secret *secret)
{
	if (!secret)
		return;
	shd_wipe(secret->bytes, secret->len);
	free(secret);
}

const char *shd_secret_reveal(const struct shd_secret *secret, size_t *ret_len)
{
	if (ret_len)
		*ret_len = secret->len;
	return secret->bytes;
}
