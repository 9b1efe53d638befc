/* tests/support/odd_laws.h - one row read oddly, then well: what of that breaks which law.
 *
 * A law is broken by what a mapper makes of a record, by what the judge makes of an answer, or
 * by what the poll does next. What is found is kept, once for each row, place and thing. */
#pragma once
#include "odd_answers.h"
#include "odd_world.h"

/* X(NAME, what breaks it) */
#define LAW_MAP(X)                                                                                 \
	X(RESOLVES, "an alert ends")                                                               \
	X(FIRES, "an alert begins")                                                                \
	X(CLOSES, "something closes")                                                              \
	X(BECOMES, "what cannot be read becomes something")                                        \
	X(LOSES, "what can be read is not told")                                                   \
	X(HIDES, "what cannot be read is not said")                                                \
	X(RESTS, "a feed rests for more than 30 minutes")                                          \
	X(CIRCLES, "a list is followed in circles")                                                \
	X(REMAINS, "the next good answer does not mend it")

enum law {
#define X(id, text) LAW_##id,
	LAW_MAP(X)
#undef X
	LAW_COUNT
};

enum { RECORDS = 2, FINDINGS = 4000, MOVED = 200, SIGNATURES = 500, STRANGE = 1000 };

#define REST_MAX_MS (30 * SHD_MINUTE_MS)

struct finding {
	enum law law;
	char where[200], first[100]; /* row, place, what happens; by which oddity first */
	size_t count;
};

/* An entity that one answer changed, as it was before. */
struct moved {
	struct shd_entity *before;
	bool meant; /* by a value that can be read */
};

struct run {
	const struct shd_adapter *adapter;
	void (*seed)(struct odd_world *world); /* what a carrier tells of; or NULL */
	struct odd_body *bodies;
	size_t body_count;
	struct odd_world world;
	struct finding findings[FINDINGS];
	size_t finding_count, variations, polls, rebuilt;
	/* the variation under way */
	const struct shd_endpoint *row;
	const char *place, *oddity;
	const json_t *record;    /* as it was */
	unsigned may;
	struct shd_arena *arena;
	struct moved moved[MOVED];
	size_t moved_count;
	const struct shd_harvest *expected;
	char strange[STRANGE][100]; /* ids that odd answers made up: of whatever record */
	size_t strange_count;
	bool anew;               /* other records are told again: other rows may disagree */
	bool broken;             /* the world has to be made anew */
	bool other;              /* the record is of another thing, which sums count as well */
};

/* --- findings ------------------------------------------------------------------------------- */

SHD_PRINTF(3, 4)
static inline void found(struct run *run, enum law law, const char *fmt, ...)
{
	char where[200];
	va_list args;
	int len = snprintf(where, sizeof(where), "%s %s: ", run->row->name, run->place);

	va_start(args, fmt);
	vsnprintf(where + len, sizeof(where) - (size_t)len, fmt, args);
	va_end(args);
	run->broken |= law == LAW_REMAINS;
	for (size_t i = 0; i < run->finding_count; i++) {
		struct finding *known = &run->findings[i];

		if (known->law == law && strcmp(known->where, where) == 0) {
			known->count++;
			return;
		}
	}
	assert_true(run->finding_count < FINDINGS);
	struct finding *finding = &run->findings[run->finding_count++];
	*finding = (struct finding){.law = law, .count = 1};
	memcpy(finding->where, where, sizeof(where));
	snprintf(finding->first, sizeof(finding->first), "%.*s",
		(int)shd_utf8_cut(run->oddity, strlen(run->oddity), sizeof(finding->first) - 1),
		run->oddity);
}

static const char *name_of(enum shd_kind kind, int field)
{
	return shd_field_row(shd_kind_first(kind) + (enum shd_field)field)->name;
}

/* Fields that follow others, or the time; the others are looked at. */
static inline bool is_derived(const struct shd_field_row *row)
{
	static const enum shd_field fields[] = {SHD_F_parcel_stood_still,
		SHD_F_parcel_stood_still_on, SHD_F_parcel_customs_since, SHD_F_order_has_product,
		SHD_F_listing_state_since, SHD_F_listing_was_active, SHD_F_stock_cover,
		SHD_F_stock_unshipped};

	for (size_t i = 0; i < SHD_COUNT(fields); i++)
		if (shd_field_row(fields[i]) == row)
			return true;
	return odd_is_doubt(row);
}

/* Whether a field may change as it did, by a value of which run->may says what it can be read
 * as. */
