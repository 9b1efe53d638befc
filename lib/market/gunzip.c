#include "gunzip.h"

#include <limits.h>
#include <zlib.h>

enum {
	CHUNK_BYTES = 32768,
	WINDOW_OF_GZIP = 15 + 16, /* zlib's way to say: a gzip header, nothing else */
};

bool shd_is_gzip(const char *bytes, size_t len)
{
	return len >= 2 && (unsigned char)bytes[0] == 0x1f && (unsigned char)bytes[1] == 0x8b;
}

/* One chunk of output. *ret_member_over: the member's checksum was right. */
static bool inflate_some(z_stream *stream, struct shd_text *out, bool *ret_member_over,
			 struct shd_error *reterr)
{
	unsigned char chunk[CHUNK_BYTES];

	stream->next_out = chunk;
	stream->avail_out = sizeof(chunk);
	int result = inflate(stream, Z_NO_FLUSH);
	*ret_member_over = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		return shd_fail(reterr, SHD_ERR_LIMIT, "gzip: no memory to inflate it");
	if (result == Z_BUF_ERROR)
		return shd_fail(reterr, SHD_ERR_SYNTAX, "gzip: the file is cut off");
	if (result != Z_OK && result != Z_STREAM_END)
		return shd_fail(reterr, SHD_ERR_SYNTAX, "gzip: %s",
			stream->msg ? stream->msg : "the file is damaged");
	shd_text_add(out, (const char *)chunk, sizeof(chunk) - stream->avail_out);
	if (!shd_text_ok(out))
		return shd_fail(reterr, SHD_ERR_LIMIT, "gzip: it holds more than %zu bytes",
			out->max_bytes);
	return true;
}

static bool inflate_members(z_stream *stream, struct shd_text *out, struct shd_error *reterr)
{
	bool over;

	for (;;) {
		if (!inflate_some(stream, out, &over, reterr))
			return false;
		if (!over)
			continue;
		if (!stream->avail_in)
			return true;
		if (!shd_is_gzip((const char *)stream->next_in, stream->avail_in))
			return shd_fail(reterr, SHD_ERR_SYNTAX,
				"gzip: %u bytes stand behind its end", stream->avail_in);
		inflateReset(stream);
	}
}

bool shd_gunzip(const char *bytes, size_t len, struct shd_text *out, struct shd_error *reterr)
{
	z_stream stream = {0};

	if (!shd_is_gzip(bytes, len))
		return shd_fail(reterr, SHD_ERR_SYNTAX, "gzip: it does not begin as a gzip file");
	if (len > UINT_MAX)
		return shd_fail(reterr, SHD_ERR_LIMIT, "gzip: a file of %zu bytes", len);
	if (inflateInit2(&stream, WINDOW_OF_GZIP) != Z_OK)
		return shd_fail(reterr, SHD_ERR_LIMIT, "gzip: no memory to inflate it");
	stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)len;
	bool ok = inflate_members(&stream, out, reterr);
	inflateEnd(&stream);
	return ok;
}
