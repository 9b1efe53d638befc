"""Overrides of single stores: two stores that show the same, judged by limits of their own."""
import json
import signal

import pytest

from ctl_setup import CLIENT, KEY, SCENARIO, run_ctl
from daemon_client import CONFIG, Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox

RULE = "ozon-rating-floor"
OWN = "{levels: {warning: value < 4.75}, title: {ru: Свой порог}}"
SECOND = """\
    overrides: {{}}
  - id: second
    marketplace: ozon
    client_id: "{client}"
    api_key: {{file: {dir}/shop.key}}
    base_url: http://127.0.0.1:{ozon}
    poll: {poll}
    overrides:
      ozon-rating-floor: OWN
channels:
""".replace("OWN", OWN.replace("{", "{{").replace("}", "}}"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """The demo, but its rating stays at 4.72."""
    scenario = tmp_path_factory.mktemp("scenario") / "still.yaml"
    scenario.write_text("".join(line for line in SCENARIO.read_text().splitlines(True)
                                if "value: 4.58" not in line))
    with Sandbox(scenario) as running:
        yield running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, sandbox):
    config = CONFIG.replace("channels:\n", SECOND, 1)
    with Daemon(tmp_path_factory.mktemp("overrides"), sandbox, CLIENT, KEY,
                config=config) as running:
        running.start()
        assert wait_for(lambda: len(ratings(running)) == 2), running.log.read_text()
        yield running
        assert running.stop() == 0


def ratings(daemon):
    """The alerts of the rule, by store."""
    answer = daemon.ctl("alerts") or {"alerts": []}
    return {row["store"]: row for row in answer["alerts"] if row["rule"] == RULE}


def ctl(daemon, *arguments):
    return run_ctl(*arguments, "--socket", daemon.dir / "api.sock").stdout


def reload_with(daemon, own):
    text = daemon.config.read_text()
    line = next(line for line in text.splitlines() if line.startswith(f"      {RULE}: "))
    daemon.config.write_text(text.replace(line, f"      {RULE}: {own}"))
    daemon.process.send_signal(signal.SIGHUP)


def test_each_store_is_judged_by_its_own_limits(daemon, sandbox):
    alerts = ratings(daemon)
    assert (alerts["shop"]["level"], alerts["second"]["level"]) == ("info", "warning")
    assert alerts["second"]["condition"] == "value < 4.75"
    assert alerts["second"]["limit"]["text"] == "4.75"
    assert wait_for(lambda: (RULE, "", "warning") in told(sandbox))
    mail = wait_for(lambda: [mail for mail in sandbox.received()["mails"] if "Свой порог" in
                             json.dumps(mail, ensure_ascii=False)])
    assert mail and "second" in json.dumps(mail[0], ensure_ascii=False)


def test_the_rules_are_shown_as_the_store_has_them(daemon):
    rule = next(row for row in daemon.ctl("rules", "list")["rules"] if row["id"] == RULE)
    assert rule["stores_overridden"] == ["second"] and "second" in rule["stores_watched"]
    assert rule["levels"]["warning"] == "value < 4.7"
    rule = next(row for row in daemon.ctl("rules", "list", "--store", "second")["rules"]
                if row["id"] == RULE)
    assert rule["levels"]["warning"] == "value < 4.75"
    assert "(overridden for second)" in ctl(daemon, "rules", "list")
    answer = daemon.ctl("rules", "explain", RULE)
    assert answer["rule"]["levels"]["warning"] == "value < 4.7"
    assert answer["stores_overridden"] == ["second"]
    assert {row["store"]: row["level"] for row in answer["standings"]} == {
        "shop": "info", "second": "warning"}
    answer = daemon.ctl("rules", "explain", RULE, "--store", "second")
    assert answer["rule"]["levels"]["warning"] == "value < 4.75"
    assert [row["level"] for row in answer["standings"]] == ["warning"]
    text = ctl(daemon, "rules", "explain", RULE)
    assert "overridden  second; see them with --store" in text
    assert "critical    value < 4.6, until value >= 4.62" in text


def test_a_replay_uses_them(daemon):
    done = run_ctl("replay", daemon.config, "--since", "1h", "--rules", ROOT / "conf" / "rules.d",
                   "--all", "--json")
    answer = json.loads(done.stdout)
    levels = {row["store"]: row["would"]["level"] for row in answer["alerts"]
              if row["rule"] == RULE}
    assert levels == {"shop": "info", "second": "warning"}, answer["alerts"]
    assert {row["change"] for row in answer["alerts"]} == {"unchanged"}


def test_an_edited_override_moves_the_same_alert(daemon, sandbox):
    before = ratings(daemon)
    reload_with(daemon, "{levels: {critical: value < 4.74}}")
    assert wait_for(lambda: ratings(daemon)["second"]["level"] == "critical")
    after = ratings(daemon)
    assert after["second"]["number"] == before["second"]["number"]
    assert after["second"]["episode"] == before["second"]["episode"]
    assert after["shop"] == before["shop"]
    assert wait_for(lambda: (RULE, "", "critical") in told(sandbox, "escalated"))
    reload_with(daemon, "{enabled: false}")
    assert wait_for(lambda: "second" not in ratings(daemon))
    assert ratings(daemon)["shop"] == before["shop"]


def test_a_wrong_override_is_refused_with_its_place(daemon):
    reload_with(daemon, "{levels: {warnin: value < 4%}}")
    assert wait_for(lambda: "did you mean 'warning'?" in daemon.log.read_text())
    done = run_ctl("check", daemon.config)
    line = next(number for number, text in enumerate(daemon.config.read_text().splitlines(), 1)
                if "warnin:" in text)
    assert done.returncode == 1
    assert f"storehealthd.yaml:{line}:36: error: unknown level 'warnin'; did you mean " \
           "'warning'?" in done.stderr
    assert "shop" in ratings(daemon)
