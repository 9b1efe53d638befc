"""What Ozon does not need of the daemon, by a made-up marketplace: tokens that rotate,
signatures, reports that take several requests, rows made at load time. Killed in each step."""
import os
import pathlib
import sqlite3
import subprocess
import threading
import time

import pytest
from daemon_client import Daemon, wait_for
from madepost_server import TOKEN, Post
from madeup_server import KEY, Server
from sandbox_client import find_binary, preload

CONFIG = """\
listen: unix:{dir}/api.sock
state: {dir}/state.db
stores:
  - id: shop
    marketplace: madeup
    kind: local
    client_id: demo
    refresh_token: {{file: {dir}/refresh.key}}
    signing_key: {{file: {dir}/signing.key}}
    base_url: SERVER
    timezone: Europe/Moscow
    currency: RUB
    shelves: [left, right]
    poll: {poll}
channels:
  hook:
    type: webhook
    url: http://127.0.0.1:{webhook}/hook
    secret: {{file: {dir}/hook.key}}
routes:
  - to: [hook]
"""
POLL = "{orders: 1s, stock: 1s, account: 1s}"
RATE = 10
SHARED = """\
listen: unix:{dir}/api.sock
state: {dir}/state.db
credentials:
  seller:
    client_id: demo
    refresh_token: {{file: {dir}/refresh.key}}
    signing_key: {{file: {dir}/signing.key}}
    rate: %d
stores:
  - {{id: east, marketplace: madeup, credential: seller, shop: east, base_url: SERVER, poll: {poll}}}
  - {{id: west, marketplace: madeup, credential: seller, shop: west, base_url: SERVER, poll: {poll}}}
carriers:
  madepost:
    token: {{file: {dir}/post.key}}
    base_url: CARRIER
    poll: {{logistics: 200ms}}
channels:
  hook:
    type: webhook
    url: http://127.0.0.1:{webhook}/hook
    secret: {{file: {dir}/hook.key}}
""" % RATE
ORDERS_ONLY = "{orders: 50ms, stock: off, account: off}"


class NoSandbox:
    """Ports where nobody listens."""

    @staticmethod
    def port(_):
        """The discard port."""
        return 9


@pytest.fixture
def server():
    """A server that must not have seen a violation at the end."""
    with Server() as made:
        yield made
        assert made.violations == []


@pytest.fixture
def daemon(tmp_path, server):  # pylint: disable=redefined-outer-name
    """A daemon that watches it, not started."""
    made = Daemon(tmp_path, NoSandbox, poll=POLL, config=CONFIG.replace("SERVER", server.url()),
                  binary="storehealthd-test")
    made.secret("refresh.key", "first")
    made.secret("signing.key", KEY.decode())
    with made:
        yield made


def rows(daemon, sql):  # pylint: disable=redefined-outer-name
    """What the state holds."""
    try:
        with sqlite3.connect(f"file:{daemon.dir}/state.db?mode=ro", uri=True) as state:
            return state.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def stock(daemon):  # pylint: disable=redefined-outer-name
    """Article -> pieces."""
    return {sku: n / 1e6 for sku, n in rows(daemon, "SELECT id, available FROM e_stock")}


def test_the_shipped_daemon_does_not_know_it():
    assert b"madeup" in pathlib.Path(find_binary("storehealthd-test")).read_bytes()
    assert b"madeup" not in pathlib.Path(find_binary("storehealthd")).read_bytes()


def test_what_arrives(server, daemon):
    server.report_hold.set()
    daemon.start()
    assert wait_for(lambda: stock(daemon) == {"A": 5, "B": 7}), daemon.log.read_text()
    assert wait_for(lambda: len(rows(daemon, "SELECT id FROM e_order")) == 5)
    assert wait_for(lambda: {id for id, in rows(daemon, "SELECT id FROM e_listing")}
                    == {"left-1", "right-1"}), "rows made at load time"
    server.stock = "sku\tavailable\nA\t4\nB\t7\n"
    assert wait_for(lambda: stock(daemon) == {"A": 4, "B": 7}), "a second report"
    assert server.rotations == 1
    assert wait_for(lambda: rows(daemon, "SELECT count(*) FROM job WHERE step = 'fetch'") != [(1,)])
    assert daemon.stop() == 0


