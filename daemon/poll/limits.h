/* poll/limits.h - when a source may be asked: the rates of its credential, and the pauses that
 * refusals ask for.
 *
 * A credential has a rate over everything, and one more for each operation that rows of its
 * sources name. A refusal that concerns more than its row pauses the source, the credential or
 * the host, for all feeds of that. Sources that share a credential or a host share what is
 * said of it here. Loop thread only. */
#pragma once
#include "ledger.h"
#include "market/adapter.h"

/* The requests that one operation bears; rows that disagree on it get the slowest rate. */
struct shd_operation_limits {
	const char *name;
	const struct shd_endpoint *slowest;
	struct shd_allowance *allowance;
};

struct shd_credential_limits {
	const struct shd_credential *credential;
	struct shd_allowance *allowance;
	struct shd_operation_limits *operations;
	size_t operation_count, operation_room;
};

struct shd_source_limits {
	const struct shd_source *source;
	struct shd_credential_limits *credential;
	struct shd_allowance *allowance, *host; /* pauses */
};

struct shd_limits {
	struct shd_source_limits *sources; /* as in the settings */
	size_t source_count;
	struct shd_credential_limits *credentials; /* by id */
	size_t credential_count;
};

/* For the sources of a configuration; borrows them and the ledger, which keeps what was spent
 * and what is paused from one configuration to the next. */
void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     struct shd_ledger *ledger);
void shd_limits_finish(struct shd_limits *limits);

/* The other side asked for a pause of wait_ms (0: of none). A row's own is not kept here: it
 * is the feed's next time. A pause is never cut short by another one. */
void shd_limits_refused(struct shd_source_limits *of, enum shd_scope scope, int64_t wait_ms,
			struct shd_mono now);

/* How long the source is to be left alone, by all that concerns it; 0: it is not. */
int64_t shd_limits_paused_ms(const struct shd_source_limits *of, struct shd_mono now);

/* Takes leave for a request to the row, by the rates; or takes nothing and says how long to
 * wait (> 0). */
bool shd_limits_take(
	struct shd_source_limits *of, const struct shd_endpoint *row, int64_t *ret_wait_ms);

/* The platform stated the rate of the row's operation; 0: it did not. */
void shd_limits_stated(
	struct shd_source_limits *of, const struct shd_endpoint *row, int64_t micro_per_s);
