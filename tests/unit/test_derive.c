/* catalog/derive.h: fields that follow from others, at both sides of their instants. */
#include "support/check.h"

#include "base/num.h"
#include "catalog/derive.h"
#include "catalog/unread.h"

#include <string.h>

struct thing {
	struct shd_value fields[64], old[64];
	struct shd_entity entity, before;
	bool seen; /* there is a before */
};

static void start(struct thing *thing, enum shd_kind kind)
{
	*thing = (struct thing){0};
	for (int i = 0; i < shd_kind_fields(kind); i++)
		thing->fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type,
			.none = true};
	thing->entity = (struct shd_entity){.kind = kind, .id = "x", .fields = thing->fields};
	thing->before = (struct shd_entity){.kind = kind, .id = "x", .fields = thing->old};
}

static struct shd_value *field(struct thing *thing, enum shd_field which)
{
	thing->entity.set |= 1ULL << shd_field_index(which);
	thing->fields[shd_field_index(which)].none = false;
	return &thing->fields[shd_field_index(which)];
}

static void text(struct thing *thing, enum shd_field which, const char *word)
{
	struct shd_value *value = field(thing, which);

	value->text = word;
	value->len = (uint32_t)strlen(word);
}

/* Derives as the judge does, then makes the result what is stored. */
static int64_t derive(struct thing *thing, int64_t now)
{
	struct shd_wall wake = shd_derive(thing->seen ? &thing->before : NULL, &thing->entity,
					  (struct shd_wall){now});

	memcpy(thing->old, thing->fields, sizeof(thing->old));
	thing->seen = true;
	thing->entity.set = 0;
	return wake.ms;
}

static const struct shd_value *get(const struct thing *thing, enum shd_field which)
{
	return &thing->fields[shd_field_index(which)];
}

static void what_was_seen_first_stays(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_complaint);
	field(&t, SHD_F_complaint_opened_at)->n = 100;
	derive(&t, 100);
	field(&t, SHD_F_complaint_opened_at)->n = 200;
	field(&t, SHD_F_complaint_responded_at)->n = 200;
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 100);
	assert_int_equal(get(&t, SHD_F_complaint_responded_at)->n, 200);
	field(&t, SHD_F_complaint_opened_at)->n = 50; /* better known meanwhile */
	field(&t, SHD_F_complaint_responded_at)->none = true;
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 50);
	assert_true(get(&t, SHD_F_complaint_responded_at)->none);
}

static void none(struct thing *thing, enum shd_field which)
{
	field(thing, which)->none = true;
}

static void a_case_that_comes_up_again_is_a_new_one(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_complaint);
	field(&t, SHD_F_complaint_opened_at)->n = 100;
	none(&t, SHD_F_complaint_responded_at);
	derive(&t, 110);
	field(&t, SHD_F_complaint_opened_at)->n = 150; /* answered and opened again meanwhile */
	derive(&t, 160);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 150);
	field(&t, SHD_F_complaint_responded_at)->n = 200;
	derive(&t, 210);
	field(&t, SHD_F_complaint_responded_at)->n = 220; /* a second response to the same */
	derive(&t, 230);
	assert_int_equal(get(&t, SHD_F_complaint_responded_at)->n, 200);
	field(&t, SHD_F_complaint_opened_at)->n = 300;
	none(&t, SHD_F_complaint_responded_at);
	derive(&t, 310);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 300);
	assert_true(get(&t, SHD_F_complaint_responded_at)->none);
	field(&t, SHD_F_complaint_opened_at)->n = 300;
	field(&t, SHD_F_complaint_responded_at)->n = 400;
	derive(&t, 410);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 300);
	assert_int_equal(get(&t, SHD_F_complaint_responded_at)->n, 400);
}

static void a_case_of_untold_age_counts_from_the_first_sight_of_it(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_complaint);
	field(&t, SHD_F_complaint_closed)->n = false;
	derive(&t, 100);
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 100);
	field(&t, SHD_F_complaint_closed)->n = true;
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 100);
	field(&t, SHD_F_complaint_closed)->n = false;
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 400);
	field(&t, SHD_F_complaint_responded_at)->n = 450;
	derive(&t, 500);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 400);
	none(&t, SHD_F_complaint_responded_at);
	derive(&t, 600);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 600);
	start(&t, SHD_KIND_complaint);
	field(&t, SHD_F_complaint_responded_at)->n = 90; /* when the answer came */
	derive(&t, 100);
	assert_int_equal(get(&t, SHD_F_complaint_opened_at)->n, 90);
}

