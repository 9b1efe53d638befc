"""What the daemon tells systemd, and how it ends; tests/e2e/systemd.sh asks a real systemd."""
import os
import signal
import socket
import time

import pytest
from daemon_client import CONFIG, FAST, HOOK_SECRET, Daemon, wait_for
from sandbox_client import ROOT, Sandbox, find_binary, preload

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
WATCHDOG_S = 0.6


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self):
        self.name = f"storehealthd-test-{os.getpid()}-{time.monotonic_ns()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name)
        self.environment = {"NOTIFY_SOCKET": "@" + self.name,
                            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
        self.lines = []

    def hear(self, seconds):
        """The next lines, within that time; none when nothing was said."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            said = self.socket.recv(4096).decode().splitlines()
        except TimeoutError:
            return []
        self.lines += said
        return said

    def hears(self, start, seconds=20):
        """The first line from now on that begins so, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for line in self.hear(left):
                if line.startswith(start):
                    return line
        return None

    def forget(self):
        """What was said until now."""
        while self.hear(0):
            pass
        self.lines.clear()


@pytest.fixture
def manager():
    manager = Manager()
    yield manager
    manager.socket.close()


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


@pytest.fixture
def daemon(tmp_path, shop, manager):
    with Daemon(tmp_path, shop) as running:
        running.start(**manager.environment)
        assert manager.hears("READY=1"), running.log.read_text()
        yield running


def test_ready_is_said_when_it_watches_and_answers(daemon):
    assert daemon.ctl("status")["stores"][0]["id"] == "shop"


def test_status_says_what_it_does(manager, daemon):
    status = manager.hears("STATUS=watching 1 store", 30)
    assert status and "polls" in status


def test_the_watchdog_is_fed_twice_within_its_time(manager, daemon):
    assert manager.hears("WATCHDOG=1")
    for _ in range(5):
        assert manager.hears("WATCHDOG=1", WATCHDOG_S)


def test_a_process_that_stands_still_feeds_no_watchdog(manager, daemon):
    assert manager.hears("WATCHDOG=1")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        os.waitpid(daemon.process.pid, os.WUNTRACED)
        manager.forget()
        assert manager.hear(2 * WATCHDOG_S) == []
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert manager.hears("WATCHDOG=1")


def test_a_reload_is_told_from_its_begin_to_its_end(manager, daemon):
    manager.forget()
    daemon.process.send_signal(signal.SIGHUP)
    assert manager.hears("RELOADING=1")
    assert manager.hears("READY=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in manager.lines)


def test_a_refused_reload_ends_as_well(manager, daemon):
    daemon.config.write_text(daemon.config.read_text().replace("client_id", "clientid"))
    daemon.process.send_signal(signal.SIGHUP)
    assert manager.hears("RELOADING=1")
    assert manager.hears("READY=1")
    assert "clientid" in daemon.log.read_text()
    assert daemon.process.poll() is None


def test_sigterm_is_told_and_ends_well(manager, daemon):
    daemon.process.send_signal(signal.SIGTERM)
    assert manager.hears("STOPPING=1", 5)
    assert daemon.process.wait(5) == 0


def test_sigterm_ends_it_well_while_a_hundred_stores_are_first_read(tmp_path, shop, manager):
    many = "stores:\n" + "".join(
        f"  - {{{{id: shop{i}, marketplace: ozon, kind: local, client_id: '1001',\n"
        "     api_key: {{file: {dir}/shop.key}}, base_url: 'http://127.0.0.1:{ozon}',\n"
        "     timezone: Europe/Moscow, currency: RUB, poll: {poll}}}\n" for i in range(100))
    config = CONFIG[:CONFIG.index("stores:")] + many + CONFIG[CONFIG.index("channels:"):]
    with Daemon(tmp_path, shop, config=config) as judging:
        judging.start(**manager.environment)
        assert manager.hears("READY=1"), judging.log.read_text()
        assert judging.stop() == 0, judging.log.read_text()


def test_it_ends_within_5_s_while_answers_do_not_come(shop, daemon):
    assert shop.admin("/fault", {"do": "timeout"}) == {"ok": True}
    before = shop.admin("/requests")
    assert wait_for(lambda: shop.admin("/requests") != before)
    assert daemon.stop(5) == 0


def test_it_ends_within_5_s_while_a_channel_does_not_answer(shop, daemon):
    assert shop.admin("/fault", {"path": "webhook/*", "do": "timeout"}) == {"ok": True}
    shop.admin("/event", {"order": {"posting_number": "0500-0001-1", "sku": 160200301,
                                    "quantity": 1, "ship_by": "+20h"}})
    assert wait_for(lambda: daemon.ctl("alerts")["alerts"])
    assert daemon.stop(5) == 0


def test_sigterm_ends_a_reload_that_waits_for_the_disk(tmp_path, shop, manager):
    hold = tmp_path / "hold"
    with Daemon(tmp_path, shop, poll=FAST.replace("1s", "1h").replace("1h", "1s", 1)) as running:
        running.start(SHD_HOLD_SYNC=str(hold), **manager.environment, **preload("libshd-slowdisk.so"))
        assert manager.hears("READY=1"), running.log.read_text()
        assert wait_for(lambda: "orders" in running.read_pollers())
        hold.touch()
        shop.admin("/event", {"cancellation": {  # news for one feed alone
            "cancellation_id": 77, "posting_number": "0500-0002-1", "auto_approve_date": "+3h"}})
        assert wait_for(lambda: hold.with_suffix(".held").exists())
        running.process.send_signal(signal.SIGHUP)
        assert manager.hears("RELOADING=1")
        time.sleep(1)  # the files are read meanwhile; nothing tells of it
        running.process.send_signal(signal.SIGTERM)
        assert manager.hears("STOPPING=1")
        hold.unlink()
        assert running.process.wait(5) == 0


def test_sigterm_before_it_is_ready_ends_it(tmp_path, shop):
    with Daemon(tmp_path, shop) as starting:
        starting.start()
        assert wait_for(lambda: "SigCgt" in status_of(starting) and handles(starting, signal.SIGTERM))
        assert starting.stop(5) == 0


def status_of(daemon):
    return open(f"/proc/{daemon.process.pid}/status", encoding="ascii").read()


def handles(daemon, number):
    mask = next(line for line in status_of(daemon).splitlines() if line.startswith("SigCgt"))
    return int(mask.split()[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("prefix", ["", "secrets_"])
def test_secrets_come_from_the_credentials_folder(tmp_path, shop, manager, prefix):
    """One by one, or a whole folder, whose files systemd names secrets_NAME."""
    config = CONFIG.replace("{{file: {dir}/shop.key}}", "{{credential: shop-key}}").replace(
        "{{file: {dir}/hook.key}}", "{{credential: hook-key}}")
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    for name, secret in (("shop-key", "demo-key"), ("hook-key", HOOK_SECRET)):
        file = folder / f"{prefix}{name}"
        file.write_text(secret + "\n")
        file.chmod(0o400)
    with Daemon(tmp_path, shop, config=config) as daemon:
        daemon.start(CREDENTIALS_DIRECTORY=str(folder), **manager.environment)
        assert manager.hears("READY=1"), daemon.log.read_text()
        assert wait_for(lambda: "orders" in daemon.read_pollers())


def test_a_missing_credential_is_a_wrong_configuration(tmp_path, shop):
    config = CONFIG.replace("{{file: {dir}/shop.key}}", "{{credential: shop-key}}")
    with Daemon(tmp_path, shop, config=config) as daemon:
        daemon.start(CREDENTIALS_DIRECTORY=str(tmp_path))
        assert daemon.process.wait(10) == 78, "EX_CONFIG, which systemd does not try again"
        assert "shop-key" in daemon.log.read_text()
