/* The law of the decoders: what they make of a table or of lines is an array that the
 * slicer takes apart to its end, each record an object or null; an error says something. */
#include "market/decode.h"
#include "market/slice.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES = 1 << 20 };

static void check_list(const char *list, size_t len)
{
	struct shd_slicer slicer;
	struct shd_error error;
	size_t at, n;
	bool more = true;

	if (!shd_slice_open(&slicer, list, len, "", &error)) {
		shd_assert(error.kind == SHD_ERR_LIMIT);
		return;
	}
	while (more) {
		if (!shd_slice_next(&slicer, &at, &n, &more, &error)) {
			shd_assert(error.kind == SHD_ERR_LIMIT); /* nested too deep in a line */
			return;
		}
		shd_assert(!more || list[at] == '{' || memcmp(list + at, "null", 4) == 0);
	}
}

static void decode(enum shd_decode how, const char *const *columns, const char *text, size_t len)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	struct shd_error error = {0};

	shd_text_init(&out, OUT_BYTES);
	if (!shd_decode(how, columns, text, len, OUT_BYTES, &out, &error))
		shd_assert(error.msg[0]);
	else
		check_list(out.data, out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[] = {"sku", NULL};
	const char *text = (const char *)data;

	for (int how = SHD_DECODE_JSON_LINES; how <= SHD_DECODE_TSV; how++) {
		decode((enum shd_decode)how, NULL, text, size);
		decode((enum shd_decode)how, columns, text, size);
	}
	return 0;
}
