"""Runs for a while with orders, reloads and 5 % of faults, and needs no more memory and no more
descriptors at the end than before. SHD_SOAK_S=3600 runs for an hour; -s prints the figures."""
import itertools
import os
import pathlib
import random
import statistics
import subprocess
import time

import pytest

from daemon_client import CONFIG, Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox, find_binary

SOAK_S = int(os.environ.get("SHD_SOAK_S", "75"))
SAMPLES = 60                            # of memory and descriptors, at least
RELOAD_EVERY_S = max(3, SOAK_S / 360)
ORDER_EVERY_S = max(1, SOAK_S / 720)
STORES, FAULT_SHARE = 3, 0.05
LONG_FAULTS_EVERY_S = 60                # what a request waits for until its time is over
FAULTS = ["throttled", "internal", "reset", "truncate", "malformed", "empty", "deep", "html", "numbers_as_text",
          "year_9999", "emoji", "nulls", "unknown_words", "temporary"]
NOISE = {"rss_kb": 3072, "private_kb": 3072, "fds": 4, "connections": 20, "threads": 0}


def write_scenario(folder):
    text = (ROOT / "tests/e2e/scenarios/shop.yaml").read_text()
    path = folder / "scenario.yaml"
    path.write_text(text.replace('client_id: "1001"', f'client_id: "1001"\n    count: {STORES}'))
    return path


def configuration():
    """Three stores, of which each reload changes something."""
    head, store, rest = CONFIG.partition("  - id: shop")
    store, channels, rest = (store + rest).partition("channels:")
    stores = "".join(store.replace("id: shop", f"id: shop-{i}").replace('"{client}"', f'"{1001 + i}"')
                     for i in range(STORES))
    return head + stores + channels + rest


VARIANTS = [
    lambda text: text.replace("id: shop-2", "id: renamed"),
    lambda text: text.replace("orders: 1s", "orders: off"),
    lambda text: text.replace("to: [owner@example.com]", "to: [owner@example.com, other@example.com]"),
    lambda text: text + "no_such_option: 1\n",
    lambda text: text.replace("  hook:\n", "  further: {type: webhook, url: \"http://127.0.0.1:9/hook\"}\n  hook:\n"),
    lambda text: text.replace("stock: 1s", "stock: 2s"),
]


class Troubles:
    """Lets 5 % of the requests of the last second fail in the next one, in every way."""

    def __init__(self, shop):
        self.shop, self.requests, self.random, self.faulty = shop, 0, random.Random(8), 0
        self.long_at = 0

    def tick(self, now):
        requests = sum(row["requests"] for row in self.shop.admin("/requests").values())
        new, self.requests = requests - self.requests, requests
        if int(now) % 10 == 0:
            self.shop.admin("/fault", method="DELETE")
        wanted = new * FAULT_SHARE + self.random.random()
        for _ in range(int(wanted)):
            self.shop.admin("/fault", {"do": self.random.choice(FAULTS), "path": "*", "times": 1})
            self.faulty += 1
        if now - self.long_at > LONG_FAULTS_EVERY_S:
            self.long_at = now
            self.shop.admin("/fault", {"do": self.random.choice(["timeout", "drip"]), "path": "/v*", "times": 1})


class Orders:
    """Orders that come, run late, and are sent."""

    def __init__(self, shop):
        self.shop, self.numbers, self.open = shop, itertools.count(1), []

    def tick(self, now):
        number = next(self.numbers)
        client, name = str(1001 + number % STORES), f"0920-{number:05}-1"
        self.shop.admin("/event", {"of": client, "order": {"posting_number": name, "sku": 160200301, "quantity": 1,
                                                           "ship_by": "+15s", "deliver_by": "+4d"}})
        self.open.append((now, client, name))
        while now - self.open[0][0] > 20:
            _, client, name = self.open.pop(0)
            self.shop.admin("/event", {"of": client, "order": {"posting_number": name, "status": "delivered"}})


