#include "wording.h"
#include "base/num.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SUBJECT_CHARS = 120,
	ABOUT_CHARS = 40,
	LINE_CHARS = 400,
	PRODUCT_CHARS = 80,
	QUOTE_CHARS = 300
};

#define LATE_MS (5 * SHD_MINUTE_MS)

struct render {
	struct shd_reader reader;
	const struct shd_rules *rules;
	const struct shd_facts **facts; /* worst first */
	size_t count;
	int64_t total; /* with those that are only counted */
	bool all_resolved, one_rule, one_store;
	enum shd_level worst;
	struct shd_message *message;
};

/* --- small texts ----------------------------------------------------------------- */

static const char *or_else(const char *text, const char *other)
{
	return text ? text : other;
}

/* At most max_chars characters, "…" included, and harmless. */
static const char *one_line(struct shd_reader *reader, const char *foreign, size_t max_chars)
{
	char *text shd_autofree = shd_xstrdup(foreign);
	struct shd_text out;
	size_t chars = 0, cut = 0;

	shd_line_clean(text);
	shd_text_init(&out, strlen(text) + 8);
	for (const char *c = text; *c; c++) {
		bool starts = ((unsigned char)*c & 0xC0) != 0x80;

		if (starts && ++chars == max_chars)
			cut = out.len; /* here the dots go, if more follows */
		if (starts && chars > max_chars)
			break;
		shd_text_putc(&out, *c);
	}
	const char *line;
	if (chars > max_chars) {
		struct shd_text dots;

		shd_text_init(&dots, cut + 3);
		shd_text_add(&dots, out.data, cut);
		shd_text_puts(&dots, "…");
		line = shd_reader_keep(reader, dots.data, dots.len);
		shd_text_finish(&dots);
	} else {
		line = shd_reader_keep(reader, out.data, out.len);
	}
	shd_text_finish(&out);
	return line;
}

static const char *level_text(struct shd_reader *reader, enum shd_level level)
{
	switch (level) {
	case SHD_LEVEL_NONE:
		return shd_phrase0(reader, level_resolved);
	case SHD_INFO:
		return shd_phrase0(reader, level_info);
	case SHD_WARN:
		return shd_phrase0(reader, level_warning);
	case SHD_CRITICAL:
		return shd_phrase0(reader, level_critical);
	case SHD_BREACHED:
	case SHD_LEVEL_COUNT:
		break;
	}
	return shd_phrase0(reader, level_breached);
}

static bool resolved(const struct shd_facts *facts)
{
	return facts->move == SHD_MOVE_RESOLVED;
}

static const struct shd_rule *find_rule(const struct render *render, const struct shd_facts *facts)
{
	return render->rules ? shd_rules_find(render->rules, facts->rule) : NULL;
}

static bool is_unkept(const struct shd_facts *facts)
{
	return !facts->alert && strcmp(facts->rule, SHD_RULE_UNKEPT) == 0;
}

static const char *title_of(struct render *render, const struct shd_facts *facts)
{
	const struct shd_rule *rule = find_rule(render, facts);

	if (!rule)
		return is_unkept(facts) ? shd_phrase0(&render->reader, unkept) : facts->rule;
	return or_else(
		rule->title[render->reader.language], or_else(rule->title[SHD_EN], rule->id));
}

/* --- one alert --------------------------------------------------------------------- */

static bool has_deadline(const struct shd_facts *facts)
{
	return facts->due.ms && facts->due.ms != SHD_NEVER_MS;
}

static void wording_pair(struct render *render, const struct shd_facts *facts,
	const char **ret_value, const char **ret_limit)
{
	const struct shd_rule *rule = find_rule(render, facts);

	shd_wording_pair(&render->reader, &facts->value, &facts->limit,
		rule ? shd_rule_counts(rule, facts->level) : SHD_KIND_COUNT, ret_value, ret_limit);
	if (*ret_value && facts->value.type == SHD_TEXT)
		*ret_value = shd_wording_rules(&render->reader, render->rules, *ret_value);
}

