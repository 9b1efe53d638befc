"""The sandbox's Ozon is as strict as the real one, and goes wrong when told to."""
import datetime
import json
import socket
import subprocess
import time

import pytest

from sandbox_client import ROOT, Sandbox, find_binary

HERE = ROOT / "tests" / "e2e"


def ago(hours):
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def unfulfilled(**more):
    return {"limit": 100, "filter": {"cutoff_from": ago(900), "cutoff_to": ago(-900)}, **more}


def listing(**more):
    return {"limit": 100, "filter": {"since": ago(900), "to": ago(-1)}, **more}


UNFULFILLED = "/v4/posting/fbs/unfulfilled/list"
REVIEWS = "/v2/review/list"


@pytest.fixture(scope="module")
def running():
    with Sandbox(HERE / "sandbox_store.yaml") as sandbox:
        yield sandbox
        assert sandbox.stop() == 0


@pytest.fixture
def sandbox(running):
    running.admin("/reset", {})
    yield running
    running.admin("/reset", {})


def refused(answer, status, code, text):
    assert (answer.status, answer.json()["code"]) == (status, code), answer.body
    assert text in answer.json()["message"]


# --- who may ask ---------------------------------------------------------------

def test_missing_headers_are_401_code_16(sandbox):
    refused(sandbox.ozon("/v1/roles", client=None), 401, 16, "headers are required")
    refused(sandbox.ozon("/v1/roles", key=None), 401, 16, "headers are required")


@pytest.mark.parametrize("client", ["abc", "-1", "0", "12x"])
def test_client_id_must_be_a_positive_integer(sandbox, client):
    refused(sandbox.ozon("/v1/roles", client=client), 400, 3, "positive integer")


@pytest.mark.parametrize("client, key", [("1001", "other"), ("999999", "demo-key")])
def test_a_wrong_key_is_404_code_5(sandbox, client, key):
    refused(sandbox.ozon("/v1/roles", client=client, key=key), 404, 5, "Invalid Api-Key")


def test_a_method_outside_the_roles_is_403(sandbox):
    refused(sandbox.ozon("/v1/seller/info", client="1002"), 403, 7, "missing a required role")
    assert sandbox.ozon("/v1/rating/summary", client="1002").status == 200
    assert sandbox.ozon(UNFULFILLED, unfulfilled(), client="1002").status == 200
    roles = sandbox.ozon("/v1/roles", client="1002").json()
    assert "/v4/posting" in roles["roles"][0]["methods"]


@pytest.mark.parametrize("state, status, code, text", [
    ("deactivated", 403, 7, "is deactivated"), ("blocked", 403, 7, "Company is blocked"),
    ("unsigned", 403, 7, "Offer not signed"), ("restricted_ip", 403, 7, "specific IP addresses"),
    ("invalid_key", 404, 5, "Invalid Api-Key"), ("not_allowed", 403, 7, "method is not allowed")])
def test_the_state_of_a_store_is_told(sandbox, state, status, code, text):
    body = {"at": "0s", "store": {"state": state}}
    assert sandbox.admin("/event", {"of": "1003", **body}) == {"ok": True}
    try:
        refused(sandbox.ozon("/v1/roles", client="1003"), status, code, text)
    finally:
        sandbox.admin("/event", {"of": "1003", "store": {"state": "ok"}})
    assert sandbox.ozon("/v1/roles", client="1003").status == 200


def test_only_post_and_only_json(sandbox):
    headers = {"Client-Id": "1001", "Api-Key": "demo-key"}
    assert sandbox.send("ozon", "GET", "/v1/roles", headers=headers).status == 405
    refused(sandbox.ozon("/v1/roles", Content_Type="text/plain"), 400, 4, "Content-Type")
    refused(sandbox.ozon("/v1/roles", Content_Type=None), 400, 4, "Content-Type")
    refused(sandbox.ozon("/v1/roles", body="{"), 400, 3, "syntax error")


@pytest.mark.parametrize("path", [
    "/v3/posting/fbs/list", "/v3/posting/fbs/unfulfilled/list", "/v2/posting/fbo/list",
    "/v1/warehouse/list", "/v1/delivery-method/list", "/v2/chat/list", "/v2/chat/history",
    "/v1/product/info/stocks-by-warehouse/fbs"])
