"""What happens while the state cannot be kept: a broken, a full or a hanging disk, a file that goes."""
import datetime
import json
import os
import queue
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from daemon_client import Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox, find_binary, preload
from test_service import WATCHDOG_S, Manager

SHOP = ROOT / "tests/e2e/scenarios/shop.yaml"


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


class Listener(Manager):
    """Hears all the time: whoever does not is waited for."""

    def __init__(self):
        super().__init__()
        self.said = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while said := self.socket.recv(4096):
            self.said.put(said.decode().splitlines())

    def hear(self, seconds):
        try:
            said = self.said.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return []
        self.lines += said
        return said


@pytest.fixture
def manager():
    return Listener()


@pytest.fixture
def daemon(tmp_path, shop, manager):
    with Daemon(tmp_path, shop) as running:
        running.start(SHD_HOLD_SYNC=str(tmp_path / "hold"), SHD_FAIL_WRITE=str(tmp_path / "fail"),
                      **manager.environment, **preload("libshd-slowdisk.so"))
        assert manager.hears("READY=1"), running.log.read_text()
        assert wait_for(lambda: len(running.read_pollers()) == 6), running.log.read_text()
        yield running


def status(daemon, *arguments):
    """Exit code and answer."""
    done = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), "--json", "status",
                           *arguments], capture_output=True, text=True, check=False, timeout=10)
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def poller(answer, name="orders"):
    return next(row for row in answer["stores"][0]["pollers"] if row["name"] == name)


def an_order(shop, number, ship_by="+20h"):
    shop.admin("/event", {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                                    "ship_by": ship_by, "deliver_by": "+4d"}})


def say_unkept(daemon):
    """What the status says once it says that nothing is kept."""
    def look():
        code, answer = status(daemon)
        return answer if code == 1 and answer["daemon"]["unkept_since"] else None
    return wait_for(look, 30)


def unkept(shop):
    """What the webhook was told of the state itself."""
    return [alert["move"] for hook in shop.received()["webhooks"] for alert in hook["body"]["alerts"]
            if alert["rule"] == "state-not-kept"]


def mails(shop):
    return [mail for mail in shop.received()["mails"] if "ничего не может сохранить" in json.dumps(mail, ensure_ascii=False)]


@pytest.mark.parametrize("how", ["EIO", "NOSPC", "SYNC"])
def test_a_disk_that_cannot_be_written_is_told_until_it_can(shop, manager, daemon, how):
    assert status(daemon)[0] == 0
    (daemon.dir / "fail").write_text(how)
    an_order(shop, "0911-0001-1")
    answer = say_unkept(daemon)
    assert answer, daemon.log.read_text()
    assert answer["daemon"]["unkept"]
    if how == "SYNC":  # kept until a power cut, and told at once; or not, where the log begins anew and is synced first
        assert wait_for(lambda: ("ozon-new-order", "0911-0001-1", "info") in told(shop)
                        or poller(status(daemon)[1])["state"] == "failing")
    else:
        assert wait_for(lambda: poller(status(daemon)[1])["state"] == "failing")
        answer = status(daemon)[1]
        assert poller(answer)["error"]["kind"] == "state"
    assert "nothing can be kept since" in (manager.hears("STATUS=nothing") or ""), manager.lines
    words = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), "status"],
                           capture_output=True, text=True, check=False)
    assert words.returncode == 1 and "Nothing can be kept in the state for" in words.stdout
    people_hear = how == "EIO"  # after half a minute
    if people_hear:
        assert wait_for(lambda: unkept(shop) == ["new"] and len(mails(shop)) == 1, 60), daemon.log.read_text()
    (daemon.dir / "fail").unlink()
    assert wait_for(lambda: status(daemon)[0] == 0, 45), status(daemon)
    assert wait_for(lambda: poller(status(daemon)[1])["state"] == "ok"), status(daemon)
    assert wait_for(lambda: ("ozon-new-order", "0911-0001-1", "info") in told(shop))
    assert manager.hears("STATUS=watching"), manager.lines
    if people_hear:
        assert wait_for(lambda: unkept(shop) == ["new", "resolved"] and len(mails(shop)) == 2)
    assert daemon.stop() == 0


def test_a_deadline_of_that_time_is_told_as_soon_as_it_can_be_kept(shop, daemon):
    """No poll brings anything: time alone goes on, and no poller is well of whom nothing would be kept."""
    breached = ("ozon-ship-deadline", "0911-0004-1", "breached")
    an_order(shop, "0911-0004-1", "+10s")
    assert wait_for(lambda: ("ozon-ship-deadline", "0911-0004-1", "critical") in told(shop)), daemon.log.read_text()
    due = time.time() + 10
    (daemon.dir / "fail").write_text("EIO")
    assert wait_for(lambda: (status(daemon)[1] or {}).get("daemon", {}).get("unjudged_since"), 30), status(daemon)
    code, answer = status(daemon)
    assert code == 1 and answer["daemon"]["unkept"]
    assert {row["state"] for row in answer["stores"][0]["pollers"] if row["state"] != "none"} == {"failing"}
    words = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), "status"],
                           capture_output=True, text=True, check=False).stdout
    assert "Deadlines have not been judged for" in words and "told afterwards" in words
    assert wait_for(lambda: unkept(shop) == ["new"], 60), daemon.log.read_text()
    assert "alerts and deadlines may be missed" in json.dumps(shop.received()["webhooks"])
    assert breached not in told(shop)
    (daemon.dir / "fail").unlink()
    assert wait_for(lambda: breached in told(shop), 12), daemon.log.read_text()
    alert = next(alert for hook in shop.received()["webhooks"] for alert in hook["body"]["alerts"]
                 if (alert["rule"], alert["level"]) == breached[::2])
    assert abs(datetime.datetime.fromisoformat(alert["due"]).timestamp() - due) < 5  # its own instant, not ours
    assert wait_for(lambda: status(daemon)[0] == 0, 15), status(daemon)
    assert not status(daemon)[1]["daemon"]["unjudged_since"]
    assert daemon.stop() == 0


