#include "language.h"

#include <stddef.h>

const char *const shd_language_names[SHD_LANGUAGE_COUNT + 1] = {"en", "zh", "ru", NULL};
