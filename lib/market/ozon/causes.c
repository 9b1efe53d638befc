#include "ozon.h"

#include <string.h>

enum { REASON_BYTES = 1024 }; /* the reason is told at the beginning of a long text */

static const struct {
	const char *tag, *part;
} causes[] = {
#define CAUSE(tag, part) {#tag, part},
#include "causes.def"
#undef CAUSE
};

/* Lower case for ASCII and for the Russian alphabet; everything else stays. */
static void fold(const char *text, size_t len, char out[REASON_BYTES + 1])
{
	size_t n = shd_utf8_cut(text, len, REASON_BYTES);

	memcpy(out, text, n);
	out[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)out[i], next = (unsigned char)out[i + 1];

		if (c >= 'A' && c <= 'Z') {
			out[i] = (char)(c - 'A' + 'a');
		} else if (c == 0xD0 && next >= 0x90 && next <= 0x9F) {
			out[++i] = (char)(next + 0x20); /* А..П */
		} else if (c == 0xD0 && next >= 0xA0 && next <= 0xAF) {
			out[i] = (char)0xD1; /* Р..Я */
			out[++i] = (char)(next - 0x20);
		} else if (c == 0xD0 && next == 0x81) {
			out[i] = (char)0xD1; /* Ё */
			out[++i] = (char)0x91;
		}
	}
}

const char *shd_ozon_root_cause(const json_t *reason)
{
	char folded[REASON_BYTES + 1];

	if (!json_is_string(reason))
		return NULL;
	fold(json_string_value(reason), json_string_length(reason), folded);
	for (size_t i = 0; i < SHD_COUNT(causes); i++)
		if (strstr(folded, causes[i].part))
			return causes[i].tag;
	return NULL;
}
