"""Whoever misbehaves delays his own work only: stores, receivers and mail servers that stop at every
step of HTTP and SMTP. Meanwhile deadlines fire, `status` answers, a reload and SIGTERM are quick."""
import calendar
import pathlib
import threading
import time

import pytest

from bad_peers import HTTP, SMTP, Peers, config
from daemon_client import Daemon, wait_for


LATE_MAX = 0.05


@pytest.fixture
def run(tmp_path):
    peers, running = Peers(), []

    def begin(stores, connect=None):
        """connect: whom nobody can connect to."""
        text = config(stores).replace("BAD", str(peers.port("crowded" if connect == "bad" else "bad")))
        if connect == "smtp":
            text = text.replace("{smtp}", "{crowded}").replace("{crowded}", str(peers.port("crowded")))
        if connect == "store":
            text = text.replace("127.0.0.1:{ozon}", "127.0.0.1:%d" % peers.port("crowded")).replace(
                "127.0.0.1:%d" % peers.port("crowded"), "127.0.0.1:{ozon}", 1)
        daemon = Daemon(tmp_path, peers, config=text)
        running.append(daemon.start())
        assert wait_for(lambda: daemon.read_pollers()), daemon.log.read_text()
        return peers, daemon
    yield begin
    for daemon in running:
        daemon.kill()


class Cores:
    """How long threads of a process have been ready and had no core, in s: what a busy machine, and nobody
    else, takes from them. Who blocks a thread does not make it ready."""

    def __init__(self, pid):
        self.tasks, self.samples = pathlib.Path(f"/proc/{pid}/task"), []
        threading.Thread(target=self.sample, daemon=True).start()

    def waited(self):
        total = 0
        for task in self.tasks.iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[1])
            except OSError:
                pass  # it has ended
        return total / 1e9

    def sample(self):
        try:
            while True:
                self.samples.append((time.time(), self.waited()))
                time.sleep(0.005)
        except OSError:
            pass

    def between(self, begin, end):
        before = max((s for s in self.samples if s[0] <= begin), default=self.samples[0])
        after = min((s for s in self.samples if s[0] >= end), default=self.samples[-1])
        return after[1] - before[1]


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + int(text[20:23]) / 1000


def breached(daemon):
    """When the daemon decided that the deadlines of orders have passed, by its own account."""
    found = {}
    for alert in daemon.ctl("alerts")["alerts"]:
        if alert["level"] == "breached":
            events = daemon.ctl("explain", str(alert["number"]))["events"]
            found[alert["entity"]] = next(seconds(e["at"]) for e in events if e["to"] == "breached")
    return found


CASES = [("store " + name, {"2": said}, None) for name, said in HTTP.items()]
CASES += [("receiver " + name, {"bad": said}, None) for name, said in HTTP.items()]
CASES += [("mail " + step, {"smtp": step}, None) for step in SMTP]
CASES += [("mail lines without end at " + step, {"smtp": step, "drips": True}, None) for step in SMTP]
CASES += [("connect to the " + who, {}, who) for who in ("store", "bad", "smtp")]


