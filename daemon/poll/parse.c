/* The half of a poll that runs on the pool: parses what is new of a page. */
#include "poll.h"

#include "base/hash.h"
#include "base/secret.h"
#include "host/json_room.h"
#include "market/loose.h"
#include "market/slice.h"

#include <stdlib.h>
#include <string.h>

enum {
	ENVELOPE_BYTES = 1024 * 1024,
	BAD_MAX = 2, /* more records that could not be understood, and no other, fail a list */
	OWNER_BYTES = 200,
};

static size_t find_follow(const struct shd_poll *poll, const struct shd_follow *follow)
{
	for (size_t i = 0; i < poll->follow_count; i++)
		if (strcmp(poll->follows[i].row->name, follow->endpoint) == 0 &&
		    strcmp(poll->follows[i].id, follow->id) == 0)
			return i;
	return SIZE_MAX;
}

/* Takes over what the record asked to follow. False when there was no room: the
 * record then has to come again with the next poll. */
static bool take_follows(struct shd_poll *poll, size_t from)
{
	struct shd_harvest *harvest = poll->harvest;
	bool all = true;

	for (size_t i = from; i < harvest->follow_count; i++) {
		struct shd_follow *follow = &harvest->follows[i];

		if (find_follow(poll, follow) != SIZE_MAX)
			continue;
		if (poll->follow_count == SHD_POLL_FOLLOWS) {
			all = false;
			continue;
		}
		const struct shd_endpoint *row =
			shd_source_endpoint(poll->source, follow->endpoint);
		shd_assert(row && row->paging == SHD_PAGE_FOLLOW);
		shd_grow(poll->follows, poll->follow_count, poll->follow_room);
		poll->follows[poll->follow_count++] = (struct shd_poll_follow){.row = row,
			.id = follow->id,
			.page = poll->pages.count,
			.record = (uint32_t)poll->draft.count};
	}
	return all;
}

/* The record's keys: a record may be of several entities. */
static void add_keys(struct shd_poll *poll, size_t from)
{
	const struct shd_harvest *harvest = poll->harvest;
	const struct shd_endpoint *row = poll->row;

	for (size_t i = from; poll->draft.keyed && i < harvest->entity_count; i++)
		if (harvest->entities[i].kind ==
			(row->complete ? row->closes : harvest->entities[from].kind))
			shd_page_draft_key(&poll->draft, harvest->entities[i].id);
}

/* Of a record without rows: whose they would be. */
static void add_owner(struct shd_poll *poll, const json_t *record)
{
	const struct shd_endpoint *row = poll->row;
	const json_t *rows = row->rows_at ? json_object_get(record, row->rows_at) : NULL;
	struct shd_loose_text owner;
	char key[OWNER_BYTES + 2] = {SHD_OWNER_MARK};

	if (!json_is_array(rows) || json_array_size(rows) ||
		!shd_loose_text(json_object_get(record, row->owner_at), &owner) ||
		owner.len > OWNER_BYTES)
		return;
	memcpy(key + 1, owner.text, owner.len);
	shd_page_draft_key(&poll->draft, key);
}

static int compare_id(const void *id, const void *asked)
{
	return strcmp(id, *(const char *const *)asked);
}

static bool was_asked_for(const struct shd_poll *poll, const char *id)
{
	const struct shd_page_in *in = &poll->page_in;

	if (!shd_poll_follows(poll)) /* the ids of a BATCH are sorted */
		return bsearch(id, in->ids, in->id_count, sizeof(*in->ids), compare_id);
	for (size_t i = 0; i < in->id_count; i++)
		if (strcmp(in->ids[i], id) == 0)
			return true;
	return false;
}

/* Whether the record is of an id that the request did not ask for. Without an id that can be
 * read it is the map that refuses it. */
static bool is_of_other_id(const struct shd_poll *poll, const json_t *record,
			   struct shd_loose_text *ret_id)
{
	const struct shd_endpoint *row = poll->row;

