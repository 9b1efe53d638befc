/* notify/mime.h - writing a mail: headers, encoded words, base64 parts.
 *
 * No value can end its header early: control characters become spaces. Pure. */
#pragma once
#include "base/text.h"

/* Base64 of bytes[0..len) in one line. */
void shd_base64_add(struct shd_text *out, const char *bytes, size_t len);

/* Decodes base64 (whitespace is an error) into at most `size` bytes. */
SHD_MUST_USE bool shd_base64_read(const char *text, unsigned char *bytes, size_t size,
				  size_t *ret_len);

/* "Name: value" CRLF. Free text: encoded words (RFC 2047) unless it is plain ASCII,
 * folded between them. */
void shd_mime_header(struct shd_text *out, const char *name, const char *value);

/* The same for a value that is structured (addresses, ids, types) and stays as it is. */
void shd_mime_raw(struct shd_text *out, const char *name, const char *value);

/* One part of a multipart body: its headers and the text as base64 in lines of 76. */
void shd_mime_part(struct shd_text *out, const char *boundary, const char *type, const char *text,
		   size_t len);
