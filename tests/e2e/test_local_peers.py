"""Members of the control group keep nobody from being answered, and the daemon not from ending."""
import os
import socket
import subprocess
import threading
import time

import pytest
from daemon_client import Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox, find_binary, is_sanitized

QUESTION = b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def daemon(tmp_path):
    with Sandbox(ROOT / "tests/e2e/scenarios/shop.yaml") as shop, Daemon(tmp_path, shop) as running:
        running.start()
        assert wait_for(lambda: "orders" in running.read_pollers()), running.log.read_text()
        yield running


def keep(daemon, over, sends, every, reads=False):
    """A peer that connects again and again and sends so, until `over` is set."""
    def run():
        while not over.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.settimeout(5)
                    peer.connect(str(daemon.dir / "api.sock"))
                    while not over.is_set():
                        for piece in sends:
                            peer.send(piece)
                            time.sleep(every)
                            if reads:
                                peer.recv(1 << 20)
            except OSError:
                time.sleep(0.05)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def answers(daemon, times=5):
    """How long each took, the fastest one first."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        done = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), "status"],
                              capture_output=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        took.append(time.monotonic() - began)
    return sorted(took)


DRIP = [QUESTION[at:at + 1] for at in range(len(QUESTION) - 4)] + [b"X-A: b\r\n"] * 1000


@pytest.mark.parametrize("peers, sends, every, reads", [
    (64, DRIP, 0.5, False),             # a letter now and then, and never an end
    (100, [b""], 1, False),             # silent
    (8, [QUESTION * 50], 0, True),      # pipelines without end
    (8, [QUESTION * 50], 0, False),     # the same, and nobody takes the answers
], ids=["drip", "silent", "pipeline", "untaken"])
def test_one_peer_keeps_no_other_from_being_answered(daemon, peers, sends, every, reads):
    over, usual = threading.Event(), answers(daemon)[2]
    threads = [keep(daemon, over, sends, every, reads) for _ in range(peers)]
    time.sleep(1)
    took = answers(daemon)  # one may be late for want of a core
    began = time.monotonic()
    assert daemon.stop(15) == 0
    ended = time.monotonic() - began
    over.set()
    for thread in threads:
        thread.join(10)
    assert took[2] < 1 + 3 * usual and took[-1] < 5 + 5 * usual, (took, usual)
    assert ended < (10 if is_sanitized() else 5), ended


def test_a_socket_that_goes_is_made_again(daemon):
    path = daemon.dir / "api.sock"
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        path.unlink()
        assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
        peer.settimeout(10)
        assert peer.recv(1) == b""
    assert path.stat().st_mode & 0o777 == 0o660
    assert daemon.log.read_text().count("api.sock was deleted or replaced") == 1
    path.rename(daemon.dir / "elsewhere")  # again, and what is there now is no socket of ours
    assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
    assert daemon.stop() == 0
    assert not path.exists()


def test_a_socket_that_cannot_be_made_again_is_said_once(daemon):
    path = daemon.dir / "api.sock"
    path.unlink()
    path.write_text("somebody's own")
    assert wait_for(lambda: "api.sock exists and is not a socket" in daemon.log.read_text())
    wait_for(lambda: False, 21)  # tried again, twice
    assert path.read_text() == "somebody's own"
    assert daemon.log.read_text().count("cannot be made again") == 1
    path.unlink()
    assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
    assert daemon.log.read_text().count("it is there again") == 1
    path.unlink()
    path.write_text("somebody's own")
    assert wait_for(lambda: daemon.log.read_text().count("cannot be made again") == 2)
    assert daemon.stop() == 0
    assert path.read_text() == "somebody's own"


def test_who_reads_no_line_stops_nobody(tmp_path):
    """Standard output and the log go to a pipe that nobody takes from, as with a pager that stands still."""
    with Sandbox(ROOT / "tests/e2e/scenarios/shop.yaml") as shop, Daemon(tmp_path, shop) as running:
        end, begin = os.pipe()
        running.process = subprocess.Popen([find_binary("storehealthd"), "--config", str(running.config), "--pretty"],
                                           stdout=begin, stderr=begin)
        assert wait_for(lambda: "orders" in running.read_pollers())
        with pytest.raises(BlockingIOError):
            os.set_blocking(begin, False)
            while True:
                os.write(begin, b"x" * 4096)
        os.set_blocking(begin, True)
        shop.admin("/event", {"order": {"posting_number": "P-1", "sku": 160200301, "quantity": 1, "ship_by": "+90m"}})
        assert wait_for(lambda: [row for row in told(shop) if row[1] == "P-1"], 30)
        assert answers(running, 1)[0] < 10
        running.process.terminate()
        assert running.process.wait(10) == 0
        os.close(begin)
        os.close(end)
