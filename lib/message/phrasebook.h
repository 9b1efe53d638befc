/* message/phrasebook.h - formatting with the loaded texts; for wording.c and message.c.
 *
 * A phrasebook is safe on any thread: texts are kept as checked patterns, and whatever ICU
 * changes inside its objects belongs to one rendering at a time. What it made for the dates is
 * left to the next one in the same language and zone, as it costs as much as all the rest. */
#pragma once
#include "message.h"

enum shd_text_id {
#define TEXT(name, args, doc) SHD_PHRASE_##name,
#define DATE(name, doc)       SHD_PHRASE_##name,
#include "texts.def"
#undef TEXT
#undef DATE
	SHD_PHRASE_COUNT
};

/* Maps of the texts' files, which need not name all. */
enum shd_names {
	SHD_NAMES_ZONE,     /* `zones`, by tz database name */
	SHD_NAMES_CURRENCY, /* `currencies`, by ISO 4217 code */
	SHD_NAMES_WORD,     /* `words`, by a value that is a word of ours (catalog/fields.def) */
	SHD_NAMES_COUNT
};

/* Whom a rendering is for. Made by shd_reader_init. */
struct shd_reader {
	const struct shd_phrasebook *book;
	enum shd_language language;
	const char *timezone;
	struct shd_wall now;
	struct shd_arena *arena; /* of all returned texts */
	/* private: */
	struct shd_dates *dates; /* NULL: no date was written yet */
	bool full;
};
void shd_reader_init(struct shd_reader *reader, const struct shd_phrasebook *book,
		     enum shd_language language, const char *timezone, struct shd_wall now,
		     struct shd_arena *arena);
void shd_reader_finish(struct shd_reader *reader);

/* False once something did not fit into the arena; texts are "" from then on. */
bool shd_reader_ok(const struct shd_reader *reader);

/* A copy of text[0..len) in the arena; "" when it is full. */
const char *shd_reader_keep(struct shd_reader *reader, const char *text, size_t len);

/* The text `id` with its arguments in the order of texts.def; `n` is left out of
 * args and ignored by texts without it. Never NULL. */
#define shd_phrase(reader, id, n, ...)                                                             \
	shd_phrase_(reader, SHD_PHRASE_##id, n, (const char *const[]){__VA_ARGS__, NULL})
#define shd_phrase0(reader, id) shd_phrase_(reader, SHD_PHRASE_##id, 0, (const char *const[]){NULL})
const char *shd_phrase_(struct shd_reader *reader, enum shd_text_id id, int64_t n,
			const char *const *args);

/* How people of the reader's language call it; NULL: the list does not say. */
const char *shd_phrase_name(
	const struct shd_reader *reader, enum shd_names list, const char *name);

/* n / 10^scale in the reader's way of writing numbers. `fixed`: always with `scale`
 * digits after the point ("19.90"). */
const char *shd_phrase_number(struct shd_reader *reader, int64_t n, int scale, bool fixed);

/* An instant in the reader's zone by one of the DATE patterns. */
const char *shd_phrase_date(struct shd_reader *reader, enum shd_text_id pattern,
			    struct shd_wall at);
