/* base/crypto.h - SHA-256, HMAC, base64, comparing and wiping of secrets.
 *
 * The one user of libcrypto. What can only fail because memory is out aborts. Pure; safe
 * on any thread. */
#pragma once
#include "text.h"

enum { SHD_SHA256_BYTES = 32 };

/* Bytes that are hashed behind others, as if they were joined. */
struct shd_bytes {
	const void *at;
	size_t len;
};

/* SHA-256 of parts[0..count), one behind the other. */
void shd_sha256(
	const struct shd_bytes *parts, size_t count, unsigned char digest[SHD_SHA256_BYTES]);

/* HMAC-SHA256 of bytes[0..len) under key[0..key_len). */
void shd_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char mac[SHD_SHA256_BYTES]);

/* Lower-case hexadecimal digits of bytes[0..len), and a NUL: out has 2 * len + 1. */
void shd_hex(const unsigned char *bytes, size_t len, char *out);

/* Overwrites bytes[0..len) with zeros; no compiler leaves it out. */
void shd_wipe(void *bytes, size_t len);

/* Base64 of bytes[0..len) in one line. */
void shd_base64_add(struct shd_text *out, const void *bytes, size_t len);

/* Decodes base64 (whitespace is an error) into at most `size` bytes. */
SHD_MUST_USE bool shd_base64_read(
	const char *text, unsigned char *bytes, size_t size, size_t *ret_len);
