/* base/language.h - the languages that a reader may have. Pure. */
#pragma once

enum shd_language { SHD_EN, SHD_ZH, SHD_RU, SHD_LANGUAGE_COUNT };

extern const char *const shd_language_names[SHD_LANGUAGE_COUNT + 1]; /* "en", "zh", "ru", NULL */
