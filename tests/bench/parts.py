"""What the benchmarks share: programs that are ended with their block, the daemon on many
stores, and rows of the table."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
OFF = ["stock", "reviews", "logistics", "complaints", "account"]


class Process:
    """A program that is ended with SIGTERM when the block is left."""

    def __init__(self, argv, cpu=None, **popen):
        pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
        self.run = subprocess.Popen([*pin, *map(str, argv)], **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.send_signal(signal.SIGTERM)
        try:
            self.run.wait(10)
        except subprocess.TimeoutExpired:
            self.run.kill()
            self.run.wait()

    def cpu_ms(self):
        fields = pathlib.Path(f"/proc/{self.run.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_MS

    def memory_mb(self, name):
        """Pss, or Anonymous: what the process made itself and shares with nobody."""
        for line in pathlib.Path(f"/proc/{self.run.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {name} in smaps_rollup")


class Shop(Process):
    def __init__(self, build, *options, cpu=None):
        super().__init__([build / "tests" / "bench-shop", *options], cpu, stdout=subprocess.PIPE, text=True)
        self.port = int(self.run.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def stats(self):
        return self.get("/stats")

    def wait_news(self):
        """Ends the news and waits until the last one was told; returns the figures."""
        self.get("/calm")
        for _ in range(50):
            stats = self.stats()
            if stats["told"] == stats["news"]:
                break
            time.sleep(0.1)
        return stats

    def wait_requests(self, count, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.stats()["requests"] < count:
            time.sleep(0.2)


def conf_of(build):
    """The shipped rules of the version that was built there."""
    own = build.resolve().parents[1] / "conf"
    return own if (own / "rules.d").exists() else ROOT / "conf"


class Daemon(Process):
    """The daemon on `stores` stores in a folder of its own, without the rules_off."""

    def __init__(self, build, folder, base_url, stores, poll, key, first_client=1, hook=None, cpu=None, in_flight=64,
                 rules_off=(), **popen):
        folder = pathlib.Path(folder)
        for name in ("rules.d", "words.d", "texts"):
            (folder / name).symlink_to(conf_of(build) / name)
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(key)
        lines = [f"listen: unix:{folder}/api.sock", f"state: {folder}/state.db", f"in_flight_max: {in_flight}",
                 "stores:"]
        for i in range(stores):
            lines.append(f"  - {{id: shop-{i}, marketplace: ozon, client_id: \"{first_client + i}\", api_key: {{file: {folder}/key}}, "
                         f"base_url: \"{base_url}\", currency: RUB, poll: {poll}}}")
        url = hook or base_url + "/hook"
        lines += ["channels:", f"  hook: {{type: webhook, url: \"{url}\"}}"]
        lines += ["overrides:"] * bool(rules_off) + [f"  {rule}: {{enabled: false}}" for rule in rules_off]
        (folder / "storehealthd.yaml").write_text("\n".join(lines) + "\n")
        self.log = folder / "log"
        super().__init__([build / "storehealthd", "--config", folder / "storehealthd.yaml"], cpu,
                         stdout=self.log.open("wb"), stderr=subprocess.STDOUT, **popen)


def orders_only(every):
    return "{orders: %s, %s}" % (every, ", ".join(f"{name}: off" for name in OFF))


def feeds_read(state):
    """How many feeds of all stores were read once; 0 before the daemon has made the table."""
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM feed WHERE last_success_ms > 0").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def bare(build, *args):
    """What the yardstick measured of itself."""
    return json.loads(subprocess.run(["taskset", "-c", "0", build / "tests" / "bench-bare", *map(str, args)],
                                     stdout=subprocess.PIPE, check=True).stdout)


class Run:
    """What is measured: the build of the present version, which brings the tools, maybe one
    of another version (before), each as often in turn."""

    def __init__(self, build, before, quick):
        self.build, self.before, self.quick = build, before, quick
        self.daemons = {"now": build, **({"before": before} if before else {})}

    def each(self, measure, times=1):
        """{name: [what measure(build) returned, ...]}, the versions in turn."""
        results = {name: [] for name in self.daemons}
        for _ in range(times):
            for name in reversed(self.daemons):
                results[name].append(measure(self.daemons[name]))
        return results


def row(what, texts, goal="", met=True):
    """One line of the table; texts: {"now": text, "before": text} or the text of now."""
    texts = texts if isinstance(texts, dict) else {"now": texts}
    return what, texts.get("before", ""), texts["now"], goal, met
