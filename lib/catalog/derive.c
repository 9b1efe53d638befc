#include "derive.h"

#include "base/num.h"

#include <string.h>

/* One entity under way. */
struct work {
	const struct shd_entity *before;
	struct shd_entity *entity;
	struct shd_wall now, wake;
};

/* What changes without anything happening: derived fields and the time of counting. */
static const enum shd_field uneventful[] = {
	SHD_F_listing_state_since, SHD_F_listing_was_active, SHD_F_parcel_customs_since,
	SHD_F_order_shipped_late, SHD_F_order_delivered_late, SHD_F_order_has_product,
	SHD_F_order_category, SHD_F_return_category, SHD_F_order_first_seen,
	SHD_F_order_cancelled_at, SHD_F_order_delivered_at,
	SHD_F_stock_cover, SHD_F_stock_had_stock, SHD_F_stock_unshipped, SHD_F_stock_updated_at,
	SHD_F_campaign_updated_at, SHD_F_rating_updated_at, SHD_F_parcel_stood_still,
	SHD_F_parcel_stood_still_on,
};

/* What counts when it happened first. A marketplace that tells that something was done
 * but not when gets the time of our looking, and we look again after each restart. */
static const enum shd_field kept_first[] = {
	SHD_F_review_answered_at, SHD_F_question_answered_at, SHD_F_return_responded_at,
};

static struct shd_value *at(const struct work *work, enum shd_field field)
{
	return &work->entity->fields[shd_field_index(field)];
}

/* The observation gave it a value: nothing is to be derived. */
static bool given(const struct work *work, enum shd_field field)
{
	int index = shd_field_index(field);

	return (work->entity->set >> index & 1) && !work->entity->fields[index].none;
}

static void set_n(const struct work *work, enum shd_field field, int64_t n)
{
	struct shd_value *value = at(work, field);

	value->none = false;
	value->n = n;
}

static bool is(const struct shd_value *value, const char *word)
{
	return !value->none && value->len == strlen(word) &&
	       memcmp(value->text, word, value->len) == 0;
}

static bool true_now(const struct shd_value *value)
{
	return !value->none && value->n != 0;
}

/* Time alone changes a field at this instant. */
static void wake_at(struct work *work, int64_t ms)
{
	if (ms > work->now.ms && ms < work->wake.ms)
		work->wake.ms = ms;
}

static bool is_uneventful(enum shd_field field)
{
	for (size_t i = 0; i < SHD_COUNT(uneventful); i++)
		if (uneventful[i] == field)
			return true;
	return false;
}

static bool visibly_changed(const struct work *work)
{
	int first = (int)shd_kind_first(work->entity->kind);
	int count = shd_kind_fields(work->entity->kind);

	for (int i = 0; i < count; i++)
		if (i != SHD_I_progressed_at && i != SHD_I_opened_at && i != SHD_I_closed_at &&
		    i != SHD_I_url && i != SHD_I_unreadable && i != SHD_I_unlisted_since &&
		    !shd_value_equal(&work->before->fields[i], &work->entity->fields[i]) &&
		    !is_uneventful((enum shd_field)(first + i)))
			return true;
	return false;
}

static const struct shd_value *past(const struct work *work, enum shd_field field)
{
	return &work->before->fields[shd_field_index(field)];
}

static void keep_earlier(const struct work *work, enum shd_field field)
{
	const struct shd_value *was = past(work, field);
	struct shd_value *value = at(work, field);

	if (!was->none && !value->none && was->n < value->n)
		*value = *was;
}

static void keep_first(const struct work *work)
{
	for (size_t i = 0; i < SHD_COUNT(kept_first); i++)
		if (work->before && shd_field_row(kept_first[i])->kind == work->entity->kind)
			keep_earlier(work, kept_first[i]);
}

