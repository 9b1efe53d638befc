"""storehealthctl replay: edited rules over what a running daemon recorded."""
import json
import shutil

import pytest

from ctl_setup import CLIENT, KEY, SCENARIO, run_ctl
from daemon_client import Daemon, wait_for
from sandbox_client import ROOT, Sandbox

RULE = "ozon-rating-floor"


def replay(daemon, *args):
    done = run_ctl("replay", daemon.config, "--since", "1h", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def replay_json(daemon, *args):
    return json.loads(replay(daemon, *args, "--json"))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Sandbox(SCENARIO) as sandbox, Daemon(tmp_path_factory.mktemp("replay"), sandbox, CLIENT,
                                              KEY) as running:
        running.start()
        assert wait_for(lambda: RULE in {
            alert["rule"] for alert in (running.ctl("alerts") or {"alerts": []})["alerts"]})
        assert wait_for(lambda: len(running.read_pollers()) == 6)
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edited") / "rules.d"
    shutil.copytree(ROOT / "conf" / "rules.d", folder)
    file = folder / "ozon.yaml"
    file.write_text(file.read_text().replace(f"rule: {RULE}\n", "rule: another-name\n"))
    return folder


def test_the_same_rules_change_nothing(daemon):
    answer = replay_json(daemon, "--rules", ROOT / "conf" / "rules.d")
    assert answer["changes"] > 0 and answer["judged"] > 0
    assert answer["alerts"] == []
    rating = next(row for row in answer["rules"] if row["rule"] == RULE)
    assert rating["would"] == rating["did"] == rating["unchanged"] > 0
    assert replay_json(daemon)["alerts"] == []
    assert {row["change"] for row in replay_json(daemon, "--all")["alerts"]} == {"unchanged"}


def test_an_edited_rule_is_set_beside_what_fired(daemon, edited):
    changes = {(row["rule"], row["change"]) for row in
               replay_json(daemon, "--rules", edited)["alerts"]}
    assert changes == {(RULE, "gone"), ("another-name", "new")}


def test_own_rules_alone_leave_the_installed_ones(daemon, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "rules:\n  - rule: mine\n    each: poller\n    levels: {info: age > 0s}\n")
    done = run_ctl("replay", daemon.config, "--since", "1h", "--rules", tmp_path, "--json",
                   STOREHEALTHD_DATA_DIR=str(ROOT / "conf"))
    assert done.returncode == 0, done.stderr
    assert {row["change"] for row in json.loads(done.stdout)["alerts"]} <= {"new"}


def test_the_summary_is_for_people(daemon, edited):
    text = replay(daemon, "--rules", edited)
    assert "another-name would have fired 1 time, it fired 0 times: 1 new" in text
    assert f"{RULE} would have fired 0 times, it fired 1 time: 1 gone" in text
    assert "The history does not reach back any further." in text
    assert any(line.split()[:3] == ["new", "another-name", "shop"] for line in text.splitlines())


def test_nobody_is_told(daemon, edited):
    before = daemon.ctl("alerts")["alerts"]
    replay(daemon, "--rules", edited)
    after = daemon.ctl("alerts", "--all")["alerts"]  # some may have ended, and new ones be open
    assert {row["number"] for row in before} <= {row["number"] for row in after}
    assert "another-name" not in {row["rule"] for row in after}


def test_what_is_wrong_is_said(daemon, tmp_path):
    (tmp_path / "wrong.yaml").write_text("rules:\n  - rule: a\n    value: ratng\n"
                                         "    levels: {warning: value < 1}\n")
    for code, message, *args in (
            (1, "did you mean 'rating'", daemon.config, "--rules", tmp_path),
            (1, "there are no rules", daemon.config, "--rules", daemon.dir / "nowhere"),
            (1, 'there is no store "shpo"', daemon.config, "--store", "shpo"),
            (64, "--since takes an age", daemon.config, "--since", "yesterday")):
        done = run_ctl("replay", *args)
        assert done.returncode == code, done.stderr
        assert message in done.stderr, done.stderr
