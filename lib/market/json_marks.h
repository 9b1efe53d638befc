/* market/json_marks.h - where a block of JSON has the bytes that structure it.
 *
 * With SSE2, which every x86-64 has, 16 bytes at a time; elsewhere one by one. Pure. */
#pragma once
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { SHD_JSON_BLOCK = 64 };

/* Bit i: byte i is one. Whether it stands within a string, the marks do not tell. */
struct shd_json_marks {
	uint64_t quotes, backslashes, brackets;
};

#ifdef __SSE2__
static inline uint64_t shd_json_mask(__m128i found)
{
	return (uint16_t)_mm_movemask_epi8(found);
}

/* Of bytes[0..SHD_JSON_BLOCK). */
static inline void shd_json_marks_of(const char *bytes, struct shd_json_marks *ret_marks)
{
	struct shd_json_marks marks = {0};

	for (int i = 0; i < SHD_JSON_BLOCK; i += 16) {
		__m128i here = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
		/* [ and ] differ from { and } in this bit alone. */
		__m128i braces = _mm_or_si128(here, _mm_set1_epi8(0x20));
		__m128i found = _mm_or_si128(_mm_cmpeq_epi8(braces, _mm_set1_epi8('{')),
					     _mm_cmpeq_epi8(braces, _mm_set1_epi8('}')));

		marks.brackets |= shd_json_mask(found) << i;
		found = _mm_cmpeq_epi8(here, _mm_set1_epi8('"'));
		marks.quotes |= shd_json_mask(found) << i;
		found = _mm_cmpeq_epi8(here, _mm_set1_epi8('\\'));
		marks.backslashes |= shd_json_mask(found) << i;
	}
	*ret_marks = marks;
}
#else
static inline void shd_json_marks_of(const char *bytes, struct shd_json_marks *ret_marks)
{
	struct shd_json_marks marks = {0};

	for (int i = 0; i < SHD_JSON_BLOCK; i++) {
		unsigned char c = (unsigned char)bytes[i], brace = c | 0x20;

		marks.brackets |= (uint64_t)(brace == '{' || brace == '}') << i;
		marks.quotes |= (uint64_t)(c == '"') << i;
		marks.backslashes |= (uint64_t)(c == '\\') << i;
	}
	*ret_marks = marks;
}
#endif
