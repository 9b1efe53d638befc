/* poll/limits.h - when a source may be asked: the rates of its credential, and the pauses that
 * refusals ask for.
 *
 * A credential has a rate over everything, and one more for each operation that rows of its
 * sources name. A refusal that concerns more than its row pauses the source, the credential or
 * the host, for all feeds of that. Sources that share a credential or a host share what is
 * said of it here. Loop thread only. */
#pragma once
#include "market/adapter.h"
#include "net/bucket.h"

#define SHD_PAUSE_MAX_MS SHD_HOUR_MS /* whatever the other side says */

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
	struct shd_mono paused_until;
};

/* Who answers at a base URL: its host and port. */
struct shd_host_limits {
	const char *name; /* in the base URL, not NUL-terminated */
	size_t len;
	struct shd_mono paused_until;
};

struct shd_source_limits {
	const struct shd_source *source;
	struct shd_credential_limits *credential;
	struct shd_host_limits *host;
	struct shd_mono paused_until;
};

struct shd_limits {
	struct shd_source_limits *sources; /* as in the settings */
	const struct shd_source_limits **by_id;
	size_t source_count;
	struct shd_credential_limits *credentials; /* by id */
	size_t credential_count;
	struct shd_host_limits *hosts; /* by name */
	size_t host_count;
};

/* For the sources of a configuration, which is borrowed. `old`: of an older one, or NULL;
 * what its credentials have spent stays spent, and what is paused stays so. */
void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     const struct shd_limits *old);
void shd_limits_finish(struct shd_limits *limits);

/* The other side asked for a pause of wait_ms (0: of none). A row's own is not kept here: it
 * is the feed's next time. A pause is never cut short by another one. */
void shd_limits_refused(struct shd_source_limits *of, enum shd_scope scope, int64_t wait_ms,
			struct shd_mono now);

/* How long the source is to be left alone, by all that concerns it; 0: it is not. */
int64_t shd_limits_paused_ms(const struct shd_source_limits *of, struct shd_mono now);

/* Takes leave for a request to the row, by the rates; or takes nothing and says how long to
 * wait (> 0). */
bool shd_limits_take(struct shd_source_limits *of, const struct shd_endpoint *row,
		     struct shd_mono now, int64_t *ret_wait_ms);
