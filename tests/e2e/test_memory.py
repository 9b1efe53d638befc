"""Stores that send much share a budget of memory: the daemon stays far below the unit's limit, and
their neighbours are read and told as ever, those with large answers of their own as well."""
import json
import pathlib
import re
import socket
import threading
import time

import pytest

from bad_peers import OFF, UNFULFILLED, Peers, config, stamp
from daemon_client import Daemon, wait_for
from sandbox_client import ROOT, is_sanitized

SIZE = 60_000_000
ANSWERS_MAX = 96_000_000
# The budget, a record that is read on each of three threads (32 MB at most each) and the daemon itself; what
# is measured is 96 to 128 MB, and was 200 to 275 without the budget, or without end for a bomb.
RSS_MAX_KB = 220_000


def padding():
    return b'{"postings":[],"has_next":false,"cursor":"","pad":"' + b"x" * SIZE + b'"}'


def bomb():
    """One record of values that take eighty times their text."""
    return b'{"postings":[{"posting_number":"x","a":[' + b"{}," * (SIZE // 3) + b'{}]}],"has_next":false,"cursor":""}'


def orders(size=SIZE, each=600):
    at = stamp(time.time() + 86400)
    row = json.dumps({"posting_number": "NUMBER", "status": "awaiting_packaging", "in_process_at": at,
                      "shipment_date": at, "shipment_date_without_delay": at,
                      "not read": "k" * (each - 300), "products": [{"sku": 11, "name": "Kettle", "quantity": 1,
                                    "price": {"amount": "10", "currency": "RUB"}}]}).encode()
    rows = b",".join(row.replace(b"NUMBER", b"P-%d" % i) for i in range(size // len(row)))
    return b'{"postings":[' + rows + b'],"has_next":false,"cursor":""}'


class Store:
    """Sends the same large list of orders each time, as fast as it is taken."""

    def __init__(self, body):
        self.body, self.sent = body, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, line):
        try:
            with line, line.makefile("rb") as lines:
                while first := lines.readline():
                    length = 0
                    while (header := lines.readline().strip()):
                        name, _, value = header.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    lines.read(length)
                    large = UNFULFILLED.encode() in first
                    empty = b'{"result":[],"has_next":false}' if b"cancellation" in first else b'{"postings":[],"has_next":false}'
                    body = self.body if large else empty
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                    line.sendall(body)
                    self.sent += large
        except OSError:
            pass


def rss_max_kb(daemon):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1])


@pytest.fixture
def run(tmp_path):
    peers, running = Peers(), []

    def begin(bodies):
        stores = [Store(body) for body in bodies]
        text = config(1).replace("BAD", str(peers.port("webhook")))
        for i, store in enumerate(stores, 2):
            text = text.replace("channels:", f'  - {{{{id: shop-{i}, marketplace: ozon, client_id: "{i}", '
                                f'api_key: {{{{file: {{dir}}/shop.key}}}}, currency: RUB, base_url: "http://127.0.0.1:{store.port}", '
                                f"poll: {{{{orders: 1s, {OFF}}}}}}}}}\nchannels:", 1)
        running.append(Daemon(tmp_path, peers, config=text).start())
        assert wait_for(running[0].read_pollers), running[0].log.read_text()
        return peers, stores, running[0]
    yield begin
    for daemon in running:
        daemon.kill()


@pytest.mark.parametrize("what", [padding, bomb, orders], ids=lambda what: what.__name__)
def test_three_stores_that_send_60_mb_keep_within_the_budget(run, what):
    body = what()
    peers, stores, daemon = run([body, body, body, orders(2_000_000, 60_000)])
    for i in range(8):
        began = time.time()
        peers.order(f"M-{i}")
        assert (at := peers.told_of(f"M-{i}", 30)) and at - began < 12, i  # four threads work on 180 MB beside it
        time.sleep(0.5)
    # Each of the three has its turn, and the neighbour with a large list of its own is read meanwhile.
    assert wait_for(lambda: all(store.sent for store in stores), 180)
    assert wait_for(lambda: stores[3].sent >= 3, 60)
    answers = daemon.ctl("status", check=False)["daemon"]["answers"]
    assert SIZE < answers["peak_bytes"] <= ANSWERS_MAX == answers["max_bytes"]
    assert answers["refused"] == 0
    users = {user["source"]: user["peak_bytes"] for user in answers["sources"]}
    assert sum(users[f"shop-{i}"] > SIZE for i in (2, 3, 4)) >= 1 and users["shop-5"] > 2_000_000
    harvests = daemon.ctl("status", check=False)["daemon"]["harvests"]
    assert harvests["max_bytes"] == ANSWERS_MAX // 2 and harvests["peak_bytes"] < ANSWERS_MAX
    if what is orders:
        assert {user["source"] for user in harvests["sources"]} & {"shop-2", "shop-3", "shop-4"}, harvests
    assert is_sanitized() or rss_max_kb(daemon) < RSS_MAX_KB
    began = time.monotonic()
    assert daemon.stop(20) == 0
    assert time.monotonic() - began < (15 if is_sanitized() else 5)  # of one record, which is read to its end


def test_the_budget_is_below_the_limit_of_the_unit():
    unit = (ROOT / "systemd" / "storehealthd.service").read_text()
    high = int(re.search(r"MemoryHigh=(\d+)M", unit)[1])
    assert RSS_MAX_KB / 1024 < high