static void derive_common(const struct work *work)
{
	enum shd_field first = shd_kind_first(work->entity->kind);
	enum shd_field closed_at = first + SHD_I_closed_at;
	enum shd_field progressed_at = first + SHD_I_progressed_at;

	if (!given(work, progressed_at) && (!work->before || visibly_changed(work)))
		set_n(work, progressed_at, work->now.ms);
	if (!true_now(at(work, first + SHD_I_closed)))
		at(work, closed_at)->none = true;
	else if (at(work, closed_at)->none)
		set_n(work, closed_at, work->now.ms);
}

static void derive_listing(const struct work *work)
{
	const struct shd_value *state = at(work, SHD_F_listing_state);
	int index = shd_field_index(SHD_F_listing_state);
	bool same = work->before && shd_value_equal(&work->before->fields[index], state);

	if (state->none)
		return;
	if (!given(work, SHD_F_listing_state_since) &&
	    (!same || at(work, SHD_F_listing_state_since)->none))
		set_n(work, SHD_F_listing_state_since, work->now.ms);
	if (!given(work, SHD_F_listing_was_active))
		set_n(work, SHD_F_listing_was_active,
		      is(state, "active") || true_now(at(work, SHD_F_listing_was_active)));
}

static void derive_parcel(const struct work *work)
{
	if (!is(at(work, SHD_F_parcel_status), "at_customs"))
		at(work, SHD_F_parcel_customs_since)->none = true;
	else if (at(work, SHD_F_parcel_customs_since)->none)
		set_n(work, SHD_F_parcel_customs_since, work->now.ms);
}

/* What a parcel's next change ends: how long it had stood still, and on which leg. */
static void derive_standstill(const struct work *work)
{
	struct shd_value *longest = at(work, SHD_F_parcel_stood_still);
	const struct shd_value *moved = at(work, SHD_F_parcel_progressed_at);
	int on = shd_field_index(SHD_F_parcel_leg);

	if (!work->before || work->before->fields[SHD_I_progressed_at].none || moved->none ||
	    given(work, SHD_F_parcel_stood_still))
		return;
	int64_t stood_ms = moved->n - work->before->fields[SHD_I_progressed_at].n;
	if (stood_ms <= (longest->none ? 0 : longest->n))
		return;
	set_n(work, SHD_F_parcel_stood_still, stood_ms);
	*at(work, SHD_F_parcel_stood_still_on) = work->before->fields[on];
}

/* A marketplace may tell whose move it is and not since when. */
static void derive_return(const struct work *work)
{
	if (is(at(work, SHD_F_return_waits_for), "seller") &&
		at(work, SHD_F_return_act_since)->none)
		set_n(work, SHD_F_return_act_since, work->now.ms);
}

/* A chat or a return may have one case after the other under the same id. A response to
 * an earlier one says nothing of this one. */
static void derive_complaint(const struct work *work)
{
	struct shd_value *opened = at(work, SHD_F_complaint_opened_at);
	const struct shd_value *responded = at(work, SHD_F_complaint_responded_at);
	bool waits = responded->none && !true_now(at(work, SHD_F_complaint_closed));
	bool told = given(work, SHD_F_complaint_opened_at);
	bool was_over = work->before && (true_now(past(work, SHD_F_complaint_closed)) ||
						!past(work, SHD_F_complaint_responded_at)->none);

	if (!told && (opened->none || (waits && was_over)))
		set_n(work, SHD_F_complaint_opened_at, work->now.ms);
	else if (work->before && !waits)
		keep_earlier(work, SHD_F_complaint_opened_at);
	if (!told && !responded->none && responded->n < opened->n && !work->before)
		opened->n = responded->n;
	if (work->before && !past(work, SHD_F_complaint_responded_at)->none &&
	    past(work, SHD_F_complaint_responded_at)->n >= opened->n)
		keep_earlier(work, SHD_F_complaint_responded_at);
}

/* The times of an order that may be given by what is seen, and the state that each begins. */
static const struct {
	enum shd_field time;
	const char *state;
	bool from_opening; /* one that was so from the first began so: a buyer cancels at once */
} moments[] = {
	{SHD_F_order_cancelled_at, "cancelled", true},
	{SHD_F_order_delivered_at, "delivered", false},
};
enum { CANCELLED, DELIVERED };

