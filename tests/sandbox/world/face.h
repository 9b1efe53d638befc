/* sandbox/world/face.h - what the world needs of a platform: how it names and records the
 * things of a shop, and the seller's account there.
 *
 * A face is one constant table. It knows the world; the world knows no face but
 * through this. */
#pragma once
#include "world.h"

struct shd_shop;

/* An entry of the timeline changes a thing; the face completes its record and facts. */
struct shd_thing_change {
	struct shd_world *world;
	const json_t *given;   /* the entry's members, times resolved */
	const json_t *before; /* the record until now, NULL when it is new */
	json_t *record, *facts; /* to be completed */
	int64_t at_ms;
};

struct shd_face_kind {
	const char *id;       /* member of the record that identifies it */
	const char *part;     /* second member of the identity, NULL: none */
	const char *usual;    /* ... its value when an entry names none */
	const char *extra;    /* short forms of a scenario, space separated */
	const char *record;     /* of a new one: JSON in single quotes; +0s is its birth */
	int digits;           /* of fraction in its times */

	/* Fills what follows from the rest, after the entry's members were merged into
	 * the record and short forms were left out. NULL: nothing follows. */
	void (*complete)(const struct shd_thing_change *change);
};

struct shd_face {
	const struct shd_face_kind *kinds; /* [SHD_THING_COUNT] */

	/* The seller's account. check: errors CONFIG, *ret_key is the member that is
	 * wrong. change: members as check lets them pass. */
	void *(*open_account)(int64_t now_ms);
	void (*close_account)(void *account);
	bool (*check_account)(const json_t *given, const char **ret_key, struct shd_error *reterr);
	void (*change_account)(struct shd_shop *shop, const json_t *given);
};

/* True when word is one of known; otherwise CONFIG: unknown WHAT "word", did you ...? */
SHD_MUST_USE bool shd_known_word(const char *what, const char *word, const char *const *known,
				 size_t count, struct shd_error *reterr);