def test_retired_methods_are_400_code_9(sandbox, path):
    refused(sandbox.ozon(path), 400, 9, "obsolete method cannot be used")


def test_an_unknown_path_is_plain_text(sandbox):
    answer = sandbox.ozon("/v9/nothing")
    assert answer.status == 404 and answer.body == b"404 page not found"
    assert answer.headers["content-type"].startswith("text/plain")


def test_methods_that_write_are_never_open(sandbox):
    assert sandbox.ozon("/v2/conditional-cancellation/approve").status == 403


# --- what may be asked -----------------------------------------------------------

@pytest.mark.parametrize("path, body, text", [
    (UNFULFILLED, {"filter": {"cutoff_from": ago(1), "cutoff_to": ago(0)}}, "range (0, 100]"),
    (UNFULFILLED, unfulfilled(limit=101), "Limit: value must be inside range (0, 100]"),
    ("/v4/posting/fbs/list", {"limit": 10}, "Filter.Since: value is required"),
    ("/v4/posting/fbs/list", {"limit": 10, "filter": {"since": ago(1)}}, "Filter.To"),
    ("/v4/posting/fbs/list", {"limit": 9, "filter": {"since": ago(9999), "to": ago(0)}},
     "PERIOD_IS_TOO_LONG"),
    ("/v4/posting/fbs/list", {"limit": 9, "filter": {"since": "soon", "to": ago(0)}}, "Timestamp"),
    ("/v4/posting/fbs/list", {"limit": 9, "filter": {"since": ago(0), "to": ago(1)}},
     "filter.to is before filter.since"),
    ("/v4/posting/fbs/list", {"limit": 9, "filter": {
        "since": ago(9), "to": ago(0), "last_changed_status_date": {"from": ago(0), "to": ago(1)}}},
     "last_changed_status_date.to is before"),
    ("/v1/returns/list", {"limit": 5, "filter": {
        "visual_status_change_moment": {"time_from": ago(0), "time_to": ago(1)}}}, "is before"),
    ("/v3/posting/fbo/list", {"limit": 10}, "value is required"),
    ("/v3/product/list", {"limit": 10}, "Filter: value is required"),
    ("/v3/product/list", {"limit": 10, "filter": {}}, "Filter: value is required"),
    ("/v3/product/list", {"limit": 1001, "filter": {"visibility": "ALL"}}, "(0, 1000]"),
    ("/v3/product/info/list", {}, "required"),
    ("/v3/product/info/list", {"sku": [1], "offer_id": ["a"]}, "only one of"),
    ("/v4/product/info/stocks", {"limit": 10}, "Filter: value is required"),
    ("/v2/product/info/stocks-by-warehouse/fbs", {"limit": 10}, "exactly one of"),
    ("/v1/analytics/stocks", {"skus": []}, "between 1 and 100"),
    ("/v1/analytics/stocks", {"skus": ["1"], "cluster_ids": ["1"],
                              "macrolocal_cluster_ids": ["1"]}, "either"),
    (REVIEWS, {"limit": 19}, "range [20, 100]"),
    (REVIEWS, {"limit": 20, "filter": {"status": "ALL"}}, 'unknown field "filter"'),
    ("/v1/question/list", {"limit": 101}, "(0, 100]"),
    ("/v1/returns/list", {"limit": 501}, "(0, 500]"),
    ("/v1/returns/list", {"limit": 5, "filter": {
        "visual_status_change_moment": {"time_from": ago(1)},
        "logistic_return_date": {"time_from": ago(1)}}}, "only one of the date filters"),
    ("/v2/returns/rfbs/list", {"limit": 5}, "Filter: value is required"),
    ("/v2/conditional-cancellation/list", {"limit": 501}, "(0, 500]"),
    ("/v2/conditional-cancellation/list", {"limit": 5, "filter": {}}, "unknown field"),
    ("/v3/chat/history", {}, "ChatId: value is required"),
    ("/v3/chat/history", {"chat_id": "chat-1", "direction": "Forward"}, "from_message_id"),
    ("/v2/delivery-method/list", {}, "(0, 100]"),
    ("/v3/supply-order/list", {"limit": 5, "sort_by": "ORDER_CREATION"}, "States"),
    ("/v3/supply-order/list", {"limit": 5, "filter": {"states": ["IN_TRANSIT"]}}, "SortBy"),
    ("/v1/rating/history", {"ratings": ["rating_on_time"], "date_from": ago(1)}, "DateTo"),
    ("/v1/rating/history", {"ratings": ["rating_on_time"], "date_from": ago(2000),
                            "date_to": ago(0)}, "too wide range"),
    ("/v1/rating/index/fbs/posting/list", {"limit": 5}, "value is required")])
