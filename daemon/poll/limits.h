/* poll/limits.h - when a source may be asked: the rates of its credential.
 *
 * A credential has a rate over everything, and one more for each operation that rows of its
 * sources name. Sources that share a credential share these. Loop thread only. */
#pragma once
#include "market/adapter.h"
#include "net/bucket.h"

/* The requests that one operation bears; rows that disagree on it get the slowest rate. */
struct shd_operation_limits {
	const char *name;
	struct shd_bucket rate;
};

struct shd_credential_limits {
	const struct shd_credential *credential;
	struct shd_bucket rate;
	struct shd_operation_limits *operations;
	size_t operation_count, operation_room;
};

struct shd_limits {
	struct shd_credential_limits *credentials; /* by id */
	size_t credential_count;
	struct shd_credential_limits **of; /* one for each source */
};

/* For the sources of a configuration, which is borrowed. `old`: of an older one, or NULL;
 * what its credentials have spent stays spent. */
void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     const struct shd_limits *old);
void shd_limits_finish(struct shd_limits *limits);

/* Takes leave for a request to the row; or takes nothing and says how long to wait (> 0). */
bool shd_limits_take(struct shd_credential_limits *of, const struct shd_endpoint *row,
		     struct shd_mono now, int64_t *ret_wait_ms);
