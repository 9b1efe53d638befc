/* market/ozon/ozon.h - what the files of the Ozon adapter share.
 *
 * One file per poller (bodies and maps of its endpoints), request.c (headers,
 * paging), errors.c (what a refusal means), ozon.c (the tables). Not for anybody
 * outside this folder, except the settings. Pure. */
#pragma once
#include "base/text.h"
#include "market/loose.h"
#include "market/adapter.h"

struct shd_ozon_credential {
	const char *client_id; /* digits */
	struct shd_secret_ref api_key;
};

extern const struct shd_adapter shd_ozon_adapter;

/* Windows overlap by this much: a change is stamped before it can be listed. */
#define SHD_OZON_OVERLAP_MS (15 * SHD_MINUTE_MS)
/* How far the first poll of an incremental list reaches back: what 30-day rates need. */
#define SHD_OZON_FIRST_MS (30 * SHD_DAY_MS)

#define SHD_OZON_BODY(name)                                                                        \
	void shd_ozon_body_##name(const struct shd_endpoint *row, const struct shd_page_in *in,    \
		struct shd_text *out)
#define SHD_OZON_MAP(name)                                                                         \
	bool shd_ozon_map_##name(const struct shd_map_in *in, const json_t *record,                \
		struct shd_harvest *out, struct shd_error *reterr)
#define SHD_OZON_NEXT(name)                                                                        \
	bool shd_ozon_next_##name(const struct shd_endpoint *row, const json_t *envelope,          \
		size_t records, const struct shd_page_in *in, struct shd_page_out *ret_out,        \
		struct shd_error *reterr)

/* request.c: pieces of a body. A text in quotes, escaped; the list of in->ids as texts;
 * "key_from":"...","key_to":"..." with the keys as they are given. */
void shd_ozon_put_quoted(struct shd_text *out, const char *text);
void shd_ozon_put_ids(struct shd_text *out, const struct shd_page_in *in);
void shd_ozon_put_window(struct shd_text *out, const char *from_key, int64_t from_ms,
			 const char *to_key, int64_t to_ms);
/* Where an incremental window begins. */
int64_t shd_ozon_since_ms(const struct shd_page_in *in);

/* The two entries of shd_adapter. */
const char *shd_ozon_expects_client_id(const char *text);
const char *shd_ozon_expects_key(const char *text);
bool shd_ozon_request(const struct shd_endpoint *row, const struct shd_page_in *in,
		      const struct shd_keys *keys, struct shd_request *request,
		      struct shd_error *reterr);
bool shd_ozon_accept(const struct shd_endpoint *row, const struct shd_answer *answer,
		     struct shd_answer_verdict *ret_verdict);

SHD_OZON_NEXT(cursor);       /* cursor, has_next */
SHD_OZON_NEXT(last_id);      /* last_id, perhaps in result; has_next where there is one */
SHD_OZON_NEXT(last_return);  /* the id of the last row */
SHD_OZON_NEXT(rfbs);         /* windows of created_at */
SHD_OZON_NEXT(offset);       /* rows read so far */

SHD_OZON_BODY(nothing);

SHD_OZON_BODY(fbs_unfulfilled);
SHD_OZON_BODY(fbs_list);
SHD_OZON_BODY(fbs_get);
SHD_OZON_BODY(fbs_transit);
SHD_OZON_BODY(fbo_list);
SHD_OZON_BODY(cancellations);
SHD_OZON_BODY(cancellations_of);
SHD_OZON_MAP(fbs_posting);
SHD_OZON_MAP(fbo_posting);
SHD_OZON_MAP(cancellation);

SHD_OZON_BODY(product_list);
SHD_OZON_BODY(product_info);
SHD_OZON_BODY(stocks);
SHD_OZON_BODY(stocks_fbs);
SHD_OZON_BODY(stocks_fbo);
SHD_OZON_BODY(analytics_stocks);
SHD_OZON_BODY(turnover);
SHD_OZON_MAP(product);
SHD_OZON_MAP(product_info);
SHD_OZON_MAP(stock);
SHD_OZON_MAP(warehouse_stock);
SHD_OZON_MAP(analytics_stock);
SHD_OZON_MAP(turnover);

