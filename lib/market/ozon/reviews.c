#include "ozon.h"

#include "base/num.h"

#include <string.h>

static const struct shd_loose_word statuses[] = {
	{"NEW", "new"}, {"UNPROCESSED", "new"}, {"VIEWED", "viewed"}, {"PROCESSED", "processed"},
	{NULL, NULL},
};

/* The state of a review or question changes long after it was written, so that each poll
 * reads a week again, and the slow row a month; only what changed is parsed. */
static int64_t window_ms(const struct shd_endpoint *row, const struct shd_page_in *in)
{
	return in->now.ms - (in->cursor.ms == 0 || row->every_ms ? 30 : 7) * SHD_DAY_MS;
}

SHD_OZON_BODY(review_list)
{
	shd_text_printf(out, "{\"limit\":%d,\"sort_dir\":\"DESC\",\"filters\":{\"status\":\"ALL\","
			     "\"order_status\":\"ALL\",", row->limit);
	shd_ozon_put_window(out, "published_from", window_ms(row, in), "published_to",
		in->now.ms + SHD_HOUR_MS);
	shd_text_puts(out, "},\"last_id\":");
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(question_list)
{
	shd_text_printf(out, "{\"limit\":%d,\"sort_dir\":\"DESC\",\"filter\":{\"status\":\"ALL\",",
		row->limit);
	shd_ozon_put_window(
		out, "date_from", window_ms(row, in), "date_to", in->now.ms + SHD_HOUR_MS);
	shd_text_puts(out, "},\"last_id\":");
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

/* Those nobody dealt with: unprocessed, or else new + viewed. False: not told. */
static bool unanswered(const json_t *counts, int64_t *ret_n)
{
	const json_t *sum = json_object_get(counts, "unprocessed");
	int64_t fresh, viewed;

	if (sum)
		return shd_loose_decimal(sum, 6, ret_n);
	return shd_loose_decimal(json_object_get(counts, "new"), 6, &fresh) &&
	       shd_loose_decimal(json_object_get(counts, "viewed"), 6, &viewed) &&
	       !__builtin_add_overflow(fresh, viewed, ret_n);
}

static bool map_count(const json_t *record, enum shd_metric metric, struct shd_harvest *out,
		      struct shd_error *reterr)
{
	int64_t n;

	if (!unanswered(record, &n))
		return shd_fail(reterr, SHD_ERR_SCHEMA,
			"the answer has neither \"unprocessed\" nor \"new\" and \"viewed\"");
	shd_harvest_measure(out, metric, false, (struct shd_value){.type = SHD_NUMBER, .n = n});
	return true;
}

SHD_OZON_MAP(review_count)
{
	(void)in;
	return map_count(record, SHD_M_reviews_unanswered, out, reterr);
}

SHD_OZON_MAP(question_count)
{
	(void)in;
	return map_count(record, SHD_M_questions_unanswered, out, reterr);
}

SHD_OZON_MAP(review)
{
	const char *status;
	size_t at;

	if (!shd_put_entity(
		    out, SHD_KIND_review, "", json_object_get(record, "id"), "id", &at, reterr))
		return false;
	shd_put_time(out, at, SHD_F_review_opened_at, json_object_get(record, "published_at"));
	shd_ozon_put_url(out, at, SHD_F_review_url, SHD_OZON_PAGE_REVIEWS, NULL);
	shd_put_text(out, at, SHD_F_review_sku, json_object_get(record, "sku"));
	shd_put_number(out, at, SHD_F_review_stars, json_object_get(record, "rating"));
	shd_put_text(out, at, SHD_F_review_text, json_object_get(record, "text"));
	shd_put_word(out, at, SHD_F_review_source, "product");
	const json_t *said = json_object_get(record, "status");
	if (!shd_put_said(out, at, SHD_F_review_status, said, statuses, &status)) {
		shd_put_unread(out, at, SHD_F_review_answered_at, said);
		return true;
	}
	/* Ozon tells that a review was dealt with, not when: it was since the last poll. */
	if (strcmp(status, "processed") == 0)
		shd_set_n(out, at, SHD_F_review_answered_at, in->fetched.ms);
	else
		shd_set_none(out, at, SHD_F_review_answered_at);
	return true;
}

SHD_OZON_MAP(question)
{
	int64_t answers = 0;
	const char *status = "";
	size_t at;

	if (!shd_put_entity(out, SHD_KIND_question, "", json_object_get(record, "id"), "id", &at,
		    reterr))
		return false;
	shd_put_time(out, at, SHD_F_question_opened_at, json_object_get(record, "published_at"));
	shd_ozon_put_url(out, at, SHD_F_question_url, SHD_OZON_PAGE_QUESTIONS, NULL);
	shd_put_text(out, at, SHD_F_question_sku, json_object_get(record, "sku"));
	shd_put_text(out, at, SHD_F_question_text, json_object_get(record, "text"));
	const json_t *count = json_object_get(record, "answers_count");
	const json_t *said = json_object_get(record, "status");
	bool counted = shd_loose_int(count, &answers);
	bool told = shd_put_said(out, at, SHD_F_question_status, said, statuses, &status);

	if (answers > 0 || strcmp(status, "processed") == 0)
		shd_set_n(out, at, SHD_F_question_answered_at, in->fetched.ms);
	else if (told && (counted || !count))
		shd_set_none(out, at, SHD_F_question_answered_at);
	else
		shd_put_unread(out, at, SHD_F_question_answered_at, told ? count : said);
	return true;
}
