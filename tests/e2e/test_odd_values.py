"""Values in a form that nobody knows, and records that cannot be understood: what was known
stays and its alert with it, the neighbours are told, and `status` and the journal name the feed,
the field and an example."""
import http.server
import json
import threading

import pytest
from ctl_setup import run_ctl
from daemon_client import ONE_SHOP, Daemon, wait_for
from ozon_records import iso, posting

UNFULFILLED, LIST = "/v4/posting/fbs/unfulfilled/list", "/v4/posting/fbs/list"
POLL = "{orders: 1s, stock: off, reviews: off, logistics: off, complaints: off, account: off}"
CONFIG = ONE_SHOP + """\
channels:
  hook: {{type: webhook, url: "http://127.0.0.1:{webhook}/hook"}}
routes:
  - to: [hook]
"""


class Market:
    """Both lists of postings, and a webhook that remembers what it was told."""

    def __init__(self):
        market, self.records, self.told, self.asked = self, [], [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = "{}"
                if self.path == "/hook":
                    market.told += [(one["rule"], one["entity"], one["move"])
                                    for one in json.loads(body)["alerts"]]
                elif self.path in (UNFULFILLED, LIST):
                    # the record may be no JSON at all
                    records = market.records if b"statuses" not in body else []
                    market.asked += self.path == UNFULFILLED
                    answer = '{"postings":[%s],"cursor":"","has_next":false}' % ",".join(
                        one if isinstance(one, str) else json.dumps(one) for one in records)
                else:
                    answer = '{"result":[],"postings":[],"has_next":false,"cursor":""}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.encode())))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def port(self, _):
        return self.server.server_address[1]

    def serve(self, *records):
        """Answers with these, and waits until they were read."""
        self.records = list(records)
        before = self.asked
        assert wait_for(lambda: self.asked >= before + 3)

    def moves(self, rule, number):
        return [move for one, entity, move in self.told if (one, entity) == (rule, number)]


@pytest.fixture
def market():
    market = Market()
    yield market
    market.server.shutdown()


@pytest.fixture
def daemon(tmp_path, market):
    with Daemon(tmp_path, market, poll=POLL, config=CONFIG) as running:
        running.start()
        assert wait_for(lambda: market.asked >= 2), running.log.read_text()
        yield running


def unread(daemon):
    return {row["field"]: row for row in daemon.ctl("status")["stores"][0]["unread"]}


@pytest.mark.parametrize("odd", [iso(2e9, "%Y-%m-%dT%H:%M:%S"), iso(2e9, "%d.%m.%Y %H:%M"), 2000000000,
                                 "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", None])
def test_an_odd_date_ends_no_alert_and_starts_none(market, daemon, odd):
    good, other = posting("0777-0001-1"), posting("0777-0002-1")
    market.serve(good)
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0001-1"))
    market.serve({**good, "shipment_date": odd, "shipment_date_without_delay": odd}, other)
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0002-1"))
    assert market.moves("ozon-ship-deadline", "0777-0001-1") == ["new"]
    row = unread(daemon)["order.ship_by"]
    assert row["feed"] in ("fbs_unfulfilled", "fbs_list") and row["entities"] == 1
    assert row["example"] == json.dumps(odd)
    said = f'order.ship_by cannot be read (1 time), as in {json.dumps(odd)}'
    assert daemon.log.read_text().count(said) == 1
    shown = run_ctl("--socket", daemon.dir / "api.sock", "status").stdout
    assert f"order.ship_by cannot be read (1), as in {json.dumps(odd)}" in shown
    market.serve(good, other)
    assert unread(daemon) == {}


def test_a_good_date_beside_a_zero_one_counts(market, daemon):
    market.serve(posting("0777-0001-1", shipment_date_without_delay="0001-01-01T00:00:00Z"))
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0001-1"))
    alert = [one for one in daemon.ctl("alerts")["alerts"] if one["rule"] == "ozon-ship-deadline"]
    assert [one["level"] for one in alert] == ["critical"]


@pytest.mark.parametrize("fields", [{"status": "awaiting_robot"}, {"in_process_at": "0001-01-01T00:00:00Z"},
                                    {"in_process_at": 1796011200}])
def test_a_new_order_is_told_whatever_cannot_be_read(market, daemon, fields):
    market.serve(posting("0777-0003-1", **fields))
    assert wait_for(lambda: market.moves("ozon-new-order", "0777-0003-1") == ["new"])
    assert len(unread(daemon)) >= 1


@pytest.mark.parametrize("bad", [
    posting(None), json.dumps(posting("0777-0009-1")).replace('"990.00"', "nul"),
    json.dumps(posting("0777\x000009")), "null"],
    ids=["without a number", "no JSON", "a NUL in its number", "null"])
def test_a_bad_record_costs_that_record(market, daemon, bad):
    kept = posting("0777-0001-1")
    market.serve(kept)
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0001-1"))
    market.serve(bad, posting("0777-0004-1"))  # one of two, and one that has gone
    assert wait_for(lambda: market.moves("ozon-new-order", "0777-0004-1"))
    assert market.moves("ozon-ship-deadline", "0777-0001-1") == ["new"]
    feeds = daemon.ctl("status", "--feeds")["stores"][0]["feeds"]
    state, why = [(feed["state"], feed["incomplete"]) for feed in feeds
                  if feed["name"] == "fbs_unfulfilled"][0]
    assert state == "incomplete" and "could not be read (1): " in why


@pytest.mark.parametrize("odd", ['Kettle \\ud83d', "Kettle \x01"])
def test_half_an_emoji_costs_nothing(market, daemon, odd):
    record = json.dumps(posting("0777-0005-1", comment="@@")).replace("@@", odd)
    market.serve(record, posting("0777-0006-1"))
    for number in ("0777-0005-1", "0777-0006-1"):
        assert wait_for(lambda: market.moves("ozon-new-order", number))


def lack(daemon):
    feeds = daemon.ctl("status", "--feeds")["stores"][0]["feeds"]
    return [feed["incomplete_since"] for feed in feeds if feed["name"] == "fbs_unfulfilled"][0]


def test_an_incomplete_list_is_explained_and_outlives_a_restart(market, daemon):
    market.serve(posting("0777-0001-1"))
    assert wait_for(lambda: market.moves("ozon-ship-deadline", "0777-0001-1"))
    number = str([one["number"] for one in daemon.ctl("alerts")["alerts"]
                  if one["rule"] == "ozon-ship-deadline"][0])
    assert daemon.ctl("explain", number)["incomplete"] == []
    market.serve(posting("0777-0001-1"), posting(None))
    said = "the list of fbs_unfulfilled, for "
    why = "rows could not be read (1): a record has no \"posting_number\": it is null; nothing counts as gone by it"

    def text():
        return run_ctl("--socket", daemon.dir / "api.sock", "explain", number).stdout
    assert said in text() and why in text(), text()
    since = lack(daemon)
    daemon.kill()
    daemon.start()
    market.serve(posting("0777-0001-1"), posting(None))
    assert lack(daemon) == since
    market.serve(posting("0777-0001-1"))
    assert lack(daemon) is None and said not in text()
    daemon.kill()
    daemon.start()
    assert wait_for(lambda: run_ctl("--socket", daemon.dir / "api.sock", "status").returncode == 0)
    assert lack(daemon) is None
