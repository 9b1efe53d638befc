/* market/loose.h - reads the loose JSON that marketplaces send: for the maps of adapters.
 *
 * A number may come as a text, a text as a number, a bool as "true", any object as
 * null, any word in any case. Readers return false for what is absent, null, empty or
 * of a type nothing can be made of; they never fail a record. `value` may be NULL
 * everywhere. The put functions set a field of a harvest. A member that is absent says
 * nothing. One that cannot be read, null and empty included, says so (shd_set_unread): the field
 * stays as it is stored and is unknown. `none` is said only by a map that knows from the rest of
 * the record that there is nothing, with shd_set_none; and by "never", which is no limit. Pure. */
#pragma once
#include "catalog/entity.h"

#include <jansson.h>

/* A member by its path ("delivery_method.name"); NULL when anything on the way is
 * absent or null. Where something else than an object stands on the way, it is there and cannot
 * be read: a value of which no reader makes anything. */
const json_t *shd_loose_at(const json_t *object, const char *path);

/* Of two members that tell the same: the first. The second where the first is absent or says
 * nothing (shd_loose_blank); one that cannot be read is not nothing. */
const json_t *shd_loose_either(const json_t *first, const json_t *second);

/* A text, or a number or bool as one: what ids are read with, so that a text with a NUL in it
 * is none. The bytes stay valid as long as `value` and `room`. */
#define SHD_LOOSE_BYTES 32
struct shd_loose_text {
	const char *text;
	size_t len;
	char room[SHD_LOOSE_BYTES];
};
bool shd_loose_text(const json_t *value, struct shd_loose_text *ret_text);

/* A whole number, a bool, each also as a text. */
bool shd_loose_int(const json_t *value, int64_t *ret_n);
bool shd_loose_bool(const json_t *value, bool *ret_yes);

/* A decimal times 10^scale (base/num.h), from a number or a text. */
bool shd_loose_decimal(const json_t *value, int scale, int64_t *ret_n);

/* A time; false also for one before 2000, which is how servers write that there is none, and
 * for "never" (year 9999 and on), which is no limit at all. */
bool shd_loose_time(const json_t *value, struct shd_wall *ret_time);
bool shd_loose_never(const json_t *value);

/* Money: {"amount","currency"}, {"price","currency_code"}, or a bare number or text, then
 * in `currency` (a JSON text, or NULL: false). Digits beyond the minor unit are cut. */
bool shd_loose_money(const json_t *value, const json_t *currency, int64_t *ret_minor,
		     char ret_currency[4]);

/* The text is this ASCII word, in any case; the Cyrillic letter С counts as C. */
bool shd_loose_is(const json_t *value, const char *word);

/* A translation table ends with {NULL, NULL}; *ret_meant is untouched unless found. */
struct shd_loose_word {
	const char *said, *meant;
};
bool shd_loose_word(const json_t *value, const struct shd_loose_word *table,
		    const char **ret_meant);

/* Appends what a value looks like, for people: shortened and escaped; nothing for one that is
 * absent. */
enum { SHD_EXAMPLE_BYTES = 40 };
void shd_loose_example(const json_t *value, struct shd_text *out);

/* Says nothing of its own accord: null, an empty text, a time that is none. */
bool shd_loose_blank(const json_t *value);

/* Whether an array (or object) has anything in it. */
bool shd_loose_any(const json_t *value);

/* Set one field of an entity, as said above. */
void shd_put_text(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value);
void shd_put_time(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value);
void shd_put_number(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value);
void shd_put_bool(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value);
void shd_put_money(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value,
		   const json_t *currency);
/* Of two times that tell the same, as shd_loose_either. */
void shd_put_either_time(struct shd_harvest *out, size_t at, enum shd_field field,
			 const json_t *first, const json_t *second);
/* The table's word for what is said. A word of a later day cannot be read: false, and
 * *ret_meant is untouched. */
bool shd_put_said(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value,
		  const struct shd_loose_word *table, const char **ret_meant);
/* The field cannot be read from this value; nothing is said where the member is absent. For
 * maps that make a field of several members. */
void shd_put_unread(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value);
/* The same of a metric: it stays as it was measured last. */
void shd_put_unmeasured(struct shd_harvest *out, enum shd_metric metric, bool is_target,
			const json_t *value);
/* A word that the field allows, of our own. */
void shd_put_word(struct shd_harvest *out, size_t at, enum shd_field field, const char *word);

/* An entity named by prefix + the id's text. False, SCHEMA naming `what`, when the id is
 * absent or none: a list, a text with a NUL in it, of blanks, or of more than 200 bytes. */
SHD_MUST_USE bool shd_put_entity(struct shd_harvest *out, enum shd_kind kind, const char *prefix,
				 const json_t *id, const char *what, size_t *ret_at,
				 struct shd_error *reterr);
