/* market/source.h - what is polled: a store's marketplace, a carrier, a feed of one's own.
 *
 * A source has an adapter, a credential (which several sources may share), an egress and,
 * mostly, a store. Built by lib/settings, read-only, replaced as a whole on reload. Nothing
 * is found by an index into a table of stores. */
#pragma once
#include "catalog/catalog.h"
#include "catalog/store.h"
#include "http/egress.h"

struct shd_adapter;
struct shd_endpoint;

/* Who asks. Request rates and access tokens belong to it. */
struct shd_credential {
	const char *id;       /* unique; a source's own has the id of the source, the same text */
	const struct shd_adapter *adapter;
	const void *settings; /* struct of the adapter's credential_options; secrets by reference */
	int64_t rate_per_s;   /* requests per second, at most, of all its sources */
};

struct shd_source {
	const char *id; /* of a store's marketplace: the id of the store */
	const struct shd_adapter *adapter;
	const struct shd_credential *credential;
	const struct shd_egress *egress;
	const struct shd_store *store; /* NULL: serves every store, as a carrier does */
	const char *base_url;          /* default: the adapter's */
	int64_t timeout_ms;            /* of one request */
	int64_t body_max_bytes;        /* of one answer */
	int64_t every_ms[SHD_POLLER_COUNT]; /* 0: this poller is off */
	const struct shd_endpoint *endpoints; /* the rows: the adapter's, or its own */
	size_t endpoint_count;
	const void *settings;          /* struct of the adapter's own options */
	const struct shd_node *node;
};
