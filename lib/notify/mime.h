/* notify/mime.h - writing a mail: headers, encoded words, base64 parts.
 *
 * No value can end its header early: control characters become spaces. Pure. */
#pragma once
#include "base/text.h"

/* "Name: value" CRLF. Free text: encoded words (RFC 2047) unless it is plain ASCII,
 * folded between them. */
void shd_mime_header(struct shd_text *out, const char *name, const char *value);

/* The same for a value that is structured (addresses, ids, types) and stays as it is. */
void shd_mime_raw(struct shd_text *out, const char *name, const char *value);

/* One part of a multipart body: its headers and the text as base64 in lines of 76. */
void shd_mime_part(struct shd_text *out, const char *boundary, const char *type, const char *text,
		   size_t len);
