/* Objects that a poll reads beside its list: those that records asked to follow, and those that
 * are asked for by id (asks.h). */
#include "poll.h"

#include "feeds.h"

#include <stdlib.h>
#include <string.h>

static struct shd_poll_followed *followed_of(struct shd_poll *poll, const struct shd_endpoint *row)
{
	for (size_t i = 0; i < poll->followed_count; i++)
		if (poll->followed[i].row == row)
			return &poll->followed[i];
	shd_assert(poll->followed_count < SHD_POLL_FOLLOW_ROWS);
	struct shd_poll_followed *followed = &poll->followed[poll->followed_count++];
	*followed = (struct shd_poll_followed){.row = row};
	return followed;
}

void shd_poll_put_off(struct shd_poll *poll, const struct shd_poll_follow *follow)
{
	if (follow->page < poll->pages.count) /* else of the page that was not read to its end */
		shd_page_forget(shd_pages_at(&poll->pages, follow->page), follow->record);
}

/* Whether an answer may be about what was asked for, and nothing else. */
static bool may_be_of_one(enum shd_err kind)
{
	return kind == SHD_ERR_SYNTAX || kind == SHD_ERR_SCHEMA || kind == SHD_ERR_LIMIT ||
	       kind == SHD_ERR_SERVER || kind == SHD_ERR_REQUEST;
}

/* Whether the object's endpoint may be asked, as far as is known. */
static bool may_follow(const struct shd_poll *poll, const struct shd_feed *feed)
{
	if (poll->broken && !may_be_of_one(poll->broken_error.kind))
		return false;
	for (size_t i = 0; i < poll->followed_count; i++)
		if (poll->followed[i].row == shd_feed_row(feed) && poll->followed[i].failed)
			return false;
	int64_t wait_ms = feed->next_due.ms - poll->began.ms;
	return feed->error < 0 || wait_ms <= 0 || wait_ms > SHD_STANDING_WAIT_MAX_MS;
}

static bool goes_with(const struct shd_poll_follow *a, const struct shd_poll_follow *b)
{
	return a->row == b->row && (a->ask && a->ask->unlisted) == (b->ask && b->ask->unlisted);
}

/* Objects of one endpoint that stand side by side go into one request. */
static void ask_next(struct shd_poll *poll)
{
	const struct shd_poll_follow *first = &poll->follows[poll->follows_at];
	size_t most = first->row->batch > 1 ? (size_t)first->row->batch : 1, count = 0;

	poll->ids = shd_xrealloc(poll->ids, most, sizeof(*poll->ids));
	while (count < most && poll->follows_at + count < poll->follow_count &&
	       goes_with(&first[count], first)) {
		poll->ids[count] = first[count].id;
		count++;
	}
	poll->row = first->row;
	poll->follows_asked = count;
	shd_poll_enter(poll, SHD_POLL_READY);
}

/* Whether the object is the first of this poll's whose endpoint is that one. */
static bool is_first_of_row(const struct shd_poll *poll, const struct shd_poll_follow *follow)
{
	for (const struct shd_poll_follow *at = poll->follows; at < follow; at++)
		if (at->row == follow->row)
			return false;
	return true;
}

/* Its endpoint may not be asked. Of one that is refused for good one object comes again, to find
 * out when that is over; then the others do (shd_outcome_followed). */
static void pass_over(struct shd_poll *poll, struct shd_poll_follow *follow, bool for_good)
{
	if (follow->ask)
		follow->what = for_good ? SHD_ASKED_UNFOUND : SHD_ASKED_FAILED;
	else if (!for_good || is_first_of_row(poll, follow))
		shd_poll_put_off(poll, follow);
}

/* There is no room for what it would bring; the next poll is soon. */
static void come_again(struct shd_poll *poll, const struct shd_poll_follow *follow)
{
	poll->full = true;
	if (!follow->ask)
		shd_poll_put_off(poll, follow);
}

void shd_poll_follow(struct shd_poll *poll)
{
	for (; poll->follows_at < poll->follow_count; poll->follows_at++) {
		struct shd_poll_follow *next = &poll->follows[poll->follows_at];
		const struct shd_feed *feed = shd_feeds_find(shd_feed_of(poll->feed), next->row);

		if (poll->follows_full) {
			come_again(poll, next);
			continue;
		}
		if (may_follow(poll, feed)) {
			ask_next(poll);
			return;
		}
		pass_over(poll, next, shd_standing_lasts((enum shd_standing)feed->standing));
	}
	if (poll->broken) {
		poll->error = poll->broken_error;
		poll->retry_after_ms = poll->broken_retry_ms;
		shd_poll_enter(poll, SHD_POLL_FAILED);
	} else {
		shd_poll_enter(poll, shd_poll_is_changed(poll) ? SHD_POLL_CHANGED
							       : SHD_POLL_UNCHANGED);
	}
}

