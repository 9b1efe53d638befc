#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text;
	enum shd_retry retry;
} kinds[] = {
#define X(id, name_, retry_, text_) [SHD_ERR_##id] = {name_, text_, SHD_RETRY_##retry_},
	SHD_ERR_MAP(X)
#undef X
};

/* Ends text[0..size) before a UTF-8 character that was cut in the middle. */
static void trim_utf8(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < len && back < 4 && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80)
		back++;
	if (back >= len)
		return;
	unsigned char lead = (unsigned char)text[len - 1 - back];
	size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
	if (want > back)
		text[len - 1 - back] = '\0';
}

SHD_PRINTF(5, 0)
static void fill(struct shd_error *reterr, enum shd_err kind, int line, int col, const char *fmt,
		 va_list args)
{
	char msg[sizeof(reterr->msg)];

	vsnprintf(msg, sizeof(msg), fmt, args); /* args may point into *reterr */
	trim_utf8(msg);
	reterr->kind = kind;
	reterr->line = line;
	reterr->col = col;
	memcpy(reterr->msg, msg, sizeof(msg));
}

bool shd_fail(struct shd_error *reterr, enum shd_err kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(reterr, kind, 0, 0, fmt, args);
	va_end(args);
	return false;
}

bool shd_fail_at(struct shd_error *reterr, enum shd_err kind, int line, int col, const char *fmt,
		 ...)
{
	va_list args;

	va_start(args, fmt);
	fill(reterr, kind, line, col, fmt, args);
	va_end(args);
	return false;
}

bool shd_fail_in(struct shd_error *err, const char *fmt, ...)
{
	char context[128], whole[sizeof(err->msg) + sizeof(context) + 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
	trim_utf8(context);
	snprintf(whole, sizeof(whole), "%s: %s", context, err->msg);
	whole[sizeof(err->msg) - 1] = '\0';
	trim_utf8(whole);
	memcpy(err->msg, whole, sizeof(err->msg));
	return false;
}

const char *shd_err_name(enum shd_err kind)
{
	shd_assert(kind < SHD_ERR_COUNT);
	return kinds[kind].name;
}

const char *shd_err_text(enum shd_err kind)
{
	shd_assert(kind < SHD_ERR_COUNT);
	return kinds[kind].text;
}

enum shd_retry shd_err_retry(enum shd_err kind)
{
	shd_assert(kind < SHD_ERR_COUNT);
	return kinds[kind].retry;
}

bool shd_err_find(const char *name, enum shd_err *ret_kind)
{
	for (int i = 0; i < SHD_ERR_COUNT; i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*ret_kind = (enum shd_err)i;
			return true;
		}
	}
	return false;
}

void shd_bug(const char *what, const char *file, int line)
{
	fprintf(stderr, "<2>storehealthd: bug: %s (%s:%d)\n", what, file, line);
	abort();
}