static void progress_is_a_visible_change(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	field(&t, SHD_F_order_opened_at)->n = 10;
	text(&t, SHD_F_order_status, "awaiting_shipment");
	derive(&t, 100);
	assert_int_equal(get(&t, SHD_F_order_progressed_at)->n, 100);
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_order_progressed_at)->n, 100);
	text(&t, SHD_F_order_status, "shipped");
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_order_progressed_at)->n, 300);
	field(&t, SHD_F_order_has_product)->n = 1; /* our own conclusion, no progress */
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_order_progressed_at)->n, 300);
	field(&t, SHD_F_order_progressed_at)->n = 350; /* the marketplace tells */
	text(&t, SHD_F_order_status, "delivered");
	derive(&t, 500);
	assert_int_equal(get(&t, SHD_F_order_progressed_at)->n, 350);
}

static void closing_is_dated_and_taken_back(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_return);
	derive(&t, 100);
	assert_true(get(&t, SHD_F_return_closed_at)->none);
	field(&t, SHD_F_return_closed)->n = 1;
	derive(&t, 200);
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_return_closed_at)->n, 200);
	field(&t, SHD_F_return_closed)->n = 0;
	derive(&t, 400);
	assert_true(get(&t, SHD_F_return_closed_at)->none);
}

static void an_order_is_late_after_its_limit(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_status, "awaiting_shipment");
	assert_int_equal(derive(&t, 1), SHD_NEVER_MS);
	assert_true(get(&t, SHD_F_order_shipped_late)->none);
	field(&t, SHD_F_order_ship_by)->n = 1000;
	field(&t, SHD_F_order_deliver_by)->n = 2000;
	assert_int_equal(derive(&t, 999), 1001);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 0);
	assert_int_equal(derive(&t, 1000), 1001);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 0);
	assert_int_equal(derive(&t, 1001), 2001);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 1);
	text(&t, SHD_F_order_status, "shipped"); /* when, the marketplace does not say */
	assert_int_equal(derive(&t, 1500), 2001);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 1);
	field(&t, SHD_F_order_shipped_at)->n = 1000; /* now it does */
	assert_int_equal(derive(&t, 2001), SHD_NEVER_MS);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 0);
	assert_int_equal(get(&t, SHD_F_order_delivered_late)->n, 1);
	field(&t, SHD_F_order_delivered_at)->n = 2000;
	derive(&t, 2500);
	assert_int_equal(get(&t, SHD_F_order_delivered_late)->n, 0);
}

static void an_order_is_cancelled_when_that_is_seen(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	field(&t, SHD_F_order_opened_at)->n = 50;
	text(&t, SHD_F_order_status, "awaiting_shipment");
	derive(&t, 100);
	assert_true(get(&t, SHD_F_order_cancelled_at)->none);
	assert_true(get(&t, SHD_F_order_first_seen)->none);
	text(&t, SHD_F_order_status, "cancelled");
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 200);
	assert_string_equal(get(&t, SHD_F_order_first_seen)->text, "cancelled_at");
	text(&t, SHD_F_order_status, "cancelled");
	none(&t, SHD_F_order_cancelled_at); /* it says each time that it does not know */
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 200);
	field(&t, SHD_F_order_cancelled_at)->n = 150; /* now it does */
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 150);
	assert_true(get(&t, SHD_F_order_first_seen)->none);
	text(&t, SHD_F_order_status, "awaiting_shipment"); /* what was told is not taken back */
	derive(&t, 500);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 150);
}

static void an_order_that_goes_on_is_not_cancelled(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_status, "shipped");
	derive(&t, 100);
	text(&t, SHD_F_order_status, "cancelled");
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 200);
	text(&t, SHD_F_order_status, "shipped");
	derive(&t, 300);
	assert_true(get(&t, SHD_F_order_cancelled_at)->none);
	assert_true(get(&t, SHD_F_order_first_seen)->none);
	text(&t, SHD_F_order_status, "delivered");
	derive(&t, 400);
	text(&t, SHD_F_order_status, "cancelled"); /* it came back */
	derive(&t, 500);
	assert_int_equal(get(&t, SHD_F_order_delivered_at)->n, 400);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 500);
	assert_string_equal(
		get(&t, SHD_F_order_first_seen)->text, "cancelled_at delivered_at");
}