/* Value beside limit, NULL where neither says anything. */
static const char *wording_measure(struct render *render, const struct shd_facts *facts)
{
	struct shd_reader *reader = &render->reader;
	const char *value, *limit;

	if (facts->value.none || facts->value.type == SHD_BOOL)
		return NULL;
	if (!shd_worth_wording(&facts->value) && !shd_worth_wording(&facts->limit))
		return NULL;
	wording_pair(render, facts, &value, &limit);
	if (facts->sample_of)
		value = shd_phrase(reader, sample, 0, value,
			shd_phrase_number(reader, facts->sample_hit, 0, false),
			shd_phrase_number(reader, facts->sample_of, 0, false));
	if (!limit || facts->limit.type == SHD_BOOL || !shd_worth_wording(&facts->limit))
		return value;
	/* At the moment when a limit is passed both read alike; what is overdue needs none. */
	if (facts->value.type == SHD_DURATION &&
		(facts->value.n < 0 || strcmp(value, limit) == 0))
		return value;
	return shd_phrase(reader, limit, 0, value, limit);
}

static const char *join(struct shd_reader *reader, const char *first, const char *second)
{
	if (!first || !second)
		return first ? first : second;
	return shd_phrase(reader, joined, 0, first, second);
}

static const char *wording_room(struct render *render, const struct shd_facts *facts)
{
	SHD_AUTO(shd_text_finish) struct shd_text where = {0};
	struct shd_reader *reader = &render->reader;
	const struct shd_rule *rule = find_rule(render, facts);
	int64_t room = facts->room.n / SHD_MICRO;
	enum shd_level next;
	enum shd_kind kind;

	shd_text_init(&where, 1 << 16);
	if (facts->room.none || facts->room.type != SHD_NUMBER || room < 0 || !rule ||
		!shd_rule_room(rule, facts->level, &next, &kind, &where))
		return NULL;
	return shd_phrase(reader, room, room, shd_wording_more(reader, kind, room),
		level_text(reader, next));
}

static const char *wording_lasting(struct shd_reader *reader, const struct shd_facts *facts)
{
	int64_t lasted_ms = facts->at.ms - facts->since.ms;

	if (!facts->since.ms || lasted_ms < SHD_SECOND_MS || facts->move == SHD_MOVE_NEW)
		return NULL;
	const char *span = shd_wording_duration(reader, lasted_ms);
	if (resolved(facts))
		return shd_phrase(reader, lasted, 0, span);
	return shd_phrase(reader, lasts, 0, span, shd_wording_moment(reader, facts->since));
}

/* A rule's own sentence: {value} and the like are filled in, other braces stay. */
static const char *fill_in(struct render *render, const char *text, const struct shd_facts *facts)
{
	struct shd_reader *reader = &render->reader;
	const char *value, *limit;
	wording_pair(render, facts, &value, &limit);
	const char *const texts[SHD_PLACEHOLDER_COUNT] = {
		[SHD_PLACEHOLDER_title] = title_of(render, facts),
		[SHD_PLACEHOLDER_value] = or_else(value, ""),
		[SHD_PLACEHOLDER_limit] = or_else(limit, ""),
		[SHD_PLACEHOLDER_left] =
			has_deadline(facts) ? shd_wording_deadline(reader, facts->due) : "",
		[SHD_PLACEHOLDER_about] = facts->subject,
		[SHD_PLACEHOLDER_store] = facts->store,
	};
	enum shd_placeholder placeholder;
	struct shd_text out;
	size_t len;

	shd_text_init(&out, 4096);
	while (*text) {
		if (shd_placeholder_at(text, &placeholder, &len)) {
			shd_text_puts(&out, texts[placeholder]);
			text += len;
		} else {
			shd_text_putc(&out, *text++);
		}
	}
	const char *filled = shd_reader_keep(reader, out.data, out.len);
	shd_text_finish(&out);
	return filled;
}

/* The thing it is about, with its store where the message is about several; or NULL. */
static const char *wording_about(struct render *render, const struct shd_facts *facts)
{
	if (render->one_store)
		return *facts->subject ? facts->subject : NULL;
	if (!*facts->subject)
		return facts->store;
	return shd_phrase(&render->reader, where, 0, facts->store, facts->subject);
}

