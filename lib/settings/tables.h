/* settings/tables.h - the option tables of the configuration's own sections, for the
 * reader (settings.c) and the schema (schema.c). Private to settings/. */
#pragma once
#include "settings.h"

/* What the top of the file yields before its sections are read. */
struct shd_top {
	const char *listen, *public_url, *state_path;
	int64_t in_flight_max, answers_max_bytes, blind_after;
	const struct shd_node *retention, *calendars, *overrides, *credentials, *stores, *carriers,
		*channels, *routes;
};

struct shd_retention {
	int64_t samples_ms, events_ms, deliveries_ms, history_ms;
};

struct shd_calendar_parts {
	struct shd_texts days, dates, worked;
};

/* What a store, source or channel yields besides its settings. */
struct shd_store_parts {
	const char *calendar;
	const struct shd_node *overrides;
};

struct shd_source_parts {
	const char *credential;
	int64_t rate_per_s;
	const struct shd_node *egress, *poll;
};

struct shd_carrier_parts {
	const char *carrier;
};

struct shd_channel_parts {
	const char *type;
};

#define SHD_TABLE_MAP(X)                                                                           \
	X(top)                                                                                     \
	X(retention)                                                                               \
	X(calendar)                                                                                \
	X(store)                                                                                   \
	X(store_parts)                                                                             \
	X(source)                                                                                  \
	X(source_parts)                                                                            \
	X(credential)                                                                              \
	X(carrier)                                                                            \
	X(egress)                                                                                  \
	X(poll)                                                                                    \
	X(channel)                                                                                 \
	X(channel_parts)                                                                           \
	X(route)

/* shd_top_options and shd_top_option_count, and so on. */
#define X(name)                                                                                    \
	extern const struct shd_option shd_##name##_options[];                                     \
	extern const size_t shd_##name##_option_count;
SHD_TABLE_MAP(X)
#undef X