def test_bad_requests_are_400_code_3(sandbox, path, body, text):
    refused(sandbox.ozon(path, body), 400, 3, text)


def test_cutoff_and_delivering_windows_exclude_each_other(sandbox):
    both = {"cutoff_from": ago(9), "cutoff_to": ago(0), "delivering_date_from": ago(9)}
    refused(sandbox.ozon(UNFULFILLED, {"limit": 10, "filter": both}), 400, 3, "not both")
    refused(sandbox.ozon(UNFULFILLED, {"limit": 10}), 400, 3, "must be specified")


# --- tariffs and rates --------------------------------------------------------------

def test_reviews_need_the_add_on_but_the_limit_is_checked_first(sandbox):
    refused(sandbox.ozon(REVIEWS, {"limit": 10}, client="1002"), 400, 3, "[20, 100]")
    refused(sandbox.ozon(REVIEWS, {"limit": 20}, client="1002"), 403, 7, "existing subscription")
    refused(sandbox.ozon("/v2/review/count", client="1002"), 403, 7, "existing subscription")
    assert sandbox.ozon(REVIEWS, {"limit": 20}).status == 200
    assert sandbox.ozon(REVIEWS, {"limit": 20}, client="1003").status == 200


def test_questions_need_premium_plus(sandbox):
    assert sandbox.ozon("/v1/question/count", client="1002").status == 403
    assert sandbox.ozon("/v1/question/count").json()["all"] == 12


def test_more_than_50_requests_a_second_are_429(sandbox):
    answers = [sandbox.ozon("/v1/roles", client="1004") for _ in range(200)]
    throttled = [a for a in answers if a.status == 429]
    if not throttled:
        pytest.skip("this machine is too slow to pass 50 requests a second")
    refused(throttled[0], 429, 8, "rate limit per second")
    assert throttled[0].headers["retry-after"] == "1"
    assert throttled[0].headers["ratelimit-remaining"] == "0"
    time.sleep(1.1)
    assert sandbox.ozon("/v1/roles", client="1004").status == 200


def test_turnover_is_served_once_a_minute(sandbox):
    first = sandbox.ozon("/v1/analytics/turnover/stocks", {"limit": 10})
    assert first.status == 200 and len(first.json()["items"]) == 10
    second = sandbox.ozon("/v1/analytics/turnover/stocks", {"limit": 10})
    refused(second, 429, 8, "per minute")
    assert 1 <= int(second.headers["retry-after"]) <= 60


def test_analytics_keep_a_pace_of_five_seconds(sandbox):
    body = {"skus": ["7001"]}
    assert sandbox.ozon("/v1/analytics/stocks", body).status == 200
    refused(sandbox.ozon("/v1/analytics/stocks", body), 429, 8, "rate limit")


def test_a_seller_without_fbs_is_refused_its_lists(sandbox):
    sandbox.admin("/event", {"store": {"fbs": False}})
    refused(sandbox.ozon(UNFULFILLED, unfulfilled()), 400, 2, "scheme")
    products = {"limit": 1, "filter": {"visibility": "ALL"}}
    assert sandbox.ozon("/v3/product/list", products).status == 200
    sandbox.admin("/event", {"store": {"fbs": True}})
    assert sandbox.ozon(UNFULFILLED, unfulfilled()).status == 200


# --- pages ----------------------------------------------------------------------------

def test_cursor_pages_give_every_row_once(sandbox):
    seen, cursor = [], ""
    while True:
        page = sandbox.ozon(UNFULFILLED, unfulfilled(limit=10, cursor=cursor)).json()
        seen += [p["posting_number"] for p in page["postings"]]
        assert page["count"] == 25
        if not page["has_next"]:
            break
        cursor = page["cursor"]
    assert len(seen) == 25 == len(set(seen))