def test_a_token_that_expires_in_mid_run(server, daemon):
    server.lifetime_s = 3
    daemon.start()
    assert wait_for(lambda: server.rotations >= 3), daemon.log.read_text()
    assert server.count("token expired") == 0, "renewed ahead"
    # One that is refused when it is new was not refused for its age.
    assert wait_for(lambda: max(server.tokens.values()) - time.time() < 2.1, every=0.01)
    server.tokens = dict.fromkeys(server.tokens, time.time() - 1)  # before their time
    before = server.rotations
    assert wait_for(lambda: server.rotations > before)
    seen = server.count("orders")
    assert wait_for(lambda: server.count("orders") > seen + 3)
    assert daemon.stop() == 0
    refresh = rows(daemon, "SELECT refresh FROM token")
    assert refresh == [(server.refresh,)]


def test_a_document_that_is_refused_is_asked_for_as_late_as_its_host_says(server, daemon):
    server.report_hold.set()
    server.refuses_document = 2  # its report is content with 300 ms
    daemon.start()
    assert wait_for(lambda: len(server.refused_documents) == 2), daemon.log.read_text()
    server.refuses_document = None
    assert server.refused_documents[1] - server.refused_documents[0] > 1.9
    assert wait_for(lambda: stock(daemon) == {"A": 5, "B": 7}), daemon.log.read_text()
    assert daemon.stop() == 0


def test_what_served_a_source_that_is_gone_is_forgotten(server, daemon):
    """After a month, by the housekeeping of the first second after an hour of uptime."""
    daemon.start()
    assert wait_for(lambda: server.count("orders") > 0), daemon.log.read_text()
    assert daemon.stop() == 0
    month, now = 31 * 86400000, int(time.time() * 1000)
    with sqlite3.connect(daemon.dir / "state.db") as state:
        state.executescript(f"""
            UPDATE token SET gone_ms = {now - month};
            INSERT INTO token SELECT 'old', first, access, refresh, 0, 0, 0, {now - month}
                FROM token;
            INSERT INTO token SELECT 'new', first, access, refresh, 0, 0, 0, 0 FROM token LIMIT 1;
            INSERT INTO job VALUES ('old', 'stock', 'wait', '', '', 0, {now - month}, 0)""")
    (daemon.dir / "clock").write_text("-7200000 7200000")
    daemon.start(SHD_CLOCK=str(daemon.dir / "clock"), **preload("libshd-clock.so"))
    gone = "SELECT credential, gone_ms > 0 FROM token ORDER BY 1"
    assert wait_for(lambda: rows(daemon, gone) == [("new", 1), ("shop", 0)]), rows(daemon, gone)
    assert rows(daemon, "SELECT * FROM job WHERE source = 'old'") == []
    assert daemon.stop() == 0


@pytest.mark.parametrize("step", ["token", "look", "create", "wait", "locate", "fetch"])
def test_killed_in_each_step(server, daemon, step):
    """The answer is on its way when the daemon is killed; the next one goes on."""
    server.lifetime_s = 3600
    if step in ("locate", "fetch"):
        server.report_hold.set()
    server.hold[step] = threading.Event()
    daemon.start()
    assert wait_for(lambda: server.count(step) > 0), daemon.log.read_text()
    daemon.kill()
    server.hold.pop(step).set()
    if step in ("create", "wait"):
        before = server.count("wait")
        daemon.start()
        assert wait_for(lambda: server.count("wait") > before), daemon.log.read_text()
        assert server.reports_made == 1, "it was adopted"
        server.report_hold.set()
    else:
        server.report_hold.set()
        daemon.start()
    assert wait_for(lambda: stock(daemon) == {"A": 5, "B": 7}), daemon.log.read_text()
    assert daemon.stop() == 0


