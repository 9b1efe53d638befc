"""storehealthctl asks the real daemon, which watches the sandbox."""
import json
import signal
import subprocess
import time

import pytest

from ctl_setup import SCENARIO, Installation, ctl_json, run_ctl
from sandbox_client import Sandbox, find_binary


def wait_for(what, condition, seconds=30):
    """Polls a condition of another process, which has no other way to tell."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Daemon:
    def __init__(self, installed):
        self.installed = installed
        self.log = open(installed.folder / "log", "w+")
        self.process = subprocess.Popen(
            [find_binary("storehealthd"), "--config", str(installed.file)], stderr=self.log)
        wait_for("the socket", installed.socket.exists)

    def ask(self, *args, code=0):
        return ctl_json(*args, "--socket", self.installed.socket, code=code)

    def say(self, *args):
        return run_ctl(*args, "--socket", self.installed.socket)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        self.log.close()
        return code


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    installed = Installation(tmp_path_factory.mktemp("ctl"))
    with Sandbox(SCENARIO) as sandbox:
        installed.write(sandbox)
        running = Daemon(installed)
        wait_for("the first poll of every feed", lambda: all(
            poller["state"] == "ok" for poller in running.ask("status")["stores"][0]["pollers"]))
        yield running
        assert running.stop() == 0
        assert not installed.socket.exists()


def test_status_tells_every_poller(daemon):
    answer = daemon.ask("status")
    assert answer["daemon"]["stores"] == 1 and answer["daemon"]["reload_error"] is None
    pollers = answer["stores"][0]["pollers"]
    assert {poller["name"] for poller in pollers} == {
        "orders", "stock", "reviews", "logistics", "complaints", "account"}
    for poller in pollers:
        assert poller["last_success"] <= answer["now"] < poller["next_due"], poller
        assert poller["error"] is None


def test_status_as_a_table(daemon):
    lines = daemon.say("status").stdout.splitlines()
    assert lines[0].startswith("storehealthd ") and ": 1 store, " in lines[0]
    assert lines[1].split()[:4] == ["STORE", "POLLER", "STATE", "LAST"]
    assert len(lines) == 2 + 6
    assert all(line.split()[2] == "ok" for line in lines[2:]), lines


def test_status_with_feeds_names_the_endpoints(daemon):
    feeds = daemon.ask("status", "--feeds")["stores"][0]["feeds"]
    assert {"fbs_list", "seller_info"} <= {feed["name"] for feed in feeds}
    assert "fbs_list" in daemon.say("status", "--feeds").stdout


def test_alerts_come_worst_first_with_value_beside_limit(daemon):
    wait_for("a deadline alert", lambda: [
        alert for alert in daemon.ask("alerts")["alerts"]
        if alert["rule"] == "ozon-complaint-first-response"])
    alerts = daemon.ask("alerts")["alerts"]
    order = ["breached", "critical", "warning", "info"]
    levels = [order.index(alert["level"]) for alert in alerts]
    assert levels == sorted(levels)
    rating = next(alert for alert in alerts if alert["rule"] == "ozon-rating-floor")
    assert (rating["value"]["text"], rating["value"]["type"]) == ("4.72", "number")
    assert rating["limit"]["n"] == 4800000
    assert "4.72" in daemon.say("alerts").stdout


def test_alerts_of_an_unknown_store(daemon):
    done = daemon.say("alerts", "--store", "ozon-mian")
    assert done.returncode == 1
    assert 'did you mean "ozon-main"?' in done.stderr


def test_status_of_one_store(daemon):
    assert daemon.say("status", "--store", "ozon-main").returncode == 0
    done = daemon.say("status", "--store", "nobody")
    assert done.returncode == 1 and 'there is no store "nobody"' in done.stderr


def test_explain_tells_rule_moves_and_deliveries(daemon):
    number = next(alert["number"] for alert in daemon.ask("alerts")["alerts"]
                  if alert["rule"] == "ozon-rating-floor")
    answer = wait_for("a delivery", lambda: [
        found for found in [daemon.ask("explain", number)]
        if {row["channel"] for row in found["deliveries"] if row["ok"]} == {"mail", "chat"}])[0]
    assert answer["rule"]["known"] and answer["rule"]["advice"]
    assert answer["events"][0]["move"] == "new" and answer["events"][0]["told"]
    text = daemon.say("explain", number).stdout
    assert "value       4.72, limit 4.8" in text
    assert "What happened" in text and "Who was told" in text


def test_explain_of_an_unknown_alert(daemon):
    done = daemon.say("explain", "999999")
    assert done.returncode == 1
    assert "there is no alert 999999" in done.stderr


def test_metrics_have_units_targets_and_times(daemon):
    metrics = {row["name"]: row for row in daemon.ask("metrics", "ozon-main")["metrics"]}
    assert metrics["rating"]["value"]["n"] == 4720000
    assert metrics["rating"]["unit"] == "number" and metrics["rating"]["at"]
    assert metrics["on_time_rate"]["target"]["text"].endswith(" %")


def test_a_refused_reload_is_told(daemon):
    file = daemon.installed.file
    good = file.read_text()
    file.write_text(json.dumps({**json.loads(good), "lissten": "x"}))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("the refusal", lambda: daemon.ask("status")["daemon"]["reload_error"])
    assert "The last reload was refused" in daemon.say("status").stdout
    file.write_text(good)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: not daemon.ask("status")["daemon"]["reload_error"])


def test_a_refused_key_is_told_in_words(tmp_path):
    installed = Installation(tmp_path)
    installed.secret("ozon-key", "not-the-key")
    with Sandbox(SCENARIO) as sandbox:
        installed.write(sandbox)
        daemon = Daemon(installed)
        pollers = wait_for("the refusal", lambda: [
            poller for poller in daemon.ask("status")["stores"][0]["pollers"]
            if poller["state"] == "failing"])
        assert pollers[0]["error"]["kind"] == "credentials"
        assert "not-the-key" not in daemon.say("status").stdout
        assert daemon.stop() == 0
