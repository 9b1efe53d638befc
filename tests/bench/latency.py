"""From the answer with a new order to the first byte of the webhook that names it."""
import os
import statistics
import tempfile
import time

from parts import Daemon, Shop, bare, orders_only, row

STORES = 100  # 300 polls/s, 100 news/s


def measure_daemon(run, build, seconds):
    with Shop(run.build, "--news", cpu=1) as shop, tempfile.TemporaryDirectory() as folder:
        with Daemon(build, folder, shop.url, STORES, orders_only("1s"), "k", cpu=0):
            time.sleep(3)
            shop.get("/forget")  # the first round is no measure
            time.sleep(seconds)
            return shop.wait_news()


def measure_bare(run, seconds):
    with Shop(run.build, "--news", cpu=1) as shop:
        bare(run.build, shop.url, "--news", 3 * STORES, STORES, seconds)
        return shop.wait_news()


def measure_disk(count):
    """(median, p99) in ms of making 8 KB durable, the least that a commit asks of the disk."""
    took = []
    with tempfile.TemporaryFile() as file:
        os.pwrite(file.fileno(), bytes(8192 * count), 0)
        os.fsync(file.fileno())
        for i in range(count):
            os.pwrite(file.fileno(), os.urandom(8192), 8192 * i)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.005)
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


def bench_latency(run):
    seconds, times = (10, 1) if run.quick else (20, 3)
    found = run.each(lambda build: measure_daemon(run, build, seconds), times)
    yardstick = [measure_bare(run, seconds) for _ in range(times)]
    texts, worst = {}, {}
    for name, all_stats in {**found, "bare": yardstick}.items():
        p50, p99 = (statistics.median(stats[key] for stats in all_stats) for key in ("p50_ms", "p99_ms"))
        told, news = (sum(stats[key] for stats in all_stats) for key in ("told", "news"))
        worst[name] = p50, p99, told == news > 0
        texts[name] = f"median {p50:.1f} ms, p99 {p99:.1f} ms ({told} of {news} told)"
    p50, p99, all_told = worst["now"]
    yield row("answer to webhook at 300 polls/s", texts, "≤ 4 and ≤ 10 ms", all_told and p50 <= 4 and p99 <= 10)
    yield row("… the bare loop, which posts at once", texts["bare"])
    p50, p99 = measure_disk(500)
    yield row("… the disk: fdatasync of 8 KB", f"median {p50:.1f} ms, p99 {p99:.1f} ms")
