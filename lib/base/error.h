/* base/error.h - the one error value of the whole program.
 *
 * The kind decides what happens next, the text explains it to a person. Nobody
 * matches on text. Pure; safe on any thread. */
#pragma once
#include <stdbool.h>

/* X(NAME, "name", retry, one-line meaning)
 * retry: NEVER  doing the same again is useless
 *        LATER  the same request may work after a back-off
 *        SELDOM  a feature the shop has not bought: it hardly changes
 *        OPERATOR  somebody has to change something first
 * How soon again, and how often before it is believed: market/standing.h for feeds. */
#define SHD_ERR_MAP(X)                                                                             \
	X(SYNTAX, "syntax", LATER, "not well-formed")                                              \
	X(SCHEMA, "schema", LATER, "well-formed, but not what was expected")                       \
	X(LIMIT, "limit", LATER, "larger than the stated limit")                                   \
	X(NETWORK, "network", LATER, "no connection")                                              \
	X(TLS, "tls", LATER, "no trusted connection")                                              \
	X(TIMEOUT, "timeout", LATER, "no answer in time")                                          \
	X(SERVER, "server", LATER, "the other side failed")                                        \
	X(THROTTLED, "throttled", LATER, "too many requests")                                      \
	X(CREDENTIALS, "credentials", OPERATOR, "the key was refused")                             \
	X(EGRESS, "egress", OPERATOR, "the key may not be used from this address")                 \
	X(ROLE, "role", OPERATOR, "the key lacks a role")                                          \
	X(BLOCKED, "blocked", OPERATOR, "the marketplace has blocked the store")                   \
	X(TARIFF, "tariff", SELDOM, "not part of the store's tariff")                              \
	X(RETIRED, "retired", NEVER, "the marketplace has switched this method off")               \
	X(REQUEST, "request", NEVER, "our request was refused as invalid")                         \
	X(MISSING, "missing", NEVER, "no such object")                                             \
	X(CONFIG, "config", OPERATOR, "the configuration is wrong")                                \
	X(IO, "io", LATER, "a file or device failed")                                              \
	X(STATE, "state", LATER, "the state database failed")                                      \
	X(INTERNAL, "internal", LATER, "storehealthd itself failed at it")                         \
	X(CLOSING, "closing", NEVER, "given up because the daemon stops")

enum shd_err {
#define X(id, name, retry, text) SHD_ERR_##id,
	SHD_ERR_MAP(X)
#undef X
	SHD_ERR_COUNT
};

enum shd_retry { SHD_RETRY_NEVER, SHD_RETRY_LATER, SHD_RETRY_SELDOM, SHD_RETRY_OPERATOR };

/* line and col count from 1; 0 means unknown. */
struct shd_error {
	enum shd_err kind;
	int line, col;
	char msg[256];
};

#define SHD_MUST_USE         __attribute__((warn_unused_result))
#define SHD_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))

/* Fill *reterr and return false, so that a function can end with
 * `return shd_fail(reterr, SHD_ERR_SCHEMA, "...")`. Long texts are cut at a
 * UTF-8 character. reterr is never NULL. */
bool shd_fail(struct shd_error *reterr, enum shd_err kind, const char *fmt, ...) SHD_PRINTF(3, 4);
bool shd_fail_at(struct shd_error *reterr, enum shd_err kind, int line, int col, const char *fmt,
		 ...) SHD_PRINTF(5, 6);

/* Puts "context: " in front of the text of an error that is already filled;
 * returns false. */
bool shd_fail_in(struct shd_error *err, const char *fmt, ...) SHD_PRINTF(2, 3);

/* Lower-case name of the kind ("throttled"), its meaning, its policy. */
const char *shd_err_name(enum shd_err kind);
const char *shd_err_text(enum shd_err kind);
enum shd_retry shd_err_retry(enum shd_err kind);

/* The kind with this lower-case name; false when there is none. */
bool shd_err_find(const char *name, enum shd_err *ret_kind);

/* A bug, not an error: says what broke and aborts. Always compiled in. */
#define shd_assert(cond)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			shd_bug(#cond, __FILE__, __LINE__);                                        \
	} while (0)
void shd_bug(const char *what, const char *file, int line) __attribute__((noreturn));
