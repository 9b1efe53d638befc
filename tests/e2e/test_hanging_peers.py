"""Whoever misbehaves delays his own work only: stores, receivers and mail servers that stop at every
step of HTTP and SMTP. Meanwhile deadlines fire, `status` answers, a reload and SIGTERM are quick."""
import time

import pytest

from bad_peers import HTTP, SMTP, Peers, config
from daemon_client import Daemon, wait_for


@pytest.fixture
def run(tmp_path):
    peers, running = Peers(), []

    def begin(stores):
        text = config(stores).replace("BAD", str(peers.port("bad")))
        daemon = Daemon(tmp_path, peers, config=text)
        running.append(daemon.start())
        assert wait_for(lambda: daemon.read_pollers()), daemon.log.read_text()
        return peers, daemon
    yield begin
    for daemon in running:
        daemon.kill()


CASES = [("store " + name, {"2": said}) for name, said in HTTP.items()]
CASES += [("receiver " + name, {"bad": said}) for name, said in HTTP.items()]
CASES += [("mail " + step, {"smtp": step}) for step in SMTP]


@pytest.mark.parametrize("hangs", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_who_misbehaves_delays_his_own_work_only(run, hangs):
    peers, daemon = run(2)
    peers.hangs = hangs
    peers.order("A-1")  # a message to all; the bad one takes it in his way
    assert peers.told_of("A-1", 5)
    due = time.time() + 4
    peers.order("A-2", due=4)
    slowest = 0
    while time.time() < due - 0.2:
        began = time.monotonic()
        assert daemon.ctl("status")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.1)
    assert slowest < 1
    late = peers.told_of("A-2", 5, "breached")
    assert late and late - due < 0.5  # the deadline, and a message; a busy machine
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
    # It leaves the configuration: its failure is over, and what it was not told stands in the status.
    lines = [line for line in text.splitlines() if not line.startswith("  bad:")]
    daemon.config.write_text("\n".join(lines).replace("[hook, bad, mail]", "[hook, mail]") + "\n")
    if how == "restart":
        daemon.kill()
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status"))
    else:
        daemon.reload()
    assert wait_for(lambda: "notifier-failing" not in {a["rule"] for a in daemon.ctl("alerts")["alerts"]}, 30)
    gone = wait_for(lambda: next((c for c in daemon.ctl("status")["channels"] if c["name"] == "bad" and c["untold_alerts"]), None), 20)
    assert gone["state"] == "gone" and gone["untold_alerts"] >= 1


def test_messages_have_slots_of_their_own_after_a_reload_as_well(run):
    """All requests that polls may have are under way, to stores that hang: 16 late ones beside each slot, and
    time is judged once each was found to hang."""
    peers, daemon = run(20)
    text = daemon.config.read_text()
    daemon.config.write_text("in_flight_max: 1\n" + text)
    daemon.reload()
    due = time.time() + 25
    peers.order("W-1", due=25)
    assert peers.told_of("W-1", 8)
    peers.hangs = {str(i): b"" for i in range(1, 21)}
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
