"""What vanishes from a list without a word, and lists that are not what was asked for or stop short:
nothing ends by them. What vanished is asked for by id, and ends by what that says."""
import contextlib
import http.server
import json
import sqlite3
import threading
import time

import pytest
from daemon_client import ONE_SHOP, Daemon, wait_for
from ozon_records import iso, posting

POLL = "{orders: 1s, stock: 1s, reviews: off, logistics: off, complaints: 1s, account: off}"
CONFIG = ONE_SHOP + """\
channels:
  hook: {{type: webhook, url: "http://127.0.0.1:{webhook}/hook"}}
routes:
  - to: [hook]
"""
UNFULFILLED, LIST, GET = (
    "/v4/posting/fbs/unfulfilled/list", "/v4/posting/fbs/list", "/v3/posting/fbs/get")
STOCKS = "/v4/product/info/stocks"
CANCELLATIONS = "/v2/conditional-cancellation/list"
A, B = "0777-0001-1", "0777-0002-1"
EMPTY = {"postings": [], "cursor": "", "has_next": False, "count": 0}
UNLISTED, LISTED = "unlisted_since IS NOT NULL", "unlisted_since IS NULL"
NO_SUCH = (404, {"code": 5, "message": "posting not found", "details": []})


def product(number, present):
    return {"product_id": 660 + number, "offer_id": f"P{number}", "stocks": [
        {"sku": 160 + number, "type": "fbs", "present": present, "reserved": 0}]}


class Market:
    """A strict market: what it does not know how to answer is a violation."""

    def __init__(self):
        market = self
        self.told, self.asked, self.violations = [], [], []
        self.unfulfilled = EMPTY   # the answer to the first of the lists, or (status, answer)
        self.behind = {}           # its cursor -> the same
        self.arbitration = EMPTY
        self.stocks = {"items": [], "cursor": "", "total": 0}
        self.by_id = {}            # number -> posting, or (status, answer)
        self.cancellations = []    # that wait
        self.requests_of = {}      # number -> its cancellation requests

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                """Answers, and keeps what was asked."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = market.answer(self.path, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                """Nothing on the terminal."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def port(self, _):
        """All is one server."""
        return self.server.server_address[1]

    def answer(self, path, body):
        """(status, body) of an answer."""
        if path == "/hook":
            self.told += [(one["rule"], one["entity"], one["move"]) for one in body["alerts"]]
            return 200, {}
        of = body.get("filters", {}).get("posting_number")
        self.asked.append((path, of[0] if of else body.get("posting_number")))
        if path == CANCELLATIONS:
            if body["filters"]["state"] != ("ALL" if of else "ON_APPROVAL"):
                self.violations.append((path, body))
            rows = self.requests_of.get(of[0], []) if of else self.cancellations
            return 200, {"result": rows, "counter": len(rows), "last_id": 0}
        if path == GET:
            return self.one(body)
        if path == UNFULFILLED:
            page = self.behind.get(body["cursor"], self.unfulfilled)
            return page if isinstance(page, tuple) else (200, page)
        if path == LIST:
            arbitration = "arbitration" in body["filter"].get("statuses", [])
            return 200, self.arbitration if arbitration else EMPTY
        if path == STOCKS:
            return 200, self.stocks
        if not path.endswith(("/list", "/fbs", "/fbo", "/stocks")):
            self.violations.append((path, body))
        return 200, {"result": {"items": []}, "items": [], "products": [], "returns": [], "chats": [],
                     "postings": [], "has_next": False, "cursor": "", "last_id": ""}

    def one(self, body):
        """The posting that is asked for by its number."""
        if set(body) != {"posting_number", "with"}:
            self.violations.append((GET, body))
        known = self.by_id.get(body["posting_number"], NO_SUCH)
        return known if isinstance(known, tuple) else (200, {"result": known})

    def lists(self, *postings, **members):
        """What waits for shipment from now on; waits until it was read twice."""
        self.unfulfilled = {"postings": list(postings), "cursor": "", "has_next": False,
                            "count": len(postings), **members}
        self.polls(UNFULFILLED)

    def polls(self, path, times=3):
        """Waits for so many requests more."""
        before = self.count(path)
        assert wait_for(lambda: self.count(path) >= before + times)

    def count(self, path, number=None):
        """How often it was asked for."""
        return sum(one == path and number in (None, which) for one, which in list(self.asked))

    def moves(self, rule, entity):
        """The moves of an alert, in order."""
        return [move for one, which, move in list(self.told) if (one, which) == (rule, entity)]


@pytest.fixture
def market():
    market = Market()
    yield market
    market.server.shutdown()
    assert market.violations == []