@pytest.mark.parametrize("hangs, connect", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_who_misbehaves_delays_his_own_work_only(run, hangs, connect):
    peers, daemon = run(2, connect)
    peers.hangs = hangs
    peers.order("A-0")  # a message to all; the bad one takes it in his way
    assert peers.told_of("A-0", 5)
    dues = {f"A-{i}": time.time() + 1.7 + i * 0.33 for i in range(1, 8)}
    for number, due in dues.items():
        peers.order(number, due=due - time.time())
    cores, slowest = Cores(daemon.process.pid), 0
    while time.time() < max(dues.values()) + 0.1:
        began, at = time.monotonic(), time.time()
        assert daemon.ctl("status")
        slowest = max(slowest, time.monotonic() - began - cores.between(at, time.time()))
        time.sleep(0.1)
    assert slowest < 1
    assert all(peers.told_of(number, 5, "breached") for number in dues)
    late = {number: at - dues[number] - cores.between(dues[number], at) for number, at in breached(daemon).items()
            if number in dues}
    assert late.keys() == dues.keys() and max(late.values()) < LATE_MAX, late
    began = time.monotonic()
    assert daemon.stop(6) == 0
    assert time.monotonic() - began < 5


def test_stores_that_hang_do_not_starve_the_one_that_answers(run):
    peers, daemon = run(41)
    assert wait_for(lambda: all(p["last_success"] for s in daemon.ctl("status")["stores"]
                                for p in s["pollers"] if p["name"] == "orders"), 30)
    peers.hangs = {str(i): b"" for i in range(2, 42)}
    for i in range(12):
        began = time.time()
        peers.order(f"C-{i}")
        assert (at := peers.told_of(f"C-{i}", 10)) and at - began < 3, i
        time.sleep(0.5)


def test_who_got_a_mail_does_not_get_it_again_after_a_restart(run):
    peers, daemon = run(2)
    daemon.config.write_text(daemon.config.read_text().replace("o@example.com", "o@example.com, full@example.com"))
    daemon.kill()
    daemon.start()
    assert wait_for(daemon.read_pollers)
    peers.full = {"full@example.com"}
    peers.order("F-1")
    assert wait_for(lambda: "full@example.com: " in daemon.log.read_text(), 20), daemon.log.read_text()
    daemon.kill()
    before, peers.full = list(peers.mailed), set()
    assert [to for to, _ in before] == [["o@example.com"]]
    daemon.start()
    assert wait_for(lambda: len(peers.mailed) > len(before), 30)
    time.sleep(1)
    assert [to for to, _ in peers.mailed] == [["o@example.com"], ["full@example.com"]]


@pytest.mark.parametrize("how", ["reload", "restart"])
def test_status_says_who_is_silent_and_what_a_channel_that_is_gone_was_not_told(run, how):
    peers, daemon = run(2)
    text = daemon.config.read_text() + "overrides: {notifier-failing: {levels: {critical: value > 2s}}}\n"
    daemon.config.write_text(text.replace('client_id: "2",', 'client_id: "2", timeout: 1s,').replace("[hook, bad, mail]", "[bad]"))
    daemon.reload()
    peers.hangs = {"bad": b"", "2": b""}
    peers.order("G-1")

    def silent():
        status = daemon.ctl("status")
        channel = next(c for c in status["channels"] if c["name"] == "bad")
        return channel["state"] == "silent" and channel["waiting_alerts"] and \
            [s["id"] for s in status["stores"] for p in s["pollers"] if p["silent"]]
    assert wait_for(silent, 20) and set(silent()) == {"shop-2"}
    assert wait_for(lambda: "notifier-failing" in {a["rule"] for a in daemon.ctl("alerts")["alerts"]}, 30)
    # It leaves the configuration: its failure is over, and others are told of what it was not.
    lines = [line for line in text.splitlines() if not line.startswith("  bad:")]
    daemon.config.write_text("\n".join(lines).replace("[hook, bad, mail]", "[hook, mail]") + "\n")
    if how == "restart":
        daemon.kill()
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status"))
    else:
        daemon.reload()
    assert wait_for(lambda: "notifier-failing" not in {a["rule"] for a in daemon.ctl("alerts")["alerts"]}, 30)
    assert wait_for(lambda: not [c for c in daemon.ctl("status")["channels"] if c["name"] == "bad"], 20)


def test_messages_have_slots_of_their_own_after_a_reload_as_well(run):
    """All requests that polls may have are under way, to stores that hang: 16 late ones beside each slot, and
    time is judged once each was found to hang."""
    peers, daemon = run(40)
    text = daemon.config.read_text()
    daemon.config.write_text("in_flight_max: 1\n" + text)
    daemon.reload()
    due = time.time() + 15
    peers.order("W-1", due=15)
    assert peers.told_of("W-1", 8)
    peers.hangs = {str(i): b"" for i in range(1, 41)}
    daemon.config.write_text("in_flight_max: 2\n" + text)
    daemon.reload()
    assert wait_for(lambda: daemon.ctl("status")["daemon"]["in_flight"] == 34, due - time.time() - 1)
    late = peers.told_of("W-1", 30, "breached")
    assert late and late - due < 1


def test_a_reload_waits_for_no_store(run):
    peers, daemon = run(2)
    peers.hangs = {"2": b""}
    time.sleep(2.5)
    daemon.reload()
    began = time.time()
    peers.order("R-1")
    assert (at := peers.told_of("R-1", 10)) and at - began < 4
    assert wait_for(lambda: "a new configuration is in force" in daemon.log.read_text(), 2)


def test_a_status_that_was_given_is_not_forgotten(run):
    peers, daemon = run(2)
    peers.hangs = {"bad": HTTP["half a body"]}
    peers.order("S-1")
    assert peers.told_of("S-1", 5)
    assert wait_for(lambda: 'channel "bad": told' in daemon.log.read_text(), 5)
    time.sleep(4)  # a second attempt would follow within two
    assert peers.bad_requests == 1
