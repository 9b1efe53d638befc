/* catalog/record.h - fields of an entity as a text that outlives this version.
 *
 * One line per field, by its name: `status=shipped`, `units=1000000`, `amount=1990RUB`;
 * a name alone is a field without a value. A backslash stands before a line feed (as
 * n) and before itself. Pure. */
#pragma once
#include "base/text.h"
#include "entity.h"

/* Appends the fields of the mask (bit i: field i of the kind). */
void shd_record_write(struct shd_text *out, const struct shd_entity *entity, uint64_t fields);

/* Sets what the text says in entity number `at` of the harvest. A field that this
 * version does not have, or whose value it cannot read, is passed over. */
void shd_record_read(const char *text, struct shd_harvest *harvest, size_t at);
