#include "tables.h"

#define AT(type, member) offsetof(struct type, member)

static const char *const web[] = {"https", "http", NULL};
static const char *const proxies[] = {"socks5h", "socks5", "http", "https", NULL};
static const char *const kinds[] = {"local", "crossborder", NULL};
static const char *const off[] = {"off", NULL};


#define UNIX_PATH "unix:/run/storehealthd/api.sock"
#define YEAR_MS   (365 * SHD_DAY_MS)

const struct shd_option shd_top_options[] = {
	{"listen", SHD_OPT_TEXT, AT(shd_top, listen), false, UNIX_PATH, 1, 112, NULL,
		"Where storehealthctl reaches the daemon: unix:/PATH."},
	{"public_url", SHD_OPT_URL, AT(shd_top, public_url), false, NULL, 0, 0, web,
		"Address of this installation as people open it, for links in messages."},
	{"state", SHD_OPT_TEXT, AT(shd_top, state_path), false, NULL, 0, 0, NULL,
		"File of the state database; by default state.db in systemd's StateDirectory."},
	{"retention", SHD_OPT_NODE, AT(shd_top, retention), false, NULL, 0, 0, NULL,
		"How long history is kept."},
	{"in_flight_max", SHD_OPT_INT, AT(shd_top, in_flight_max), false, "64", 1, 4096, NULL,
		"Requests that may be under way at once, over all stores."},
	{"answers_max", SHD_OPT_BYTES, AT(shd_top, answers_max_bytes), false, "96MB", 1000000,
		100000000000, NULL,
		"Memory for answers of more than 64 KB, all stores together, until "
		"they are read. Below the service's own limit; what does not fit waits. One "
		"`body_max` of it is for the answer that came first."},
	{"blind_after", SHD_OPT_INT, AT(shd_top, blind_after), false, "3", 1, 100, NULL,
		"Intervals without success after which what a poller brings counts as unknown; "
		"at least a minute."},
	{"calendars", SHD_OPT_NODE, AT(shd_top, calendars), false, NULL, 0, 0, NULL,
		"Calendars of business days, by name, for stores and for business_days()."},
	{"credentials", SHD_OPT_NODE, AT(shd_top, credentials), false, NULL, 0, 0, NULL,
		"Credentials that several stores share, by name: one access token, one set of "
		"limits, one way out to the network."},
	{"stores", SHD_OPT_NODE, AT(shd_top, stores), false, NULL, 0, 0, NULL,
		"The stores to watch."},
	{"carriers", SHD_OPT_NODE, AT(shd_top, carriers), false, NULL, 0, 0, NULL,
		"Carriers that tell of the parcels of every store, by name."},
	{"channels", SHD_OPT_NODE, AT(shd_top, channels), false, NULL, 0, 0, NULL,
		"The ways to reach people, by name."},
	{"routes", SHD_OPT_NODE, AT(shd_top, routes), false, NULL, 0, 0, NULL,
		"Which alert goes to which channels; the first match wins. Without routes "
		"every alert goes to every channel."},
	{"overrides", SHD_OPT_NODE, AT(shd_top, overrides), false, NULL, 0, 0, NULL,
		"Changed keys of rules, by rule id, for all stores."},
};
const size_t shd_top_option_count = SHD_COUNT(shd_top_options);

const struct shd_option shd_retention_options[] = {
	{"samples", SHD_OPT_DURATION, AT(shd_retention, samples_ms), false, "400d", SHD_DAY_MS,
		10 * YEAR_MS, NULL, "How long values of metrics are kept."},
	{"events", SHD_OPT_DURATION, AT(shd_retention, events_ms), false, "400d", SHD_DAY_MS,
		10 * YEAR_MS, NULL, "How long the history of alerts is kept."},
	{"deliveries", SHD_OPT_DURATION, AT(shd_retention, deliveries_ms), false, "90d",
		SHD_DAY_MS, 10 * YEAR_MS, NULL, "How long attempts to deliver are kept."},
	{"history", SHD_OPT_DURATION, AT(shd_retention, history_ms), false, "90d", SHD_DAY_MS,
		10 * YEAR_MS, NULL, "How far back `storehealthctl replay` can go."},
};
const size_t shd_retention_option_count = SHD_COUNT(shd_retention_options);

