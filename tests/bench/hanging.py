"""How much later stores are read while half of all stores hang."""
import tempfile
import time

from parts import Daemon, Shop, orders_only, row

STORES, HANG, EVERY_S = 1000, 500, 10


def longest_gaps(shop, seconds):
    """(median, 99 %) over the stores that do not hang: the longest time between two polls, in s."""
    shop.get(f"/gaps/{STORES - HANG}")
    time.sleep(seconds)
    stats = shop.stats()
    return stats["gap_p50_ms"] / 1000, stats["gap_p99_ms"] / 1000


def measure(run, build, seconds):
    with Shop(run.build, cpu=1) as shop, tempfile.TemporaryDirectory() as folder, \
            Daemon(build, folder, shop.url, STORES, orders_only(f"{EVERY_S}s"), "k", cpu=0):
        shop.wait_requests(3 * STORES)
        time.sleep(2 * EVERY_S)
        before = longest_gaps(shop, seconds)
        shop.get(f"/hang/{STORES - HANG}")
        return before, longest_gaps(shop, seconds)


def bench_hanging(run):
    """The hour in scale: all hang at once, are late after 1 s, time out after 30 s and are probed ever less
    often then, so that what comes after the first minutes is less of the same."""
    seconds = 60 if run.quick else 240
    texts, worst = {}, {}
    for name, [(before, hanging)] in run.each(lambda build: measure(run, build, seconds)).items():
        texts[name] = (f"longest pause between two polls {before[0]:.1f} s (99 %: {before[1]:.1f} s), "
                       f"while they hang {hanging[0]:.1f} s ({hanging[1]:.1f} s)")
        worst[name] = max(hanging[0] - before[0], hanging[1] - before[1])
    yield row(f"{HANG} of {STORES} stores hang for {seconds} s; the others, polled every {EVERY_S} s", texts, "± 1 s",
              worst["now"] <= 1)
