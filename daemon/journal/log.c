#include "log.h"

#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
/* Without this, our own file and line would be sent as CODE_FILE and CODE_LINE. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

enum { TEXT_BYTES = 1000, FIELDS_MAX = 16, FIELD_BYTES = 320 };

static const struct {
	const char *id;
	int priority;
} messages[] = {
#define MESSAGE(name, id, priority, when) [SHD_LOG_##name] = {#id, LOG_##priority},
#include "messages.def"
#undef MESSAGE
};

/* The log level, and where it leads. */
static bool to_journal, prefixed = true, debug_too;
/* Connected to where libsystemd sends: says whether that has room. -1: nobody knows. */
static int journal = -1;
static atomic_uint lost; /* lines since the last one that was taken */

/* systemd names the journal's stream by device and inode; it is ours only while
 * stderr still leads there. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat at;

	return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &at) == 0 && at.st_dev == device && at.st_ino == inode;
}

static int open_journal(void)
{
	const struct sockaddr_un at = {AF_UNIX, "/run/systemd/journal/socket"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Whoever takes the log may stand still; the daemon does not wait for him. */
bool shd_log_has_room(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	return poll(&wait, 1, 0) != 0 || fd < 0;
}

void shd_log_open(bool debug)
{
	to_journal = stderr_is_journal();
	if (to_journal && journal < 0)
		journal = open_journal();
	prefixed = !isatty(STDERR_FILENO);
	debug_too = debug;
}

struct fields {
	struct iovec at[FIELDS_MAX];
	char text[FIELDS_MAX][FIELD_BYTES];
	int count;
};

static void add(struct fields *fields, const char *name, const char *value)
{
	char *text = fields->text[fields->count];

	if (!value || !*value)
		return;
	shd_assert(fields->count < FIELDS_MAX);
	snprintf(text, FIELD_BYTES, "%s=%s", name, value);
	shd_line_clean(text);
	fields->at[fields->count].iov_base = text;
	fields->at[fields->count].iov_len = strlen(text);
	fields->count++;
}

static void add_number(struct fields *fields, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	if (value)
		add(fields, name, text);
}

static void add_about(struct fields *fields, const struct shd_about *about)
{
	add(fields, "SHD_MARKET", about->market);
	add(fields, "SHD_STORE", about->store);
	add(fields, "SHD_ENDPOINT", about->endpoint);
	add(fields, "SHD_RULE", about->rule);
	add(fields, "SHD_NOTIFIER", about->notifier);
	add(fields, "SHD_ERROR", about->error ? shd_err_name(about->error->kind) : NULL);
	add_number(fields, "SHD_ALERT", about->alert);
	add_number(fields, "SHD_HTTP_STATUS", about->http_status);
	add_number(fields, "SHD_TOOK_MS", about->took_ms);
}

static bool send_to_journal(enum shd_message_id message, const struct shd_about *about,
			    const char *text)
{
	struct fields fields = {.count = 0};
	char sentence[TEXT_BYTES + 16];
	int len = snprintf(sentence, sizeof(sentence), "MESSAGE=%s", text);

	fields.at[fields.count].iov_base = sentence;
	fields.at[fields.count++].iov_len = (size_t)len;
	add(&fields, "MESSAGE_ID", messages[message].id);
	add(&fields, "PRIORITY", (const char[]){(char)('0' + messages[message].priority), 0});
	if (about)
		add_about(&fields, about);
	return sd_journal_sendv(fields.at, fields.count) == 0;
}

static void put(enum shd_message_id message, const struct shd_about *about, const char *text)
{
	int priority = messages[message].priority;

	if (to_journal && send_to_journal(message, about, text))
		return;
	if (priority == LOG_DEBUG && !debug_too)
		return;
	if (prefixed)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "storehealthd: %s\n", text);
}

/* The first line that is taken again says how many were not. */
static void say_lost(void)
{
	char text[100];
	unsigned lines = atomic_exchange(&lost, 0);

	if (!lines)
		return;
	snprintf(text, sizeof(text), "%u line%s of the log before this %s taken by nobody", lines,
		SHD_S(lines), lines == 1 ? "was" : "were");
	put(SHD_LOG_lines_lost, NULL, text);
}

void shd_log(enum shd_message_id message, const struct shd_about *about, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	if (messages[message].priority == LOG_DEBUG && !to_journal && !debug_too)
		return;
	if (!shd_log_has_room(to_journal ? journal : STDERR_FILENO)) {
		lost++;
		return;
	}
	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		text[shd_utf8_cut(text, sizeof(text) - 1, sizeof(text) - 2)] = '\0';
	shd_line_clean(text);
	say_lost();
	put(message, about, text);
}
