"""What a marketplace writes reaches logs, terminals and mails as one harmless line."""
import base64
import email
import json
import subprocess

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
        for command in ("alerts", "status"):
            lines_of(subprocess.run([find_binary("storehealthctl"), "--socket", str(daemon.dir / "api.sock"), command],
                                    capture_output=True, text=True, check=True).stdout)
        assert daemon.stop() == 0
        forged = [line for line in lines_of(daemon.log.read_text()) if line.startswith("<0>")]
        assert not forged
    for mail in shop.received()["mails"]:
        assert "FORGED\n" not in json.dumps(mail)
