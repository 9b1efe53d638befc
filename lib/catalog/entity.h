/* catalog/entity.h - values, entities and the harvest of one poll.
 *
 * A harvest is what one poll brought: entities (each only with the fields this
 * answer speaks of), metrics, and ids to follow up. An adapter fills it, the
 * judge (lib/judge/judge.h) consumes it. Pure; one thread at a time. */
#pragma once
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "catalog.h"

/* A value, or its absence. Texts are borrowed from the arena the value was made
 * in. `len` and `text` belong to TEXT, `currency` to MONEY, `n` to the others. */
struct shd_value {
	enum shd_type type;
	bool none;
	char currency[4];
	uint32_t len;
	union {
		int64_t n;
		const char *text;
	};
};

/* Equal type, absence and content. */
bool shd_value_equal(const struct shd_value *a, const struct shd_value *b);

/* As the rules language writes it: true, 4.5, 4%, 1d12h, 99.90 RUB; a text without
 * quotes, a time in ISO 8601, and "none". */
void shd_value_print(const struct shd_value *value, struct shd_text *out);

/* A field that the observation speaks of in a form that nobody can read. */
struct shd_unreadable {
	const struct shd_unreadable *next;
	int index;           /* of the field, within its kind */
	bool blank;          /* null, empty or a zero time: odd only where a value was known */
	const char *example; /* what it looks like, for people */
	const struct shd_value *otherwise; /* what it is where no value is known; NULL: none */
};

/* fields[i] is field shd_kind_first(kind) + i. Of each the observation says one of three things:
 * bit i of `set`: its value, which may be `none`; an entry of `unread`: something that cannot be
 * read; neither: nothing. The last two keep the stored value. */
struct shd_entity {
	enum shd_kind kind;
	const char *id;
	uint64_t set;
	bool known_only; /* of an observation: nothing comes of it unless the id is known */
	bool by_id;      /* of an observation: it was asked for by id, and is on no list for it */
	const struct shd_unreadable *unread; /* NULL: all could be read */
	struct shd_value *fields;
};

struct shd_measure {
	enum shd_metric metric;
	bool is_target; /* the platform's own limit for the metric */
	struct shd_value value;
};

/* A metric that the answer speaks of in a form that nobody can read. */
struct shd_unmeasured {
	enum shd_metric metric;
	bool is_target;
	const char *example; /* what it looks like, for people */
};

/* An object the adapter wants to read as well, within the same poll: `endpoint`
 * is the name of an endpoint row of the same market. */
struct shd_follow {
	const char *endpoint, *id;
};

struct shd_harvest {
	struct shd_arena *arena; /* owns all texts below */
	struct shd_entity *entities;
	struct shd_measure *measures;
	struct shd_unmeasured *unmeasured;
	struct shd_follow *follows;
	size_t entity_count, measure_count, unmeasured_count, follow_count;
	size_t unread_rows; /* of records, that came to no entity: the list is incomplete */
	/* private: */
	size_t entity_room, measure_room, unmeasured_room, follow_room;
	bool full;
};

/* max_bytes: the most all texts and fields of one poll may take. */
struct shd_harvest *shd_harvest_create(size_t max_bytes);
void shd_harvest_destroy(struct shd_harvest *harvest); /* accepts NULL */

/* Adds an entity without fields and returns its index (pointers into
 * harvest->entities move when it grows). Copies the id. */
size_t shd_harvest_entity(struct shd_harvest *harvest, enum shd_kind kind, const char *id,
			  size_t id_len);

/* The same, of one that is changed when it is known, and not made when it is not. */
size_t shd_harvest_known(struct shd_harvest *harvest, enum shd_kind kind, const char *id,
			 size_t id_len);

/* Set one field of entity number `at`. The field must belong to the entity's kind
 * and have the type the function says; both are asserted. Texts are copied, cut
 * at SHD_FIELD_BYTES and cleaned (invalid UTF-8 and control characters become
 * U+FFFD). shd_set_none says that the field has no value. */
#define SHD_FIELD_BYTES 4096
void shd_set_none(struct shd_harvest *harvest, size_t at, enum shd_field field);
void shd_set_n(struct shd_harvest *harvest, size_t at, enum shd_field field, int64_t n);
void shd_set_text(struct shd_harvest *harvest, size_t at, enum shd_field field, const char *text,
		  size_t len);
void shd_set_money(struct shd_harvest *harvest, size_t at, enum shd_field field, int64_t minor,
		   const char currency[4]);

/* Says that the field cannot be read; `blank` as in struct shd_unreadable. Copies the example. What
 * is said of a field last counts. */
void shd_set_unread(struct shd_harvest *harvest, size_t at, enum shd_field field, bool blank,
		    const char *example);

/* What was set of the field, if anything, follows from something else than what should tell it:
 * it counts where no value is known. Another one that is known stays, and cannot be read. */
void shd_set_otherwise(struct shd_harvest *harvest, size_t at, enum shd_field field,
		       const char *example);

/* Add a metric, one that cannot be read, and an object to be read as well. Texts are copied. */
void shd_harvest_measure(struct shd_harvest *harvest, enum shd_metric metric, bool is_target,
			 struct shd_value value);
void shd_harvest_unmeasured(struct shd_harvest *harvest, enum shd_metric metric, bool is_target,
			    const char *example);
void shd_harvest_follow(struct shd_harvest *harvest, const char *endpoint, const char *id,
			size_t id_len);

/* False, kind LIMIT, when something did not fit: the poll then fails as a whole. */
SHD_MUST_USE bool shd_harvest_ok(const struct shd_harvest *harvest, struct shd_error *reterr);

/* Whether the answer says anything of entities or metrics. */
bool shd_harvest_says(const struct shd_harvest *harvest);

/* What its entities and texts take. */
size_t shd_harvest_bytes(const struct shd_harvest *harvest);

/* The value of a field, by its global number. */
static inline const struct shd_value *shd_entity_get(const struct shd_entity *entity,
						      enum shd_field field)
{
	return &entity->fields[field - shd_kind_first(entity->kind)];
}
