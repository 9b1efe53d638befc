"""The wall clock is set, and the machine sleeps, while the daemon runs (clock.c)."""
import pytest
from daemon_client import FAST, Daemon, wait_for
from sandbox_client import ROOT, Sandbox, preload

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
HOUR = 3600 * 1000
OWN = {"clock-skew", "notifier-failing", "rate-limited"}
DUE_SOON, DUE_LATER, NEW, LAST = "0900-0001-1", "0900-0002-1", "0900-0003-1", "0900-0004-1"
BACK = "0900-0005-1"


class Clocked(Daemon):
    """The sandbox keeps the real time; `set` moves only the daemon's."""

    def set(self, wall_ms=0, slept_ms=0):
        new = self.dir / "clock.new"
        new.write_text(f"{wall_ms} {slept_ms}\n")
        new.rename(self.dir / "clock")

    def run(self, wall_ms=0):
        self.set(wall_ms)
        self.environment = {**preload("libshd-clock.so"), "SHD_CLOCK": str(self.dir / "clock")}
        self.start(**self.environment)
        assert wait_for(self.is_read, 30), self.log.read_text()

    def is_read(self):
        status = self.ctl("status")
        rows = status["stores"][0]["pollers"] if status and status["stores"] else []
        return rows and all(row["last_success"] for row in rows)

    def count(self, words):
        return self.log.read_text().count(words)


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


@pytest.fixture
def daemon(tmp_path, shop):
    with Clocked(tmp_path, shop, poll=FAST) as running:
        running.run()
        yield running
        assert running.stop() == 0
        assert running.count("A feed cannot be read") == 0


def add_order(shop, number, ship_by):
    shop.admin("/event", {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                                    "ship_by": ship_by, "deliver_by": "+4d"}})
    assert wait_for(lambda: ("ozon-new-order", number, "info") in told(shop, "new"))


def told(shop, move=None):
    """(rule, entity, level) told by webhook. The receiver may refuse the time of a signature,
    so a message that comes again under its id counts once."""
    hooks = {hook["id"]: hook for hook in shop.received()["webhooks"]}
    return [(alert["rule"], alert["entity"], alert["level"]) for hook in hooks.values()
            for alert in hook["body"]["alerts"] if move in (None, alert["move"])]


def resolved(shop):
    """Of the business; our own sight is checked anew after a jump."""
    return [item for item in told(shop, "resolved") if item[0] not in OWN]


def deadlines(shop):
    return [item for item in told(shop) if item[0] == "ozon-ship-deadline"]


def polled_through(shop):
    """The open orders were read under the clock that holds now."""
    def count():
        return shop.admin("/requests")["/v4/posting/fbs/unfulfilled/list"]["requests"]
    before = count()
    assert wait_for(lambda: count() >= before + 3)


def test_two_hours_forward_fire_what_is_really_due(shop, daemon):
    add_order(shop, DUE_SOON, "+90m")
    add_order(shop, DUE_LATER, "+20h")
    assert wait_for(lambda: deadlines(shop) == [("ozon-ship-deadline", DUE_SOON, "critical")])
    daemon.set(wall_ms=2 * HOUR)
    assert wait_for(lambda: ("ozon-ship-deadline", DUE_SOON, "breached") in deadlines(shop))
    polled_through(shop)
    add_order(shop, NEW, "+23h")
    assert deadlines(shop) == [("ozon-ship-deadline", DUE_SOON, "critical"),
                               ("ozon-ship-deadline", DUE_SOON, "breached")]
    assert resolved(shop) == []
    assert daemon.count("the clock was set by") == 1


