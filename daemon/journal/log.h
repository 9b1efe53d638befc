/* journal/log.h - what the daemon says, as journal entries with fields.
 *
 * Every message is a row of messages.def. The sentence stands alone without the
 * fields. Changes are logged; repeats go to debug. Never: secrets, bodies of
 * answers, buyers' data. Without a journal the sentence goes to stderr, with a
 * <priority> prefix unless that is a terminal. Whoever takes it may stand still: lines
 * are lost then, and counted, and nobody waits. Any thread. */
#pragma once
#include "base/error.h"

#include <stdint.h>

enum shd_message_id {
#define MESSAGE(name, id, priority, when) SHD_LOG_##name,
#include "messages.def"
#undef MESSAGE
	SHD_LOG_COUNT
};

/* What a message is about; whatever is zero is left out. */
struct shd_about {
	const char *market, *store, *endpoint, *rule, *notifier;
	const struct shd_error *error; /* gives SHD_ERROR, its kind */
	int64_t alert, took_ms;
	int http_status;
};

/* Decides where messages go. Call once, before other threads run; without it
 * they go to stderr. `debug`: messages of priority DEBUG go to stderr as well (the
 * journal always gets them). */
void shd_log_open(bool debug);

/* Whether a line that is written to the descriptor now is taken at once, and keeps nobody waiting.
 */
bool shd_log_has_room(int fd);

/* about may be NULL. The text is cut at 1000 bytes. */
void shd_log(enum shd_message_id message, const struct shd_about *about, const char *fmt, ...)
	SHD_PRINTF(3, 4);