SHD_OZON_BODY(review_list);
SHD_OZON_BODY(question_list);
SHD_OZON_MAP(review_count);
SHD_OZON_MAP(review);
SHD_OZON_MAP(question_count);
SHD_OZON_MAP(question);

SHD_OZON_BODY(warehouse_list);
SHD_OZON_BODY(delivery_methods);
SHD_OZON_BODY(supply_list);
SHD_OZON_BODY(supply_get);
SHD_OZON_BODY(index_postings);
SHD_OZON_MAP(warehouse);
SHD_OZON_MAP(delivery_method);
SHD_OZON_MAP(supply_id);
SHD_OZON_MAP(supply);
SHD_OZON_MAP(index_posting);

SHD_OZON_BODY(rfbs_list);
SHD_OZON_BODY(rfbs_get);
SHD_OZON_BODY(returns_list);
SHD_OZON_BODY(returns_status);
SHD_OZON_BODY(arbitration);
SHD_OZON_BODY(arbitration_get);
SHD_OZON_MAP(rfbs);
SHD_OZON_MAP(rfbs_detail);
SHD_OZON_MAP(return);
SHD_OZON_MAP(cancellation_claim);
SHD_OZON_MAP(arbitration);
SHD_OZON_MAP(arbitration_end);

SHD_OZON_BODY(chat_list);
SHD_OZON_BODY(chat_count);
SHD_OZON_BODY(chat_history);
SHD_OZON_MAP(chat);
SHD_OZON_MAP(chat_count);
SHD_OZON_MAP(chat_history);
SHD_OZON_MAP(support_history);
SHD_OZON_MAP(notice_history);

SHD_OZON_BODY(rating_history);
SHD_OZON_MAP(seller_info);
SHD_OZON_MAP(roles);
SHD_OZON_MAP(rating_summary);
SHD_OZON_MAP(rating_history);
SHD_OZON_MAP(index_info);

/* cabinet.c: sets `field` to a page of the seller's cabinet. Each {} of `page` is the id's text,
 * percent-encoded; without an id that can be read such a page is not set. */
#define SHD_OZON_PAGE_PRODUCT   "/app/products/{}/edit/general-info"
#define SHD_OZON_PAGE_BUYER     "/app/messenger?group=customers_v2&id={}"
#define SHD_OZON_PAGE_SUPPORT   "/app/messenger?group=support_v2&id={}"
#define SHD_OZON_PAGE_REVIEWS   "/app/reviews"
#define SHD_OZON_PAGE_QUESTIONS "/app/reviews/questions"
#define SHD_OZON_PAGE_RETURNS   "/app/returns/main"
#define SHD_OZON_PAGE_RFBS      "/app/returns/rfbs"
void shd_ozon_put_url(struct shd_harvest *out, size_t at, enum shd_field field, const char *page,
		      const json_t *id);
/* Words for the page of one posting: an order's own, or that of its `order_id`. */
#define SHD_OZON_FBS "fbs"
#define SHD_OZON_FBO "fbo"
shd_page_fn shd_ozon_page;
shd_kind_page_fn shd_ozon_kind_page;
extern const struct shd_brings shd_ozon_brings; /* brings.c */

/* orders.c: the request for one posting; whether its status is a word that we know. */
void shd_ozon_put_posting(struct shd_text *out, const char *number);
bool shd_ozon_knows_status(const json_t *status);

/* orders.c: sets `field` to what all pieces of an array of products{price, quantity} cost. The
 * currency is the product's `currency` or `currency_code`. Of several currencies nothing is
 * said. */
void shd_ozon_put_amount(
	struct shd_harvest *out, size_t at, enum shd_field field, const json_t *products);

/* causes.c: the first 1024 bytes of a text, without case (base/fold.h). */
enum { SHD_OZON_FOLDED = 2 * 1024 + 1 };
void shd_ozon_fold(const char *text, size_t len, char out[SHD_OZON_FOLDED]);

/* The root cause that a reason in Russian, English or Chinese tells; NULL:
 * none. */
const char *shd_ozon_root_cause(const json_t *reason);

/* deadline.c: the earliest date behind `written` until which a text wants something. False:
 * it names none. */
bool shd_ozon_deadline(const json_t *text, struct shd_wall written, struct shd_wall *ret_due);