def link_of(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:  # closed meanwhile
        return None


def figures(daemon):
    folder = pathlib.Path(f"/proc/{daemon.process.pid}")
    rows = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    links = list(filter(None, map(link_of, (folder / "fd").iterdir())))
    connected = {f"socket:[{line.split()[9]}]" for line in (folder / "net/tcp").read_text().splitlines()[1:]}
    connections = sum(link in connected for link in links)  # some are kept for the next request
    return {"rss_kb": int(rows["VmRSS"].split()[0]), "private_kb": int(rows["RssAnon"].split()[0]),
            "fds": len(links) - connections, "connections": connections, "threads": int(rows["Threads"]),
            "state_kb": (daemon.dir / "state.db").stat().st_size // 1024}


def ask_status(daemon):
    """What went wrong with an answer, or None."""
    done = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), "status"],
                          capture_output=True, text=True, check=False, timeout=30)
    return None if done.returncode in (0, 1) and done.stdout else (done, daemon.log.read_text()[-2000:])


def has_sanitizer(daemon):
    maps = pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text()
    return "libasan" in maps or "libtsan" in maps or "libclang_rt" in maps


def middle(samples, name, first, last):
    """The median of a part of all samples."""
    return statistics.median(row[name] for row in samples[int(len(samples) * first):int(len(samples) * last)])


@pytest.fixture
def shop(tmp_path):
    with Sandbox(write_scenario(tmp_path)) as running:
        yield running


def soak(daemon, shop):
    """The figures of the whole time, and how often it reloaded."""
    good, variants = daemon.config.read_text(), itertools.cycle(VARIANTS)
    orders, troubles, samples, unanswered, reloads = Orders(shop), Troubles(shop), [], [], 0
    began = time.monotonic()
    due = dict.fromkeys(("order", "trouble", "reload", "sample", "print"), began)
    every = {"order": ORDER_EVERY_S, "trouble": 1, "reload": RELOAD_EVERY_S, "sample": min(10, SOAK_S / SAMPLES),
             "print": 600}
    while (now := time.monotonic()) < began + SOAK_S:
        for what in [name for name, at in due.items() if at <= now]:
            due[what] = now + every[what]
            if what == "order":
                orders.tick(now)
            elif what == "trouble":
                troubles.tick(now)
            elif what == "reload":
                daemon.config.write_text(good if reloads % 2 else next(variants)(good))
                daemon.reload()
                reloads += 1
            elif what == "sample":
                unanswered += filter(None, [ask_status(daemon)])
                samples.append(figures(daemon))
            else:
                print(f"\n{int(now - began):5} s  {figures(daemon)}", flush=True)
        assert daemon.process.poll() is None, daemon.log.read_text()[-3000:]
        time.sleep(0.05)
    print(f"\n{SOAK_S:5} s  {figures(daemon)}\n{reloads} reloads, {troubles.faulty} faults in {troubles.requests} requests", flush=True)
    assert not unanswered, unanswered
    return samples, reloads


def test_a_long_time_with_reloads_and_faults_needs_no_more_of_anything(tmp_path, shop):
    with Daemon(tmp_path, shop, config=configuration()) as daemon:
        daemon.start()
        assert wait_for(lambda: len(daemon.read_pollers()) == 6), daemon.log.read_text()
        samples, reloads = soak(daemon, shop)
        for name, noise in NOISE.items():
            before, after = middle(samples, name, 0.4, 0.6), middle(samples, name, 0.8, 1)
            print(f"{name}: {before:.0f} in the middle, {after:.0f} at the end")
            if not (name.endswith("kb") and has_sanitizer(daemon)):  # it keeps what was freed
                assert after <= before + noise, (name, before, after)
        shop.admin("/fault", method="DELETE")
        log = daemon.log.read_text()
        assert log.count("a new configuration is in force") >= reloads / 4, log[-3000:]
        assert told(shop, "new") and told(shop, "resolved")
        assert daemon.stop(10) == 0