@pytest.fixture
def daemon(tmp_path, market):
    with Daemon(tmp_path, market, poll=POLL, config=CONFIG) as running:
        running.start()
        assert wait_for(lambda: market.count(UNFULFILLED) >= 2), running.log.read_text()
        yield running


def count(daemon, kind, where="1"):
    """How many open entities of the shop there are of that description."""
    with contextlib.closing(sqlite3.connect(f"file:{daemon.dir}/state.db?mode=ro", uri=True)) as state:
        return state.execute(f"SELECT count(*) FROM e_{kind} WHERE store = 'shop'"
                             f" AND closed IS NOT 1 AND {where}").fetchone()[0]


def incomplete(daemon, name):
    """Why the feed is incomplete; None: it is whole."""
    feeds = daemon.ctl("status", "--feeds")["stores"][0]["feeds"]
    return next(feed["incomplete"] for feed in feeds if feed["name"] == name)


def two_orders(market, ship_in=7000):
    """A and B wait, and their alerts are told."""
    a, b = posting(A, ship_in), posting(B, ship_in)
    market.lists(a, b)
    for number in (A, B):
        assert wait_for(lambda: market.moves("ozon-ship-deadline", number) == ["new"])
    return a, b


def test_an_order_that_its_list_forgets_is_asked_for_by_id(market, daemon):
    a, b = two_orders(market, ship_in=14)
    market.by_id[B] = b
    market.lists(a)
    assert wait_for(lambda: market.count(GET, B))
    assert count(daemon, "order", UNLISTED) == 1
    # The answer keeps it open, so that it is told as missed in time; it is asked for seldom.
    assert wait_for(lambda: "escalated" in market.moves("ozon-ship-deadline", B), 30)
    assert "resolved" not in market.moves("ozon-ship-deadline", B)
    assert market.count(GET, B) == 1 and market.count(GET, A) == 0
    market.lists(a, b)
    assert wait_for(lambda: count(daemon, "order", UNLISTED) == 0)


def test_what_its_number_says_ends_it(market, daemon):
    a, b = two_orders(market)
    market.by_id[B] = {**b, "status": "delivering", "delivering_date": iso(time.time())}
    market.lists(a)
    assert wait_for(lambda: market.moves("ozon-ship-deadline", B) == ["new", "resolved"])
    assert market.moves("ozon-ship-deadline", A) == ["new"]
    assert wait_for(lambda: count(daemon, "order", UNLISTED) == 0)


def cancellation(state, number="0777-0009-1"):
    return {"cancellation_id": 71, "posting_number": number, "state": {"state": state},
            "cancelled_at": iso(time.time() - 60), "auto_approve_date": iso(time.time() + 9000),
            "cancellation_reason": {"id": 1, "name": "x"}, "approve_date": None}


def test_a_cancellation_request_that_vanished_is_asked_for_by_its_posting(market, daemon):
    kettle = cancellation("ON_APPROVAL")
    market.cancellations = [kettle]
    assert wait_for(lambda: market.moves("ozon-cancellation-request", "71") == ["new"])
    market.requests_of[kettle["posting_number"]] = [kettle]  # it waits all the same
    market.cancellations = []
    assert wait_for(lambda: market.count(CANCELLATIONS, kettle["posting_number"]))
    market.polls(CANCELLATIONS, 4)
    assert market.moves("ozon-cancellation-request", "71") == ["new"]
    assert count(daemon, "cancellation", UNLISTED) == 1
    market.cancellations = [kettle]
    assert wait_for(lambda: count(daemon, "cancellation", LISTED) == 1)
    decided = {**kettle, "state": {"state": "REJECTED"}, "approve_date": iso(time.time())}
    market.requests_of[kettle["posting_number"]] = [decided]
    market.cancellations = []
    assert wait_for(lambda: market.moves("ozon-cancellation-request", "71") == ["new", "resolved"])


@pytest.mark.parametrize("nothing", [NO_SUCH, (200, {"result": None}), (200, {}), (503, {})])
def test_one_answer_that_knows_nothing_of_it_is_no_verdict(market, daemon, nothing):
    a, _ = two_orders(market)
    market.by_id[B] = nothing
    market.lists(a)
    assert wait_for(lambda: market.count(GET, B))
    market.polls(UNFULFILLED)
    assert market.moves("ozon-ship-deadline", B) == ["new"]
    assert count(daemon, "order", UNLISTED) == 1
    assert market.count(GET, B) == 1