/* An alert stays although its list no longer has the entity; or ended by that. */
static const char *wording_unlisted(struct shd_reader *reader, const struct shd_facts *facts)
{
	return facts->unlisted.ms ? shd_phrase(reader, unlisted, 0,
		shd_wording_moment(reader, facts->unlisted)) : NULL;
}

static const char *wording_state(
	struct render *render, const struct shd_facts *facts, const char *own)
{
	struct shd_reader *reader = &render->reader;
	const char *line;

	if (resolved(facts))
		return join(reader, wording_lasting(reader, facts),
			wording_unlisted(reader, facts));
	if (own)
		line = fill_in(render, own, facts);
	else if (has_deadline(facts))
		line = shd_wording_deadline(reader, facts->due);
	else
		line = join(reader, wording_measure(render, facts), wording_lasting(reader, facts));
	return join(reader, join(reader, line, wording_room(render, facts)),
		wording_unlisted(reader, facts));
}

static const char *wording_line(struct render *render, const struct shd_facts *facts)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_rule *rule = find_rule(render, facts);
	const char *own = rule ? rule->message[reader->language] : NULL;
	const char *line = wording_state(render, facts, own), *about = wording_about(render, facts);

	if (own && !resolved(facts) && render->one_store && strstr(own, "{about}"))
		about = NULL; /* it says so itself */
	if (about && line)
		line = shd_phrase(reader, about, 0, about, line);
	else if (!line)
		line = about ? about : title_of(render, facts);
	return one_line(reader, line, LINE_CHARS);
}

static const char *wording_reason(struct shd_reader *reader, const struct shd_facts *facts)
{
	switch (facts->move) {
	case SHD_MOVE_ESCALATED:
		return shd_phrase(reader, reason_escalated, 0,
			level_text(reader, facts->from_level), level_text(reader, facts->level));
	case SHD_MOVE_RESOLVED:
		return facts->unwatched ? shd_phrase0(reader, reason_unwatched)
					: shd_phrase0(reader, reason_resolved);
	case SHD_MOVE_FLAPPING:
		return shd_phrase0(reader, reason_flapping);
	case SHD_MOVE_NEW:
	case SHD_MOVE_PENDING:
	case SHD_MOVE_DROPPED:
	case SHD_MOVE_EASED:
	case SHD_MOVE_BLINDED:
	case SHD_MOVE_SEEING:
	case SHD_MOVE_COUNT:
		break;
	}
	return shd_phrase0(reader, reason_new);
}

static const char *listed(struct shd_reader *reader, const char *first, const char *second)
{
	if (!first || !second)
		return first ? first : second;
	return shd_phrase(reader, listed, 0, first, second);
}

/* "Kettle × 2, 1 990 RUB", or NULL. */
static const char *wording_goods(struct shd_reader *reader, const struct shd_facts *facts)
{
	int64_t units = facts->units / SHD_MICRO;
	const char *what = facts->product ? one_line(reader, facts->product, PRODUCT_CHARS) : NULL;

	if (what && units > 0)
		what = shd_phrase(reader, goods, units, what);
	else if (units > 0)
		what = shd_phrase(reader, pieces, units, NULL);
	if (facts->amount.type == SHD_MONEY && !shd_value_equal(&facts->amount, &facts->cost))
		what = listed(reader, what, shd_wording(reader, &facts->amount));
	return what;
}

static const char *wording_goods_and_time(struct shd_reader *reader, const struct shd_facts *facts)
{
	const char *goods = wording_goods(reader, facts);

	if (!facts->ship_by.ms || has_deadline(facts) || resolved(facts))
		return goods;
	return listed(reader, goods,
		shd_phrase(reader, ship_by, 0, shd_wording_moment(reader, facts->ship_by)));
}

