"""kill -9 at every commit point of poll -> outbox -> delivery: no alert is lost, none
is told twice as new.

A first run counts the points: each write and sync of a file that a start and one new
order take. Then the daemon dies as often as there are points: before and after each
kind of them at least once, the rest drawn by a printed seed (SHD_SEED repeats it).
SHD_KILLS says how often instead; 0: before and after every single point. Each part of
the test begins with a file of its own."""
import collections
import os
import random

import pytest
from daemon_client import Daemon, wait_for
from sandbox_client import ROOT, Sandbox, preload

KILLER = "libshd-killer.so"
PARTS = 4
SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"


def news(sandbox):
    """Order -> the idempotency keys under which it was told as new."""
    keys = collections.defaultdict(set)
    for hook in sandbox.received()["webhooks"]:
        for alert in hook["body"]["alerts"]:
            if alert["rule"] == "ozon-new-order" and alert["move"] == "new":
                keys[alert["entity"]].add(hook["id"])
    return keys


def add_order(shop, number):
    shop.admin("/event", {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                                    "ship_by": "+20h"}})


def count_polls(shop):
    return shop.admin("/requests")["/v4/posting/fbs/list"]["requests"]


def begin(daemon):
    daemon.start()
    assert wait_for(lambda: "orders" in daemon.read_pollers()), daemon.log.read_text()
    daemon.kill()


def count_points(shop, daemon, order):
    """The calls of a run from its start until an order was told and stored as told."""
    listed = daemon.dir / "points"
    listed.unlink(missing_ok=True)
    add_order(shop, order)
    daemon.start(SHD_KILL_COUNT=str(listed), **preload(KILLER))
    assert wait_for(lambda: order in news(shop), 30), daemon.log.read_text()
    polls = count_polls(shop)  # what it stores of the answer, it stored before the next
    assert wait_for(lambda: count_polls(shop) >= polls + 1), daemon.log.read_text()
    points = listed.read_text().splitlines()
    daemon.kill()
    return points


def draw(points, most, chance):
    """(number, dies after it?) of the points to die at: each kind, then any."""
    every = [(number, after) for number in range(1, len(points) + 1) for after in (False, True)]
    chance.shuffle(every)
    kinds = {}
    for number, after in every:
        kinds.setdefault((points[number - 1], after), (number, after))
    first = set(kinds.values())
    every.sort(key=lambda point: point not in first)
    chosen = every[:max(most or len(every), len(first))]
    chance.shuffle(chosen)
    return chosen


def dies(shop, daemon, order):
    """Whether it dies by itself; it lives when two polls followed after the order was told."""
    told = []

    def end():
        if daemon.process.poll() is not None:
            return "dead"
        if told or order in news(shop):
            told.append(count_polls(shop))
            return told[-1] >= told[0] + 2 and "alive"
        return None

    return wait_for(end, 30) == "dead"


def find_all_once(shop, daemon, orders):
    daemon.start()
    assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
    assert wait_for(lambda: set(news(shop)) >= set(orders), 30), \
        f"lost: {sorted(set(orders) - set(news(shop)))}"
    last = "0400-after-1"  # told after anything that could be told a second time
    add_order(shop, last)
    assert wait_for(lambda: last in news(shop), 30), daemon.log.read_text()
    twice = {order: keys for order, keys in news(shop).items() if len(keys) > 1}
    assert twice == {}


@pytest.fixture(scope="module")
def kills(tmp_path_factory):
    seed = int(os.environ.get("SHD_SEED", random.randrange(10 ** 6)))
    folder = tmp_path_factory.mktemp("count")
    with Sandbox(SHOP) as shop, Daemon(folder, shop, poll="{orders: 1s}") as daemon:
        begin(daemon)
        runs = [count_points(shop, daemon, f"0400-count-{run}") for run in range(3)]
    # The shortest: what every run reaches, without the move of the log (each ten seconds).
    points = min(runs, key=len)
    assert "pwrite64 db" not in points
    drawn = draw(points, int(os.environ.get("SHD_KILLS", len(points))), random.Random(seed))
    print(f"seed {seed}: {len(points)} writes and syncs {dict(collections.Counter(points))}, "
          f"{len(drawn)} kills")
    assert "pwrite64 wal" in points
    assert any("sync " in point for point in points)
    return drawn


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_and_nothing_is_told_twice_as_new(tmp_path, kills, part):
    kills = kills[part::PARTS]
    with Sandbox(SHOP) as shop, Daemon(tmp_path, shop, poll="{orders: 1s}") as daemon:
        begin(daemon)
        orders, by_itself = [], 0
        for kill, (number, after) in enumerate(kills):
            orders.append(f"0400-{kill:04}-1")
            add_order(shop, orders[-1])
            daemon.start(SHD_KILL_AT=str(number), **({"SHD_KILL_AFTER": "1"} if after else {}),
                         **preload(KILLER))
            by_itself += dies(shop, daemon, orders[-1])
            daemon.kill()
        find_all_once(shop, daemon, orders)
        assert by_itself > len(kills) / 2, f"only {by_itself} of {len(kills)} died at a write"
        print(f"{by_itself} of {len(kills)} died at their point")
        assert daemon.stop() == 0


# (kind of call, which of them, dies after it?): the first meets the log of a new database
MOVES = [("pwrite64 db", 40, False), ("pwrite64 db", 1, False), ("pwrite64 db", 2, True),
         ("fdatasync db", 1, False), ("fdatasync db", 1, True)]


def test_a_log_is_moved_whole_or_again(tmp_path):
    with Sandbox(SHOP) as shop, Daemon(tmp_path, shop, poll="{orders: 1s}") as daemon:
        begin(daemon)
        orders = [f"0400-moved-{move}" for move in range(len(MOVES))]
        for (kind, number, after), order in zip(MOVES, orders):
            add_order(shop, order)
            daemon.start(SHD_KILL_AT=str(number), SHD_KILL_OF=kind,
                         **({"SHD_KILL_AFTER": "1"} if after else {}), **preload(KILLER))
            assert wait_for(lambda: daemon.process.poll() is not None, 40), (kind, number)
        find_all_once(shop, daemon, orders)
        assert daemon.stop() == 0