def test_a_cursor_expires_and_belongs_to_its_method(sandbox):
    cursor = sandbox.ozon(UNFULFILLED, unfulfilled(limit=10)).json()["cursor"]
    refused(sandbox.ozon("/v4/posting/fbs/list", listing(cursor=cursor)), 400, 3, "cursor")
    refused(sandbox.ozon(UNFULFILLED, unfulfilled(cursor="!!")), 400, 3, "cursor")
    time.sleep(4.1)
    refused(sandbox.ozon(UNFULFILLED, unfulfilled(cursor=cursor)), 400, 3, "expired")


def test_reviews_promise_a_page_that_is_empty(sandbox):
    first = sandbox.ozon(REVIEWS, {"limit": 40}).json()
    assert len(first["reviews"]) == 40 and first["has_next"]
    last = sandbox.ozon(REVIEWS, {"limit": 40, "last_id": first["last_id"]}).json()
    assert last["reviews"] == [] and not last["has_next"]


def test_products_page_by_last_id_inside_result(sandbox):
    body = {"limit": 20, "filter": {"visibility": "ALL"}}
    first = sandbox.ozon("/v3/product/list", body).json()["result"]
    rest = sandbox.ozon("/v3/product/list", {**body, "last_id": first["last_id"]}).json()["result"]
    assert len(first["items"]) == 20 and len(rest["items"]) == 5
    assert first["total_items"] == 25
    gone = datetime.datetime.now(datetime.timezone.utc).date() >= datetime.date(2026, 11, 23)
    assert ("total" in first) == (not gone)


def test_returns_page_by_the_last_number(sandbox):
    first = sandbox.ozon("/v1/returns/list", {"limit": 3}).json()
    rest = sandbox.ozon("/v1/returns/list",
                        {"limit": 3, "last_id": first["returns"][-1]["id"]}).json()
    assert first["has_next"] and not rest["has_next"]
    assert [r["id"] for r in first["returns"] + rest["returns"]] == [f"100{i}" for i in range(1, 6)]


def test_rfbs_returns_give_neither_has_next_nor_last_id(sandbox):
    page = sandbox.ozon("/v2/returns/rfbs/list",
                        {"limit": 5, "filter": {"group_state": ["new"]}}).json()
    assert list(page) == ["returns"] and page["returns"][0]["return_id"] == 8001


def test_rfbs_returns_take_no_last_id_beyond_32_bits(sandbox):
    body = {"limit": 5, "last_id": 8000123456, "filter": {"group_state": ["All"]}}
    refused(sandbox.ozon("/v2/returns/rfbs/list", body), 400, 3, "range")


def test_delivery_methods_come_by_their_states(sandbox):
    sandbox.admin("/event", {"delivery_method": {"id": 77, "status": "BROKEN"}})
    path = "/v2/delivery-method/list"
    assert sandbox.ozon(path, {"limit": 5}).json()["delivery_methods"] == []
    some = sandbox.ozon(path, {"limit": 5, "filter": {"status": ["BROKEN"]}}).json()
    assert [row["id"] for row in some["delivery_methods"]] == [77]


def test_offset_pages_and_default_pages(sandbox):
    assert len(sandbox.ozon("/v1/question/list").json()["questions"]) == 10


# --- odd types --------------------------------------------------------------------------

def test_types_are_as_odd_as_the_real_ones(sandbox):
    returns = sandbox.ozon("/v1/returns/list", {"limit": 1}).json()["returns"][0]
    assert isinstance(returns["id"], str) and isinstance(returns["product"]["sku"], str)
    assert isinstance(sandbox.ozon(REVIEWS, {"limit": 20}).json()["reviews"][0]["sku"], str)
    posting = sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"][0]
    assert posting["analytics_data"] is None and posting["customer"] is None
    assert posting["tariffication_steps"][-1]["tariff_deadline_at"].startswith("9999-")
    full = sandbox.ozon(UNFULFILLED, unfulfilled(**{"with": {"analytics_data": True}})).json()
    assert full["postings"][0]["analytics_data"]["delivery_date_end"]
    rfbs = sandbox.ozon("/v2/returns/rfbs/list", {"limit": 5, "filter": {"group_state": ["All"]}})
    assert len(rfbs.json()["returns"][0]["created_at"].split(".")[1]) == len("123456789Z")
    assert sandbox.ozon("/v2/conditional-cancellation/list",
                        {"limit": 5, "with": {"counter": True}}).json()["counter"] == "1"


