/* base/secret.h - a secret: no printf path, wiped when released. Pure;
 * safe on any thread. */
#pragma once
#include "mem.h"

struct shd_secret;

/* Copies bytes[0..len). Returns owned. */
struct shd_secret *shd_secret_create(const char *bytes, size_t len);
void shd_secret_destroy(struct shd_secret *secret); /* accepts NULL */

/* The bytes, NUL-terminated. For the one place that puts them on the wire;
 * never log, store or compare them otherwise. */
const char *shd_secret_reveal(const struct shd_secret *secret, size_t *ret_len);
