"""Memory with many stores, all pollers, after the first round."""
import json
import pathlib
import subprocess
import tempfile
import time

from parts import ROOT, Daemon, Process, feeds_read, row


def wait_until_read(state, seconds):
    """Waits until the first round over all stores is over: no feed succeeds for the first
    time any more. Returns how many did."""
    feeds, since, end = 0, time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < end and (not feeds or time.monotonic() < since + 30):
        time.sleep(5)
        now = feeds_read(state)
        if now != feeds:
            feeds, since = now, time.monotonic()
    return feeds


def measure(run, build, stores):
    """(anonymous MB, PSS MB, feeds read); the first round is spread: 5 ms for each feed."""
    scenario = (ROOT / "tests/sandbox/scenarios/bench.yaml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "scenario.yaml"
        path.write_text(scenario.replace("count: 5000", f"count: {stores}"))
        with Process([run.build / "tests" / "storehealth-sandbox", "--scenario", path], 1,
                     stdout=subprocess.PIPE, text=True) as sandbox:
            ports = json.loads(sandbox.run.stdout.readline())
            home = pathlib.Path(folder) / "daemon"
            home.mkdir()
            with Daemon(build, home, f"http://127.0.0.1:{ports['ozon_port']}", stores, "{}", "bench-key",
                        first_client=2000001, hook=f"http://127.0.0.1:{ports['webhook_port']}/hook", cpu=0) as daemon:
                feeds = wait_until_read(home / "state.db", 120 + stores * 0.3)
                return daemon.memory_mb("Anonymous"), daemon.memory_mb("Pss"), feeds


def bench_memory(run):
    kept = {}
    for stores in (100, 1000) if run.quick else (100, 1000, 5000):
        found = {name: results[0] for name, results in run.each(lambda build: measure(run, build, stores)).items()}
        kept[stores] = {name: private for name, (private, _, _) in found.items()}
        at_goal = stores == 1000
        private, pss, feeds = found["now"]
        yield row(f"private memory, {stores} stores, {feeds} feeds read",
                  {name: f"{figures[0]:.1f} MB" for name, figures in found.items()},
                  "≤ 18 MB" if at_goal else "", not at_goal or private <= 18)
        yield row(f"PSS, {stores} stores", {name: f"{figures[1]:.1f} MB" for name, figures in found.items()},
                  "≤ 36 MB" if at_goal else "", not at_goal or pss <= 36)
    few, many = sorted(kept)[-2:]
    slopes = {name: (kept[many][name] - kept[few][name]) * 1024 / (many - few) for name in kept[many]}
    yield row(f"private memory of a further store, {few} to {many}",
              {name: f"{slope:.1f} KB" for name, slope in slopes.items()}, "≤ 12 KB", slopes["now"] <= 12)