def test_chats_have_text_ids_a_cyrillic_customer_and_a_text_has_next(sandbox):
    chats = sandbox.ozon("/v3/chat/list", {"limit": 10, "filter": {"unread_only": True}}).json()
    assert chats["has_next"] == "false" and chats["chats"][0]["unread_count"] == 2
    assert chats["chats"][0]["last_message_id"] == "3000000000118021932"
    history = sandbox.ozon("/v3/chat/history", {"chat_id": "chat-1", "limit": 1}).json()
    assert history["messages"][0]["user"]["type"] == "\u0421ustomer"
    assert history["messages"][0]["data"] == ["Ау?"] and history["has_next"]


def test_a_product_has_several_skus_or_no_stock(sandbox):
    body = {"limit": 1, "filter": {"visibility": "ALL", "product_id": ["500007002"]}}
    path = "/v4/product/info/stocks"
    before = sandbox.ozon(path, body).json()["items"][0]["stocks"]
    sandbox.admin("/event", {"stock": {"sku": 9902, "product_id": 500007002, "type": "rfbs",
                                       "present": 3}})
    after = sandbox.ozon(path, body).json()["items"][0]["stocks"]
    assert len(after) == len(before) + 1 and {row["sku"] for row in after} == {7002, 9902}
    sandbox.admin("/event", {"product": {"sku": 9903}})
    body["filter"]["product_id"] = ["500009903"]
    assert sandbox.ozon(path, body).json()["items"][0]["stocks"] == []


def test_analytics_leave_out_what_lies_nowhere(sandbox):
    for sku, present in ((9904, 0), (9905, 8)):
        sandbox.admin("/event", {"product": {"sku": sku, "fbo": present, "ads": 3.0}})
    rows = sandbox.ozon("/v1/analytics/stocks", {"skus": ["9904", "9905"]}).json()["items"]
    assert [row["sku"] for row in rows] == [9905]
    assert rows[0]["ads"] == 3.0 and rows[0]["ads_cluster"] == 1.5


def test_times_that_are_not_set_may_be_the_year_1(sandbox):
    row = sandbox.ozon("/v1/returns/list", {"limit": 1}).json()["returns"][0]
    assert row["logistic"]["final_moment"] == "0001-01-01T00:00:00Z"


def test_notification_chats_are_read_as_a_whole(sandbox):
    sandbox.admin("/event", {"chat": {"chat_id": "n-1", "chat_type": "SELLER_NOTIFICATION_FBS"}})
    sandbox.admin("/event", {"message": {"message_id": "31", "chat_id": "n-1",
                                         "from": "notification", "text": "до 01.01.2027"}})
    body = {"chat_id": "n-1"}
    message = sandbox.ozon("/v3/chat/history", body).json()["messages"][0]
    assert message["user"]["type"] == "NotificationUser" and message["is_read"] is False
    chats = sandbox.ozon("/v3/chat/list", {"limit": 10, "filter": {"unread_only": True}}).json()
    assert chats["total_unread_count"] == sum(row["unread_count"] for row in chats["chats"])
    sandbox.admin("/event", {"chat": {"chat_id": "n-1", "unread_count": 0}})
    assert sandbox.ozon("/v3/chat/history", body).json()["messages"][0]["is_read"] is True


def test_details_and_objects_that_are_absent(sandbox):
    detail = sandbox.ozon("/v3/posting/fbs/get", {"posting_number": "0199-0001-1"}).json()["result"]
    assert detail["products"][0]["currency_code"] == "RUB"
    refused(sandbox.ozon("/v3/posting/fbs/get", {"posting_number": "0-0-0"}), 404, 5, "not found")
    claim = sandbox.ozon("/v2/returns/rfbs/get", {"return_id": 8001}).json()["returns"]
    assert claim["return_reason"]["is_defect"] is True and claim["available_actions"]


