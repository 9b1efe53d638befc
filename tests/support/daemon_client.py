"""Runs the real storehealthd against the real sandbox; for the end-to-end tests."""
import json
import os
import pathlib
import signal
import subprocess
import time

from sandbox_client import ROOT, find_binary

# One shop of the sandbox; CONFIG adds who is told.
ONE_SHOP = """\
listen: unix:{dir}/api.sock
state: {dir}/state.db
stores:
  - id: shop
    marketplace: ozon
    kind: local
    client_id: "{client}"
    api_key: {{file: {dir}/shop.key}}
    base_url: http://127.0.0.1:{ozon}
    timezone: Europe/Moscow
    currency: RUB
    poll: {poll}
"""
CONFIG = ONE_SHOP + """\
channels:
  mail:
    type: email
    host: 127.0.0.1
    port: {smtp}
    tls: none
    from: storehealthd@example.com
    to: [owner@example.com]
    language: ru
    timezone: Europe/Moscow
  hook:
    type: webhook
    url: http://127.0.0.1:{webhook}/hook
    secret: {{file: {dir}/hook.key}}
routes:
  - match: level >= warning
    to: [mail, hook]
  - to: [hook]
"""
FAST = "{orders: 1s, stock: 1s, reviews: 1s, logistics: 1s, complaints: 1s, account: 1s}"
HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def wait_for(what, seconds=60, every=0.05):
    """The first true value of what(), or None after the time is over: long, for a loaded machine."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(every)
    return None


class Daemon:
    """A configuration folder and, while it runs, the daemon on it."""

    def __init__(self, folder, sandbox, client="1001", key="demo-key", poll=FAST, config=CONFIG,
                 binary="storehealthd"):
        self.dir = pathlib.Path(folder)
        self.process, self.binary = None, binary
        self.log = self.dir / "daemon.log"
        for name in ("rules.d", "words.d", "texts"):
            (self.dir / name).symlink_to(ROOT / "conf" / name)
        self.secret("shop.key", key)
        self.secret("hook.key", HOOK_SECRET)
        self.config = self.dir / "storehealthd.yaml"
        self.config.write_text(config.format(
            dir=self.dir, client=client, poll=poll, ozon=sandbox.port("ozon"),
            smtp=sandbox.port("smtp"), webhook=sandbox.port("webhook")))

    def secret(self, name, text):
        path = self.dir / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")

    def start(self, **environment):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [find_binary(self.binary), "--config", str(self.config)],
                stdout=log, stderr=log, env={**os.environ, **environment})
        return self

    def stop(self, seconds=5):
        """SIGTERM, as systemd does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def reload(self):
        """SIGHUP, as systemctl reload does."""
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ctl(self, *arguments, check=True):
        """What storehealthctl answers, as data; None while the daemon is not there."""
        done = subprocess.run(
            [find_binary("storehealthctl"), "--socket", str(self.dir / "api.sock"), "--json", *arguments],
            capture_output=True, text=True, check=False)
        if done.returncode and check and not done.stdout:  # status says by its code whether something fails
            return None
        return json.loads(done.stdout)

    def read_pollers(self):
        """The pollers of the first store that have been read."""
        status = self.ctl("status")
        pollers = status["stores"][0]["pollers"] if status and status["stores"] else []
        return [poller["name"] for poller in pollers if poller["last_success"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def told(sandbox, move=None):
    """(rule, entity, level) of every alert item that arrived by webhook, in order."""
    items = []
    for hook in sandbox.received()["webhooks"]:
        for alert in hook["body"]["alerts"]:
            if move is None or alert["move"] == move:
                items.append((alert["rule"], alert["entity"], alert["level"]))
    return items


def tell_of_later_order(sandbox, number):
    """Adds an order and waits until it was told: what a test says did not happen before
    would have been told by then."""
    sandbox.admin("/event", {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                                       "ship_by": "+30h", "deliver_by": "+4d"}})
    assert wait_for(lambda: ("ozon-new-order", number, "info") in told(sandbox, "new"), 30)
