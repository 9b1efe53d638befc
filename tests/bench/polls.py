"""What polls cost: nothing new, some of it new, everything new; how many a core does."""
import os
import pathlib
import statistics
import struct
import tempfile
import time

from parts import Daemon, Shop, bare, feeds_read, orders_only, row


def measure_cpu(run, build, options, seconds):
    """(daemon ms per 1000 polls, bare ms per 1000 polls) of the same answers."""
    with Shop(run.build, *options, cpu=1) as shop, tempfile.TemporaryDirectory() as folder:
        with Daemon(build, folder, shop.url, 200, orders_only("1s"), "k", cpu=0) as daemon:
            shop.wait_requests(3000)
            polls, cpu = shop.stats()["requests"], daemon.cpu_ms()
            time.sleep(seconds)
            polls, cpu = shop.stats()["requests"] - polls, daemon.cpu_ms() - cpu
        yardstick = bare(run.build, shop.url, 6000, 200)
    return cpu * 1000 / polls, yardstick["cpu_ms_per_1000"]


def cpu_row(run, what, options, limit):
    seconds = 4 if run.quick else 12
    found, ratios = run.each(lambda build: measure_cpu(run, build, options, seconds), 3), {}
    texts = {}
    for name, pairs in found.items():
        ratios[name] = statistics.median(ours / yardstick for ours, yardstick in pairs)
        ours, yardstick = (statistics.median(column) for column in zip(*pairs))
        texts[name] = f"{ours:.0f} ms beside {yardstick:.0f} ms: {ratios[name]:.2f} ×"
    return row(f"CPU per 1000 polls, {what}", texts, f"≤ {limit} ×", ratios["now"] <= limit)


def bench_cpu(run):
    yield cpu_row(run, "nothing changes", [], 0.17)


def bench_churn(run):
    yield cpu_row(run, "5 % of the records change", ["--churn", "5"], 0.45)


FIRST_RECORDS = 30


def measure_first(run, build, seconds):
    """(polls/s that one core would do, all of new records; jansson's, parsing alone)."""
    with Shop(run.build, "--records", str(FIRST_RECORDS), "--fresh", cpu=1) as shop, \
            tempfile.TemporaryDirectory() as folder:
        parse = bare(run.build, shop.url, "--parse", 20000 // FIRST_RECORDS)
        with Daemon(build, folder, shop.url, 600, orders_only("1s"), "k", cpu=0) as daemon:
            time.sleep(5)  # start, and the stores' first rows
            polls, cpu = shop.stats()["fresh_requests"], daemon.cpu_ms()
            time.sleep(seconds)
            polls, cpu = shop.stats()["fresh_requests"] - polls, daemon.cpu_ms() - cpu
    return polls * 1000 / cpu, 1000 / parse["cpu_ms_per_1000"] * 1000


def bench_first(run):
    """More is offered than it can do, so it never waits; by its CPU, so that a shared machine counts little."""
    found = run.each(lambda build: measure_first(run, build, 5 if run.quick else 15), 1 if run.quick else 3)
    rates = {name: [statistics.median(column) for column in zip(*pairs)] for name, pairs in found.items()}
    texts = {name: f"{ours:.0f} polls/s beside {jansson:.0f} of parsing alone" for name, (ours, jansson) in rates.items()}
    yield row(f"first reading, {FIRST_RECORDS} new records a poll, one core", texts, "≥ 1500", rates["now"][0] >= 1500)


def measure_statements(run, build, options, counted, seconds):
    """Statements per poll of `counted` (a figure of the shop); one store, so that no two polls share a commit."""
    with Shop(run.build, *options) as shop, tempfile.TemporaryDirectory() as folder:
        count = pathlib.Path(folder) / "statements"
        preload = run.build.resolve() / "tests" / "libshd-statements.so"
        env = {**os.environ, "LD_PRELOAD": str(preload), "SHD_COUNT": str(count)}
        with Daemon(build, folder, shop.url, 1, orders_only("1s"), "k", env=env):
            time.sleep(4)
            polls, done = shop.stats()[counted], struct.unpack("Q", count.read_bytes())[0]
            time.sleep(seconds)
            return (struct.unpack("Q", count.read_bytes())[0] - done) / (shop.stats()[counted] - polls)


def bench_statements(run):
    for what, options, counted in (
            ("brings 30 new orders", ["--records", "30", "--fresh"], "fresh_requests"),
            ("changes 1 order of 100", ["--records", "100", "--churn", "1"], "requests"),
            ("changes nothing (facts now and then)", [], "requests")):
        found = run.each(lambda build: measure_statements(run, build, options, counted, 5 if run.quick else 20))
        yield row(f"SQL statements of a poll that {what}",
                  {name: f"{counts[0]:.1f}" for name, counts in found.items()})


def settle(shop, seconds=90):
    """Waits until what the first round left behind is worked off: the rate no longer rises."""
    rate, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        polls = shop.stats()["requests"]
        time.sleep(3)
        before, rate = rate, shop.stats()["requests"] - polls
        if before * 0.95 < rate < before * 1.05:
            return


def throughput_at(run, build, stores, seconds):
    """(polls/s, PSS in MB) of the daemon on one core, each store offering 3 polls/s."""
    with Shop(run.build, cpu=1) as shop, tempfile.TemporaryDirectory() as folder:
        # The first round brings everything and is no measure (but for the fourth list, which is
        # read once in a quarter of an hour); nor is what would be told of it long after: each of
        # the shop's cancellations, half a million, and feeds not read for a minute at its start.
        with Daemon(build, folder, shop.url, stores, orders_only("1s"), "k", cpu=0,
                    rules_off=["ozon-cancellation-request", "poller-stale"]) as daemon:
            for _ in range(300):
                if feeds_read(pathlib.Path(folder) / "state.db") >= stores * 3:
                    break
                time.sleep(1)
            else:
                raise RuntimeError(f"the first round of {stores} stores takes more than five minutes")
            settle(shop)
            polls, began = shop.stats()["requests"], time.monotonic()
            time.sleep(seconds)
            return (shop.stats()["requests"] - polls) / (time.monotonic() - began), daemon.memory_mb("Pss")


def bench_throughput(run):
    seconds = 5 if run.quick else 12
    loads = (3300, 5000) if run.quick else (1700, 2500, 3300, 5000)
    peaks = {}
    for stores in loads:
        for name, rates in run.each(lambda build: throughput_at(run, build, stores, seconds)).items():
            peaks[name] = max(peaks.get(name, 0), rates[0][0])
    yield row("polls/s on one core, nothing changes", {name: f"{peak:.0f}" for name, peak in peaks.items()},
              "≥ 14000", peaks["now"] >= 14000)
    stores = max(int(2 * peaks["now"] / 3), 5000)
    rate, pss = throughput_at(run, run.build, stores, seconds)
    yield row(f"at twice that load ({stores * 3} polls/s offered)",
              f"{rate:.0f} polls/s, {rate / peaks['now']:.0%} of the peak, {pss:.0f} MB", "≥ 90 %", rate >= 0.9 * peaks["now"])
