/* ctl/online.h - check --online: whether each store accepts its key, and whether each channel's
 * server answers.
 *
 * For a store it calls the cheapest endpoint that needs the key; with a mail server it goes as
 * far as a mail would, to its last recipient; to a web channel it sends an OPTIONS request. No
 * message is sent. At most 16 connections at once. Only the daemon renews access tokens, because
 * a refresh token may work only once: here the token in the state is used, and if there is none,
 * the result says so. */
#pragma once
#include "config/config.h"
#include "net/transfer.h"
#include "notify/notify.h"

struct shd_probe {
	const char *kind, *name;   /* "store", "ozon-main"; borrowed from the settings */
	bool ok;
	int64_t took_ms;
	char text[400];            /* the result, for people */
};

/* Probes every store and channel of the configuration, in its order. Runs a loop of its own until
 * all have answered. Returns how many; the caller frees *ret_probes. */
size_t shd_probe_all(struct shd_config *config, struct shd_wall now,
		     struct shd_probe **ret_probes);

/* Sets the result; `text` is cut where it is too long. */
void shd_probe_set(struct shd_probe *probe, bool ok, const char *fmt, ...) SHD_PRINTF(3, 4);

/* Sets the result of a mail server: its own words, and what is usually the cause. */
void shd_probe_mail(struct shd_probe *probe, const struct shd_envelope *envelope,
		    const struct shd_transfer_out *out);