const struct shd_option shd_calendar_options[] = {
	{"days", SHD_OPT_TEXTS, AT(shd_calendar_parts, days), false, NULL, 0, 0, NULL,
		"Weekdays that are worked: mon-fri, or a list such as [mon-thu, sat]; by default "
		"mon-fri."},
	{"dates", SHD_OPT_TEXTS, AT(shd_calendar_parts, dates), false, NULL, 0, 0, NULL,
		"Days that are free: 2026-10-01, or from..to as 2026-10-01..2026-10-07."},
	{"worked", SHD_OPT_TEXTS, AT(shd_calendar_parts, worked), false, NULL, 0, 0, NULL,
		"Days that are worked all the same, written as `dates`."},
};
const size_t shd_calendar_option_count = SHD_COUNT(shd_calendar_options);

const struct shd_option shd_store_options[] = {
	{"id", SHD_OPT_TEXT, AT(shd_store, id), true, NULL, 1, 64, NULL,
		"Your own short name of the store: a-z, 0-9 and `-`."},
	{"marketplace", SHD_OPT_TEXT, AT(shd_store, marketplace), true, NULL, 0, 0, NULL,
		"The marketplace the store sells on."},
	{"kind", SHD_OPT_WORD, AT(shd_store, kind), false, "local", 0, 0, kinds,
		"Where the seller sits; decides which deadlines hold."},
	{"region", SHD_OPT_TEXT, AT(shd_store, region), false, NULL, 0, 0, NULL,
		"Region of the marketplace, where it has several."},
	{"timezone", SHD_OPT_ZONE, AT(shd_store, timezone), false, "UTC", 0, 0, NULL,
		"Time zone of the store, such as Europe/Moscow."},
	{"currency", SHD_OPT_TEXT, AT(shd_store, currency), false, NULL, 3, 3, NULL,
		"Currency of the store, such as RUB."},
	{"opened", SHD_OPT_DATE, AT(shd_store, opened), false, NULL, 0, 0, NULL,
		"Day on which the store was opened."},
	{"labels", SHD_OPT_PAIRS, AT(shd_store, labels), false, NULL, 0, 0, NULL,
		"Your own words about the store, for rules and routes."},
};
const size_t shd_store_option_count = SHD_COUNT(shd_store_options);

const struct shd_option shd_source_options[] = {
	{"base_url", SHD_OPT_URL, AT(shd_source, base_url), false, NULL, 0, 0, web,
		"Address of the marketplace's API, to point a store at a sandbox or a recording."},
	{"timeout", SHD_OPT_DURATION, AT(shd_source, timeout_ms), false, "30s",
		SHD_SECOND_MS, 5 * SHD_MINUTE_MS, NULL, "How long one request may take."},
	{"body_max", SHD_OPT_BYTES, AT(shd_source, body_max_bytes), false, "64MB", 65536,
		1000000000, NULL, "The largest answer that is read."},
};
const size_t shd_source_option_count = SHD_COUNT(shd_source_options);

const struct shd_option shd_store_parts_options[] = {
	{"calendar", SHD_OPT_TEXT, AT(shd_store_parts, calendar), false, NULL, 0, 0, NULL,
		"One of `calendars`: the store's business days; by default Monday to Friday."},
	{"overrides", SHD_OPT_NODE, AT(shd_store_parts, overrides), false, NULL, 0, 0, NULL,
		"Changed keys of rules, by rule id, for this store only; they go before the "
		"`overrides` of all stores."},
};
const size_t shd_store_parts_option_count = SHD_COUNT(shd_store_parts_options);

const struct shd_option shd_credential_options[] = {
	{"egress", SHD_OPT_NODE, AT(shd_source_parts, egress), false, NULL, 0, 0, NULL,
		"The store's own way out to the network."},
	{"rate", SHD_OPT_INT, AT(shd_source_parts, rate_per_s), false, NULL, 1, 10000, NULL,
		"Requests per second to the marketplace, at most."},
};
const size_t shd_credential_option_count = SHD_COUNT(shd_credential_options);

const struct shd_option shd_carrier_options[] = {
	{"carrier", SHD_OPT_TEXT, AT(shd_carrier_parts, carrier), false, NULL, 0, 0, NULL,
		"Which carrier it is; by default what the entry is called."},
};
const size_t shd_carrier_option_count = SHD_COUNT(shd_carrier_options);

