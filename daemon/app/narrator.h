/* app/narrator.h - what happens, told once by the app and put into words twice: for the
 * journal, in fields, and for a person at a terminal, a line each.
 *
 * Private to this room. Everything in an event is borrowed for the call. Loop thread. */
#pragma once
#include "commit/commit.h"
#include "poll/scheduler.h"

enum shd_event_kind {
	SHD_EVENT_STARTED,
	SHD_EVENT_POLLED,     /* a poll is over */
	SHD_EVENT_TRANSITION, /* of an alert */
	SHD_EVENT_UNREAD,     /* a field can no longer be read */
	SHD_EVENT_DELIVERED,  /* an attempt to deliver is recorded */
	SHD_EVENT_STATE,      /* the state failed, or works again */
	SHD_EVENT_DIAGS,      /* mistakes and warnings of a configuration */
	SHD_EVENT_ROUND,      /* a second is over */
};

struct shd_event {
	enum shd_event_kind kind;
	struct shd_wall now;
	union {
		struct {
			size_t stores, feeds, rules;
		} started;
		const struct shd_polled *polled;
		const struct shd_transition *transition;
		const struct shd_noted_unread *unread;
		const struct shd_delivered *delivered;
		const struct shd_error *state; /* NULL: it works again */
		const struct shd_diags *diags;
	};
};

/* What a transition rests on: "4.55, limit 4.6", "29 s left, due ...", or why; appends nothing when
 * nothing says it. */
#define SHD_FINDING_BYTES 400
void shd_narrate_finding(const struct shd_transition *transition, struct shd_text *out);

/* Changes at their priority; repeats go to debug with a count. */
void shd_journal_narrate(const struct shd_event *event);

/* On stdout, for the demo and for a look by hand: polls are summed up, a line every 10 s. */
struct shd_terminal;
struct shd_terminal *shd_terminal_create(void);
void shd_terminal_destroy(struct shd_terminal *terminal); /* accepts NULL; prints the sums */
void shd_terminal_narrate(struct shd_terminal *terminal, const struct shd_event *event);
