/* Which fields that cannot be read the journal was told of: each new order may bring one more. */
#include "narrator.h"
#include "own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { TOLD_MAX = 10000 };

struct shd_unread_told {
	int64_t at_ms;
	UT_hash_handle hh;
	char key[];
};

void shd_unread_told_clear(struct shd_unread_told **told)
{
	struct shd_unread_told *one, *next;

	HASH_ITER(hh, *told, one, next) {
		HASH_DEL(*told, one);
		free(one);
	}
}

bool shd_unread_is_news(
	struct shd_unread_told **told, const struct shd_noted_unread *unread, struct shd_wall now)
{
	struct shd_unread_told *one;
	char key[256];
	int len = snprintf(key, sizeof(key), "%s %s %s", unread->store, unread->feed, unread->what);

	len = len < (int)sizeof(key) ? len : (int)sizeof(key) - 1;
	HASH_FIND(hh, *told, key, (size_t)len, one);
	if (one && now.ms - one->at_ms < SHD_DAY_MS && now.ms >= one->at_ms)
		return false;
	if (!one) {
		if (HASH_COUNT(*told) == TOLD_MAX)
			shd_unread_told_clear(told);
		one = shd_xcalloc(1, sizeof(*one) + (size_t)len);
		memcpy(one->key, key, (size_t)len);
		HASH_ADD_KEYPTR(hh, *told, one->key, (size_t)len, one);
	}
	one->at_ms = now.ms;
	return true;
}
