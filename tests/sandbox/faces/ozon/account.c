#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct shd_refusal shd_ozon_refusals[SHD_REFUSAL_COUNT] = {
#define REFUSAL(name, http, code, text) [SHD_REFUSAL_##name] = {#name, http, code, text},
#include "refusals.def"
#undef REFUSAL
};

static const char *const members[] = {"state", "tariff", "expires_at", "reviews", "roles",
	"fbs"};

static enum shd_refusal_id find_refusal(const char *name)
{
	for (int i = 0; i < SHD_REFUSAL_COUNT; i++)
		if (strcmp(shd_ozon_refusals[i].name, name) == 0)
			return (enum shd_refusal_id)i;
	return SHD_REFUSAL_NONE;
}

struct shd_ozon_account *shd_ozon_account(const struct shd_shop *shop)
{
	return shop->account;
}

void shd_ozon_set_rate(const struct shd_shop *shop, int64_t rate_per_s)
{
	struct shd_ozon_account *account = shop->account;

	account->rate_per_s = rate_per_s;
	account->tokens_milli = rate_per_s * 1000;
}

static void *open_account(int64_t now_ms)
{
	struct shd_ozon_account *account = shd_xcalloc(1, sizeof(*account));

	account->state = SHD_REFUSAL_NONE;
	account->rate_per_s = SHD_OZON_RATE_PER_S;
	account->tokens_milli = account->rate_per_s * 1000;
	account->tokens_at_ms = now_ms;
	snprintf(account->tariff, sizeof(account->tariff), "PREMIUM_PLUS");
	shd_time_write(now_ms + 80 * SHD_DAY_MS, 0, account->expires_at);
	return account;
}

static void close_account(void *opened)
{
	struct shd_ozon_account *account = opened;

	json_decref(account->methods);
	free(account);
}

static bool check_account(const json_t *given, const char **ret_key, struct shd_error *reterr)
{
	const char *key, *state = shd_json_text(given, "state");
	json_t *value;

	json_object_foreach((json_t *)given, key, value) {
		*ret_key = key;
		if (!shd_known_word("member of a store", key, members, SHD_COUNT(members), reterr))
			return false;
	}
	*ret_key = "state";
	if (*state && strcmp(state, "ok") != 0 && find_refusal(state) == SHD_REFUSAL_NONE)
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"unknown state \"%s\", expected ok, invalid_key, deactivated, blocked, ...",
			state);
	return true;
}

static void change_account(struct shd_shop *shop, const json_t *given)
{
	struct shd_ozon_account *account = shop->account;
	const char *state = shd_json_text(given, "state"), *tariff = shd_json_text(given, "tariff");
	const char *expires = shd_json_text(given, "expires_at");
	json_t *reviews = json_object_get(given, "reviews"), *fbs = json_object_get(given, "fbs"),
	       *roles = json_object_get(given, "roles");

	if (*state)
		account->state = find_refusal(state); /* "ok" is none of them */
	if (*tariff)
		snprintf(account->tariff, sizeof(account->tariff), "%s", tariff);
	if (*expires)
		snprintf(account->expires_at, sizeof(account->expires_at), "%s", expires);
	if (reviews)
		account->reviews = json_is_true(reviews);
	if (fbs)
		account->no_fbs = json_is_false(fbs);
	if (!roles)
		return;
	json_decref(account->methods);
	account->methods = json_incref(roles);
}

const struct shd_face shd_ozon_face = {
	.kinds = shd_ozon_kinds,
	.open_account = open_account,
	.close_account = close_account,
	.check_account = check_account,
	.change_account = change_account,
};
