/* http/egress.h - a network identity: the proxy or interface that requests use, and the certificate
 * authorities they trust.
 *
 * Only requests with the same egress share connections and TLS sessions. Plain values; the
 * settings keep one struct for each identity. */
#pragma once

struct shd_egress {
	const char *proxy;     /* URL, or NULL */
	const char *interface; /* network interface or local address, or NULL */
	const char *ca_file;   /* certificate authorities; NULL: the system's */
};
