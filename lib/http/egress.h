/* http/egress.h - a network identity: by which way requests leave, and whom they trust.
 *
 * Two requests share connections and TLS sessions only when they share the egress. Plain
 * values; the settings keep one struct for each identity. */
#pragma once

struct shd_egress {
	const char *proxy;     /* URL, or NULL */
	const char *interface; /* network interface or local address, or NULL */
	const char *ca_file;   /* certificate authorities; NULL: the system's */
};