	return row->id_at && shd_loose_text(json_object_get(record, row->id_at), ret_id) &&
	       !was_asked_for(poll, ret_id->text);
}

/* The word a record says of itself that is none of those asked for; NULL: it is, or it says
 * nothing. */
static const json_t *find_other_word(const struct shd_endpoint *row, const json_t *record)
{
	const json_t *word = row->only ? shd_loose_at(record, row->only_at) : NULL;

	if (!json_is_string(word))
		return NULL;
	for (const char *const *only = row->only; *only; only++)
		if (shd_loose_is(word, *only))
			return NULL;
	return word;
}

static void lacks(struct shd_poll *poll, enum shd_lack lack)
{
	if (lack > poll->page_lack)
		poll->page_lack = lack;
}

/* Without those of which some rows were read. */
static size_t count_unread(const struct shd_poll *poll)
{
	return poll->bad_records - poll->partly_read;
}

static size_t count_left_out(const struct shd_poll *poll)
{
	return count_unread(poll) + poll->foreign_records;
}

static void leave_out(struct shd_poll *poll, uint64_t hash, enum shd_left_out why)
{
	bool unread = why == SHD_LEFT_OUT_UNREAD;

	if (unread)
		poll->bad_records++;
	else
		poll->foreign_records++;
	lacks(poll, unread ? SHD_LACK_UNREAD : SHD_LACK_FOREIGN);
	shd_page_draft_add(&poll->draft, hash, why, NULL);
}

/* Leaves out a record that is not what was asked for. */
static bool leave_out_foreign(struct shd_poll *poll, const json_t *record, uint64_t hash)
{
	const json_t *word = find_other_word(poll->row, record);
	struct shd_loose_text id;

	if (is_of_other_id(poll, record, &id)) {
		poll->body_hash = 0; /* the same answer may be to other ids the next time */
		shd_fail(&poll->foreign_record, SHD_ERR_SCHEMA,
			"\"%s\" is \"%.40s\", which was not asked for", poll->row->id_at, id.text);
		leave_out(poll, hash, SHD_LEFT_OUT_FOREIGN);
		return true;
	}
	if (!word)
		return false;
	bool known = poll->row->knows(word);
	shd_fail(known ? &poll->foreign_record : &poll->bad_record, SHD_ERR_SCHEMA,
		"\"%s\" is \"%.40s\", %s", poll->row->only_at, json_string_value(word),
		known ? "which was not asked for" : "a word that is not known");
	leave_out(poll, hash, known ? SHD_LEFT_OUT_FOREIGN : SHD_LEFT_OUT_UNREAD);
	return true;
}

/* Takes note of a record that was mapped, of which some rows may not have been read. */
static void take_in(struct shd_poll *poll, uint64_t hash, bool whole)
{
	if (!whole) {
		poll->bad_records++;
		poll->partly_read++;
		lacks(poll, SHD_LACK_UNREAD);
	}
	shd_page_draft_add(
		&poll->draft, hash, whole ? SHD_NOT_LEFT_OUT : SHD_LEFT_OUT_IN_PART, NULL);
}

/* One record that is not known. One of a list that is not understood is left out and counted,
 * its neighbours are not. False: the answer is one record, and no JSON. */
static bool map_record(struct shd_poll *poll, const char *bytes, size_t len, uint64_t hash,
		       struct shd_error *reterr)
{
	struct shd_harvest *harvest = poll->harvest;
	size_t entities = harvest->entity_count, follows = harvest->follow_count;
	size_t unread_rows = harvest->unread_rows;
	struct shd_map_in in = {.source = poll->source, .row = poll->row, .fetched = poll->fetched};
	bool listed = poll->row->records;
	SHD_JSON_ROOM();
	json_auto_t *record = shd_adapter_parse(bytes, len, listed ? &poll->bad_record : reterr);

