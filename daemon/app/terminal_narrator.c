#include "terminal_narrator.h"

#include "message/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLLS_EVERY_MS = 10000 };

struct shd_terminal {
	bool colours;
	size_t polls, news, failed; /* since the last line */
	struct shd_wall told;       /* when that was */
	char failure[320];          /* the first of them */
	size_t all_polls, all_alerts, all_delivered;
};

struct shd_terminal *shd_terminal_create(void)
{
	struct shd_terminal *pretty = shd_xcalloc(1, sizeof(*pretty));

	pretty->colours = isatty(STDOUT_FILENO);
	return pretty;
}

void shd_terminal_destroy(struct shd_terminal *pretty)
{
	if (!pretty)
		return;
	printf("%zu polls, %zu moves of alerts, %zu messages delivered\n", pretty->all_polls,
		pretty->all_alerts, pretty->all_delivered);
	fflush(stdout);
	free(pretty);
}

/* The reader's own clock: this is a terminal on their desk. */
static void begin_line(const struct shd_terminal *pretty, struct shd_wall now, const char *word,
		       const char *colour)
{
	time_t seconds = (time_t)(now.ms / SHD_SECOND_MS);
	struct tm at;
	char text[16];

	localtime_r(&seconds, &at);
	strftime(text, sizeof(text), "%H:%M:%S", &at);
	if (pretty->colours)
		printf("%s  \033[%sm%-9s\033[0m ", text, colour, word);
	else
		printf("%s  %-9s ", text, word);
}

static void end_line(void)
{
	putchar('\n');
	fflush(stdout);
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

void shd_terminal_started(
	struct shd_terminal *pretty, struct shd_wall now, size_t stores, size_t feeds, size_t rules)
{
	if (!pretty)
		return;
	pretty->told = now;
	begin_line(pretty, now, "watching", "1");
	printf("%zu store%s, %zu feeds, %zu rules", stores, stores == 1 ? "" : "s", feeds, rules);
	end_line();
}

void shd_terminal_polled(struct shd_terminal *pretty, const struct shd_polled *what)
{
	if (!pretty)
		return;
	pretty->polls++;
	pretty->all_polls++;
	pretty->news += what->news;
	if (what->ok)
		return;
	if (!pretty->failed++)
		snprintf(pretty->failure, sizeof(pretty->failure), "%s: %s", what->source->id,
			what->error->msg);
}

void shd_terminal_round(struct shd_terminal *pretty, struct shd_wall now)
{
	char passed[SHD_WORDING_TEXT];

	if (!pretty || !pretty->polls)
		return;
	int64_t passed_ms = now.ms - pretty->told.ms;
	if (passed_ms >= 0 && passed_ms < POLLS_EVERY_MS)
		return;
	begin_line(pretty, now, "polls", "2");
	printf("%zu in %s", pretty->polls, shd_wording_length(passed_ms, passed));
	if (pretty->news)
		printf(", %zu brought something new", pretty->news);
	else
		printf(", nothing new");
	if (pretty->failed)
		printf(", %zu failed (%s)", pretty->failed, pretty->failure);
	end_line();
	pretty->polls = pretty->news = pretty->failed = 0;
	pretty->told = now;
}

void shd_terminal_transition(
	struct shd_terminal *pretty, struct shd_wall now, const struct shd_transition *moved)
{
	if (!pretty)
		return;
	bool over = moved->move == SHD_MOVE_RESOLVED;

	pretty->all_alerts++;
	if (!shd_move_tells(moved->move))
		return;
	begin_line(pretty, now, over ? "resolved" : shd_level_name(moved->level),
		over ? "1;32" : level_colour(moved->level));
	printf("%s (%s%s%s)", moved->title, moved->store, *moved->subject ? ", " : "",
		moved->subject);
	if (!over && *moved->line)
		printf(": %s", moved->line);
	printf("  [alert %lld]", (long long)moved->alert);
	end_line();
}

void shd_terminal_delivered(struct shd_terminal *pretty, struct shd_wall now,
			  const struct shd_delivered *what)
{
	if (!pretty)
		return;
	pretty->all_delivered += what->ok;
	begin_line(pretty, now, what->ok ? "sent" : "not sent", what->ok ? "32" : "31");
	printf("by %s to %s: %s", what->channel, what->target, what->subject);
	if (!what->ok)
		printf(": %s (%s)", what->error, what->given_up ? "given up" : "tried again later");
	end_line();
}