static void render_item(struct render *render, const struct shd_facts *facts,
	struct shd_message_item *item)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_rule *rule = find_rule(render, facts);
	const char *cost = resolved(facts) ? NULL : shd_wording(reader, &facts->cost);

	*item = (struct shd_message_item){
		.facts = facts,
		.level = facts->unwatched ? shd_phrase0(reader, level_unwatched)
			 : level_text(reader, resolved(facts) ? SHD_LEVEL_NONE : facts->level),
		.title = title_of(render, facts),
		.line = wording_line(render, facts),
		.goods = wording_goods_and_time(reader, facts),
		.cost = cost ? shd_phrase(reader, cost, 0, cost) : NULL,
		.reason = wording_reason(reader, facts),
	};
	item->heading = shd_phrase(reader, heading, 0, item->level, item->title);
	if (facts->quote && !resolved(facts))
		item->quote = shd_phrase(
			reader, quote, 0, one_line(reader, facts->quote, QUOTE_CHARS));
	if (!rule && is_unkept(facts) && !resolved(facts))
		item->advice = shd_phrase0(reader, unkept_advice);
	if (rule && !resolved(facts))
		item->advice = or_else(rule->advice[reader->language], rule->advice[SHD_EN]);
}

/* --- the whole --------------------------------------------------------------------- */

/* "ozon-main", or "ozon-main, 0012-3" for one thing of it, or "3 stores". */
static const char *wording_where(struct render *render)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_facts *facts = render->facts[0];

	if (!render->one_store) {
		int64_t stores = 0;

		for (size_t i = 0; i < render->count; i++) {
			size_t j = 0;

			while (strcmp(render->facts[j]->store, render->facts[i]->store) != 0)
				j++;
			stores += i == j;
		}
		return shd_phrase(reader, stores, stores, NULL);
	}
	if (render->total > 1 || !*facts->subject)
		return facts->store;
	return shd_phrase(
		reader, where, 0, facts->store, one_line(reader, facts->subject, ABOUT_CHARS));
}

/* What happened, in a few words, or NULL. The subject names the thing itself. */
static const char *wording_detail(struct render *render, const struct shd_facts *facts)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_rule *rule = find_rule(render, facts);
	const char *own = rule ? rule->message[reader->language] : NULL;

	if (resolved(facts))
		return wording_lasting(reader, facts);
	if (has_deadline(facts))
		return shd_wording_deadline_short(reader, facts->due);
	if (facts->value.none || facts->value.type == SHD_TEXT)
		return wording_goods(reader, facts);
	if (own && !strstr(own, "{about}"))
		return one_line(reader, fill_in(render, own, facts), ABOUT_CHARS);
	return wording_measure(render, facts);
}

static const char *wording_subject(struct render *render)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_facts *facts = render->facts[0];
	const char *level =
		render->all_resolved && facts->unwatched
			? shd_phrase0(reader, level_unwatched)
			: level_text(reader, render->all_resolved ? SHD_LEVEL_NONE : render->worst);
	const char *where = wording_where(render), *title = title_of(render, facts), *detail;

	if (render->total > 1 && render->one_rule)
		return shd_phrase(reader, subject_same, render->total, level, title, where);
	if (render->total > 1)
		return shd_phrase(reader, subject_many, render->total, level, where);
	if (facts->move == SHD_MOVE_FLAPPING)
		return shd_phrase(reader, subject_flapping, 0, level, title, where);
	detail = wording_detail(render, facts);
	return detail ? shd_phrase(reader, subject_detail, 0, level, title, detail, where)
		      : shd_phrase(reader, subject, 0, level, title, where);
}

static const char *wording_intro(struct render *render)
{
	struct shd_reader *reader = &render->reader;
	const struct shd_facts *facts = render->facts[0];
	char market[64];

	if (!render->one_store)
		return wording_where(render);
	if (!*facts->marketplace)
		return facts->store;
	snprintf(market, sizeof(market), "%c%s", toupper((unsigned char)*facts->marketplace),
		facts->marketplace + 1);
	return shd_phrase(reader, intro, 0, facts->store, market);
}

static const char *type_of(const struct render *render)
{
	static const struct {
		enum shd_move move;
		const char *type;
	} types[] = {
		{SHD_MOVE_NEW, "alert.firing"},
		{SHD_MOVE_ESCALATED, "alert.escalated"},
		{SHD_MOVE_FLAPPING, "alert.flapping"},
		{SHD_MOVE_RESOLVED, "alert.resolved"},
	};

	for (size_t i = 0; i < SHD_COUNT(types); i++) {
		for (size_t j = 0; j < render->count; j++) {
			if (render->facts[j]->move == types[i].move)
				return types[i].type;
		}
	}
	return types[0].type;
}