/* The first reading brings the orders of weeks: none of them was cancelled just now. */
static void an_order_that_was_over_at_the_first_sight(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	field(&t, SHD_F_order_opened_at)->n = 50;
	text(&t, SHD_F_order_status, "cancelled");
	derive(&t, 1000);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 50);
	start(&t, SHD_KIND_order);
	field(&t, SHD_F_order_opened_at)->n = 50;
	text(&t, SHD_F_order_status, "delivered");
	derive(&t, 1000);
	assert_true(get(&t, SHD_F_order_delivered_at)->none);
	assert_true(get(&t, SHD_F_order_first_seen)->none);
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_status, "cancelled"); /* it began, nobody knows when */
	derive(&t, 1000);
	assert_true(get(&t, SHD_F_order_cancelled_at)->none);
	field(&t, SHD_F_order_units)->n = 1; /* it was cancelled before, and not now */
	derive(&t, 2000);
	assert_true(get(&t, SHD_F_order_cancelled_at)->none);
	field(&t, SHD_F_order_opened_at)->n = 50;
	derive(&t, 3000);
	assert_int_equal(get(&t, SHD_F_order_cancelled_at)->n, 50);
}

static void what_was_seen_delivered_late_may_have_come_in_time(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	field(&t, SHD_F_order_deliver_by)->n = 1000;
	text(&t, SHD_F_order_status, "shipped");
	derive(&t, 900);
	text(&t, SHD_F_order_status, "delivered");
	derive(&t, 1100);
	assert_int_equal(get(&t, SHD_F_order_delivered_at)->n, 1100);
	assert_int_equal(get(&t, SHD_F_order_delivered_late)->n, 0);
	derive(&t, 1200);
	assert_int_equal(get(&t, SHD_F_order_delivered_late)->n, 0);
	field(&t, SHD_F_order_delivered_at)->n = 1050; /* told afterwards */
	derive(&t, 1300);
	assert_int_equal(get(&t, SHD_F_order_delivered_late)->n, 1);
}

static void a_limit_of_never_wakes_nobody(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_status, "awaiting_shipment");
	field(&t, SHD_F_order_ship_by)->n = SHD_NEVER_MS;
	assert_int_equal(derive(&t, 999), SHD_NEVER_MS);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 0);
}

static void a_cancelled_order_does_not_become_late(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_status, "cancelled");
	field(&t, SHD_F_order_ship_by)->n = 1000;
	assert_int_equal(derive(&t, 999), SHD_NEVER_MS);
	derive(&t, 5000);
	assert_int_equal(get(&t, SHD_F_order_shipped_late)->n, 0);
}

static void a_listing_knows_its_state_and_its_past(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_listing);
	text(&t, SHD_F_listing_state, "moderation");
	derive(&t, 100);
	assert_int_equal(get(&t, SHD_F_listing_state_since)->n, 100);
	assert_int_equal(get(&t, SHD_F_listing_was_active)->n, 0);
	text(&t, SHD_F_listing_state, "active");
	derive(&t, 200);
	text(&t, SHD_F_listing_title, "Lamp");
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_listing_state_since)->n, 200);
	text(&t, SHD_F_listing_state, "off_sale");
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_listing_state_since)->n, 400);
	assert_int_equal(get(&t, SHD_F_listing_was_active)->n, 1);
}

static void customs_count_from_the_first_sight(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_parcel);
	text(&t, SHD_F_parcel_status, "at_customs");
	derive(&t, 100);
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_parcel_customs_since)->n, 100);
	text(&t, SHD_F_parcel_status, "in_transit");
	derive(&t, 300);
	assert_true(get(&t, SHD_F_parcel_customs_since)->none);
	text(&t, SHD_F_parcel_status, "at_customs");
	field(&t, SHD_F_parcel_customs_since)->n = 250; /* the carrier tells */
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_parcel_customs_since)->n, 250);
}

