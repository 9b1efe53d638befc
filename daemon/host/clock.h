/* host/clock.h - what time it is, and what the clocks went through; nothing else reads them.
 *
 * One clock serves the daemon. It is read once per turn of the loop, so what happens in one
 * turn happens at one time. Its epoch changes when the wall clock was set, or when the
 * daemon was blind: stopped, or the machine asleep. Nobody is called then: whoever begins
 * something, or counts an answer, compares the epoch with the one it knows. Loop thread. */
#pragma once
#include "base/time.h"

#include <uv.h>

struct shd_clock_reading {
	struct shd_mono mono; /* stands still while the machine sleeps */
	int64_t boot_ms;      /* does not */
	struct shd_wall wall; /* may be set */
};

/* The clocks themselves, for a program that does its work and ends. */
struct shd_clock_reading shd_clock_read(void);

struct shd_clock {
	/* As of this turn, once shd_clock_look was called in it. */
	struct shd_clock_reading at;
	uint64_t epoch;                       /* from 1 */
	int64_t epoch_boot_ms;                /* when it began */
	int64_t jumped_ms;                    /* what the wall clock was set by, all in all */
	struct shd_wall blind_from, blind_to; /* the last time; ms 0: never */
	/* Private: */
	bool looked;                          /* in this turn of the loop */
	uv_prepare_t turn;
	void (*closed)(void *ctx);
	void *ctx;
};

/* Reads the clocks from now on. *clock must stay where it is until `closed` was called, which
 * comes from a later turn. */
void shd_clock_open(struct shd_clock *clock, uv_loop_t *loop);
void shd_clock_close(struct shd_clock *clock, void (*closed)(void *ctx), void *ctx);

/* For tests: a clock that nobody reads. Time goes on as the members are changed, or by
 * shd_clock_advance. */
void shd_clock_init(struct shd_clock *clock, const struct shd_clock_reading *at);

/* Goes on to a later reading; a new epoch begins when it came more than a minute later, or the
 * wall clock went another way than the boot clock by more than a minute. */
void shd_clock_advance(struct shd_clock *clock, const struct shd_clock_reading *to);

/* Reads the clocks, unless that was done in this turn of the loop. Returns `clock`. */
const struct shd_clock *shd_clock_look(struct shd_clock *clock);
/* The wall clock of this turn. */
struct shd_wall shd_clock_now(struct shd_clock *clock);

/* An instant by the machine's own zone, TZ or /etc/localtime: "16:59:00 MSK", with the date where
 * that is another day than now; "" for none. */
#define SHD_CLOCK_TEXT 48
const char *shd_clock_text(struct shd_wall time, struct shd_wall now, char buf[SHD_CLOCK_TEXT]);

/* What one room knows of the epoch. */
struct shd_epoch {
	uint64_t number;
	int64_t jumped_ms;
};

/* True: another epoch than *known began. *known becomes the present one, *ret_jumped_ms what the
 * wall clock was set by in between. */
bool shd_epoch_changed(struct shd_epoch *known, struct shd_clock *clock, int64_t *ret_jumped_ms);
/* The present one. */
struct shd_epoch shd_epoch_now(struct shd_clock *clock);
