"""What a marketplace writes reaches logs, terminals and mails as one harmless line."""
import base64
import datetime
import html
import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest
from daemon_client import Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox, find_binary

NUMBERS = ["E-1\n<0>alert 9 of store \"shop\": FORGED", "E-2\x1b[2J\x1b]0;title\x07", "E-3\u202egnp.exe\u009b31m\u2028x"]
ODD = [chr(code) for code in [*range(0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f),
                              *range(0x2066, 0x206a)] if chr(code) not in "\n"]


@pytest.fixture
def shop():
    with Sandbox(ROOT / "tests/e2e/scenarios/shop.yaml") as sandbox:
        yield sandbox


def lines_of(text):
    assert not [char for char in ODD if char in text], text
    return text.split("\n")


@pytest.mark.parametrize("pretty", [False, True])
def test_hostile_numbers_are_harmless_everywhere(tmp_path, shop, pretty):
    with Daemon(tmp_path, shop) as daemon:
        if pretty:
            with daemon.log.open("ab") as log:
                daemon.process = subprocess.Popen(
                    [find_binary("storehealthd"), "--config", str(daemon.config), "--pretty"], stdout=log, stderr=log)
        else:
            daemon.start()
        assert wait_for(lambda: "orders" in daemon.read_pollers())
        for number in NUMBERS:
            shop.admin("/event", {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                                            "ship_by": "+90m", "deliver_by": "+4d"}})
        assert wait_for(lambda: len([row for row in told(shop) if row[0] == "ozon-ship-deadline"]) == 3), told(shop)
        assert wait_for(lambda: shop.received()["mails"])
        numbers = [str(alert["number"]) for alert in daemon.ctl("alerts")["alerts"]]
        for command in [["alerts"], ["alerts", "--all"], ["status", "--feeds"], ["metrics", "shop"],
                        ["rules", "explain", "ozon-ship-deadline"], ["rules", "list"],
                        ["rules", "eval", "--store", "shop", "--entity", f"order:{NUMBERS[2]}", "age > 0s"],
                        *[["explain", number] for number in numbers]]:
            for form in ([], ["--json"]):
                done = subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), *form,
                                       *command], capture_output=True, text=True, check=False)
                lines_of(done.stdout + done.stderr)
                assert done.returncode == 0, (command, done.stderr)
        assert daemon.stop() == 0
        forged = [line for line in lines_of(daemon.log.read_text()) if line.startswith("<0>")]
        assert not forged
    for mail in shop.received()["mails"]:
        assert "FORGED\n" not in json.dumps(mail)


KEY = "key/of-the<shop>-0123456789"
SHORT = "aB3-x"


def written(key):
    """A secret in the forms that servers give it."""
    return [key, urllib.parse.quote(key, safe=""), html.escape(key), json.dumps(key)[1:-1].replace("/", "\\/"),
            "".join(f"\\u{ord(char):04x}" for char in key), base64.b64encode(f"me:{key}".encode()).decode()[4:4 + len(key) * 8 // 6]]


def later(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).isoformat()


class Parrot(http.server.BaseHTTPRequestHandler):
    """A marketplace that repeats the key: where it refuses (401), or in an order and in what is no JSON."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key, status = self.headers["Api-Key"], self.server.status
        if status == 401:
            words = ", ".join(written(key))
            body = json.dumps({"code": 16, "message": f"the Api-Key {words}"}).replace("/", "\\/")
        elif self.path == "/v4/posting/fbs/unfulfilled/list":
            body = json.dumps({"postings": [{
                "posting_number": f"for {key}", "status": "awaiting_packaging", "shipment_date": later(1),
                "in_process_at": later(-1), "products": [{"sku": 1, "offer_id": key, "name": f"made for {key}",
                                                          "quantity": 1}]}], "has_next": False, "cursor": ""})
            body = body.replace("/", "\\/").replace("<", "\\u003c")
        else:
            body = f'{{"result": {key}'
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("answers, key", [(401, KEY), (401, SHORT), (200, KEY)])
def test_a_secret_that_a_marketplace_repeats_goes_nowhere(tmp_path, shop, answers, key):
    stars = "*" * len(key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as parrot:
        parrot.status = answers
        threading.Thread(target=parrot.serve_forever, daemon=True).start()
        with Daemon(tmp_path, shop, key=key) as daemon:
            text = daemon.config.read_text()
            daemon.config.write_text(text.replace(str(shop.port("ozon")), str(parrot.server_address[1])))
            daemon.start()
            socket = ["--socket", str(daemon.dir / "api.sock")]

            def feeds():
                return subprocess.run([find_binary("storehealthctl"), *socket, "--json", "status", "--feeds"],
                                      capture_output=True, text=True, check=False).stdout
            says = stars if answers == 401 else "not JSON"
            assert wait_for(lambda: says in feeds()), daemon.log.read_text()
            if answers == 200:
                assert wait_for(lambda: "for ****" in daemon.log.read_text()), daemon.log.read_text()
                assert wait_for(lambda: "****" in json.dumps(shop.received()["webhooks"]))
            everywhere = feeds() + json.dumps(shop.received())
            assert daemon.stop() == 0
            said = daemon.log.read_text() + subprocess.run(
                [find_binary("storehealthctl"), "check", "--online", str(daemon.config)], capture_output=True, text=True,
                check=False).stdout
            assert "****" in said
            for form in written(key):
                assert form not in everywhere + said
                for part in daemon.dir.glob("state.db*"):
                    assert form.encode() not in part.read_bytes()
        parrot.shutdown()