static void a_parcel_keeps_its_longest_standstill_and_where_that_was(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_parcel);
	text(&t, SHD_F_parcel_leg, "linehaul");
	derive(&t, 100);
	derive(&t, 250); /* it still stands */
	assert_true(get(&t, SHD_F_parcel_stood_still)->none);
	text(&t, SHD_F_parcel_leg, "customs");
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_parcel_stood_still)->n, 200);
	assert_string_equal(get(&t, SHD_F_parcel_stood_still_on)->text, "linehaul");
	text(&t, SHD_F_parcel_leg, "last-mile");
	derive(&t, 350);
	assert_int_equal(get(&t, SHD_F_parcel_stood_still)->n, 200);
	assert_string_equal(get(&t, SHD_F_parcel_stood_still_on)->text, "linehaul");
}

static void a_return_waits_for_the_seller_since_the_first_sight(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_return);
	text(&t, SHD_F_return_waits_for, "buyer");
	derive(&t, 100);
	assert_true(get(&t, SHD_F_return_act_since)->none);
	text(&t, SHD_F_return_waits_for, "seller");
	derive(&t, 200);
	derive(&t, 300);
	assert_int_equal(get(&t, SHD_F_return_act_since)->n, 200);
}

static void cover_is_stock_over_daily_sales(void **state)
{
	static const struct {
		int64_t available, sold, cover; /* pieces; -1: none */
	} cases[] = {
		{14, 7, 14 * SHD_DAY_MS}, {0, 7, 0}, {-1, 7, -1}, {5, -1, -1}, {5, 0, -1},
		{1, 3, 201600000},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct thing t;

		start(&t, SHD_KIND_stock);
		if (cases[i].available >= 0)
			field(&t, SHD_F_stock_available)->n = cases[i].available * SHD_MICRO;
		if (cases[i].sold >= 0)
			field(&t, SHD_F_stock_sold_7d)->n = cases[i].sold * SHD_MICRO;
		derive(&t, 100);
		assert_int_equal(get(&t, SHD_F_stock_cover)->none, cases[i].cover < 0);
		if (cases[i].cover >= 0)
			assert_int_equal(get(&t, SHD_F_stock_cover)->n, cases[i].cover);
	}
}

static void stock_remembers_that_there_was_some(void **state)
{
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_stock);
	derive(&t, 100);
	assert_true(get(&t, SHD_F_stock_had_stock)->none);
	field(&t, SHD_F_stock_available)->n = 0;
	derive(&t, 200);
	assert_int_equal(get(&t, SHD_F_stock_had_stock)->n, 0);
	field(&t, SHD_F_stock_available)->n = SHD_MICRO;
	derive(&t, 300);
	field(&t, SHD_F_stock_available)->n = 0;
	derive(&t, 400);
	assert_int_equal(get(&t, SHD_F_stock_had_stock)->n, 1);
}

static void merging_keeps_what_is_not_spoken_of(void **state)
{
	struct thing stored, seen;

	(void)state;
	start(&stored, SHD_KIND_review);
	start(&seen, SHD_KIND_review);
	text(&stored, SHD_F_review_text, "good");
	field(&stored, SHD_F_review_stars)->n = 5 * SHD_MICRO;
	field(&seen, SHD_F_review_stars)->n = SHD_MICRO;
	shd_entity_merge(&stored.entity, &seen.entity);
	assert_int_equal(get(&stored, SHD_F_review_stars)->n, SHD_MICRO);
	assert_string_equal(get(&stored, SHD_F_review_text)->text, "good");
	assert_true(shd_entity_differs(&stored.entity, &seen.entity));
	shd_entity_merge(&seen.entity, &stored.entity);
	text(&seen, SHD_F_review_text, "good");
	assert_false(shd_entity_differs(&stored.entity, &seen.entity));
}

/* Until its own list tells of it; what that cannot read keeps it open. */
static void an_order_that_is_only_spoken_of_is_closed(void **state)
{
	struct thing thing;

	(void)state;
	start(&thing, SHD_KIND_order);
	field(&thing, SHD_F_order_counts_against_seller)->n = true;
	shd_derive(NULL, &thing.entity, (struct shd_wall){1000});
	assert_true(thing.fields[SHD_I_closed].n && !thing.fields[SHD_I_closed].none);
	memcpy(thing.old, thing.fields, sizeof(thing.old));
	thing.entity.set = 0;
	text(&thing, SHD_F_order_fulfilment, "seller");
	shd_derive(&thing.before, &thing.entity, (struct shd_wall){2000});
	assert_true(thing.fields[SHD_I_closed].none);
	assert_true(thing.fields[SHD_I_closed_at].none);
	memcpy(thing.old, thing.fields, sizeof(thing.old));
	field(&thing, SHD_F_order_closed)->n = true;
	shd_derive(&thing.before, &thing.entity, (struct shd_wall){3000});
	assert_true(thing.fields[SHD_I_closed].n);
}

