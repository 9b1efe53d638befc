#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct shd_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
};

enum { STEPS_MAX = 200000, DEPTH_MAX = 1000, MATCH_BYTES = 48 * 1024, PATTERN_BYTES = 1 << 20 };

/* PCRE2 allocates through these: from the arena when compiling, from a buffer on the stack when
 * matching. Memory is freed only as a whole, with the arena or the stack frame. */
static void *alloc_from_arena(size_t size, void *arena)
{
	return size <= PATTERN_BYTES ? shd_arena_alloc(arena, 1, size) : NULL;
}

struct stack_memory {
	size_t used;
	max_align_t data[MATCH_BYTES / sizeof(max_align_t)];
};

static void *alloc_from_stack(size_t size, void *memory)
{
	struct stack_memory *stack = memory;
	size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t);

	if (rounded > SHD_COUNT(stack->data) - stack->used)
		return NULL;
	void *piece = &stack->data[stack->used];
	stack->used += rounded;
	return piece;
}

static void free_nothing(void *piece, void *memory)
{
	(void)piece;
	(void)memory;
}

bool shd_regex_compile(const char *pattern, size_t len, struct shd_arena *arena,
	const struct shd_regex **ret_regex, struct shd_error *reterr)
{
	struct shd_regex *regex = shd_arena_alloc(arena, 1, sizeof(*regex));
	pcre2_general_context *memory =
		pcre2_general_context_create(alloc_from_arena, free_nothing, arena);
	pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
	PCRE2_UCHAR text[120];
	PCRE2_SIZE offset = 0;
	int code = 0;

	if (!regex || !context)
		return shd_fail(reterr, SHD_ERR_LIMIT, "the rules are too large altogether");
	pcre2_set_parens_nest_limit(context, 32);
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, len,
		PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
	regex->limits = pcre2_match_context_create(memory);
	if (!regex->code) {
		pcre2_get_error_message(code, text, sizeof(text));
		return shd_fail_at(
			reterr, SHD_ERR_SYNTAX, 1, (int)offset + 1, "%s", (const char *)text);
	}
	if (!regex->limits)
		return shd_fail(reterr, SHD_ERR_LIMIT, "the rules are too large altogether");
	pcre2_set_match_limit(regex->limits, STEPS_MAX);
	pcre2_set_depth_limit(regex->limits, DEPTH_MAX);
	*ret_regex = regex;
	return true;
}

bool shd_regex_find(const struct shd_regex *regex, const char *text, size_t len, bool *ret_found)
{
	struct stack_memory stack;

	stack.used = 0;
	pcre2_general_context *memory =
		pcre2_general_context_create(alloc_from_stack, free_nothing, &stack);
	pcre2_match_data *match = memory ? pcre2_match_data_create(1, memory) : NULL;
	if (!match)
		return false;
	int code = pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, 0, match, regex->limits);
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		return false;
	*ret_found = code >= 0;
	return true;
}
