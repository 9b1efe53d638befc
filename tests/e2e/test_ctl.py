"""storehealthctl asks the real daemon, which watches the sandbox."""
import signal

import pytest

from ctl_setup import CLIENT, KEY, SCENARIO, run_ctl
from daemon_client import Daemon, wait_for
from sandbox_client import Sandbox


def say(daemon, *args):
    return run_ctl(*args, "--socket", daemon.dir / "api.sock")


def pollers(daemon):
    return (daemon.ctl("status") or {"stores": [{"pollers": []}]})["stores"][0]["pollers"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Sandbox(SCENARIO) as sandbox, Daemon(tmp_path_factory.mktemp("ctl"), sandbox, CLIENT,
                                              KEY) as running:
        running.start()
        assert wait_for(lambda: {row["state"] for row in pollers(running)} == {"ok"}, 30)
        yield running
        assert running.stop() == 0
        assert not (running.dir / "api.sock").exists()


def test_status_tells_every_poller(daemon):
    answer = daemon.ctl("status")
    assert answer["daemon"]["stores"] == 1 and answer["daemon"]["reload_error"] is None
    rows = answer["stores"][0]["pollers"]
    assert {poller["name"] for poller in rows} == {
        "orders", "stock", "reviews", "logistics", "complaints", "account"}
    for poller in rows:
        assert poller["last_success"] <= answer["now"] and poller["next_due"], poller
        assert poller["error"] is None


def test_status_as_a_table(daemon):
    # At first it also says that it is still reading what happened while it was away.
    assert wait_for(lambda: "reads the stores again" not in say(daemon, "status").stdout, 70)
    whole = say(daemon, "status")
    assert whole.returncode == 0
    first, second = whole.stdout.split("\n\n")
    lines, channels = first.splitlines(), second.splitlines()
    assert channels[0].split() == ["CHANNEL", "TYPE", "STATE", "WAITING", "LAST", "SENT", "ERROR"]
    assert [line.split()[:2] for line in channels[1:]] == [["mail", "email"], ["hook", "webhook"]]
    assert lines[0].startswith("storehealthd ") and ": 1 store, " in lines[0]
    assert lines[1].split()[:4] == ["STORE", "POLLER", "STATE", "LAST"]
    assert len(lines) == 2 + 6, "\n".join(lines)
    assert all(line.split()[2] == "ok" for line in lines[2:]), lines


def test_status_with_feeds_names_the_endpoints(daemon):
    feeds = daemon.ctl("status", "--feeds")["stores"][0]["feeds"]
    assert {"fbs_list", "seller_info"} <= {feed["name"] for feed in feeds}
    assert "fbs_list" in say(daemon, "status", "--feeds").stdout


def test_alerts_come_worst_first_with_value_beside_limit(daemon):
    assert wait_for(lambda: [
        alert for alert in daemon.ctl("alerts")["alerts"]
        if alert["rule"] == "ozon-complaint-first-response"])
    alerts = daemon.ctl("alerts")["alerts"]
    order = ["breached", "critical", "warning", "info"]
    levels = [order.index(alert["level"]) for alert in alerts]
    assert levels == sorted(levels)
    rating = next(alert for alert in alerts if alert["rule"] == "ozon-rating-floor")
    assert (rating["value"]["text"], rating["value"]["type"]) == ("4.72", "number")
    assert rating["limit"]["n"] == 4800000
    assert "4.72" in say(daemon, "alerts").stdout


def test_alerts_of_an_unknown_store(daemon):
    done = say(daemon, "alerts", "--store", "shpo")
    assert done.returncode == 1
    assert 'did you mean "shop"?' in done.stderr


def test_status_of_one_store(daemon):
    assert say(daemon, "status", "--store", "shop").returncode == 0
    done = say(daemon, "status", "--store", "nobody")
    assert done.returncode == 1 and 'there is no store "nobody"' in done.stderr


def test_explain_tells_rule_moves_and_deliveries(daemon):
    number = next(alert["number"] for alert in daemon.ctl("alerts")["alerts"]
                  if alert["rule"] == "ozon-rating-floor")
    assert wait_for(lambda: {row["channel"] for row in daemon.ctl("explain", str(number))["deliveries"]
                             if row["ok"]})
    answer = daemon.ctl("explain", str(number))
    assert answer["rule"]["known"] and answer["rule"]["advice"]
    assert answer["events"][0]["move"] == "new" and answer["events"][0]["told"]
    text = say(daemon, "explain", str(number)).stdout
    assert "value       4.72, limit 4.8" in text
    assert "What happened" in text and "Who was told" in text


def test_explain_of_an_unknown_alert(daemon):
    done = say(daemon, "explain", "999999")
    assert done.returncode == 1
    assert "there is no alert 999999" in done.stderr


def test_metrics_have_units_targets_and_times(daemon):
    metrics = {row["name"]: row for row in daemon.ctl("metrics", "shop")["metrics"]}
    assert metrics["rating"]["value"]["n"] == 4720000
    assert metrics["rating"]["unit"] == "number" and metrics["rating"]["at"]
    assert metrics["on_time_rate"]["target"]["text"].endswith(" %")


def test_a_refused_reload_is_told(daemon):
    good = daemon.config.read_text()
    daemon.config.write_text("lissten: x\n" + good)
    daemon.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: daemon.ctl("status")["daemon"]["reload_error"])
    assert "The last reload was refused" in say(daemon, "status").stdout
    daemon.config.write_text(good)
    daemon.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: not daemon.ctl("status")["daemon"]["reload_error"])


