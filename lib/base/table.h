/* base/table.h - uthash, whose tables abort when memory runs out, as everything here does. */
#pragma once
#include "error.h"

#define uthash_fatal(text) shd_bug(text, __FILE__, __LINE__)
#include <uthash.h>