@pytest.mark.parametrize("path, body, member", [
    ("/v1/seller/info", {}, "company"), ("/v1/roles", {}, "expires_at"),
    ("/v1/rating/summary", {}, "groups"), ("/v1/rating/index/fbs/info", {}, "defects"),
    ("/v1/rating/history", {"date_from": ago(48), "date_to": ago(0),
                            "ratings": ["rating_on_time"]}, "ratings"),
    ("/v1/rating/index/fbs/posting/list",
     {"limit": 5, "filter": {"date_from": ago(48), "date_to": ago(0)}}, "errors"),
    ("/v4/posting/fbs/list", listing(), "postings"), ("/v3/posting/fbo/list", listing(), "postings"),
    ("/v2/posting/fbs/cancel-reason/list", {}, "result"),
    ("/v3/product/info/list", {"sku": ["7001"]}, "items"),
    ("/v5/product/info/prices", {"limit": 5, "filter": {"visibility": "IN_SALE"}}, "items"),
    ("/v4/product/info/stocks", {"limit": 5, "filter": {"visibility": "ALL"}}, "items"),
    ("/v2/product/info/stocks-by-warehouse/fbs", {"limit": 5, "sku": ["7001"]}, "products"),
    ("/v1/product/info/stocks-by-warehouse/fbo", {"limit": 5, "skus": ["7001"]}, "products"),
    ("/v1/product/info/warehouse/stocks", {"limit": 5, "warehouse_id": 1020005003107121}, "stocks"),
    ("/v1/analytics/stocks", {"skus": ["7001"]}, "items"),
    ("/v2/review/info", {"review_id": "017c0d1c-1"}, "likes_amount"),
    ("/v1/review/comment/list", {"limit": 20, "review_id": "017c0d1c-1"}, "comments"),
    ("/v1/return/giveout/list", {"limit": 5}, "giveouts"),
    ("/v1/returns/company/fbs/info", {"pagination": {"limit": 5}}, "drop_off_points"),
    ("/v2/warehouse/list", {"limit": 200}, "warehouses"),
    ("/v2/delivery-method/list", {"limit": 50}, "delivery_methods"),
    ("/v1/warehouse/warehouses-with-invalid-products", {}, "warehouse_ids"),
    ("/v3/supply-order/get", {"order_ids": ["501"]}, "orders"),
    ("/v1/supply-order/status/counter", {}, "items")])
def test_every_method_answers(sandbox, path, body, member):
    answer = sandbox.ozon(path, body)
    assert answer.status == 200, answer.body
    assert member in answer.json()


# --- what happens ---------------------------------------------------------------------------

def test_an_event_changes_what_is_told(sandbox):
    name = "0500-0001-1"
    assert sandbox.admin("/event", {"order": {"posting_number": name, "ship_by": "+2h"}})["ok"]
    detail = sandbox.ozon("/v3/posting/fbs/get", {"posting_number": name}).json()["result"]
    assert detail["status"] == "awaiting_packaging"
    sandbox.admin("/event", {"order": {"posting_number": name, "status": "cancelled"}})
    detail = sandbox.ozon("/v3/posting/fbs/get", {"posting_number": name}).json()["result"]
    assert (detail["status"], detail["substatus"]) == ("cancelled", "posting_canceled")
    sandbox.admin("/event", {"remove": {"order": name}})
    assert sandbox.ozon("/v3/posting/fbs/get", {"posting_number": name}).status == 404


def test_a_falling_rating_says_so(sandbox):
    sandbox.admin("/event", {"rating": {"rating": "rating_on_time", "value": 79.5}})
    item = sandbox.ozon("/v1/rating/summary").json()["groups"][0]["items"][0]
    assert (item["current_value"], item["past_value"], item["status"]) == (79.5, 97.0, "CRITICAL")
    assert item["change"] == {"direction": "DIRECTION_FALL", "meaning": "MEANING_BAD"}


def test_a_stock_change_shows_in_every_view(sandbox):
    sandbox.admin("/event", {"stock": {"sku": 7002, "type": "fbs", "present": 1, "reserved": 1}})
    body = {"limit": 1, "filter": {"visibility": "ALL", "product_id": ["500007002"]}}
    row = sandbox.ozon("/v4/product/info/stocks", body).json()["items"][0]["stocks"][0]
    assert (row["present"], row["reserved"]) == (1, 1)
    info = sandbox.ozon("/v3/product/info/list", {"sku": ["7002"]}).json()["items"][0]
    assert {"sku": 7002, "source": "fbs", "present": 1, "reserved": 1} in info["stocks"]["stocks"]


