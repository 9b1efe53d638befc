/* tests/support/markets.h - two marketplaces, a carrier and a notifier that exist for
 * the tests of the configuration only. */
#pragma once
#include "market/adapter.h"
#include "notify/notify.h"
#include "settings/settings.h"

struct bazaar_settings {
	const char *client_id;
	struct shd_secret_ref api_key;
};

struct courier_settings {
	struct shd_secret_ref token;
};

struct pigeon_settings {
	struct shd_texts to;
	bool fast;
	int64_t loft_bytes;
};

static const struct shd_option bazaar_options[] = {
	{"client_id", SHD_OPT_TEXT, offsetof(struct bazaar_settings, client_id), true, NULL, 0, 0,
		NULL, "Number of the shop."},
	{"api_key", SHD_OPT_SECRET, offsetof(struct bazaar_settings, api_key), true, NULL, 0, 0,
		NULL, "Key of the shop."},
};
static const struct shd_option courier_options[] = {
	{"token", SHD_OPT_SECRET, offsetof(struct courier_settings, token), true, NULL, 0, 0, NULL,
		"Token of the account."},
};
static const struct shd_option pigeon_options[] = {
	{"to", SHD_OPT_TEXTS, offsetof(struct pigeon_settings, to), true, NULL, 0, 0, NULL,
		"Whom the pigeon flies to."},
	{"fast", SHD_OPT_BOOL, offsetof(struct pigeon_settings, fast), false, NULL, 0, 0, NULL,
		"Whether it hurries."},
	{"loft", SHD_OPT_BYTES, offsetof(struct pigeon_settings, loft_bytes), false, "1MiB", 0, 0,
		NULL, "Size of its home."},
};
static const struct shd_adapter bazaar = {
	.name = "bazaar",
	.base_url = "https://api.bazaar.example",
	.rate_per_s = 50,
	.credential_options = bazaar_options,
	.credential_option_count = SHD_COUNT(bazaar_options),
	.credential_size = sizeof(struct bazaar_settings),
};
static const struct shd_adapter street = {
	.name = "street", .base_url = "https://street.example", .rate_per_s = 5};
static const struct shd_endpoint courier_rows[] = {
	{.name = "parcels", .poller = SHD_P_logistics, .paging = SHD_PAGE_SINGLE}};
static const struct shd_adapter courier = {
	.name = "courier",
	.carrier = true,
	.base_url = "https://courier.example",
	.rate_per_s = 5,
	.endpoints = courier_rows,
	.endpoint_count = SHD_COUNT(courier_rows),
	.credential_options = courier_options,
	.credential_option_count = SHD_COUNT(courier_options),
	.credential_size = sizeof(struct courier_settings),
};
static const struct shd_notifier pigeon = {
	.name = "pigeon",
	.options = pigeon_options,
	.option_count = SHD_COUNT(pigeon_options),
	.settings_size = sizeof(struct pigeon_settings),
};

static const struct shd_adapter *const test_adapters[] = {&bazaar, &street, &courier};
static const struct shd_notifier *const test_notifiers[] = {&pigeon};
static const struct shd_known test_markets = {.adapters = test_adapters,
	.adapter_count = SHD_COUNT(test_adapters),
	.notifiers = test_notifiers,
	.notifier_count = SHD_COUNT(test_notifiers)};