	if (!record && !listed)
		return false;
	poll->parsed_records++;
	if (!record) {
		leave_out(poll, hash, SHD_LEFT_OUT_UNREAD);
		return true;
	}
	if (shd_poll_follows(poll) && poll->page_in.id_count == 1)
		in.id = poll->page_in.ids[0];
	if (leave_out_foreign(poll, record, hash))
		return true;
	if (poll->row->map && !poll->row->map(&in, record, harvest, &poll->bad_record)) {
		leave_out(poll, hash, SHD_LEFT_OUT_UNREAD);
		return true;
	}
	for (size_t i = entities; shd_poll_asks(poll) && i < harvest->entity_count; i++)
		harvest->entities[i].by_id = true;
	if (!shd_poll_follows(poll) && !take_follows(poll, follows)) {
		poll->body_hash = hash = 0; /* the page comes again */
	}
	take_in(poll, hash, harvest->unread_rows == unread_rows);
	add_keys(poll, entities);
	add_owner(poll, record);
	return true;
}

/* Whether a record that was left out need not be read again: this poll has an example of why, and
 * the reason is the record's alone, not which ids were asked for. */
static bool stays_left_out(const struct shd_poll *poll, enum shd_left_out why)
{
	switch (why) {
	case SHD_LEFT_OUT_UNREAD:
		return poll->bad_records;
	case SHD_LEFT_OUT_FOREIGN:
		return poll->foreign_records && !poll->row->id_at;
	case SHD_LEFT_OUT_IN_PART:
	case SHD_NOT_LEFT_OUT:
		break;
	}
	return false;
}

static bool take_record(struct shd_poll *poll, size_t at, size_t len, struct shd_error *reterr)
{
	struct shd_known_record known;
	uint64_t hash = shd_hash(poll->body.data + at, len);

	if (shd_poll_follows(poll) || !shd_known_find(poll->known, hash, &known))
		return map_record(poll, poll->body.data + at, len, hash, reterr);
	if (known.left_out == SHD_NOT_LEFT_OUT)
		shd_page_draft_add(&poll->draft, hash, SHD_NOT_LEFT_OUT, known.keys);
	else if (stays_left_out(poll, known.left_out))
		leave_out(poll, hash, known.left_out);
	else
		return map_record(poll, poll->body.data + at, len, hash, reterr);
	return true;
}

/* How many rows the whole list has, by its own account. */
static void read_total(struct shd_poll *poll, const json_t *envelope)
{
	int64_t total;

	for (size_t i = 0; i < SHD_COUNT(poll->row->total) && poll->row->total[i]; i++)
		if (shd_loose_int(shd_loose_at(envelope, poll->row->total[i]), &total) &&
			total >= 0 && total < SHD_PAGE_NO_TOTAL) {
			poll->page_total = (uint32_t)total;
			return;
		}
}

/* Whether what the page says of the next one can be true. */
static void look_at_end(struct shd_poll *poll)
{
	struct shd_page_out *out = &poll->page_out;
	/* A position that does not move on would be asked for again and again. */
	bool stands = strcmp(out->position.data, poll->position.data) == 0;
	/* A list of changes may have stretches without any. */
	bool is_empty = !poll->draft.count && !poll->row->resumes;

	if (out->last && out->more)
		lacks(poll, stands && out->position.len ? SHD_LACK_STILL : SHD_LACK_NO_NEXT);
	else if (!out->last && stands && out->more)
		lacks(poll, SHD_LACK_STILL);
	else if (!out->last && !stands && is_empty)
		lacks(poll, SHD_LACK_EMPTY);
	out->last = out->last || stands || is_empty;
}

/* Where the next page is, from the answer without its records. */
static bool find_next(struct shd_poll *poll, const struct shd_slicer *slicer,
		      struct shd_error *reterr)
{
	struct shd_page_out *out = &poll->page_out;
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};

	if (!poll->row->next || shd_poll_follows(poll))
		return true;
	shd_text_init(&text, ENVELOPE_BYTES);
	shd_slice_envelope(slicer, &text);
	if (!shd_text_ok(&text))
		return shd_fail(reterr, SHD_ERR_LIMIT, "more than %d bytes beside the records",
				ENVELOPE_BYTES);
	SHD_JSON_ROOM();
	json_auto_t *envelope = shd_adapter_parse(text.data, text.len, reterr);
	if (!envelope || !poll->row->next(poll->row, envelope, poll->draft.count, &poll->page_in,
					  out, reterr))
		return false;
	if (!shd_text_ok(&out->position))
		return shd_fail(reterr, SHD_ERR_LIMIT,
			"the position of the next page has more than %d bytes", SHD_POSITION_BYTES);
	read_total(poll, envelope);
	look_at_end(poll);
	return true;
}

