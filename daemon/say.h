/* daemon/say.h - instants as a person says them: "12 s ago", "in 5 h 20 min".
 * Pure; safe on any thread. */
#pragma once
#include "base/time.h"

/* A length in its two largest units: "47 h 59 min", "3 d 4 h", "12 s". */
#define SHD_SAY_TEXT 48
const char *shd_say_length(int64_t ms, char buf[SHD_SAY_TEXT]);

/* "12 s ago", "in 48 s", "now"; within a second of now it is "now". */
const char *shd_say_when(struct shd_wall time, struct shd_wall now, char buf[SHD_SAY_TEXT]);
