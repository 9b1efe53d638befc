"""A state file of the first version (tests/cases/state-v1), opened by this daemon: all
that was known is still known, nobody is told anything again, nobody is forgotten.

The clocks of daemon and sandbox are set to when the file was made, so that it is as
fresh as after an upgrade."""
import datetime
import os
import re
import sqlite3
import time

import pytest
from daemon_client import Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox, preload, reflowed

CASE = ROOT / "tests" / "cases" / "state-v1"
DUMP = (CASE / "state.sql").read_text()
STARTED_MS = int(re.search(r"^-- started_ms (\d+)", DUMP, re.M).group(1))
PAUSE_MS = 45000  # when the daemon of this version starts, after the shop did
UNSEEN, SEEN, LATER = "0200-0005-1", "0200-0001-1", "0200-0006-1"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """(shop, daemon, rows of the old file) once the daemon has read every poller."""
    folder = tmp_path_factory.mktemp("upgraded")
    clock = folder / "clock"
    environment = {**preload("libshd-clock.so"), "SHD_CLOCK": str(clock)}
    before = os.environ.copy()

    def set_clock(ms):
        new = folder / "clock.new"
        new.write_text(f"{ms - int(time.time() * 1000)} 0\n")
        new.rename(clock)

    set_clock(STARTED_MS)
    os.environ.update(environment)
    try:
        with Sandbox(CASE / "shop.yaml") as shop:
            set_clock(STARTED_MS + PAUSE_MS)
            with Daemon(folder, shop) as daemon:
                with sqlite3.connect(folder / "state.db") as db:
                    db.executescript(DUMP)
                rows = read_rows(folder / "state.db")
                daemon.start()
                assert wait_for(lambda: polled_again(daemon), 30), daemon.log.read_text()
                yield shop, daemon, rows
                assert daemon.stop() == 0
    finally:
        os.environ.clear()
        os.environ.update(before)


def read_rows(path):
    db = sqlite3.connect(path)
    rows = {
        "alerts": dict(((rule, entity), (number, state)) for number, rule, entity, state in
                       db.execute("SELECT number, rule, entity, state FROM alert")),
        "waiting": [(key, channel) for key, channel in
                    db.execute("SELECT key, channel FROM outbox WHERE state = 'waiting'")],
        "sent": [key for key, in db.execute("SELECT key FROM outbox WHERE state = 'sent'")],
        "history": db.execute("SELECT count(*) FROM history").fetchone()[0],
        "version": db.execute("PRAGMA user_version").fetchone()[0],
    }
    db.close()
    return rows


def polled_again(daemon):
    """Every poller was read by this daemon."""
    status = daemon.ctl("status")
    pollers = status["stores"][0]["pollers"] if status and status["stores"] else []
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((STARTED_MS + PAUSE_MS) / 1000))
    return pollers and all((poller["last_success"] or "") >= since for poller in pollers)


def alerts(daemon):
    return {(alert["rule"], alert["entity"]): alert
            for alert in daemon.ctl("alerts", "--all")["alerts"]}


def hook_ids(shop):
    return [hook["id"] for hook in shop.received()["webhooks"] if hook["accepted"]]


def test_the_file_is_one_of_the_first_version(upgraded):
    _, _, rows = upgraded
    assert rows["version"] == 3
    assert {state for _, state in rows["alerts"].values()} == {"firing", "resolved"}
    assert {channel for _, channel in rows["waiting"]} == {"mail", "hook"}
    assert rows["history"] > 100


def test_alerts_keep_their_numbers_states_and_events(upgraded):
    _, daemon, rows = upgraded
    now = alerts(daemon)
    for key, (number, state) in rows["alerts"].items():
        assert (now[key]["number"], now[key]["state"]) == (number, state), key
    number = rows["alerts"]["ozon-ship-deadline", "0200-0003-1"][0]
    events = daemon.ctl("explain", str(number))["events"]
    assert [event["move"] for event in events] == ["new", "resolved"]
    assert all(event["told"] for event in events)


