"""What runs without the daemon: a replayed month, compiled rules."""
import json
import os
import sqlite3
import subprocess
import tempfile

from parts import ROOT, conf_of, row


def measure_replay(build, orders, days):
    conf = conf_of(build)
    with tempfile.TemporaryDirectory() as folder:
        done = json.loads(subprocess.run(
            [build / "tests" / "bench-replay", folder, str(orders), str(days), conf / "rules.d"],
            stdout=subprocess.PIPE, check=True, env={**os.environ, "STOREHEALTHD_DATA_DIR": str(conf)}).stdout)
        with sqlite3.connect(f"{folder}/state.db") as state:
            rows, = state.execute("SELECT max(number) FROM history").fetchone()
            size, = state.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'history'").fetchone()
    return done, size / rows


def bench_replay(run):
    """A month of a store, lived through the judge and replayed, with the shipped rules."""
    orders, days = (1000, 3) if run.quick else (10000, 30)
    found = {name: results[0] for name, results in run.each(lambda build: measure_replay(build, orders, days)).items()}
    done, _ = found["now"]
    yield row(f"replay of {days} days of a store with {orders} orders",
              {name: f"{each['replayed_s']:.1f} s ({each['replayed_cpu_s']:.1f} s of CPU) for {each['changes']} changes, "
               f"{each['judged']} judgements, {each['unchanged']} of {each['alerts']} alerts the same"
               for name, (each, _) in found.items()},
              "≤ 5 s of CPU", done["replayed_cpu_s"] <= 5 and done["unchanged"] == done["alerts"])
    yield row("history, bytes per change", {name: f"{size:.0f}" for name, (_, size) in found.items()})


def bench_rules(run):
    """Compiled rules: over many stores, over windows in SQLite, and behind a poll."""
    with tempfile.TemporaryDirectory() as folder:
        done = json.loads(subprocess.run(
            [run.build / "tests" / "bench-rule", folder, ROOT / "conf" / "rules.d", "100000" if run.quick else "1000000"],
            stdout=subprocess.PIPE, check=True, env={**os.environ, "STOREHEALTHD_DATA_DIR": str(ROOT / "conf")}).stdout)
    yield row(f"threshold judgements/s on one core, the {done['rules']} busiest rules, 1000 stores",
              f"{done['rules_per_s']:.0f} ({done['rules_judged']:.0%} of them reach the levels)", "≥ 1000000",
              done["rules_per_s"] >= 1e6)
    sizes = done["windows"]
    first, last = sizes[0], sizes[-1]
    yield row(f"share over 200 orders among {first['rows']} … {last['rows']} in SQLite",
              f"{' / '.join(str(round(size['kept_us'], 2)) for size in sizes)} µs; "
              f"row by row {first['read_us']:.0f} … {last['read_us']:.0f} µs", "≤ 50 µs, flat",
              last["kept_us"] <= 50 and last["kept_us"] <= 2 * first["kept_us"])
    yield row("share over 20 orders among them, read row by row", f"{' / '.join(str(round(size['small_us'], 1)) for size in sizes)} µs",
              "≤ 50 µs, flat", last["small_us"] <= 50 and last["small_us"] <= 2 * first["small_us"])
    yield row(f"share over all {last['rows']} orders", f"{last['all_us']:.1f} µs", "≤ 50 µs", last["all_us"] <= 50)
    yield row("poll that lists 100 orders and changes nothing",
              f"{done['nothing_judged']} judgements, {done['nothing_us']:.0f} µs", "0", done["nothing_judged"] == 0)
    yield row("poll that changes 1 order of 10000", f"{done['one_judged']:.0f} judgements, {done['one_us']:.0f} µs")
