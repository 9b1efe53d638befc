"""Pollers and stores that a reload takes away and gives back: what nobody reads is not known."""
import json
import signal
import time

import pytest

from daemon_client import Daemon, tell_of_later_order, told, wait_for
from sandbox_client import ROOT, Sandbox

ORDER = "0900-0001-1"
RULE = "ozon-ship-deadline"


@pytest.fixture
def shop():
    with Sandbox(ROOT / "tests/e2e/scenarios/shop.yaml") as running:
        yield running


@pytest.fixture
def daemon(tmp_path, shop):
    with Daemon(tmp_path, shop) as running:
        began = time.monotonic()
        running.start()
        assert wait_for(lambda: len(running.read_pollers()) == 6), running.log.read_text()
        running.slowness_s = time.monotonic() - began
        yield running


def alerts(daemon):
    """State and number of the alerts about the order, by rule and store."""
    answer = daemon.ctl("alerts") or {"alerts": []}
    return {(row["rule"], row["store"]): (row["state"], row["number"])
            for row in answer["alerts"] if row["entity"] == ORDER}


def an_order(shop, daemon, ship_by):
    shop.admin("/event", {"order": {"posting_number": ORDER, "sku": 160200301, "quantity": 1,
                                    "ship_by": ship_by, "deliver_by": "+4d"}})
    assert wait_for(lambda: alerts(daemon).get((RULE, "shop"), ("",))[0] == "firing")
    return alerts(daemon)[RULE, "shop"][1]


def told_of_it(shop, move=None):
    return [row for row in told(shop, move) if row[:2] == (RULE, ORDER)]


def reload_with(daemon, was, now):
    before = daemon.log.read_text().count("a new configuration is in force")
    daemon.config.write_text(daemon.config.read_text().replace(was, now))
    daemon.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: daemon.log.read_text().count("a new configuration is in force") > before)


def reasons(daemon, number):
    return [event["reason"] for event in daemon.ctl("explain", str(number))["events"]]


def test_a_poller_that_is_off_lets_nothing_fire_until_it_is_read_again(shop, daemon):
    ship_s = int(20 + 6 * daemon.slowness_s)  # the reload has to come before it, on any machine
    late = time.monotonic() + ship_s
    number = an_order(shop, daemon, f"+{ship_s}s")
    reload_with(daemon, "orders: 1s", "orders: off")
    assert time.monotonic() < late, "the machine is too slow"
    assert wait_for(lambda: alerts(daemon)[RULE, "shop"][0] == "unknown")
    assert "poller orders is switched off" in reasons(daemon, number)
    standing = [row for row in daemon.ctl("rules", "explain", RULE)["standings"] if row["entity"] == ORDER]
    assert [row["why"] for row in standing] == ["poller orders is switched off"]  # the reason in force
    shop.admin("/event", {"order": {"posting_number": ORDER, "status": "delivering"}})
    poller = daemon.ctl("status")["stores"][0]["pollers"][0]
    assert (poller["name"], poller["state"]) == ("orders", "off")
    assert daemon.stop() == 0
    daemon.start()
    assert wait_for(lambda: time.monotonic() > late + 2, ship_s + 5)
    assert wait_for(lambda: daemon.ctl("status"))
    assert alerts(daemon)[RULE, "shop"][0] == "unknown"
    reload_with(daemon, "orders: off", "orders: 1s")
    assert wait_for(lambda: (RULE, "shop") not in alerts(daemon)), alerts(daemon)
    tell_of_later_order(shop, "0900-0009-1")
    assert (RULE, ORDER, "breached") not in told(shop), daemon.log.read_text()
    assert not [row for row in told(shop) if row[0] == "poller-stale"]
    assert daemon.stop() == 0


def test_alerts_of_a_renamed_store_end_and_come_again_with_it(shop, daemon):
    number = an_order(shop, daemon, "+90m")
    assert wait_for(lambda: ("ozon-new-order", ORDER, "info") in told(shop))
    reload_with(daemon, "id: shop\n", "id: other\n")
    assert wait_for(lambda: {store for _, store in alerts(daemon)} == {"other"}), alerts(daemon)
    assert reasons(daemon, number)[-1] == "the store is no longer watched"
    assert f"alert {number} of store \"shop\", {ORDER}: resolved" in daemon.log.read_text()
    assert wait_for(lambda: (RULE, ORDER, "none") in told(shop, "resolved")), told(shop, "resolved")
    assert "is no longer in the configuration" in json.dumps(shop.received()["webhooks"])
    before = len(told_of_it(shop))
    reload_with(daemon, "id: other\n", "id: shop\n")
    assert wait_for(lambda: {store for _, store in alerts(daemon)} == {"shop"}), alerts(daemon)
    assert wait_for(lambda: (RULE, ORDER, "critical") in told_of_it(shop)[before:]), told(shop)
    tell_of_later_order(shop, "0900-0009-1")
    assert len(told_of_it(shop, "resolved")) == 2  # of each name of the store
    assert daemon.stop() == 0