def test_messages_that_waited_arrive_once_under_their_keys(upgraded):
    shop, _, rows = upgraded
    hooks = [key for key, channel in rows["waiting"] if channel == "hook"]
    assert wait_for(lambda: set(hooks) <= set(hook_ids(shop)), 40)
    assert wait_for(lambda: len(shop.received()["mails"]) >= len(rows["waiting"]) - len(hooks))


def test_the_polls_go_on_from_the_cursors_of_the_file(upgraded):
    """A shop that is read for the first time tells nothing of the orders it finds."""
    shop, _, rows = upgraded
    assert wait_for(lambda: ("ozon-new-order", UNSEEN, "info") in told(shop, "new"))
    shop.admin("/event", {"order": {"posting_number": LATER, "sku": 160200301, "quantity": 1,
                                    "ship_by": "+20h", "deliver_by": "+4d"}})
    assert wait_for(lambda: ("ozon-new-order", LATER, "info") in told(shop, "new"))
    fresh = [alert for hook in shop.received()["webhooks"] for alert in hook["body"]["alerts"]
             if alert["move"] == "new" and hook["id"] not in dict(rows["waiting"])]
    assert sorted((alert["rule"], alert["entity"]) for alert in fresh) == [
        ("ozon-new-order", UNSEEN), ("ozon-new-order", LATER)]
    arrived = hook_ids(shop)
    assert {arrived.count(key) for key, channel in rows["waiting"] if channel == "hook"} == {1}
    assert not set(rows["sent"]) & set(arrived)


def test_what_was_not_due_again_is_not_asked_again(upgraded):
    """Checked after the polls of the test above, which are later than the first ones."""
    shop, _, _ = upgraded
    asked = shop.admin("/requests")
    for once_a_day in ("/v1/roles", "/v1/rating/history", "/v1/analytics/stocks"):
        assert once_a_day not in asked
    # Of the rows with this path only the one that follows changes is due again.
    changed = asked["/v1/returns/list"]["first"]["filter"]["visual_status_change_moment"]
    since = datetime.datetime.fromisoformat(changed["time_from"].replace("Z", "+00:00"))
    assert STARTED_MS - since.timestamp() * 1000 < 20 * 60 * 1000


def test_an_alert_of_the_file_is_resolved_to_those_who_were_told(upgraded):
    shop, _, _ = upgraded
    mails = shop.received()["mail_count"]
    shop.admin("/event", {"order": {"posting_number": SEEN, "status": "delivering"}})
    assert wait_for(lambda: ("ozon-ship-deadline", SEEN, "none") in told(shop, "resolved"))
    assert wait_for(lambda: any(SEEN in reflowed(mail["text"]) for mail in
                                shop.received()["mails"][mails:])), shop.received()["mails"]


def test_the_history_reaches_back_before_the_upgrade(upgraded):
    _, daemon, rows = upgraded
    db = sqlite3.connect(f"file:{daemon.dir / 'state.db'}?mode=ro", uri=True)
    assert db.execute("SELECT count(*) FROM history").fetchone()[0] >= rows["history"]
    assert db.execute("PRAGMA user_version").fetchone()[0] > rows["version"]
    db.close()


def test_a_file_of_a_later_version_is_refused_with_a_clear_word(tmp_path):
    """What a daemon of the version before does with a file of this one."""
    with Sandbox(ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml") as shop, \
            Daemon(tmp_path, shop) as daemon:
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
        assert daemon.stop() == 0
        db = sqlite3.connect(daemon.dir / "state.db")
        known = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute(f"PRAGMA user_version = {known + 1}")
        db.close()
        content = (daemon.dir / "state.db").read_bytes()
        daemon.start()
        assert daemon.process.wait(20) != 0
        said = daemon.log.read_text().splitlines()[-1]
        assert (f"state.db was written by a newer storehealthd (state version {known + 1}, "
                f"this one knows {known})") in said
        assert (daemon.dir / "state.db").read_bytes() == content