static inline bool may_become(const struct run *run, const struct shd_field_row *row,
	const struct shd_value *before, const struct shd_value *after)
{
	unsigned may = run->may;

	if ((may & ODD_MEANT) || is_derived(row) || (after->none && (!before || before->none)))
		return true;
	if (before && shd_value_equal(before, after))
		return true;
	if ((may & ODD_ABSENT) && !after->none && odd_says(run->record, after))
		return true;
	if (after->none)
		return (may & ODD_EMPTY) && row->type == SHD_TEXT;
	switch (row->type) {
	case SHD_TEXT: /* one word of a few is none that nobody knows */
		return !row->words[0] && (may & (ODD_TEXT | ODD_NUMBER | ODD_BOOL));
	case SHD_NUMBER:
	case SHD_RATIO:
	case SHD_MONEY:
	case SHD_DURATION:
		return may & ODD_NUMBER;
	case SHD_BOOL:
		return may & ODD_BOOL;
	case SHD_TIME:
		return false;
	}
	return false;
}

static inline void found_value(struct run *run, enum shd_kind kind, int field,
	const struct shd_value *before, const struct shd_value *after)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	const char *oddity = run->oddity;

	shd_text_init(&text, 20000);
	shd_text_printf(&text, "%s: ", oddity);
	if (before)
		shd_value_print(before, &text);
	shd_text_puts(&text, " -> ");
	shd_value_print(after, &text);
	run->oddity = text.data;
	found(run, LAW_BECOMES, "%s.%s", shd_kind_name(kind), name_of(kind, field));
	run->oddity = oddity;
}

/* --- one record, mapped ------------------------------------------------------------------- */

static inline struct shd_harvest *map(struct run *run, const char *id, const char *text)
{
	struct shd_harvest *harvest = shd_harvest_create(1 << 20);
	struct shd_map_in in = {.source = odd_source_of(&run->world), .row = run->row,
		.fetched = {ODD_NOW_MS}, .id = id};
	struct shd_error err;
	json_auto_t *record = shd_adapter_parse(text, strlen(text), &err);

	if (record && !odd_is_foreign(run->row, record) &&
		run->row->map(&in, record, harvest, &err))
		return harvest;
	shd_harvest_destroy(harvest);
	return NULL;
}

static const struct shd_entity *find(
	const struct shd_harvest *harvest, enum shd_kind kind, const char *id)
{
	for (size_t i = 0; i < harvest->entity_count; i++)
		if (harvest->entities[i].kind == kind &&
			strcmp(harvest->entities[i].id, id) == 0)
			return &harvest->entities[i];
	return NULL;
}

static inline bool is_strange(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->strange_count; i++)
		if (strcmp(run->strange[i], id) == 0)
			return true;
	return false;
}

static inline bool says_unread(const struct shd_harvest *harvest)
{
	for (size_t i = 0; i < harvest->entity_count; i++)
		if (harvest->entities[i].unread)
			return true;
	return harvest->unmeasured_count;
}

/* Where an odd record says less than a good one, it says that something cannot be read. */
static inline void look_for_unread(struct run *run, const struct shd_entity *good,
	const struct shd_entity *odd, const struct shd_harvest *of)
{
	for (int i = 0; i < shd_kind_fields(odd->kind); i++)
		if (!(run->may & (ODD_ABSENT | ODD_EMPTY | ODD_MEANT)) && (good->set >> i & 1) &&
			!(odd->set >> i & 1) && !says_unread(of))
			found(run, LAW_HIDES, "%s.%s", shd_kind_name(odd->kind),
				name_of(odd->kind, i));
}

static inline void compare_entity(
	struct run *run, const struct shd_entity *good, const struct shd_entity *odd)
{
	for (int i = 0; i < shd_kind_fields(odd->kind); i++) {
		const struct shd_field_row *row =
			shd_field_row(shd_kind_first(odd->kind) + (enum shd_field)i);
		const struct shd_value *before =
			good && good->set >> i & 1 ? &good->fields[i] : NULL;

		if ((odd->set >> i & 1) && !may_become(run, row, before, &odd->fields[i]))
			found_value(run, odd->kind, i, before, &odd->fields[i]);
	}
}

static inline void compare_measures(
	struct run *run, const struct shd_harvest *good, const struct shd_harvest *odd)
{
	for (size_t i = 0; i < odd->measure_count; i++) {
		const struct shd_measure *measure = &odd->measures[i];
		bool same = run->may & (ODD_NUMBER | ODD_MEANT);

		for (size_t k = 0; k < good->measure_count && !same; k++)
			same = good->measures[k].metric == measure->metric &&
			       good->measures[k].is_target == measure->is_target &&
			       shd_value_equal(&good->measures[k].value, &measure->value);
		if (!same)
			found(run, LAW_BECOMES, "metric %s is another one",
				shd_metric_row(measure->metric)->name);
	}
}