def test_a_refused_key_is_told_in_words(tmp_path):
    with Sandbox(SCENARIO) as sandbox, Daemon(tmp_path, sandbox, CLIENT, "not-the-key") as daemon:
        daemon.start()
        failing = wait_for(lambda: [row for row in pollers(daemon) if row["state"] == "failing"])
        assert failing[0]["error"]["kind"] == "credentials"
        assert "not-the-key" not in say(daemon, "status").stdout
        assert daemon.stop() == 0


@pytest.mark.parametrize("args, code, said", [
    ([], 64, "Usage: storehealthctl COMMAND"),
    (["help"], 0, "Usage: storehealthctl COMMAND"),
    (["status", "-h"], 0, "Usage: storehealthctl COMMAND"),
    (["--version", "--nosuch"], 0, "storehealthctl "),
    (["--stor", "x", "status"], 64, 'no option "--stor", did you mean --store?'),
    (["--versio"], 64, 'no option "--versio"'),
    (["status", "-x"], 64, 'no option "-x"'),
    (["status", "--store"], 64, "--store takes ID"),
    (["status", "--all=1"], 64, "--all takes no value"),
    (["status", "--all"], 64, "status takes no --all: that is for alerts, entities, replay"),
    (["--config", "other.yaml", "check"], 64, "check takes no --config"),
    (["status", "more"], 64, "Usage: storehealthctl status"),
    (["--", "status", "--all"], 64, "Usage: storehealthctl status"),
    (["statsu"], 64, 'no command "statsu", did you mean status?'),
    (["rules", "tst"], 64, 'no command "rules tst", did you mean rules test?'),
    (["rules"], 64, "Usage: storehealthctl rules test"),
])
def test_a_command_line_that_is_wrong_says_how(args, code, said):
    done = run_ctl(*args)
    assert done.returncode == code and said in done.stdout + done.stderr, done


def test_reload_says_whether_the_new_configuration_is_taken(tmp_path):
    with Sandbox(SCENARIO) as sandbox, Daemon(tmp_path, sandbox, CLIENT, KEY) as daemon:
        daemon.start()
        assert wait_for(lambda: daemon.ctl("status")), daemon.log.read_text()
        good = daemon.config.read_text()
        pid = str(daemon.process.pid)
        for arguments in ((), (pid,), ()):
            done = say(daemon, "reload", *arguments)
            assert (done.returncode, done.stdout) == (0, "the new configuration is in force\n")
        daemon.config.write_text(good.replace("client_id", "clientid"))
        done = say(daemon, "reload", pid)
        assert done.returncode == 1
        assert "the old configuration is in force: " in done.stderr
        assert "a store needs `client_id`" in done.stderr
        daemon.config.write_text(good)
        assert say(daemon, "reload").returncode == 0
        assert say(daemon, "reload", "pid").returncode == 64
        assert say(daemon, "reload", "0").returncode == 64
        # Nobody answers at the socket: the signal is sent all the same.
        assert daemon.log.read_text().count("a new configuration is in force") == 4
        assert run_ctl("reload", pid, "--socket", tmp_path / "none").returncode == 0
        assert wait_for(
            lambda: daemon.log.read_text().count("a new configuration is in force") == 5)
        assert daemon.stop() == 0
    assert say(daemon, "reload").returncode == 69
