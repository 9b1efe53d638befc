/* ctl/online.h - check --online: does each store's key work, does each
 * channel's server answer?
 *
 * Calls the cheapest authenticated read of each store. A mail channel is connected
 * to, authenticated at and left; a web channel is asked for its OPTIONS. Nobody
 * gets a message. At most 16 connections at once. Access tokens are renewed by the daemon alone,
 * because a refresh token may work only once: here the one in the state is used, and where there
 * is none, that is said. */
#pragma once
#include "config/config.h"

struct shd_probe {
	const char *kind, *name;   /* "store", "ozon-main"; borrowed from the settings */
	bool ok;
	int64_t took_ms;
	char words[400];           /* what was found, for a person */
};

/* Probes every store and channel of the configuration, in its order. *ret_probes is
 * the caller's to free. Runs a loop of its own until all have answered. */
size_t shd_probe_all(struct shd_config *config, struct shd_wall now,
		     struct shd_probe **ret_probes);
