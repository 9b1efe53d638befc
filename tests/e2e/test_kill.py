"""kill -9 at every commit point of poll -> outbox -> delivery: no alert is lost, none
is told twice as new. SHD_KILLS sets how often (230)."""
import collections
import os

from daemon_client import Daemon, wait_for
from sandbox_client import ROOT, Sandbox, find_binary

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
KILLS = int(os.environ.get("SHD_KILLS", "230"))
WRITES = 113  # a start and one new order take about this many writes and syncs
STRIDE = 37   # prime to it: early and late kills alternate, every write is reached


def news(sandbox):
    """Order -> the idempotency keys under which it was told as new."""
    keys = collections.defaultdict(set)
    for hook in sandbox.received()["webhooks"]:
        for alert in hook["body"]["alerts"]:
            if alert["rule"] == "ozon-new-order" and alert["move"] == "new":
                keys[alert["entity"]].add(hook["id"])
    return keys


def test_nothing_is_lost_and_nothing_is_told_twice_as_new(tmp_path):
    preload = {"LD_PRELOAD": find_binary("libshd-killer.so"),
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    with Sandbox(SHOP) as shop, Daemon(tmp_path, shop, poll="{orders: 1s}") as daemon:
        daemon.start()
        assert wait_for(lambda: "orders" in daemon.read_pollers()), daemon.log.read_text()
        daemon.kill()
        orders, by_itself = [], 0
        for kill in range(KILLS):
            orders.append(f"0400-{kill:04}-1")
            shop.admin("/event", {"order": {"posting_number": orders[-1], "sku": 160200301,
                                            "quantity": 1, "ship_by": "+20h"}})
            daemon.start(SHD_KILL_AT=str(1 + kill * STRIDE % WRITES), **preload)
            by_itself += wait_for(lambda: daemon.process.poll() is not None, 2, 0.01) is not None
            daemon.kill()
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
        assert wait_for(lambda: set(news(shop)) >= set(orders), 30), \
            f"lost: {sorted(set(orders) - set(news(shop)))}"
        twice = {order: keys for order, keys in news(shop).items() if len(keys) > 1}
        assert twice == {}
        assert by_itself > KILLS / 2, f"only {by_itself} of {KILLS} died at a write"
        assert daemon.stop() == 0