def hold(daemon, shop, number):
    """From now on the disk does not answer."""
    (daemon.dir / "hold").touch()
    an_order(shop, number)
    assert wait_for(lambda: (daemon.dir / "hold.held").exists())


def test_a_disk_that_hangs_stops_neither_the_loop_nor_the_end(shop, manager, daemon):
    began = time.monotonic()
    status(daemon)
    usual = time.monotonic() - began  # on a machine that is busy, too
    hold(daemon, shop, "0911-0002-1")
    manager.forget()
    assert manager.hears("WATCHDOG=1", WATCHDOG_S * 2), "the loop does not get on"
    began = time.monotonic()
    code, answer = status(daemon)
    assert code == 0 and answer and time.monotonic() - began < 1 + 3 * usual
    answer = say_unkept(daemon)
    assert answer and "disk does not answer" in answer["daemon"]["unkept"]
    assert poller(answer)["state"] == "failing"
    assert "nothing can be kept: " in daemon.log.read_text()
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(6) == os.EX_IOERR
    assert "ends although a job has not answered" in daemon.log.read_text()


def test_the_watchdog_bites_when_the_state_alone_hangs(shop, manager, daemon):
    hold(daemon, shop, "0911-0003-1")
    polls = status(daemon)[1]["daemon"]["polls"]

    def bites():
        manager.forget()
        return not manager.hears("WATCHDOG=1", 3 * WATCHDOG_S)
    assert wait_for(bites, 8 * WATCHDOG_S + 10), "others that get on feed it"
    assert status(daemon)[1]["daemon"]["polls"] > polls  # they do
    (daemon.dir / "hold").unlink()
    assert manager.hears("WATCHDOG=1", 5)


def test_a_state_file_that_goes_is_noticed(daemon):
    (daemon.dir / "state.db").rename(daemon.dir / "elsewhere.db")
    answer = say_unkept(daemon)
    assert answer and "was deleted or replaced" in answer["daemon"]["unkept"], answer
    (daemon.dir / "elsewhere.db").rename(daemon.dir / "state.db")
    assert wait_for(lambda: status(daemon)[0] == 0, 30)
    assert "what happens is kept again" in daemon.log.read_text()


def test_a_log_of_the_state_that_goes_is_noticed(daemon):
    wait_for(lambda: False, 11)  # the log was seen once
    (daemon.dir / "state.db-wal").unlink()
    assert say_unkept(daemon)


def test_a_state_file_that_was_emptied_is_said(tmp_path, shop):
    (tmp_path / "state.db").touch(mode=0o600)
    with Daemon(tmp_path, shop) as daemon:
        daemon.start()
        answer = wait_for(lambda: daemon.ctl("status"))
        assert "empty at the start" in answer["daemon"]["state_note"]
        assert "state.db was there and empty" in daemon.log.read_text()
        assert daemon.stop() == 0
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status"))["daemon"]["state_note"] is None


@pytest.mark.parametrize("pragma", ["user_version = 0", "user_version = 3", "user_version = -1", "application_id = 77"])
def test_the_file_of_another_program_is_refused_and_left_as_it_was(tmp_path, shop, pragma):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (a)")
        other.execute(f"PRAGMA {pragma}")
    before = path.read_bytes()
    with Daemon(tmp_path, shop) as daemon:
        daemon.start()
        assert daemon.process.wait(10) == os.EX_CONFIG
        assert "is the database of another program" in daemon.log.read_text()
    assert path.read_bytes() == before


def test_what_is_old_and_cannot_be_deleted_is_said(tmp_path, shop):
    with Daemon(tmp_path, shop) as daemon:
        daemon.start()
        assert wait_for(lambda: len(daemon.read_pollers()) == 6), daemon.log.read_text()
        assert daemon.stop() == 0
        with sqlite3.connect(tmp_path / "state.db") as state:
            assert state.execute("UPDATE history SET at_ms = 1").rowcount > 0
            state.execute("CREATE TRIGGER holds BEFORE DELETE ON history BEGIN SELECT raise(ABORT, 'not today'); END")
        daemon.start()
        error = wait_for(lambda: (daemon.ctl("status") or {}).get("daemon", {}).get("retain_error"))
        assert error and "not today" in error, daemon.log.read_text()
        assert "could not be deleted" in daemon.log.read_text() and "tried again in an hour" in daemon.log.read_text()
        words = subprocess.run([find_binary("storehealthctl"), "--socket", str(tmp_path / "api.sock"), "status"],
                               capture_output=True, text=True, check=False).stdout
        assert "What is older than it should be kept could not be deleted" in words
        assert wait_for(lambda: poller(status(daemon)[1])["state"] == "ok")  # that is all that fails
        assert wait_for(lambda: status(daemon)[0] == 0, 15)
        assert daemon.stop() == 0
        with sqlite3.connect(tmp_path / "state.db") as state:
            state.execute("DROP TRIGGER holds")
        daemon.start()
        wait_for(lambda: (daemon.ctl("status") or {}).get("daemon", {}).get("commits"))
        assert wait_for(lambda: not sqlite3.connect(f"file:{tmp_path}/state.db?mode=ro", uri=True).execute(
            "SELECT count(*) FROM history WHERE at_ms = 1").fetchone()[0])
        assert not daemon.ctl("status")["daemon"]["retain_error"]