def test_unchanged_answers_are_the_same_bytes_and_churn_changes_its_share(sandbox):
    same = [sandbox.ozon("/v4/posting/fbs/list", {"limit": 5, "filter": {
        "since": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z"}}).body for _ in range(2)]
    assert same[0] == same[1]
    polls = [sandbox.ozon(UNFULFILLED, unfulfilled(), client="3002", key="many").json()["postings"]
             for _ in range(6)]
    changed = [sum(a != b for a, b in zip(*pair)) for pair in zip(polls, polls[1:])]
    assert sum(changed) == 10  # 20 % of 10 rows, five times


@pytest.mark.parametrize("event, text", [
    ({"ordr": {"posting_number": "1"}}, 'did you mean "order"'), ({}, "without an event"),
    ({"order": {"status": "x"}}, 'needs "posting_number"'),
    ({"order": {"posting_number": "1", "statsu": "x"}}, 'did you mean "status"'),
    ({"at": "soon", "order": {"posting_number": "1"}}, "not a time"),
    ({"of": "77", "order": {"posting_number": "1"}}, "no such store")])
def test_a_wrong_event_is_explained(sandbox, event, text):
    assert text in sandbox.admin("/event", event)["error"]


# --- what goes wrong ---------------------------------------------------------------------------

def fault(sandbox, **row):
    assert sandbox.admin("/fault", row) == {"ok": True}


@pytest.mark.parametrize("name, status, code", [
    ("throttled", 429, 8), ("circle_open", 429, 8), ("internal", 500, 13), ("maintenance", 503, 14),
    ("invalid_key", 404, 5), ("obsolete", 400, 9), ("no_access", 403, 7), ("tariff", 403, 7)])
def test_a_fault_refuses_by_name_and_for_its_path_only(sandbox, name, status, code):
    fault(sandbox, do=name, path="/v1/ro*", retry_after=7, times=1)
    answer = sandbox.ozon("/v1/roles")
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["retry-after"] == "7"
    assert sandbox.ozon("/v1/roles").status == 200
    assert sandbox.ozon("/v1/seller/info").status == 200


def test_a_fault_has_its_window_and_store(sandbox):
    fault(sandbox, do="internal", store="1003")
    assert sandbox.ozon("/v1/roles").status == 200
    assert sandbox.ozon("/v1/roles", client="1003").status == 500
    sandbox.admin("/fault", method="DELETE")
    fault(sandbox, do="internal", **{"from": "1h"})
    assert sandbox.ozon("/v1/roles").status == 200


def test_timeout_never_answers(sandbox):
    fault(sandbox, do="timeout", times=1)
    with pytest.raises(TimeoutError):
        sandbox.ozon("/v1/roles", timeout=0.5)


def test_drip_comes_in_small_pieces_but_complete(sandbox):
    fault(sandbox, do="drip", times=1)
    began = time.monotonic()
    assert sandbox.ozon("/v2/review/count").json()["total"] == 40
    assert time.monotonic() - began > 1.0


def test_slow_waits_before_the_first_byte(sandbox):
    fault(sandbox, do="slow", by="600ms", times=1)
    began = time.monotonic()
    assert sandbox.ozon("/v1/roles").status == 200
    assert time.monotonic() - began >= 0.59


def test_truncate_breaks_the_promise_of_content_length(sandbox):
    fault(sandbox, do="truncate", times=1)
    with pytest.raises(Exception) as caught:
        sandbox.ozon("/v1/roles")
    assert "IncompleteRead" in repr(caught.value)


def test_reset_resets(sandbox):
    fault(sandbox, do="reset", times=1)
    with pytest.raises(ConnectionResetError):
        sandbox.ozon("/v1/roles")


def test_malformed_is_not_json_and_html_is_a_page(sandbox):
    fault(sandbox, do="malformed", times=1)
    with pytest.raises(ValueError):
        sandbox.ozon("/v1/roles").json()
    fault(sandbox, do="html", times=1)
    answer = sandbox.ozon("/v1/roles")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")


def test_empty_lists_deep_nesting_and_clock_skew(sandbox):
    fault(sandbox, do="empty", times=1)
    assert sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"] == []
    fault(sandbox, do="deep", times=1)
    assert sandbox.ozon("/v1/roles").body == b"[" * 100000 + b"]" * 100000
    fault(sandbox, do="skew", by="2h", times=1)
    date = sandbox.ozon("/v1/roles").headers["date"]
    ahead = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT") - datetime.datetime.utcnow()
    assert 7100 < ahead.total_seconds() < 7300


def test_values_can_be_odder_than_usual(sandbox):
    fault(sandbox, do="numbers_as_text", times=1)
    posting = sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"][0]
    assert isinstance(posting["products"][0]["quantity"], str)
    fault(sandbox, do="year_9999", times=1)
    posting = sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"][0]
    assert posting["shipment_date"].startswith("9999-")
    fault(sandbox, do="emoji", times=1)
    assert "🔥" in sandbox.ozon("/v3/product/info/list", {"sku": ["7001"]}).json()["items"][0]["name"]
    fault(sandbox, do="nulls", times=1)
    assert sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"][0]["delivery_method"] is None
    fault(sandbox, do="unknown_words", times=1)
    posting = sandbox.ozon(UNFULFILLED, unfulfilled()).json()["postings"][0]
    assert posting["status"] == "SOMETHING_NEW"


def test_huge_promises_a_gigabyte_and_streams_it(sandbox):
    fault(sandbox, do="huge", times=1)
    with socket.create_connection(("127.0.0.1", sandbox.port("ozon")), 10) as connection:
        connection.sendall(b"POST /v1/roles HTTP/1.1\r\nHost: x\r\nClient-Id: 1001\r\n"
                           b"Api-Key: demo-key\r\nContent-Type: application/json\r\n"
                           b"Content-Length: 2\r\n\r\n{}")
        got = b""
        while len(got) < 1 << 20:
            got += connection.recv(1 << 16)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Length: 1073741825" in head and body.startswith(b"[0,0,0,")
    assert sandbox.ozon("/v1/roles").status == 200


def test_a_wrong_fault_is_explained(sandbox):
    assert 'did you mean "timeout"' in sandbox.admin("/fault", {"do": "timout"})["error"]
    assert "unknown member" in sandbox.admin("/fault", {"do": "reset", "form": "1s"})["error"]


# --- the program --------------------------------------------------------------------------------

def run(*arguments):
    return subprocess.run([find_binary("storehealth-sandbox"), *arguments], text=True,
                          capture_output=True, timeout=20)


def test_a_wrong_scenario_names_every_mistake_with_its_place(tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text('stores:\n  - client_id: "7"\n    tarif: PREMIUM\n'
                    '  - client_id: "8"\n    timeline:\n      - {at: soon, order: {posting_number: x}}\n'
                    '      - {at: 5s, ordre: {}}\nfaults:\n  - {do: explode}\n')
    ended = run("--scenario", str(file))
    assert ended.returncode == 1 and ended.stdout == ""
    for place, text in [("3:5", 'unknown key "tarif"'), ("6:", "not a time"),
                        ("7:18", 'unknown event "ordre"'), ("9:", 'unknown fault "explode"')]:
        assert any(f"wrong.yaml:{place}" in line and text in line
                   for line in ended.stderr.splitlines()), ended.stderr


def test_options(tmp_path):
    assert run("--help").returncode == 0 and "--scenario FILE" in run("--help").stdout
    assert run().returncode == 1
    assert run("--scenario", str(tmp_path / "absent.yaml")).returncode == 1
    assert run("--scenario", "x", "--ozon-port", "99999").returncode == 1


@pytest.mark.parametrize("name", ["demo", "bench", "bench-churn"])
def test_shipped_scenarios_load_and_end_cleanly(name):
    with Sandbox(ROOT / "tests" / "sandbox" / "scenarios" / f"{name}.yaml") as sandbox:
        assert all(sandbox.port(which) for which in ("ozon", "smtp", "webhook", "admin"))
        assert sandbox.stop() == 0


def test_requests_are_counted(sandbox):
    sandbox.ozon("/v1/roles")
    sandbox.ozon("/v1/roles", key="wrong")
    assert sandbox.admin("/requests") == {"/v1/roles": {"requests": 2, "refused": 1, "first": {}}}