static inline void compare(
	struct run *run, const struct shd_harvest *good, const struct shd_harvest *odd)
{
	for (size_t i = 0; i < odd->entity_count; i++) {
		const struct shd_entity *entity = &odd->entities[i];
		const struct shd_entity *is = find(good, entity->kind, entity->id);

		/* another id is another thing, and may be anything */
		if (is) {
			compare_entity(run, is, entity);
			look_for_unread(run, is, entity, odd);
		} else if (!(run->may & (ODD_TEXT | ODD_NUMBER | ODD_BOOL | ODD_MEANT)))
			found(run, LAW_BECOMES, "a new %s", shd_kind_name(entity->kind));
		run->other |= !is;
		if (is || is_strange(run, entity->id))
			continue;
		assert_true(run->strange_count < STRANGE);
		snprintf(run->strange[run->strange_count++], sizeof(run->strange[0]), "%s",
				entity->id);
	}
	compare_measures(run, good, odd);
}

/* What the judge would see of it. */
static inline uint64_t signature(const struct shd_harvest *harvest)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	if (!harvest)
		return 1;
	shd_text_init(&text, 8 << 20);
	for (size_t i = 0; i < harvest->entity_count; i++) {
		const struct shd_entity *entity = &harvest->entities[i];

		shd_text_printf(&text, "\n%d %s", (int)entity->kind, entity->id);
		for (int f = 0; f < shd_kind_fields(entity->kind); f++) {
			if (!(entity->set >> f & 1))
				continue;
			shd_text_printf(&text, " %d:%d=", f, entity->fields[f].none);
			shd_value_print(&entity->fields[f], &text);
		}
	}
	for (size_t i = 0; i < harvest->measure_count; i++) {
		shd_text_printf(&text, "\n%d %d ", (int)harvest->measures[i].metric,
			harvest->measures[i].is_target);
		shd_value_print(&harvest->measures[i].value, &text);
	}
	for (size_t i = 0; i < harvest->follow_count; i++)
		shd_text_printf(&text, "\n>%s", harvest->follows[i].id);
	return shd_hash(text.data, text.len);
}

/* --- what a transaction changes --------------------------------------------------------------- */

static inline struct moved *moved_of(struct run *run, const char *id)
{
	for (size_t i = 0; i < run->moved_count; i++)
		if (strcmp(run->moved[i].before->id, id) == 0)
			return &run->moved[i];
	return NULL;
}

static inline bool is_health(enum shd_kind kind)
{
	return kind == SHD_KIND_poller || kind == SHD_KIND_channel || kind == SHD_KIND_store;
}

static inline void look_at_entity(struct run *run, const struct shd_entity *after)
{
	struct bench *b = &run->world.b;
	const struct shd_entity *before = bench_entity(b, after->kind, after->id);

	if (!before || is_health(after->kind) || is_strange(run, after->id))
		return;
	bool missing = odd_is_missing(&run->world, before), meant = missing;
	shd_assert(run->moved_count < MOVED);
	for (int i = 0; i < shd_kind_fields(after->kind); i++) {
		const struct shd_value *was = &before->fields[i], *is = &after->fields[i];
		const struct shd_field_row *row =
			shd_field_row(shd_kind_first(after->kind) + (enum shd_field)i);

		if (i == SHD_I_progressed_at || i == SHD_I_closed_at || shd_value_equal(was, is) ||
			is_derived(row))
			continue;
		if (i == SHD_I_closed && is->n && run->may != ODD_MEANT) {
			if (!missing)
				found(run, LAW_CLOSES, "%s closes", shd_kind_name(after->kind));
			continue;
		}
		if (run->anew || may_become(run, row, was, is))
			meant = true;
		else
			found_value(run, after->kind, i, was, is);
	}
	const char *id = shd_arena_text(run->arena, after->id, strlen(after->id));
	struct shd_entity *copy = shd_arena_alloc(run->arena, 1, sizeof(*copy));
	size_t count = (size_t)shd_kind_fields(after->kind);
	struct shd_value *fields = shd_arena_alloc(run->arena, count, sizeof(*fields));
	memcpy(fields, before->fields, count * sizeof(*fields));
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == SHD_TEXT && !fields[i].none)
			fields[i].text =
				shd_arena_text(run->arena, fields[i].text, fields[i].len);
	*copy = (struct shd_entity){.kind = after->kind, .id = id, .fields = fields};
	run->moved[run->moved_count++] = (struct moved){copy, meant};
}

