/* base/table.h - uthash, whose tables abort when memory runs out, as everything here does. */
#pragma once
#include "error.h"

#define uthash_fatal(text) shd_assert(!text)
#include <uthash.h>