static bool take_records(struct shd_poll *poll, struct shd_error *reterr)
{
	struct shd_slicer slicer;
	size_t at, len, left_out;
	bool more = true;

	if (!poll->row->records)
		return map_record(poll, poll->body.data, poll->body.len, poll->body_hash, reterr);
	if (!shd_slice_open(&slicer, poll->body.data, poll->body.len, poll->row->records, reterr))
		return false;
	for (size_t records = 0;; records++) {
		if (!shd_slice_next(&slicer, &at, &len, &more, reterr))
			return false;
		if (!more)
			break;
		if (atomic_load_explicit(&poll->give_up, memory_order_relaxed))
			return shd_fail(reterr, SHD_ERR_CLOSING, "nobody waits for it any more");
		if (records == SHD_POLL_RECORDS_MAX)
			return shd_fail(reterr, SHD_ERR_LIMIT, "more than %d records in a page",
				SHD_POLL_RECORDS_MAX);
		left_out = count_left_out(poll);
		if (!take_record(poll, at, len, reterr))
			return false;
		if (count_left_out(poll) > left_out)
			continue;
		poll->page_in.last_record = poll->body.data + at;
		poll->page_in.last_record_len = len;
	}
	return find_next(poll, &slicer, reterr);
}

/* The answer as the JSON list that it stands for. */
static bool decode(struct shd_poll *poll, struct shd_error *reterr)
{
	size_t max_bytes = (size_t)poll->source->body_max_bytes;
	struct shd_text list SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&list, SHD_DECODE_FACTOR * max_bytes);
	if (!shd_decode(poll->row->decode, poll->row->columns, poll->body.data, poll->body.len,
		    max_bytes, &list, reterr))
		return false;
	shd_text_finish(&poll->body);
	poll->body = list;
	list = (struct shd_text){0};
	return true;
}

static void clear_page_out(struct shd_page_out *out)
{
	out->last = true;
	out->more = false;
	out->expires.ms = 0;
	shd_text_clear(&out->position);
}

/* A page that repeats the ones before ends the walk, whatever it says of a next one. */
static void keep_page(struct shd_poll *poll)
{
	const struct shd_page_out *out = &poll->page_out;
	struct shd_page *page = shd_page_create(&poll->draft, poll->body_hash, poll->position.data,
		out->last, out->last ? "" : out->position.data);
	bool first = !poll->pages.count || !poll->position.len;

	if (!first && page->count && !poll->row->overlaps &&
		!shd_walk_is_new(&poll->walk, &poll->pages, page)) {
		lacks(poll, SHD_LACK_REPEATS);
		page->last = true;
		page->body_hash = 0; /* it may be new after other pages */
	}
	page->lack = (uint8_t)poll->page_lack;
	page->total = poll->page_total;
	shd_pages_add(&poll->pages, page);
}

/* Whether the page is of another kind than what is expected: nothing of it could be understood,
 * nor was anything on the pages before. Of an object to follow, its record has to be. */
static bool is_strange(const struct shd_poll *poll, size_t bad, size_t left_out_before)
{
	if (!bad || bad < poll->draft.count)
		return false;
	if (!poll->row->records || shd_poll_follows(poll))
		return true;
	return bad > BAD_MAX && shd_pages_records(&poll->pages) <= left_out_before;
}