/* Whether the last answer is the trouble of the objects that were asked for; else the endpoint's.
 */
static bool is_theirs(struct shd_poll *poll, struct shd_poll_followed *followed)
{
	const struct shd_poll_follow *first = &poll->follows[poll->follows_at];
	const struct shd_ask *ask = first->ask
		? first->ask : shd_asks_find(shd_feed_asks(poll->feed), first->row, first->id);

	if (!may_be_of_one(poll->error.kind))
		return false;
	followed->unread += !ask || !ask->failed; /* of that one it is no news */
	return followed->unread <= SHD_POLL_FOLLOW_BAD;
}

/* They come again after pauses of their own; where a text says how far all was read, with their
 * record. */
static void leave_out(struct shd_poll *poll)
{
	bool resumes = shd_feed_row(poll->feed)->resumes;

	poll->bad_records++;
	poll->bad_record = poll->error;
	for (; poll->follows_asked; poll->follows_asked--) {
		struct shd_poll_follow *follow = &poll->follows[poll->follows_at++];

		if (resumes && !follow->ask)
			shd_poll_put_off(poll, follow);
		else
			follow->what = SHD_ASKED_FAILED;
	}
}

void shd_poll_follow_failed(struct shd_poll *poll)
{
	struct shd_poll_followed *followed = followed_of(poll, poll->row);

	if (poll->error.kind == SHD_ERR_MISSING) { /* it may have gone, or this answer is a slip */
		for (size_t i = 0; i < poll->follows_asked; i++)
			poll->follows[poll->follows_at++].what = SHD_ASKED_UNFOUND;
	} else if (is_theirs(poll, followed)) {
		leave_out(poll);
	} else {
		followed->failed = true;
		followed->error = poll->error;
		followed->retry_after_ms = poll->retry_after_ms;
	}
	poll->retry_after_ms = 0;
	shd_poll_follow(poll);
}

/* Whether the last answer speaks of what was asked for. */
static bool is_found(const struct shd_poll *poll, const struct shd_poll_follow *follow)
{
	const struct shd_harvest *harvest = poll->harvest;

	if (!follow->ask || !follow->ask->unlisted)
		return true;
	for (size_t i = poll->follow_entities; i < harvest->entity_count; i++)
		if (harvest->entities[i].kind == shd_feed_row(poll->feed)->closes &&
			strcmp(harvest->entities[i].id, follow->ask->id) == 0)
			return true;
	return false;
}

/* An answer of which records were left out does not say "no such thing". */
void shd_poll_followed(struct shd_poll *poll)
{
	struct shd_poll_followed *followed = followed_of(poll, poll->row);

	followed->read++;
	followed->unread = 0;
	for (size_t i = 0; i < poll->follows_asked; i++) {
		struct shd_poll_follow *follow = &poll->follows[poll->follows_at + i];

		follow->what = is_found(poll, follow) ? SHD_ASKED_FOUND
			     : poll->page_lack	      ? SHD_ASKED_FAILED
						      : SHD_ASKED_UNFOUND;
	}
	poll->follows_at += poll->follows_asked;
	shd_poll_follow(poll);
}

static bool is_followed(const struct shd_poll *poll, const struct shd_ask *ask)
{
	for (size_t i = 0; i < poll->follow_count; i++)
		if (poll->follows[i].row == ask->row && strcmp(poll->follows[i].id, ask->by) == 0)
			return true;
	return false;
}

void shd_poll_add_asks(struct shd_poll *poll)
{
	struct shd_ask *asks[SHD_ASKS_AT_ONCE];
	size_t count = shd_asks_take(
		shd_feed_asks(poll->feed), poll->began, asks, SHD_COUNT(asks));

	for (size_t i = 0; i < count; i++) {
		if (is_followed(poll, asks[i]))
			continue;
		shd_grow(poll->follows, poll->follow_count, poll->follow_room);
		poll->follows[poll->follow_count++] = (struct shd_poll_follow){
			.row = asks[i]->row, .id = asks[i]->by, .ask = asks[i]};
	}
}

void shd_poll_break_off(struct shd_poll *poll)
{
	if (poll->pages.count)
		shd_fail_in(&poll->error, "page %u, those before it were read",
			(unsigned)poll->pages.count + 1);
	poll->broken = true;
	poll->broken_error = poll->error;
	poll->broken_retry_ms = poll->retry_after_ms;
	if (may_be_of_one(poll->error.kind))
		shd_poll_add_asks(poll);
	shd_poll_follow(poll);
}
