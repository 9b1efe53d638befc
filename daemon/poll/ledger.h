/* poll/ledger.h - how much each credential, source and host may be asked, kept over reload,
 * restart and kill -9: the balances of rate buckets, the rates that platforms stated, pauses.
 *
 * A bucket that takes longer than 10 s to fill is written down with what else is committed,
 * not for every request: its row says what is left after SHD_LEDGER_AHEAD more requests, and
 * no more than those leave before it is written anew. So whoever is killed has spent at most
 * what the state knows; a restart costs at most SHD_LEDGER_AHEAD requests of each operation
 * and gives none back. Loop thread only. */
#pragma once
#include "base/table.h"
#include "net/bucket.h"
#include "retry.h"
#include "state/change.h"

enum { SHD_LEDGER_AHEAD = 3 };

/* X(NAME, "name"): what is limited */
#define SHD_ALLOWANCE_MAP(X)                                                                       \
	X(OPERATION, "operation")                                                                  \
	X(CREDENTIAL, "credential")                                                                \
	X(SOURCE, "source")                                                                        \
	X(HOST, "host")

enum shd_allowance_kind {
#define X(id, name) SHD_ALLOWANCE_##id,
	SHD_ALLOWANCE_MAP(X)
#undef X
};

struct shd_ledger;

struct shd_allowance {
	struct shd_bucket rate;         /* open until shd_allowance_limit */
	struct shd_mono paused_until;
	/* private: */
	UT_hash_handle hh;
	struct shd_ledger *ledger;
	struct shd_allowance *next_changed;
	enum shd_allowance_kind kind;
	const char *name, *operation;   /* in the key */
	int64_t listed_micro_per_s;     /* by the adapter's table */
	int64_t stated_micro_per_s;       /* by the platform; 0: not yet */
	bool kept, changed, writing;
	int64_t granted;                /* requests that may leave before the next row */
	int64_t reserved, spent;        /* by the row on its way; since it was made */
	bool known;                     /* `row` is what the state knew at a start */
	struct shd_bucket_row row;      /* else the one on its way */
	char key[];
};

struct shd_ledger_in {
	struct shd_changes changes;
	struct shd_wall (*now)(void *ctx);
	struct shd_mono (*mono)(void *ctx); /* the clock of the buckets */
	void *ctx;
};

/* `rows`: what the state knows. Returns owned. */
struct shd_ledger *shd_ledger_create(
	const struct shd_ledger_in *in, const struct shd_bucket_row *rows, size_t count);

/* Call it when the queue of changes is closed. */
void shd_ledger_destroy(struct shd_ledger *ledger);

/* Once a second: hands in again what the state did not keep, after a pause of 1 s to 32 s. */
void shd_ledger_tick(struct shd_ledger *ledger);

/* What is kept of it; made when there is nothing. `operation`: of a credential, else "". Stays
 * where it is as long as the ledger. */
struct shd_allowance *shd_ledger_find(struct shd_ledger *ledger, enum shd_allowance_kind kind,
				      const char *name, const char *operation);

/* The rate that a configuration gives it (bucket.h); what was spent stays spent. A rate that
 * the platform stated before still holds. */
void shd_allowance_limit(struct shd_allowance *allowance, int64_t micro_per_s, int64_t burst);

/* The platform stated its rate in force: believed between a tenth and ten times of what the
 * table says. 0 is ignored. */
void shd_allowance_stated(struct shd_allowance *allowance, int64_t micro_per_s);

/* How long until a request may leave; 0: now. */
int64_t shd_allowance_wait_ms(struct shd_allowance *allowance);
/* It leaves; shd_allowance_wait_ms has just said 0. */
void shd_allowance_spend(struct shd_allowance *allowance);

/* Nothing is to be asked until then. A pause is never cut short. */
void shd_allowance_pause(struct shd_allowance *allowance, struct shd_mono until);