def test_no_rows_of_37_are_an_incomplete_list(market, daemon):
    two_orders(market)
    market.lists(count=37)
    assert wait_for(lambda: "(0 of 37)" in (incomplete(daemon, "fbs_unfulfilled") or ""))
    market.polls(UNFULFILLED)
    assert count(daemon, "order", LISTED) == 2
    assert market.count(GET) == 0
    assert market.moves("ozon-ship-deadline", B) == ["new"]


def test_an_emptied_list_is_believed_twice_and_then_asked_about(market, daemon):
    a, b = two_orders(market)
    market.by_id = {A: {**a, "status": "cancelled"}, B: b}
    market.lists()
    assert wait_for(lambda: market.moves("ozon-ship-deadline", A) == ["new", "resolved"])
    assert wait_for(lambda: market.count(GET, B))
    market.polls(UNFULFILLED)
    assert market.moves("ozon-ship-deadline", B) == ["new"]
    assert count(daemon, "order") == 1


def test_a_list_whose_next_page_never_comes_ends_nothing(market, daemon):
    def serves(*present, **members):
        market.stocks = {"items": [product(i, n) for i, n in enumerate(present)], "cursor": "",
                         "total": 3, **members}
        market.polls(STOCKS)
    serves(5, 5, 5)
    serves(5, 0, 0)
    for sku in ("161", "162"):
        assert wait_for(lambda: market.moves("ozon-stock-low", sku) == ["new"])
    serves(50, has_next=True)
    assert wait_for(lambda: "says that there are more" in (incomplete(daemon, "stocks") or ""))
    serves(50)
    assert wait_for(lambda: "(1 of 3)" in (incomplete(daemon, "stocks") or ""))
    for sku in ("161", "162"):
        assert market.moves("ozon-stock-low", sku) == ["new"]
    assert count(daemon, "stock", LISTED) == 3


def test_a_product_without_rows_is_sold_out_the_second_time(market, daemon):
    def serves(*products, times=3):
        market.stocks = {"items": list(products), "cursor": "", "total": len(products)}
        market.polls(STOCKS, times)
    full, other = product(0, 5), product(1, 50)
    serves(full, other)
    assert wait_for(lambda: market.moves("ozon-stock-low", "160") == [] and count(daemon, "stock") == 2)
    serves({**full, "stocks": 7}, other)  # nobody can say what that is
    assert "is no list" in (incomplete(daemon, "stocks") or "") and count(daemon, "stock", LISTED) == 2
    serves({**full, "stocks": []}, other)
    assert wait_for(lambda: market.moves("ozon-stock-low", "160") == ["new"])
    market.polls(STOCKS)
    assert count(daemon, "stock", "available = 0 AND " + UNLISTED) == 1
    assert market.moves("ozon-stock-low", "161") == []
    serves(product(0, 50), other)
    assert wait_for(lambda: market.moves("ozon-stock-low", "160") == ["new", "resolved"])


def test_a_page_that_fails_hides_no_other(market, daemon):
    a, b = two_orders(market)
    market.behind["2"] = (500, {"code": 13, "message": "Internal error"})
    new = posting("0777-0003-1", 7000)
    market.unfulfilled = {"postings": [a, new], "cursor": "2", "has_next": True, "count": 3}
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0003-1") == ["new"], 30)
    feeds = daemon.ctl("status", "--feeds")["stores"][0]["feeds"]
    assert "page 2" in json.dumps(next(one for one in feeds if one["name"] == "fbs_unfulfilled"))
    assert market.moves("ozon-ship-deadline", B) == ["new"]
    assert count(daemon, "order", LISTED) == 3 and market.count(GET) == 0
    market.behind["2"] = {"postings": [b], "cursor": "", "has_next": False, "count": 3}
    assert wait_for(lambda: "page 2" not in json.dumps(
        daemon.ctl("status", "--feeds")["stores"][0]["feeds"]), 60)
    assert market.moves("ozon-ship-deadline", B) == ["new"]


def test_what_a_filter_was_to_leave_out_is_no_complaint(market, daemon):
    market.arbitration = {"postings": [
        posting(f"0132-01{i:02}-1", status="delivered") for i in range(20)] + [
        posting("0132-0200-1", status="client_arbitration")], "cursor": "", "has_next": False}
    why = "not what was asked for, and were left out (20): "
    assert wait_for(lambda: why in (incomplete(daemon, "arbitration_list") or ""))
    assert count(daemon, "complaint") == 1
    # It is over once its posting says so, and not because a list that lies lacks it.
    number = "0132-0200-1"
    market.by_id[number] = posting(number, status="delivered")
    market.arbitration = EMPTY
    assert wait_for(lambda: market.count(GET, number))
    assert wait_for(lambda: count(daemon, "complaint") == 0)