/* first_seen, a bit per moment. */
static unsigned seen_moments(const struct work *work)
{
	const struct shd_value *value = at(work, SHD_F_order_first_seen);
	unsigned seen = 0;

	for (size_t i = 0; !value->none && i < SHD_COUNT(moments); i++) {
		const char *name = shd_field_row(moments[i].time)->name;

		if (memmem(value->text, value->len, name, strlen(name)))
			seen |= 1U << i;
	}
	return seen;
}

static void set_seen_moments(const struct work *work, unsigned seen)
{
	static const char *const texts[] = {
		"", "cancelled_at", "delivered_at", "cancelled_at delivered_at"};
	struct shd_value *value = at(work, SHD_F_order_first_seen);

	value->none = !seen;
	value->text = texts[seen];
	value->len = (uint32_t)strlen(texts[seen]);
}

/* When the state began, as far as that was seen; none when it was not. */
static void begin_moment(const struct work *work, size_t i)
{
	const struct shd_value *was = work->before ? past(work, SHD_F_order_status) : NULL;
	const struct shd_value *opened = at(work, SHD_F_order_opened_at);

	if (was && !was->none && !is(was, moments[i].state))
		set_n(work, moments[i].time, work->now.ms);
	else if (moments[i].from_opening && !opened->none)
		set_n(work, moments[i].time, opened->n);
}

/* An order that was delivered stays so when it is cancelled later. */
static void derive_moments(const struct work *work)
{
	const struct shd_value *status = at(work, SHD_F_order_status);
	unsigned before = seen_moments(work), seen = before;

	if (given(work, SHD_F_order_first_seen))
		return;
	for (size_t i = 0; i < SHD_COUNT(moments); i++) {
		struct shd_value *time = at(work, moments[i].time);
		bool left = !status->none && !is(status, moments[i].state) &&
			    !is(status, moments[CANCELLED].state);

		if (given(work, moments[i].time)) {
			seen &= ~(1U << i);
		} else if (is(status, moments[i].state) && time->none) {
			if (before >> i & 1) /* the answer says that it does not know */
				*time = *past(work, moments[i].time);
			else
				begin_moment(work, i);
			seen |= time->none ? 0 : 1U << i;
		} else if (left && (seen >> i & 1)) {
			time->none = true;
			seen &= ~(1U << i);
		}
	}
	if (seen != before)
		set_seen_moments(work, seen);
}

/* done after `limit`, or not done and still expected past it. What ended without a
 * time keeps what was known while it went on. */
static void derive_late(struct work *work, enum shd_field late, enum shd_field limit,
			const struct shd_value *when, bool expected)
{
	const struct shd_value *by = at(work, limit);

	if (given(work, late))
		return;
	if (by->none) {
		at(work, late)->none = true;
		return;
	}
	if (!when->none) {
		set_n(work, late, when->n > by->n);
	} else if (expected) {
		set_n(work, late, work->now.ms > by->n);
		if (by->n < SHD_NEVER_MS)
			wake_at(work, by->n + 1);
	} else if (at(work, late)->none) {
		set_n(work, late, false);
	}
}

/* Nothing is known of an order but its number and what others say of it. */
static bool is_bare(const struct shd_entity *order)
{
	return order && shd_entity_get(order, SHD_F_order_fulfilment)->none &&
	       shd_entity_get(order, SHD_F_order_status)->none &&
	       shd_entity_get(order, SHD_F_order_ship_by)->none &&
	       shd_entity_get(order, SHD_F_order_sku)->none &&
	       shd_entity_get(order, SHD_F_order_goods)->none &&
	       shd_entity_get(order, SHD_F_order_opened_at)->none &&
	       shd_entity_get(order, SHD_F_order_unreadable)->none;
}

