/* sandbox/faces/ozon/views.h - how a method shows objects, what a method selects beyond
 * plain filters, what it refuses beyond plain checks, and the answers that are no
 * list. Used by the table in rows.c only. */
#pragma once
#include "ozon.h"

#define SHD_VISIBILITIES                                                                           \
	"ALL VISIBLE INVISIBLE EMPTY_STOCK NOT_MODERATED MODERATED DISABLED STATE_FAILED "         \
	"READY_TO_SUPPLY VALIDATION_STATE_PENDING VALIDATION_STATE_FAIL "                          \
	"VALIDATION_STATE_SUCCESS TO_SUPPLY IN_SALE REMOVED_FROM_SALE BANNED OVERPRICED "          \
	"CRITICALLY_OVERPRICED EMPTY_BARCODE BARCODE_EXISTS QUARANTINE ARCHIVED "                  \
	"OVERPRICED_WITH_STOCK PARTIAL_APPROVED AUTO_ARCHIVED MANUAL_ARCHIVED "                    \
	"SEASONAL_AUTO_ARCHIVED VISIBLE_WITH_FBO_STOCK SHOWCASE_SELECT_ACTIVE"
#define SHD_VISUAL_STATUSES                                                                        \
	"OnSellerApproval OnSellerClarification OnSellerClarificationAfterPartialCompensation "    \
	"CompensationOffered SendingError DisputeOpened DisputeYouOpened DisputeOpening "          \
	"ArrivedAtReturnPlace MovingToSeller ReturningToSellerByCourier WaitingShipment "          \
	"MovingToOzon Utilizing ReturnMoneyApproved MoneyReturned MoneyReturnedBySystem "          \
	"OfferedPartialCompensation PartialCompensationInProcess PartialCompensationReturned "     \
	"WaitingCompensation ReceivedBySeller ReturnedToOzon Utilized Approved ApprovedByOzon "    \
	"Rejected CrmRejected Cancelled CancelledDisputeNotOpen CompensationRejected "             \
	"CompensationRejectedBySla CompensationRejectedBySeller"
#define SHD_SUPPLY_STATES                                                                          \
	"DATA_FILLING READY_TO_SUPPLY ACCEPTED_AT_SUPPLY_WAREHOUSE IN_TRANSIT "                    \
	"ACCEPTANCE_AT_STORAGE_WAREHOUSE REPORTS_CONFIRMATION_AWAITING REPORT_REJECTED COMPLETED " \
	"REJECTED_AT_SUPPLY_WAREHOUSE CANCELLED OVERDUE"

shd_view_fn shd_view_posting_detail, shd_view_product_row, shd_view_product, shd_view_price,
	shd_view_stocks, shd_view_warehouse_stock, shd_view_analytics_stock, shd_view_turnover,
	shd_view_review_row, shd_view_rfbs_detail, shd_view_invalid_product, shd_view_supply_id;

typedef bool shd_selects_fn(const struct shd_ask *ask, const struct shd_object *object);
shd_selects_fn shd_selects_unfulfilled, shd_selects_visible, shd_selects_fbs_stock,
	shd_selects_fbo_stock, shd_selects_fbo_stock_present, shd_selects_method,
	shd_selects_question, shd_selects_unread, shd_selects_message;

typedef const char *shd_check_fn(const json_t *body);
shd_check_fn shd_check_cutoff, shd_check_period, shd_check_one_id_group, shd_check_sku_or_offer,
	shd_check_clusters, shd_check_return_windows, shd_check_direction, shd_check_rating_window;

typedef void shd_more_fn(const struct shd_ask *ask, size_t total, struct shd_text *out);
shd_more_fn shd_more_count, shd_more_total, shd_more_counter, shd_more_unread, shd_answer_seller,
	shd_answer_roles, shd_answer_ratings, shd_answer_rating_history, shd_answer_index,
	shd_answer_etgb, shd_answer_cancel_reasons, shd_answer_wrong_volume,
	shd_answer_review_count, shd_answer_comments, shd_answer_question_count,
	shd_answer_question_answers, shd_answer_invalid_warehouses, shd_answer_supply_counter,
	shd_answer_notifications, shd_answer_push_types;