static const struct shd_alert *alert_of(const struct shd_change_set *changes, int64_t number)
{
	for (size_t i = 0; i < changes->alert_count; i++)
		if (changes->alerts[i].alert.number == number)
			return &changes->alerts[i].alert;
	return NULL;
}

/* Of the rules that the world makes up, what they are about. */
static inline void name_rule(char *text, size_t size, const char *rule)
{
	const struct shd_field_row *row;

	if (strncmp(rule, "has-", 4) != 0) {
		snprintf(text, size, "%s", rule);
		return;
	}
	row = shd_field_row((enum shd_field)strtol(rule + 4, NULL, 10));
	snprintf(text, size, "%s.%s", shd_kind_name(row->kind), row->name);
}

/* Only what a value meant may move an alert; what is new may begin one. */
static inline void look_at_event(struct run *run, const struct shd_change_set *changes,
	const struct shd_alert_event *event)
{
	const struct shd_alert *alert = alert_of(changes, event->alert);
	const struct moved *moved = alert ? moved_of(run, alert->entity) : NULL;

	if (!alert || run->anew || run->may == ODD_MEANT || (moved && moved->meant) ||
		is_strange(run, alert->entity))
		return;
	const struct shd_rule *rule = shd_rules_find(run->world.b.rules, alert->rule);
	if (rule->each && rule->kind == SHD_KIND_poller)
		return;
	char about[100];
	name_rule(about, sizeof(about), alert->rule);
	if (event->move == SHD_MOVE_RESOLVED)
		found(run, LAW_RESOLVES, "%s", about);
	else if ((event->move == SHD_MOVE_NEW || event->move == SHD_MOVE_ESCALATED) &&
		 !run->other && (moved || !rule->each))
		found(run, LAW_FIRES, "%s", about);
}

static inline void look(struct odd_world *world, const struct shd_change_set *changes)
{
	struct run *run = world->ctx;

	for (size_t i = 0; i < changes->entity_count; i++)
		look_at_entity(run, changes->entities[i].entity);
	for (size_t i = 0; i < changes->event_count; i++)
		look_at_event(run, changes, &changes->events[i]);
}

static inline void look_for_expected(struct odd_world *world, const struct shd_harvest *harvest)
{
	struct run *run = world->ctx;

	for (size_t i = 0; i < run->expected->entity_count; i++) {
		const struct shd_entity *entity = &run->expected->entities[i];

		if (!find(harvest, entity->kind, entity->id))
			found(run, LAW_LOSES, "%s is not told", shd_kind_name(entity->kind));
	}
}

/* --- the world ----------------------------------------------------------------------------------
 */

static inline void read_well(struct run *run, size_t at)
{
	struct odd_polled polled;

	odd_read(&run->world, at, NULL, false, &polled);
	if (polled.state == SHD_POLL_FAILED)
		fail_msg("%s: %s", odd_row(&run->world, at)->name, polled.error.msg);
	run->polls++;
}

static inline bool odd_same_place(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The case that says most of what the row's mapper reads; NULL: none. */
static const struct odd_body *best_body(
	const struct run *run, const struct shd_adapter *adapter, size_t at)
{
	const struct odd_body *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < run->body_count; i++) {
		size_t entities = json_array_size(json_object_get(run->bodies[i].want, "entities"));

		const struct shd_endpoint *of = &adapter->endpoints[run->bodies[i].at];

		if (of->map != adapter->endpoints[at].map ||
			!odd_same_place(of->records, adapter->endpoints[at].records))
			continue;
		if (!best || entities > most) {
			best = &run->bodies[i];
			most = entities;
		}
	}
	return best;
}

/* A FOLLOW is read with the list that has a record which asks for it, or that asks by id. */
static inline size_t find_lister(
	const struct run *run, const struct shd_adapter *adapter, size_t at)
{
	for (size_t i = 0; i < run->body_count; i++) {
		const json_t *follows = json_object_get(run->bodies[i].want, "follows"), *follow;
		size_t k, len = strlen(adapter->endpoints[at].name);

		json_array_foreach (follows, k, follow) {
			const char *name = json_string_value(follow);

			if (strncmp(name, adapter->endpoints[at].name, len) == 0 &&
				name[len] == ' ')
				return run->bodies[i].at;
		}
	}
	for (size_t i = 0; i < adapter->endpoint_count; i++)
		if (adapter->endpoints[i].asks &&
			strcmp(adapter->endpoints[i].asks, adapter->endpoints[at].name) == 0)
			return i;
	fail_msg("no case asks to follow %s", adapter->endpoints[at].name);
	return 0;
}

