#include "token.h"

enum {
	FIRST_MS = 5000,
	MOST_MS = 600000,
	ASKED_MOST_MS = 3600000,
};

void shd_renewed_finish(struct shd_renewed *renewed)
{
	shd_secret_destroy(shd_steal(renewed->access));
	shd_secret_destroy(shd_steal(renewed->refresh));
}

struct shd_wall shd_token_renew_at(struct shd_wall issued, int64_t lifetime_ms, int64_t ahead_ms)
{
	int64_t least = lifetime_ms / 2, wait = lifetime_ms - ahead_ms;

	return (struct shd_wall){issued.ms + (wait > least ? wait : least)};
}

int64_t shd_token_retry_ms(enum shd_err kind, int count, int64_t asked_ms, uint32_t random)
{
	int64_t wait = FIRST_MS;

	if (shd_err_retry(kind) != SHD_RETRY_LATER)
		wait = MOST_MS;
	for (int i = 1; i < count && wait < MOST_MS; i++)
		wait *= 2;
	if (wait > MOST_MS)
		wait = MOST_MS;
	wait += wait / 4 * (int64_t)(random % 1000) / 1000;
	if (asked_ms > ASKED_MOST_MS)
		asked_ms = ASKED_MOST_MS;
	return wait > asked_ms ? wait : asked_ms;
}