static bool comes_before(const struct shd_facts *a, const struct shd_facts *b)
{
	if (resolved(a) != resolved(b))
		return resolved(b);
	return a->level > b->level;
}

/* Orders the alerts and looks over them all. Insertion keeps equals in order. */
static void survey(struct render *render, const struct shd_facts *facts, size_t count)
{
	struct shd_message *message = render->message;

	render->all_resolved = render->one_rule = render->one_store = true;
	for (size_t i = 0; i < count; i++) {
		size_t at = render->count++;

		for (; at > 0 && comes_before(&facts[i], render->facts[at - 1]); at--)
			render->facts[at] = render->facts[at - 1];
		render->facts[at] = &facts[i];
		render->total += 1 + (int64_t)facts[i].more;
		render->all_resolved &= resolved(&facts[i]);
		render->one_rule &= strcmp(facts[i].rule, facts[0].rule) == 0;
		render->one_store &= strcmp(facts[i].store, facts[0].store) == 0;
		if (!resolved(&facts[i]) && facts[i].level > render->worst)
			render->worst = facts[i].level;
		if (facts[i].at.ms > message->made.ms)
			message->made = facts[i].at;
	}
}

static const char *thread_of(struct shd_reader *reader, const struct shd_facts *facts)
{
	char thread[64];
	int len = snprintf(thread, sizeof(thread), "alert-%lld-%d", (long long)facts->alert,
		facts->episode);

	return shd_reader_keep(reader, thread, (size_t)len);
}

static const char *wording_footer(struct render *render)
{
	struct shd_reader *reader = &render->reader;
	char number[32];

	if (render->total > 1 || !render->facts[0]->alert)
		return shd_phrase0(reader, footer_many);
	snprintf(number, sizeof(number), "%lld", (long long)render->facts[0]->alert);
	return shd_phrase(reader, footer, 0, number);
}

static void render_whole(struct render *render)
{
	struct shd_reader *reader = &render->reader;
	struct shd_message *message = render->message;
	int64_t age_ms = reader->now.ms - message->made.ms, hidden = render->total -
								     (int64_t)render->count;

	message->late = age_ms > LATE_MS;
	if (message->late)
		message->late_note =
			shd_phrase(reader, late, 0, shd_wording_moment(reader, message->made),
				shd_wording_duration(reader, age_ms));
	message->subject = one_line(reader, wording_subject(render), SUBJECT_CHARS);
	message->intro = wording_intro(render);
	message->footer = wording_footer(render);
	message->advice_heading = shd_phrase0(reader, advice);
	message->link_text = shd_phrase0(reader, link);
	message->more_note = hidden ? shd_phrase(reader, more, hidden, NULL) : NULL;
	message->type = type_of(render);
	message->level = render->worst;
	message->resolved = render->all_resolved;
	message->language = shd_language_names[reader->language];
	message->timezone = reader->timezone;
	for (size_t i = 0; i < render->count; i++)
		render_item(render, render->facts[i], &message->items[i]);
}

bool shd_message_render(const struct shd_phrasebook *book, const struct shd_rules *rules,
	const struct shd_facts *facts, size_t count, enum shd_language language,
	const char *timezone, struct shd_wall now, struct shd_arena *arena,
	struct shd_message *ret_message, struct shd_error *reterr)
{
	struct shd_message message = {.count = count};
	struct render render = {.rules = rules, .message = &message};

	shd_assert(count);
	shd_reader_init(&render.reader, book, language, timezone, now, arena);
	render.facts = shd_arena_alloc(arena, count, sizeof(*render.facts));
	message.items = shd_arena_alloc(arena, count, sizeof(*message.items));
	if (render.facts && message.items) {
		survey(&render, facts, count);
		message.thread = thread_of(&render.reader, &facts[0]);
		render_whole(&render);
	}
	bool ok = render.facts && message.items && shd_reader_ok(&render.reader);
	shd_reader_finish(&render.reader);
	if (!ok)
		return shd_fail(reterr, SHD_ERR_LIMIT, "message of %zu alerts is too large", count);
	*ret_message = message;
	return true;
}
