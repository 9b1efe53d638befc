#include "narrator.h"

#include "journal/log.h"

#include <stdio.h>

static const char *what_next(const struct shd_polled *what, char buf[SHD_DURATION_TEXT])
{
	int64_t s = (what->retry_ms + SHD_SECOND_MS - 1) / SHD_SECOND_MS;

	return shd_duration_format(s * SHD_SECOND_MS, buf);
}

static void report_failure(const struct shd_polled *what, const struct shd_about *about)
{
	char again[SHD_DURATION_TEXT];

	if (what->turned && what->standing == SHD_STANDING_LACKING)
		shd_log(SHD_LOG_feed_unavailable, about,
			"store \"%s\": %s is not part of the tariff: %s; again in %s",
			what->source->id, what->row->name, what->error->msg,
			what_next(what, again));
	else if (what->turned && what->standing == SHD_STANDING_REFUSED && what->failures > 1)
		shd_log(SHD_LOG_feed_refused, about,
			"store \"%s\": %s was refused %d times in a row, so somebody has to act: "
			"%s; again in %s",
			what->source->id, what->row->name, what->failures, what->error->msg,
			what_next(what, again));
	else if (what->turned)
		shd_log(SHD_LOG_feed_failed, about,
			"store \"%s\": %s cannot be read: %s; again in %s", what->source->id,
			what->row->name, what->error->msg, what_next(what, again));
	else
		shd_log(SHD_LOG_feed_still_fails, about,
			"store \"%s\": %s failed %d times in a row: %s; again in %s",
			what->source->id, what->row->name, what->failures, what->error->msg,
			what_next(what, again));
}

static void report_left_out(const struct shd_polled *what, struct shd_about *about, size_t count,
	const char *words, const struct shd_error *example)
{
	about->error = example;
	if (count)
		shd_log(SHD_LOG_record_refused, about, "store \"%s\": %s: %zu %s: %s",
			what->source->id, what->row->name, count, words, example->msg);
}

static void polled(const struct shd_polled *what)
{
	struct shd_about about = {.market = what->source->adapter->name, .store = what->source->id,
		.endpoint = what->row->name, .error = what->error, .http_status = what->status};

	if (!what->ok) {
		report_failure(what, &about);
		return;
	}
	if (what->turned)
		shd_log(SHD_LOG_feed_recovered, &about, "store \"%s\": %s can be read again",
			what->source->id, what->row->name);
	if (what->lack_turned && what->incomplete)
		shd_log(SHD_LOG_feed_incomplete, &about,
			"store \"%s\": the list of %s is incomplete, nothing counts as gone by it: "
			"%s", what->source->id, what->row->name, what->incomplete);
	else if (what->lack_turned)
		shd_log(SHD_LOG_feed_whole, &about, "store \"%s\": the list of %s is whole again",
			what->source->id, what->row->name);
	report_left_out(what, &about, what->bad_records, "records could not be read",
		what->bad_record);
	report_left_out(what, &about, what->foreign_records,
		"records are not what was asked for, and were left out", what->foreign_record);
}

static void log_transition(const struct shd_transition *transition)
{
	const struct shd_facts *facts = &transition->facts;
	struct shd_about about = {
		.store = facts->store, .rule = facts->rule, .alert = facts->alert};
	struct shd_text finding SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&finding, SHD_FINDING_BYTES);
	shd_narrate_finding(transition, &finding);
	shd_log(SHD_LOG_alert, &about, "alert %lld of store \"%s\"%s%s: %s, %s: %s%s%s",
		(long long)facts->alert, facts->store, *facts->entity ? ", " : "", facts->entity,
		shd_move_name(facts->move), shd_level_name(facts->level), transition->title,
		finding.len ? ": " : "", finding.len ? finding.data : "");
}

static void log_unread(const struct shd_noted_unread *unread)
{
	struct shd_about about = {.store = unread->store, .endpoint = unread->feed};

	shd_log(SHD_LOG_field_unreadable, &about,
		"store \"%s\": %s: %s cannot be read (%zu time%s), as in %s; what was known "
		"stays, and rules that need it wait",
		unread->store, unread->feed, unread->what, unread->entities,
		SHD_S(unread->entities), unread->example);
}

static void delivered(const struct shd_delivered *what)
{
	struct shd_about about = {.notifier = what->channel, .http_status = what->status,
		.took_ms = what->took_ms};

	if (what->ok)
		shd_log(SHD_LOG_delivered, &about, "channel \"%s\": told %s in %lld ms%s%s%s%s: %s",
			what->channel, what->target, (long long)what->took_ms,
			*what->receipt ? " as " : "", what->receipt,
			what->error ? ", but not all of them: " : "",
			what->error ? what->error : "", what->subject);
	else
		shd_log(SHD_LOG_delivery_failed, &about,
			"channel \"%s\": attempt %d to tell %s failed: %s%s", what->channel,
			what->attempt, what->target, what->error,
			what->given_up ? "; given up" : "; tried again later");
}

static void state(const struct shd_error *err)
{
	if (err)
		shd_log(SHD_LOG_state_failed, &(struct shd_about){.error = err},
			"nothing can be kept: %s; what was read is read again", err->msg);
	else
		shd_log(SHD_LOG_state_recovered, NULL, "the state can be written again");
}

static void mistakes(const struct shd_diags *diags)
{
	for (size_t i = 0; i < shd_diags_count(diags); i++) {
		const struct shd_diag *diag = shd_diags_at(diags, i);

		char place[32] = "";

		if (diag->line) /* a whole file has no line */
			snprintf(place, sizeof(place), ":%d:%d", diag->line, diag->col);
		shd_log(diag->severity == SHD_MISTAKE ? SHD_LOG_config_refused
						      : SHD_LOG_config_warning,
			NULL, "%s%s: %s%s%s", diag->file, place, diag->text, diag->hint ? "; " : "",
			diag->hint ? diag->hint : "");
	}
}

static void started(const struct shd_event *event)
{
	shd_log(SHD_LOG_started, NULL,
		"storehealthd " SHD_VERSION " watches %zu store%s by %zu rule%s",
		event->started.stores, SHD_S(event->started.stores), event->started.rules,
		SHD_S(event->started.rules));
}

void shd_journal_narrate(const struct shd_event *event)
{
	switch (event->kind) {
	case SHD_EVENT_STARTED:
		started(event);
		break;
	case SHD_EVENT_POLLED:
		polled(event->polled);
		break;
	case SHD_EVENT_TRANSITION:
		log_transition(event->transition);
		break;
	case SHD_EVENT_UNREAD:
		log_unread(event->unread);
		break;
	case SHD_EVENT_DELIVERED:
		delivered(event->delivered);
		break;
	case SHD_EVENT_STATE:
		state(event->state);
		break;
	case SHD_EVENT_DIAGS:
		mistakes(event->diags);
		break;
	case SHD_EVENT_ROUND:
		break;
	}
}