static void derive_order(struct work *work)
{
	static const struct shd_value unknown_time = {.type = SHD_TIME, .none = true};

	if (is_bare(work->entity) && at(work, SHD_F_order_closed)->none)
		set_n(work, SHD_F_order_closed, true);
	else if (is_bare(work->before) && !is_bare(work->entity) &&
		 !given(work, SHD_F_order_closed))
		at(work, SHD_F_order_closed)->none = true;
	const struct shd_value *status = at(work, SHD_F_order_status);
	bool closed = true_now(at(work, SHD_F_order_closed));
	bool waits = is(status, "awaiting_payment") || is(status, "awaiting_shipment");
	bool on_its_way = waits || is(status, "shipped");

	derive_late(work, SHD_F_order_shipped_late, SHD_F_order_ship_by,
		at(work, SHD_F_order_shipped_at), waits && !closed);
	derive_moments(work);
	/* It was delivered before it was seen delivered, perhaps in time. */
	bool told = !(seen_moments(work) >> DELIVERED & 1);
	derive_late(work, SHD_F_order_delivered_late, SHD_F_order_deliver_by,
		told ? at(work, SHD_F_order_delivered_at) : &unknown_time, on_its_way && !closed);
}

/* A demand that was read: what was done about it nobody tells, and its date has passed. */
static void derive_notice(struct work *work)
{
	const struct shd_value *due = at(work, SHD_F_notice_due_at);
	const struct shd_value *unread = at(work, SHD_F_notice_unread);

	if (!is(at(work, SHD_F_notice_category), "demand") || due->none || unread->none ||
		unread->n || true_now(at(work, SHD_F_notice_closed)))
		return;
	if (due->n <= work->now.ms)
		set_n(work, SHD_F_notice_closed, true);
	else
		wake_at(work, due->n);
}

static void derive_stock(const struct work *work)
{
	const struct shd_value *available = at(work, SHD_F_stock_available);
	const struct shd_value *sold = at(work, SHD_F_stock_sold_7d);

	if (!given(work, SHD_F_stock_cover)) {
		at(work, SHD_F_stock_cover)->none = true;
		if (!available->none && !sold->none && sold->n > 0) {
			int64_t left = available->n > 0 ? available->n : 0;

			set_n(work, SHD_F_stock_cover, shd_mul_div(left, SHD_WEEK_MS, sold->n));
		}
	}
	if (!available->none && !given(work, SHD_F_stock_had_stock))
		set_n(work, SHD_F_stock_had_stock,
		      available->n > 0 || true_now(at(work, SHD_F_stock_had_stock)));
}

struct shd_wall shd_derive(const struct shd_entity *before, struct shd_entity *entity,
			   struct shd_wall now)
{
	struct work work = {.before = before, .entity = entity, .now = now, .wake = {SHD_NEVER_MS}};

	if (entity->kind == SHD_KIND_listing)
		derive_listing(&work);
	else if (entity->kind == SHD_KIND_parcel)
		derive_parcel(&work);
	else if (entity->kind == SHD_KIND_return)
		derive_return(&work);
	else if (entity->kind == SHD_KIND_complaint)
		derive_complaint(&work);
	else if (entity->kind == SHD_KIND_order)
		derive_order(&work);
	else if (entity->kind == SHD_KIND_stock)
		derive_stock(&work);
	else if (entity->kind == SHD_KIND_notice)
		derive_notice(&work);
	keep_first(&work);
	derive_common(&work);
	if (entity->kind == SHD_KIND_parcel)
		derive_standstill(&work);
	return work.wake;
}

void shd_entity_merge(struct shd_entity *entity, const struct shd_entity *seen)
{
	int count = shd_kind_fields(entity->kind);

	shd_assert(entity->kind == seen->kind);
	for (int i = 0; i < count; i++)
		if (seen->set >> i & 1)
			entity->fields[i] = seen->fields[i];
	entity->set = seen->set;
}

bool shd_entity_differs(const struct shd_entity *a, const struct shd_entity *b)
{
	int count = shd_kind_fields(a->kind);

	for (int i = 0; i < count; i++)
		if (!shd_value_equal(&a->fields[i], &b->fields[i]))
			return true;
	return false;
}