static bool parse_page(struct shd_poll *poll, struct shd_error *reterr)
{
	struct shd_page_out *out = &poll->page_out;
	size_t unread_before = count_unread(poll);
	size_t left_out_before = count_left_out(poll);

	if (!poll->harvest)
		poll->harvest = shd_harvest_create(SHD_POLL_HARVEST_BYTES);
	if (!poll->known)
		poll->known = shd_known_create(&poll->feed->pages);
	poll->follow_entities = poll->harvest->entity_count;
	shd_page_draft_clear(&poll->draft);
	poll->page_lack = SHD_LACK_NOTHING;
	poll->page_total = SHD_PAGE_NO_TOTAL;
	if (!shd_poll_follows(poll)) /* else the list's last page was read before */
		clear_page_out(out);
	poll->page_in.last_record = NULL;
	poll->page_in.last_record_len = 0;
	if (poll->row->decode != SHD_DECODE_JSON && !decode(poll, reterr))
		return false;
	if (!take_records(poll, reterr) || !shd_harvest_ok(poll->harvest, reterr))
		return false;
	size_t unread = count_unread(poll) - unread_before;
	if (is_strange(poll, unread, left_out_before)) {
		*reterr = poll->bad_record;
		poll->bad_records -= unread;
		return false;
	}
	if (!shd_text_ok(&poll->draft.keys))
		return shd_fail(reterr, SHD_ERR_LIMIT, "the keys of a page are too long");
	if (shd_poll_follows(poll))
		return true;
	keep_page(poll);
	return true;
}

/* What a whole reading listed, and whether that is new. */
static void compare_lists(struct shd_poll *poll)
{
	size_t count;
	const char **before = shd_pages_keys(&poll->feed->pages, &count);
	const struct shd_endpoint *row = shd_feed_row(poll->feed);

	poll->listed = shd_pages_keys(&poll->pages, &poll->listed_count);
	poll->doubles = shd_pages_doubles(&poll->pages, poll->listed_count, &poll->double_count);
	poll->listed_changed = !poll->feed->swept || count != poll->listed_count ||
			       shd_feed_relists(poll->feed, poll->began);
	for (size_t i = 0; i < count && !poll->listed_changed; i++)
		poll->listed_changed = strcmp(before[i], poll->listed[i]) != 0;
	if (!row->tells[0] || (row->paging == SHD_PAGE_BATCH && !row->had_rows)) {
		free(before);
		return;
	}
	poll->had = before; /* of pages that stay until the poll is over */
	poll->had_count = count;
}

/* No page comes after this one, nor, of a BATCH, other ids. */
static bool is_last_page(const struct shd_poll *poll)
{
	return shd_pages_at(&poll->pages, poll->pages.count - 1)->last &&
	       (shd_feed_row(poll->feed)->paging != SHD_PAGE_BATCH ||
		       poll->ids_at + poll->page_in.id_count >= poll->id_count);
}

static void parse(struct shd_poll *poll)
{
	if (shd_poll_reads_report(poll)) {
		shd_poll_parse_report(poll);
		return;
	}
	poll->parsed = parse_page(poll, &poll->error);
	if (!poll->parsed) {
		shd_fail_in(&poll->error, "%s", poll->row->path);
		return;
	}
	/* At once, as it is the last page that the list waits for. */
	if (shd_endpoint_counts_rows(shd_feed_row(poll->feed)) && !poll->listed &&
		!shd_poll_follows(poll) && is_last_page(poll))
		compare_lists(poll);
}

void shd_poll_parse(struct shd_poll *poll)
{
	if (poll->state == SHD_POLL_LISTING) {
		compare_lists(poll);
		return;
	}
	/* Once for all that may quote it: fields, and the words of what is wrong; of these also
	 * what is too short to be looked for in fields. */
	shd_request_strike_body(&poll->request, poll->body.data, poll->body.len);
	parse(poll);
	shd_request_strike(&poll->request, poll->bad_record.msg);
	shd_request_strike(&poll->request, poll->foreign_record.msg);
	if (!poll->parsed)
		shd_request_strike(&poll->request, poll->error.msg);
}