def test_killed_between_rotation_and_use(server, daemon):
    server.lifetime_s = 3
    server.hold["orders"] = server.hold["look"] = server.hold["shelf"] = threading.Event()
    daemon.start()
    assert wait_for(lambda: rows(daemon, "SELECT refresh FROM token") == [("refresh-1",)])
    daemon.kill()
    server.hold["orders"].set()
    daemon.start()
    assert wait_for(lambda: len(rows(daemon, "SELECT id FROM e_order")) == 5), \
        daemon.log.read_text()
    assert wait_for(lambda: server.rotations > 1), "the refresh token of the state was taken"
    assert daemon.stop() == 0
    assert rows(daemon, "SELECT refresh FROM token") == [(server.refresh,)]


def test_a_token_on_its_way_spends_no_rate(server, daemon):
    server.hold["token"] = threading.Event()
    daemon.start()
    assert wait_for(lambda: server.count("token") > 0), daemon.log.read_text()
    time.sleep(0.5)  # several looks at whether it has come
    assert rows(daemon, "SELECT count(*) FROM bucket WHERE operation = 'shelf'") == [(0,)]
    server.hold.pop("token").set()
    assert wait_for(lambda: server.count("shelf") > 0), daemon.log.read_text()
    assert wait_for(lambda: rows(
        daemon, "SELECT count(*) FROM bucket WHERE operation = 'shelf'") == [(1,)])
    assert daemon.stop() == 0


def test_the_end_waits_for_a_token_but_not_long(server, daemon):
    server.hold["token"] = threading.Event()
    daemon.start()
    assert wait_for(lambda: server.count("token") > 0), daemon.log.read_text()
    began = time.monotonic()
    assert daemon.stop(8) == 0
    assert 2.5 < time.monotonic() - began < 5
    server.hold.pop("token").set()


def test_a_reload_in_the_middle_of_a_report(server, daemon):
    daemon.start()
    assert wait_for(lambda: server.count("wait") > 1), daemon.log.read_text()
    daemon.config.write_text(daemon.config.read_text().replace("[left, right]", "[left, top]"))
    daemon.reload()
    assert wait_for(lambda: ("top-1",) in rows(daemon, "SELECT id FROM e_listing"))
    assert server.reports_made == 1
    server.report_hold.set()
    assert wait_for(lambda: stock(daemon) == {"A": 5, "B": 7}), daemon.log.read_text()
    assert server.reports_made >= 1 and server.rotations == 1
    assert daemon.stop() == 0


def test_an_address_that_expires_and_a_report_that_is_cancelled(server, daemon):
    server.report_hold.set()
    server.url_s = -1
    daemon.start()
    assert wait_for(lambda: server.count("expired") >= 2), daemon.log.read_text()
    server.url_s = 60
    assert wait_for(lambda: stock(daemon) == {"A": 5, "B": 7}), daemon.log.read_text()
    server.report_hold.clear()
    made = server.reports_made
    assert wait_for(lambda: server.reports_made > made)
    server.report["status"] = "CANCELLED"
    assert wait_for(lambda: server.reports_made > made + 1)
    assert stock(daemon) == {"A": 5, "B": 7}, "nothing new, and nothing has closed"
    assert daemon.stop() == 0


def read_changes(server, daemon, count):  # pylint: disable=redefined-outer-name
    """Starts with a list of so many changes, and lets all arrive."""
    text = daemon.config.read_text().replace("shelves: [left, right]", "changes: true")
    daemon.config.write_text(text.replace("orders: 1s", "orders: 200ms"))
    for i in range(count):
        server.change(f"c{i}")
    daemon.start()
    assert wait_for(lambda: changes(daemon) == count), daemon.log.read_text()
    assert wait_for(lambda: kept_mark(daemon) is not None)


def changes(daemon):  # pylint: disable=redefined-outer-name
    """How many orders came by the list of changes."""
    return len(rows(daemon, "SELECT id FROM e_order WHERE id LIKE 'c%'"))


def kept_mark(daemon):  # pylint: disable=redefined-outer-name
    """The text where the list goes on, as the state has it."""
    kept = rows(daemon, "SELECT cursor_text FROM feed WHERE endpoint = 'changes'")
    return kept[0][0] if kept else None


