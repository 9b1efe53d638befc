#include "narrator.h"

#include "journal/log.h"
#include "message/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLLS_EVERY_MS = 10000, PUT_BYTES = 2000, OUT_BYTES = 64 << 10 };

struct shd_terminal {
	bool colours;
	size_t polls, news, failed; /* since the last line */
	struct shd_wall shown;      /* when that was */
	char failure[320];          /* the first of them */
	size_t all_polls, all_alerts, all_delivered;
	size_t lost;                /* lines since the last one that was taken */
};

/* Whoever reads it may stand still (a pager, a terminal that is stopped): lines are lost then, and
 * nobody waits. */
static void write_out(struct shd_terminal *terminal)
{
	if (!shd_log_has_room(STDOUT_FILENO)) {
		__fpurge(stdout);
		terminal->lost++;
		return;
	}
	if (terminal->lost)
		printf("(%zu line%s before this %s taken by nobody)\n", terminal->lost,
			SHD_S(terminal->lost), terminal->lost == 1 ? "was" : "were");
	terminal->lost = 0;
	fflush(stdout);
}

struct shd_terminal *shd_terminal_create(void)
{
	struct shd_terminal *terminal = shd_xcalloc(1, sizeof(*terminal));

	terminal->colours = isatty(STDOUT_FILENO);
	setvbuf(stdout, NULL, _IOFBF, OUT_BYTES); /* a line at a time is written, or lost */
	return terminal;
}

void shd_terminal_destroy(struct shd_terminal *terminal)
{
	if (!terminal)
		return;
	printf("%zu poll%s, %zu move%s of alerts, %zu message%s delivered\n", terminal->all_polls,
		SHD_S(terminal->all_polls), terminal->all_alerts, SHD_S(terminal->all_alerts),
		terminal->all_delivered, SHD_S(terminal->all_delivered));
	write_out(terminal);
	free(terminal);
}

/* The reader's own clock: this is a terminal on their desk. */
static void begin_line(const struct shd_terminal *terminal, struct shd_wall now, const char *word,
		       const char *colour)
{
	time_t seconds = (time_t)(now.ms / SHD_SECOND_MS);
	struct tm at;
	char text[16];

	localtime_r(&seconds, &at);
	strftime(text, sizeof(text), "%H:%M:%S", &at);
	if (terminal->colours)
		printf("%s  \033[%sm%-9s\033[0m ", text, colour, word);
	else
		printf("%s  %-9s ", text, word);
}

static void end_line(struct shd_terminal *terminal)
{
	putchar('\n');
	write_out(terminal);
}

/* What others wrote is harmless for the terminal. */
static void put(const char *fmt, ...) SHD_PRINTF(1, 2);
static void put(const char *fmt, ...)
{
	char text[PUT_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	shd_line_clean(text);
	fputs(text, stdout);
}

static const char *level_colour(enum shd_level level)
{
	switch (level) {
	case SHD_BREACHED:
	case SHD_CRITICAL:
		return "1;31";
	case SHD_WARN:
		return "1;33";
	case SHD_INFO:
		return "1;36";
	case SHD_LEVEL_NONE:
	case SHD_LEVEL_COUNT:
		break;
	}
	return "1;32";
}

static void started(struct shd_terminal *terminal, struct shd_wall now, size_t stores, size_t feeds,
		    size_t rules)
{
	terminal->shown = now;
	begin_line(terminal, now, "watching", "1");
	put("%zu store%s, %zu feed%s, %zu rule%s", stores, SHD_S(stores), feeds, SHD_S(feeds),
		rules, SHD_S(rules));
	end_line(terminal);
}

static void polled(struct shd_terminal *terminal, const struct shd_polled *what)
{
	terminal->polls++;
	terminal->all_polls++;
	terminal->news += what->news;
	if (what->ok)
		return;
	if (!terminal->failed++)
		snprintf(terminal->failure, sizeof(terminal->failure), "%s: %s", what->source->id,
			what->error->msg);
}

static void show_polls(struct shd_terminal *terminal, struct shd_wall now)
{
	char passed[SHD_WORDING_TEXT];

	if (!terminal->polls)
		return;
	int64_t passed_ms = now.ms - terminal->shown.ms;
	if (passed_ms >= 0 && passed_ms < POLLS_EVERY_MS)
		return;
	begin_line(terminal, now, "polls", "2");
	put("%zu in %s", terminal->polls, shd_wording_length(passed_ms, passed));
	if (terminal->news)
		put(", %zu brought something new", terminal->news);
	else
		put(", nothing new");
	if (terminal->failed)
		put(", %zu failed (%s)", terminal->failed, terminal->failure);
	end_line(terminal);
	terminal->polls = terminal->news = terminal->failed = 0;
	terminal->shown = now;
}

static void show_transition(struct shd_terminal *terminal, struct shd_wall now,
		       const struct shd_transition *transition)
{
	const struct shd_facts *facts = &transition->facts;
	bool over = facts->move == SHD_MOVE_RESOLVED;
	struct shd_text finding SHD_AUTO(shd_text_finish) = {0};

	terminal->all_alerts++;
	if (!shd_move_tells(facts->move))
		return;
	shd_text_init(&finding, SHD_FINDING_BYTES);
	shd_narrate_finding(transition, &finding);
	begin_line(terminal, now, over ? "resolved" : shd_level_name(facts->level),
		over ? "1;32" : level_colour(facts->level));
	put("%s (%s%s%s)", transition->title, facts->store, *facts->subject ? ", " : "",
		facts->subject);
	if (!over && finding.len)
		put(": %s", finding.data);
	put("  [alert %lld]", (long long)facts->alert);
	end_line(terminal);
}

static void delivered(struct shd_terminal *terminal, struct shd_wall now,
		      const struct shd_delivered *what)
{
	terminal->all_delivered += what->ok;
	begin_line(terminal, now, what->ok ? "sent" : "not sent", what->ok ? "32" : "31");
	put("by %s to %s: %s", what->channel, what->target, what->subject);
	if (what->error)
		put(": %s (%s)", what->error,
			what->ok         ? "the others have it"
			: what->given_up ? "given up"
					 : "tried again later");
	end_line(terminal);
}

void shd_terminal_narrate(struct shd_terminal *terminal, const struct shd_event *event)
{
	switch (event->kind) {
	case SHD_EVENT_STARTED:
		started(terminal, event->now, event->started.stores, event->started.feeds,
			event->started.rules);
		break;
	case SHD_EVENT_POLLED:
		polled(terminal, event->polled);
		break;
	case SHD_EVENT_TRANSITION:
		show_transition(terminal, event->now, event->transition);
		break;
	case SHD_EVENT_DELIVERED:
		delivered(terminal, event->now, event->delivered);
		break;
	case SHD_EVENT_ROUND:
		show_polls(terminal, event->now);
		break;
	case SHD_EVENT_UNREAD:
	case SHD_EVENT_STATE: /* stderr has these */
	case SHD_EVENT_DIAGS:
		break;
	}
}
