/* conf/value.h - reads one single value of an option; words a refusal of one. Pure. */
#pragma once
#include "option.h"

/* What is wrong, and what to do; empty texts when there is nothing to say. */
struct shd_complaint {
	char text[256];
	char hint[128];
	bool hide; /* the value may hold a password: do not show its line */
};

/* Reads text[0..len) into *member by type, range and words of the option. False
 * with a complaint when it is refused; true with one when it is only doubtful. */
bool shd_value_read(const struct shd_option *option, const char *text, size_t len, void *member,
		    struct shd_arena *arena, struct shd_complaint *complaint);

/* "<lead> `<word>`", with the nearest of the candidates as the hint, or all of them
 * in the text when they are few and none is near. */
void shd_complain_word(struct shd_complaint *complaint, const char *word,
		       const char *const *candidates, size_t count, const char *lead);
