/* catalog/unread.h - what of an entity cannot be read now, although something is said of it.
 *
 * It is kept in the common field `unreadable`: a line for each field, with its name, the feed
 * that brought it and an example. The value that was known stays; whoever judges by it does not
 * know. What is derived from such a field is unknown with it. Pure. */
#pragma once
#include "entity.h"

/* Whether the field of this index, or one that it is derived from, cannot be read now. */
bool shd_unread_field(const struct shd_entity *entity, int index);

/* Whether the field of this name itself is among those that cannot be read. */
bool shd_unread_names(const struct shd_entity *entity, const char *name, size_t len);

/* After shd_entity_merge(entity, seen): takes what `seen` says otherwise of fields that are not
 * known, keeps in `unreadable` what it could not read, and drops what it could. Of what is blank
 * only that counts whose value is known, and when it began. `feed` is who said it (NULL: nobody of
 * ours). False: the arena, where the text lives, is full. */
SHD_MUST_USE bool shd_unread_merge(struct shd_entity *entity, const struct shd_entity *seen,
				   const char *feed, struct shd_arena *arena);

/* The same of the metrics that `harvest` brings, on the entity of the store: their lines stand
 * beside those of its fields. What one feed says of its metrics it says whole. */
SHD_MUST_USE bool shd_unread_merge_metrics(struct shd_entity *store,
	const struct shd_harvest *harvest, const char *feed, struct shd_arena *arena);

/* The line of the field's text at *at, which moves on; false behind the last. Names and example
 * are borrowed of the text and end where their lengths say. */
struct shd_unread_line {
	const char *field, *feed, *example;
	size_t field_len, feed_len, example_len;
};
bool shd_unread_next(const char **at, struct shd_unread_line *ret_line);

/* Appends what a line of an entity of this kind is about: "order.ship_by", or a metric's name. */
void shd_unread_print(
	enum shd_kind kind, const struct shd_unread_line *line, struct shd_text *out);