/* One that was read ends at its date, whether or not its chat is read again. */
static void a_demand_that_was_read_ends_at_its_date(void **state)
{
	struct thing thing;

	(void)state;
	for (int unread = 0; unread < 2; unread++) {
		start(&thing, SHD_KIND_notice);
		text(&thing, SHD_F_notice_category, "demand");
		field(&thing, SHD_F_notice_due_at)->n = 5000;
		field(&thing, SHD_F_notice_unread)->n = unread;
		field(&thing, SHD_F_notice_closed)->n = false;
		for (int64_t now = 4999; now < 5001; now++) {
			const struct shd_wall at = {now};
			struct shd_wall wake = shd_derive(NULL, &thing.entity, at);

			assert_int_equal(field(&thing, SHD_F_notice_closed)->n,
				!unread && now >= 5000);
			assert_int_equal(wake.ms, unread || now >= 5000 ? SHD_NEVER_MS : 5000);
		}
	}
	/* Of other notices it is no date that ends them. */
	start(&thing, SHD_KIND_notice);
	text(&thing, SHD_F_notice_category, "violation");
	field(&thing, SHD_F_notice_due_at)->n = 5000;
	field(&thing, SHD_F_notice_unread)->n = false;
	shd_derive(NULL, &thing.entity, (struct shd_wall){6000});
	assert_true(thing.fields[SHD_I_closed].none);
}

static void what_follows_from_an_unreadable_status_is_unreadable(void **state)
{
	static const enum shd_field unknown[] = {SHD_F_order_status, SHD_F_order_shipped_late,
		SHD_F_order_delivered_late, SHD_F_order_cancelled_at, SHD_F_order_delivered_at};
	struct thing t;

	(void)state;
	start(&t, SHD_KIND_order);
	text(&t, SHD_F_order_unreadable, "status fbs_list \"gone_fishing\"");
	for (int i = 0; i < shd_kind_fields(SHD_KIND_order); i++) {
		bool expected = false;

		for (size_t j = 0; j < SHD_COUNT(unknown); j++)
			expected |= shd_field_index(unknown[j]) == i;
		assert_int_equal(shd_unread_field(&t.entity, i), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_first_stays),
		cmocka_unit_test(a_case_that_comes_up_again_is_a_new_one),
		cmocka_unit_test(a_case_of_untold_age_counts_from_the_first_sight_of_it),
		cmocka_unit_test(progress_is_a_visible_change),
		cmocka_unit_test(closing_is_dated_and_taken_back),
		cmocka_unit_test(an_order_is_late_after_its_limit),
		cmocka_unit_test(an_order_is_cancelled_when_that_is_seen),
		cmocka_unit_test(an_order_that_goes_on_is_not_cancelled),
		cmocka_unit_test(an_order_that_was_over_at_the_first_sight),
		cmocka_unit_test(what_was_seen_delivered_late_may_have_come_in_time),
		cmocka_unit_test(a_limit_of_never_wakes_nobody),
		cmocka_unit_test(a_cancelled_order_does_not_become_late),
		cmocka_unit_test(a_listing_knows_its_state_and_its_past),
		cmocka_unit_test(customs_count_from_the_first_sight),
		cmocka_unit_test(a_parcel_keeps_its_longest_standstill_and_where_that_was),
		cmocka_unit_test(a_return_waits_for_the_seller_since_the_first_sight),
		cmocka_unit_test(cover_is_stock_over_daily_sales),
		cmocka_unit_test(stock_remembers_that_there_was_some),
		cmocka_unit_test(a_demand_that_was_read_ends_at_its_date),
		cmocka_unit_test(an_order_that_is_only_spoken_of_is_closed),
		cmocka_unit_test(merging_keeps_what_is_not_spoken_of),
		cmocka_unit_test(what_follows_from_an_unreadable_status_is_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