def test_two_hours_back_fire_nothing_twice_and_resolve_nothing(shop, daemon):
    add_order(shop, DUE_SOON, "+90m")
    assert wait_for(lambda: deadlines(shop) == [("ozon-ship-deadline", DUE_SOON, "critical")])
    daemon.set(wall_ms=-HOUR // 4)
    assert wait_for(lambda: daemon.count("the clock was set by") == 1)
    polled_through(shop)
    add_order(shop, NEW, "+20h")
    assert deadlines(shop) == [("ozon-ship-deadline", DUE_SOON, "critical")]
    daemon.set(wall_ms=-2 * HOUR)
    assert wait_for(lambda: daemon.count("the clock was set by") == 2)
    polled_through(shop)
    add_order(shop, BACK, "+30h")
    assert [item for item in told(shop, "new") if item[0] == "ozon-new-order"] == [
        ("ozon-new-order", number, "info") for number in (DUE_SOON, NEW, BACK)]
    assert len(deadlines(shop)) == 1
    daemon.set()
    assert wait_for(lambda: daemon.count("the clock was set by") == 3)
    polled_through(shop)
    add_order(shop, LAST, "+20h")
    assert len(deadlines(shop)) == 1 and resolved(shop) == []


def test_a_clock_that_is_ahead_loses_no_change(shop, daemon):
    add_order(shop, DUE_SOON, "+4h30m")
    daemon.set(wall_ms=3 * HOUR)
    due = ("ozon-ship-deadline", DUE_SOON, "critical")
    assert wait_for(lambda: due in deadlines(shop))
    polled_through(shop)
    shop.admin("/event", {"order": {"posting_number": DUE_SOON, "status": "cancelled"}})
    polled_through(shop)
    daemon.set(wall_ms=20 * 60 * 1000)  # still ahead by more than windows overlap
    assert wait_for(lambda: daemon.count("the clock was set by") == 2)
    assert wait_for(lambda: daemon.count(f"{DUE_SOON}: resolved, none: Order awaiting shipment") == 1)
    daemon.set()
    assert wait_for(lambda: daemon.count("the clock was set by") == 3)
    polled_through(shop)
    # The receiver refuses what is signed ahead of its time; then all comes, in order.
    assert wait_for(lambda: ("ozon-ship-deadline", DUE_SOON, "none") in resolved(shop), 60)
    asked = shop.admin("/requests")["/v4/posting/fbs/list"]
    assert asked["refused"] == 0


def test_a_first_start_under_a_clock_that_is_ahead_misses_no_news(tmp_path, shop):
    with Clocked(tmp_path, shop, poll=FAST) as daemon:
        daemon.run(wall_ms=3 * HOUR)
        daemon.set()
        assert wait_for(lambda: daemon.count("the clock was set by") == 1)
        polled_through(shop)
        add_order(shop, NEW, "+30h")
        assert [item[1] for item in told(shop, "new") if item[0] == "ozon-new-order"] == [NEW]
        assert daemon.stop() == 0


def test_after_a_sleep_the_store_is_read_before_time_is_judged(shop, daemon):
    add_order(shop, DUE_SOON, "+7h")
    add_order(shop, DUE_LATER, "+7h")
    add_order(shop, NEW, "+30h")
    assert deadlines(shop) == []
    shop.admin("/event", {"order": {"posting_number": DUE_SOON, "status": "delivering"}})
    daemon.set(slept_ms=2 * HOUR)  # both would be due, but one was handed over meanwhile
    assert wait_for(lambda: ("ozon-ship-deadline", DUE_LATER, "warning") in deadlines(shop))
    polled_through(shop)
    add_order(shop, LAST, "+30h")
    assert deadlines(shop) == [("ozon-ship-deadline", DUE_LATER, "warning")]
    assert daemon.count("was stopped or asleep for 2h") == 1
    assert wait_for(lambda: daemon.count("the stores were read again; ") == 1)
    assert daemon.count("the clock was set by") == 0


def test_what_is_behind_after_a_sleep_is_explained(tmp_path, shop):
    def standing():
        rows = daemon.ctl("rules", "explain", "ozon-ship-deadline")["standings"]
        return {row["entity"]: (row["judgement"], row["level"], row["why"]) for row in rows}

    with Clocked(tmp_path, shop, poll=FAST) as daemon:
        daemon.run()
        add_order(shop, DUE_SOON, "+7h")
        assert standing()[DUE_SOON] == ("judged", "none", None)
        shop.admin("/fault", {"do": "internal", "path": "/v4/posting/fbs/unfulfilled/list"})
        daemon.set(slept_ms=2 * HOUR)
        assert wait_for(lambda: standing()[DUE_SOON] == (
            "unknown", "none", "poller orders is behind, and read first")), standing()
        value = daemon.ctl("rules", "eval", "order.status", "--store", "shop",
                           "--entity", f"order:{DUE_SOON}")
        assert value["blind"] is True
        shop.admin("/fault", method="DELETE")
        assert wait_for(lambda: standing()[DUE_SOON] == ("judged", "warning", None), 30), standing()
        assert daemon.stop() == 0


def test_after_a_stop_of_hours_the_store_is_read_before_time_is_judged(shop, daemon):
    add_order(shop, DUE_SOON, "+7h")
    add_order(shop, DUE_LATER, "+7h")
    assert daemon.stop() == 0
    shop.admin("/event", {"order": {"posting_number": DUE_SOON, "status": "delivering"}})
    daemon.set(slept_ms=2 * HOUR)
    daemon.start(**daemon.environment)
    assert wait_for(lambda: deadlines(shop))
    polled_through(shop)
    assert deadlines(shop) == [("ozon-ship-deadline", DUE_LATER, "warning")]