def test_a_list_goes_on_from_the_committed_text(server, daemon):
    """Over kill and restart, with a text that no buffer of fixed size holds."""
    server.mark_bytes = 5000
    read_changes(server, daemon, 5)
    assert server.asked_changes[0] == 0, "the first time from the beginning"
    server.change("c-more")
    assert wait_for(lambda: changes(daemon) == 6), daemon.log.read_text()
    daemon.kill()
    mark, asked = kept_mark(daemon), len(server.asked_changes)
    assert len(mark) == 5000 and server.marks[mark][0] == 6, "kept with what lies before it"
    server.change("c-meanwhile")
    daemon.start()
    assert wait_for(lambda: changes(daemon) == 7), daemon.log.read_text()
    assert server.asked_changes[asked] == mark
    assert set(map(type, server.asked_changes[1:])) == {str}
    assert daemon.stop() == 0


def test_an_expired_text_is_not_sent(server, daemon):
    server.mark_s = 2
    read_changes(server, daemon, 3)
    daemon.kill()
    mark, asked = kept_mark(daemon), len(server.asked_changes)
    assert server.marks[mark][0] == 3
    server.change("c-meanwhile")
    assert wait_for(lambda: time.time() * 1000 > server.marks[mark][1])
    daemon.start()
    assert wait_for(lambda: changes(daemon) == 4), daemon.log.read_text()
    assert isinstance(server.asked_changes[asked], int) and server.asked_changes[asked] > 0
    assert daemon.stop() == 0


def test_a_text_that_the_marketplace_forgot(server, daemon):
    """It is asked from the time, at once; nobody hears of a failure."""
    read_changes(server, daemon, 3)
    with server.lock:
        server.marks.clear()
        asked = len(server.asked_changes)
    server.change("c-meanwhile")
    assert wait_for(lambda: changes(daemon) == 4), daemon.log.read_text()
    refused, anew = server.asked_changes[asked:asked + 2]
    assert refused.startswith("refused: ") and anew > 0
    assert not any(str(after).startswith("refused") for after in server.asked_changes[asked + 1:])
    assert rows(daemon, "SELECT error FROM feed WHERE endpoint = 'changes'") == [(None,)]
    assert daemon.stop() == 0


def test_no_request_too_many_over_restarts(server, daemon):
    """The server counts with a bucket of its own, and tells its rate."""
    for _ in range(3):
        seen = server.count("shelf")
        daemon.start()
        assert wait_for(lambda: server.count("shelf") > seen, 30), daemon.log.read_text()
        daemon.kill()
    seen = server.count("shelf")
    daemon.start()
    assert wait_for(lambda: server.count("shelf") > seen + 2, 30), "what it bears is used"
    daemon.reload()
    seen = server.count("shelf")
    assert wait_for(lambda: server.count("shelf") > seen, 30)
    with server.lock:
        server.shelf_rate = 4.0
    seen = server.count("shelf")
    assert wait_for(lambda: server.count("shelf") > seen + 1, 30)  # the first one is told
    assert wait_for(lambda: server.count("shelf") > seen + 8, 8), "many times as fast"
    assert wait_for(lambda: rows(daemon, "SELECT stated_micro_per_s FROM bucket "
                                         "WHERE operation = 'shelf'") == [(4000000,)])
    assert daemon.stop() == 0


@pytest.fixture
def post():
    """A carrier that must not have seen a violation at the end."""
    with Post() as made:
        yield made
        assert made.violations == []


@pytest.fixture
def two(tmp_path, server, post):  # pylint: disable=redefined-outer-name
    """A daemon that watches two stores of one account and the carrier, not started."""
    server.shops = {shop: [order(f"{shop}-{i}") for i in range(3)] for shop in ("east", "west")}
    config = SHARED.replace("SERVER", server.url()).replace("CARRIER", post.url())
    made = Daemon(tmp_path, NoSandbox, poll=ORDERS_ONLY, config=config,
                  binary="storehealthd-test")
    made.secret("refresh.key", "first")
    made.secret("signing.key", KEY.decode())
    made.secret("post.key", TOKEN)
    with made:
        yield made


def order(number, tracking=None):
    """One as the server lists it."""
    made = {"id": number, "created": "2026-11-30T00:00:00Z"}
    return {**made, "tracking": tracking} if tracking else made