const struct shd_option shd_source_parts_options[] = {
	{"credential", SHD_OPT_TEXT, AT(shd_source_parts, credential), false, NULL, 1, 64, NULL,
		"One of `credentials`, instead of keys of its own."},
	{"poll", SHD_OPT_NODE, AT(shd_source_parts, poll), false, NULL, 0, 0, NULL,
		"Time between two looks, by poller."},
};
const size_t shd_source_parts_option_count = SHD_COUNT(shd_source_parts_options);

const struct shd_option shd_egress_options[] = {
	{"ca_file", SHD_OPT_TEXT, AT(shd_egress, ca_file), false, NULL, 0, 0, NULL,
		"Certificate authorities to trust instead of the system's; for a proxy that opens "
		"TLS."},
	{"proxy", SHD_OPT_URL, AT(shd_egress, proxy), false, NULL, 0, 0, proxies,
		"Proxy that all requests of the store go through."},
	{"interface", SHD_OPT_TEXT, AT(shd_egress, interface), false, NULL, 0, 0, NULL,
		"Network interface or local address that they leave from."},
};
const size_t shd_egress_option_count = SHD_COUNT(shd_egress_options);

const struct shd_option shd_poll_options[] = {
#define POLLER(name, every, doc)                                                                   \
	{#name, SHD_OPT_DURATION,                                                                  \
		offsetof(struct shd_source, every_ms) + SHD_P_##name * sizeof(int64_t),            \
		false, #every "s", 0, 7 * SHD_DAY_MS, off, "Time between two looks at: " doc "."},
#include "catalog/pollers.def"
#undef POLLER
};
const size_t shd_poll_option_count = SHD_COUNT(shd_poll_options);

const struct shd_option shd_channel_options[] = {
	{"language", SHD_OPT_WORD, AT(shd_channel_settings, language), false, "en", 0, 0,
		shd_language_names, "Language of the messages."},
	{"timezone", SHD_OPT_ZONE, AT(shd_channel_settings, timezone), false, "UTC", 0, 0, NULL,
		"Time zone of the reader, such as Asia/Shanghai."},
	{"timeout", SHD_OPT_DURATION, AT(shd_channel_settings, timeout_ms), false, "30s",
		SHD_SECOND_MS, 5 * SHD_MINUTE_MS, NULL, "How long one attempt may take."},
	{"give_up", SHD_OPT_DURATION, AT(shd_channel_settings, give_up_ms), false, "24h",
		SHD_MINUTE_MS, 30 * SHD_DAY_MS, NULL, "How long a message is tried again."},
	{"proxy", SHD_OPT_URL, AT(shd_channel_settings, proxy), false, NULL, 0, 0, proxies,
		"Proxy that the channel's requests go through."},
	{"ca_file", SHD_OPT_TEXT, AT(shd_channel_settings, ca_file), false, NULL, 0, 0, NULL,
		"File of the certificate authorities that the channel trusts."},
};
const size_t shd_channel_option_count = SHD_COUNT(shd_channel_options);

const struct shd_option shd_channel_parts_options[] = {
	{"type", SHD_OPT_TEXT, AT(shd_channel_parts, type), true, NULL, 0, 0, NULL,
		"What carries the messages."},
};
const size_t shd_channel_parts_option_count = SHD_COUNT(shd_channel_parts_options);

const struct shd_option shd_route_options[] = {
	{"match", SHD_OPT_TEXT, AT(shd_route_settings, match), false, NULL, 0, 0, NULL,
		"Which alerts, as an expression of the rules language; by default all."},
	{"to", SHD_OPT_TEXTS, AT(shd_route_settings, to), true, NULL, 0, 0, NULL,
		"The channels that are told."},
	{"group_for", SHD_OPT_DURATION, AT(shd_route_settings, group_for_ms), false, "0s", 0,
		SHD_HOUR_MS, NULL, "How long alerts are gathered into one message."},
	{"continue", SHD_OPT_BOOL, AT(shd_route_settings, more), false, "false", 0, 0, NULL,
		"Whether the routes below are looked at as well."},
};
const size_t shd_route_option_count = SHD_COUNT(shd_route_options);
