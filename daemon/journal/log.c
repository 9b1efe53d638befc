#include "log.h"

#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
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

void shd_log_open(bool debug)
{
	to_journal = stderr_is_journal();
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

void shd_log(enum shd_message_id message, const struct shd_about *about, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	int priority = messages[message].priority;
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		text[shd_utf8_cut(text, sizeof(text) - 1, sizeof(text) - 2)] = '\0';
	shd_line_clean(text);
	if (to_journal && send_to_journal(message, about, text))
		return;
	if (priority == LOG_DEBUG && !debug_too)
		return;
	if (prefixed)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "storehealthd: %s\n", text);
}