def parcels(daemon):  # pylint: disable=redefined-outer-name
    """(store, parcel) -> its status, of those that have one."""
    return {(store, number): status for store, number, status in
            rows(daemon, "SELECT store, id, status FROM e_parcel") if status}


def test_two_stores_share_a_credential(server, two):
    """One token for both, renewed once; one bucket; and each store has what is its own."""
    two.start()
    assert wait_for(lambda: len(rows(two, "SELECT id FROM e_order")) == 6), two.log.read_text()
    for shop in ("east", "west"):
        assert {number for number, in rows(two, f"SELECT id FROM e_order WHERE store = '{shop}'")} \
            == {f"{shop}-{i}" for i in range(3)}
    assert server.rotations == 1 and len(rows(two, "SELECT credential FROM token")) == 1
    assert rows(two, "SELECT credential FROM token") == [("seller",)]
    # Both ask as often as they may: 80 pages a second, were there no limit.
    begin = len(server.listed)
    assert wait_for(lambda: len(server.listed) >= begin + 4 * RATE, seconds=30)
    times = server.listed[begin:begin + 4 * RATE]
    assert times[-1] - times[0] > 3, "never more than the rate, over both"
    assert two.stop() == 0


def test_a_carrier_serves_two_stores(server, two, post):
    """Each parcel is judged in its own store; an unknown number waits; health is its own."""
    server.shops["east"].append(order("east-p", "T1"))
    server.shops["west"].append(order("west-p", "T2"))
    post.parcels = [{"no": "T1", "by": "madepost", "state": "border"},
                    {"no": "T2", "state": "moving"},
                    {"no": "T3", "by": "madepost", "state": "lost"}, {"state": "no number"},
                    {"no": "T4", "state": "a word that nobody knows"}]
    post.parcels += [{"no": f"none-{i}", "state": "moving"} for i in range(20)]
    two.start()
    expected = {("east", "east-p"): "at_customs", ("west", "west-p"): "in_transit"}
    assert wait_for(lambda: parcels(two) == expected), two.log.read_text()
    assert two.ctl("status")["daemon"]["unclaimed_parcels"] > 0
    asked = post.asked
    assert wait_for(lambda: post.asked > asked + 3), "it is read again, for who waits in it"
    assert two.log.read_text().count("could not be read: ") == 1, "and that is not said again"
    # The carrier says what it always said; now somebody has the parcel.
    server.shops["west"].append(order("west-late", "T3"))
    expected["west", "west-late"] = "exception"
    assert wait_for(lambda: parcels(two) == expected), two.log.read_text()
    two.kill()
    post.parcels[0]["state"] = "moving"
    two.start()
    expected["east", "east-p"] = "in_transit"
    assert wait_for(lambda: parcels(two) == expected), two.log.read_text()
    # A closed account is the carrier's trouble, and no store's.
    post.closed = True
    failing = "SELECT store FROM e_poller WHERE failing_since IS NOT NULL"
    assert wait_for(lambda: rows(two, failing) == [("madepost",)]), two.log.read_text()
    refused = "SELECT store FROM e_store WHERE credentials = 'refused'"
    assert wait_for(lambda: rows(two, refused) == [("madepost",)])
    before = server.count("orders")
    assert wait_for(lambda: server.count("orders") > before + 5)
    assert rows(two, failing) == [("madepost",)]
    assert {store["id"] for store in two.ctl("status")["stores"]} == {"east", "west", "madepost"}
    assert two.stop() == 0


def test_check_online_uses_the_token_that_the_daemon_keeps(server, daemon):
    """It renews none itself: the server would see a refresh token twice."""
    def check():
        done = subprocess.run([find_binary("storehealthctl-test"), "--json", "check", "--online",
                               str(daemon.config)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    status, text = check()
    assert status != 0 and "no access token in force" in text
    daemon.start()
    assert wait_for(lambda: rows(daemon, "SELECT access FROM token") != [])
    assert daemon.stop() == 0
    seen, rotations = server.count("orders"), server.rotations
    text = check()[1]
    assert "key accepted by madeup" in text, text
    assert (server.count("orders"), server.rotations) == (seen + 1, rotations)
