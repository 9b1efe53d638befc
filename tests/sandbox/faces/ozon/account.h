/* sandbox/faces/ozon/account.h - a seller's account at Ozon: what the key may do and what
 * Ozon answers to everything while something is wrong with it. */
#pragma once
#include "serve/fault.h"
#include "world/shops.h"

enum shd_refusal_id {
#define REFUSAL(name, http, code, text) SHD_REFUSAL_##name,
#include "refusals.def"
#undef REFUSAL
	SHD_REFUSAL_COUNT,
	SHD_REFUSAL_NONE = SHD_REFUSAL_COUNT,
};

extern const struct shd_refusal shd_ozon_refusals[SHD_REFUSAL_COUNT];

enum { SHD_OZON_METHODS_MAX = 96 };

struct shd_ozon_account {
	enum shd_refusal_id state; /* what every request gets, NONE while all is well */
	char tariff[24];           /* "PREMIUM_PLUS" */
	bool reviews;              /* has bought the review management */
	bool no_fbs;               /* sells from Ozon's warehouses only */
	json_t *methods;           /* prefixes the key may call; NULL: all */
	char expires_at[40];
	int64_t rate_per_s;                 /* requests it may make */
	int64_t tokens_milli, tokens_at_ms; /* of the token bucket */
	int64_t asked_ms[SHD_OZON_METHODS_MAX]; /* last request to a method that has a pace */
	uint32_t polls[SHD_OZON_METHODS_MAX]; /* first pages served, by method */
};

enum { SHD_OZON_RATE_PER_S = 50 }; /* of an account that was given no other */

/* The shop's account; the shop must be one of Ozon's. */
struct shd_ozon_account *shd_ozon_account(const struct shd_shop *shop);

/* Gives it a rate, with a full bucket. */
void shd_ozon_set_rate(const struct shd_shop *shop, int64_t rate_per_s);

extern const struct shd_face shd_ozon_face;
extern const struct shd_face_kind shd_ozon_kinds[SHD_THING_COUNT];