static inline void open_world(struct run *run, const struct shd_adapter *adapter)
{
	struct odd_world *world = &run->world;

	*world = (struct odd_world){.ctx = run};
	run->strange_count = 0;
	odd_world_open(world, adapter);
	if (run->seed)
		run->seed(world);
	for (size_t i = 0; i < adapter->endpoint_count; i++) {
		const struct odd_body *body = best_body(run, adapter, i);

		if (!body)
			fail_msg("no case for %s", adapter->endpoints[i].name);
		world->good[i] = odd_dump(body->json, "");
		world->asked[i] = body->id;
		world->listed[i] = json_string_value(json_object_get(
			json_array_get(json_object_get(body->want, "entities"), 0), "id"));
		if (adapter->endpoints[i].paging == SHD_PAGE_FOLLOW)
			world->lister[i] = find_lister(run, adapter, i);
	}
	for (size_t i = 0; i < adapter->endpoint_count; i++)
		if (adapter->endpoints[i].paging != SHD_PAGE_FOLLOW)
			read_well(run, i);
}

static inline void close_world(struct run *run)
{
	for (size_t i = 0; i < run->world.adapter.endpoint_count; i++)
		free((char *)run->world.good[i]);
	odd_world_close(&run->world);
}

/* Another good answer of this row from now on. */
static inline void set_good(struct run *run, size_t at, const json_t *body)
{
	free((char *)run->world.good[at]);
	run->world.good[at] = odd_dump(body, "");
	for (int i = 0; i < 3; i++) { /* what another answer listed may be missed first */
		shd_pages_clear(&odd_feed(&run->world, at)->pages);
		odd_feed(&run->world, at)->swept = false;
		read_well(run, at);
	}
}

/* --- one odd answer --------------------------------------------------------------------------- */

static inline void check_mended(struct run *run)
{
	for (size_t i = 0; i < run->moved_count; i++) {
		const struct shd_entity *before = run->moved[i].before;
		const struct shd_entity *now =
			bench_entity(&run->world.b, before->kind, before->id);

		for (int f = 0; f < shd_kind_fields(before->kind) && !run->moved[i].meant; f++)
			if (f != SHD_I_progressed_at && f != SHD_I_closed_at &&
				!is_derived(shd_field_row(
					shd_kind_first(before->kind) + (enum shd_field)f)) &&
				!shd_value_equal(&before->fields[f], &now->fields[f]))
				found(run, LAW_REMAINS, "%s.%s", shd_kind_name(before->kind),
					name_of(before->kind, f));
	}
}

static inline bool any_meant(const struct run *run)
{
	for (size_t i = 0; i < run->moved_count; i++)
		if (run->moved[i].meant)
			return true;
	return false;
}

/* Reads the row oddly, then well. `anew`: as after a restart. */
static inline void try(struct run *run, size_t at, const struct odd_answer *odd, bool anew)
{
	struct odd_world *world = &run->world;
	struct odd_polled polled;

	run->variations++;
	run->polls += 2;
	run->moved_count = 0;
	shd_arena_reset(run->arena);
	run->anew = anew;
	world->look = look;
	world->brought = run->expected ? look_for_expected : NULL;
	odd_read(world, at, odd, anew, &polled);
	world->look = NULL;
	world->brought = NULL;
	if (run->expected && polled.state == SHD_POLL_FAILED)
		found(run, LAW_LOSES, "the page is not read: %s", polled.error.msg);
	if (polled.wait_ms > REST_MAX_MS)
		found(run, LAW_RESTS, "%s for %lld min", shd_err_name(polled.error.kind),
			(long long)(polled.wait_ms / SHD_MINUTE_MS));
	if (polled.endless)
		found(run, LAW_CIRCLES, "more than %d requests", ODD_REQUESTS);
	odd_read(world, at, NULL, false, &polled);
	if (polled.state == SHD_POLL_FAILED)
		found(run, LAW_REMAINS, "the next good answer: %s", polled.error.msg);
	check_mended(run);
	/* what was meant may have begun another case, until its list is read again */
	if (odd_row(world, at)->paging == SHD_PAGE_FOLLOW && any_meant(run))
		odd_read(world, at, NULL, false, &polled);
	if (!run->broken)
		return;
	run->rebuilt++;
	json_error_t ignored;
	json_auto_t *good = json_loads(world->good[at], JSON_DECODE_ANY | JSON_ALLOW_NUL, &ignored);
	const struct shd_adapter adapter = world->adapter;
	close_world(run);
	open_world(run, &adapter);
	set_good(run, at, good);
	run->broken = false;
}
