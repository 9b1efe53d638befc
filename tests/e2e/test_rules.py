"""storehealthctl rules: tried without a daemon, asked about with one."""
import json
import xml.etree.ElementTree as ElementTree

import pytest

from ctl_setup import CLIENT, KEY, SCENARIO, run_ctl
from daemon_client import Daemon, wait_for
from sandbox_client import ROOT, Sandbox

RULES = ROOT / "conf" / "rules.d"

GOOD = """\
tests:
  - test: the rating falls below Prime's floor
    given:
      - {at: 0h, metric: {rating: 4.6}}
      - {at: 1h, metric: {rating: 4.59}}
    expect:
      - {at: 0h, rule: ozon-rating-floor, level: warning}
      - {at: 1h, rule: ozon-rating-floor, level: critical, told: true}
"""


def try_rules(tmp_path, text, *more):
    file = tmp_path / "tests.yaml"
    file.write_text(text)
    return run_ctl("rules", "test", "--rules", RULES, file, *more)


def test_the_shipped_tests_hold():
    done = run_ctl("rules", "test", "--rules", RULES, ROOT / "tests" / "rules")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all good" in done.stdout


def test_the_reference_needs_no_daemon():
    answer = run_ctl("rules", "reference", "--json", "--socket", "/nowhere")
    reference = json.loads(answer.stdout)
    kinds = {kind["name"]: kind for kind in reference["kinds"]}
    order = {field["name"]: field for field in kinds["order"]["fields"]}
    assert kinds["order"]["poller"] == "orders" and kinds["order"]["platforms"] == ["ozon"]
    assert order["amount"]["type"] == "money" and "shipped" in order["status"]["words"]
    answer = run_ctl("rules", "reference", "order")
    assert answer.returncode == 0
    for word in ("cancelled_by: buyer seller marketplace carrier", "shipped_late", "storehealthd"):
        assert word in answer.stdout
    answer = run_ctl("rules", "reference", "shar")
    assert answer.returncode == 1 and "did you mean share?" in answer.stderr


def test_a_failure_says_where_and_what(tmp_path):
    assert try_rules(tmp_path, GOOD).returncode == 0
    report = tmp_path / "report.xml"
    done = try_rules(tmp_path, GOOD.replace("4.59}", "4.61}"), "--junit", report)
    assert done.returncode == 1
    assert "FAIL" in done.stdout and "1 failed" in done.stdout
    assert f"{tmp_path}/tests.yaml:8:50: error: ozon-rating-floor at 1h: expected critical, got " \
           "warning (value 4.61, limit 4.7)" in done.stderr
    suite = ElementTree.parse(report).getroot()
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["1", "1", "0"]
    assert "got warning" in suite.find("testsuite/testcase/failure").get("message")


def errors_of(report):
    """The errors of a JUnit report, by the file of their case."""
    root = ElementTree.parse(report).getroot()
    found = {case.get("file"): case.find("error").get("message")
             for case in root.iter("testcase") if case.find("error") is not None}
    assert root.get("errors") == str(len(found))
    return found


def test_what_cannot_be_read_is_an_error_of_the_report(tmp_path):
    report, tests, rules = tmp_path / "report.xml", tmp_path / "tests", tmp_path / "rules"
    tests.mkdir()
    rules.mkdir()
    texts = {"good": GOOD, "yaml": "tests: [\n", "empty": "", "keys": "tsts: []\n",
             "test": "tests:\n  - test: x\n    expct: []\n"}
    for name, text in texts.items():
        (tests / f"{name}.yaml").write_text(text)
    done = run_ctl("rules", "test", "--rules", RULES, tests, "nowhere.yaml", "--junit", report)
    assert done.returncode == 1 and "1 test could not be run, 4 files could not be read" in done.stdout
    found = errors_of(report)
    assert set(found) == {f"{tests}/{name}.yaml" for name in texts if name != "good"} | {
        "nowhere.yaml"}
    assert found[f"{tests}/keys.yaml"].startswith("1:1: ")
    assert "No such file" in found["nowhere.yaml"]
    (rules / "wrong.yaml").write_text("rules:\n  - rule: x\n    levels: {info: ratin < 4}\n")
    done = run_ctl("rules", "test", "--rules", rules, tests / "good.yaml", "--junit", report)
    assert done.returncode == 1
    assert list(errors_of(report)) == [f"{rules}/wrong.yaml"]


CONFIG = """\
stores:
  - id: main
    marketplace: ozon
    client_id: "1"
    api_key: {credential: nobody-reads-it}
    calendar: holidays
    overrides: {due-soon: {levels: {warning: remaining <= 2h}}}
calendars:
  holidays: {dates: [2026-01-06]}
overrides: {due-soon: {levels: {critical: remaining <= 0s}}}
"""
DUE = """\
rules:
  - rule: due-soon
    each: complaint
    due: business_days(opened_at, 1)
    levels: {warning: remaining <= 1h}
  - rule: named
    each: complaint
    due: business_days(opened_at, 1, "holidays")
    levels: {warning: remaining <= 0s}
"""
TRIED = """\
tests:
  - test: the configured store has its own limit and calendar
    store: {id: main}
    given: [{at: 0h, complaint: {id: C}}]
    expect:
      - {at: 45h59m59s, rule: due-soon, level: none}
      - {at: 46h, rule: due-soon, level: warning}
      - {at: 48h, rule: due-soon, level: critical}
  - test: another store has what is said for all
    given: [{at: 0h, complaint: {id: C}}]
    expect:
      - {at: 22h59m59s, rule: due-soon, level: none}
      - {at: 23h, rule: due-soon, level: warning}
      - {at: 24h, rule: due-soon, level: critical}
      - {at: 47h59m59s, rule: named, level: none}
      - {at: 48h, rule: named, level: warning}
  - test: a calendar can be given to any store
    store: {calendar: holidays}
    given: [{at: 0h, complaint: {id: C}}]
    expect:
      - {at: 46h59m59s, rule: due-soon, level: none}
      - {at: 47h, rule: due-soon, level: warning}
"""


def test_a_configuration_brings_overrides_and_calendars(tmp_path):
    rules, file, config = tmp_path / "rules", tmp_path / "t.yaml", tmp_path / "shd.yaml"
    rules.mkdir()
    (rules / "due.yaml").write_text(DUE)
    file.write_text(TRIED)
    config.write_text(CONFIG)
    args = ["rules", "test", file, "--rules", rules]
    done = run_ctl(*args, "--config", config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 tests" in done.stdout and "all good" in done.stdout
    done = run_ctl(*args)
    assert done.returncode == 1 and "holidays" in done.stderr, "the calendar is not known"
    file.write_text(TRIED.replace("id: main", "id: man"))
    done = run_ctl(*args, "--config", config)
    assert done.returncode == 1
    assert "t.yaml:3:17: error: no store of the configuration is called `man`" in done.stderr
    assert "did you mean main ?" in done.stderr
    config.write_text(CONFIG.replace("2h}}}", "2}}}"))
    report = tmp_path / "report.xml"
    done = run_ctl(*args, "--config", config, "--junit", report)
    assert done.returncode == 1 and f"{config}:7:" in done.stderr
    assert list(errors_of(report)) == [str(config)]


def test_a_changed_copy_of_the_rules_is_tried(tmp_path):
    rules = tmp_path / "mine"
    rules.mkdir()
    (rules / "ozon.yaml").write_text("rules:\n  - rule: ozon-rating-floor\n    value: rating\n"
                                     "    levels: {critical: value < 4.61}\n")
    file = tmp_path / "tests.yaml"
    file.write_text(GOOD)
    done = run_ctl("rules", "test", "--rules", rules, file, "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["failed"] == 1 and answer["results"][0]["failed"] == 2
    assert answer["results"][0]["expected"] == 2
    (rules / "ozon.yaml").write_text("rules:\n  - rule: x\n    levels: {info: ratin < 4}\n")
    done = run_ctl("rules", "test", "--rules", rules, file)
    assert done.returncode == 1 and "did you mean 'rating'?" in done.stderr


def test_own_rules_stand_beside_the_installed_ones(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.yaml").write_text(
        "rules:\n  - rule: mine\n    inhibited_by: credentials-refused\n"
        "    levels: {info: rating < 4.65}\n")
    file = tmp_path / "tests.yaml"
    file.write_text(GOOD + "      - {at: 1h, rule: mine, level: info}\n")
    args = ("rules", "test", "--rules", rules, file)
    done = run_ctl(*args, STOREHEALTHD_DATA_DIR=str(ROOT / "conf"))
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_an_expectation_counts_once(tmp_path):
    text = GOOD.replace("critical, told: true", "info, told: false, value: 3")
    done = try_rules(tmp_path, text)
    assert "2 expectations: 1 failed (1 expectation)" in done.stdout
    assert done.stderr.count("error: ") == 3
    done = try_rules(tmp_path, text.replace("ozon-rating-floor", "no-such", 1))
    assert "2 expectations: 1 test could not be run" in done.stdout


@pytest.mark.parametrize("text, said", [
    ("tests:\n  - tst: x\n", "did you mean test ?"),
    ("tests: {}\n", "must be a list"),
    ("a: [\n", "error: "),
    ("", "no tests"),
    ("tests: []\n", "no tests"),
])
def test_files_that_are_none(tmp_path, text, said):
    done = try_rules(tmp_path, text)
    assert done.returncode == 1
    assert said in done.stderr, done.stderr


def test_folders_and_files_that_are_not_there(tmp_path):
    for arguments in (["--rules", tmp_path, "x.yaml"], ["--rules", RULES, tmp_path / "none.yaml"],
                      ["--rules", RULES, tmp_path]):
        done = run_ctl("rules", "test", *arguments)
        assert done.returncode == 1 and "error: " in done.stderr, arguments
    assert run_ctl("rules", "test").returncode == 64
    assert "Usage: storehealthctl rules explain RULE" in run_ctl("rules").stderr
    assert "did you mean rules list?" in run_ctl("rules", "lsit").stderr


def pollers(daemon):
    return (daemon.ctl("status") or {"stores": [{"pollers": []}]})["stores"][0]["pollers"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Sandbox(SCENARIO) as sandbox, Daemon(tmp_path_factory.mktemp("rules"), sandbox, CLIENT,
                                              KEY) as running:
        running.start()
        assert wait_for(lambda: {row["state"] for row in pollers(running)} == {"ok"}, 30)
        yield running
        assert running.stop() == 0


def evaluate(daemon, expr, *more):
    return daemon.ctl("rules", "eval", expr, "--store", "shop", *more)


def test_the_list_says_which_stores_a_rule_watches(daemon):
    rules = {rule["id"]: rule for rule in daemon.ctl("rules", "list")["rules"]}
    assert rules["ozon-rating-floor"]["stores_watched"] == ["shop"]
    assert rules["clock-skew"]["stores_watched"] == ["daemon"]
    assert rules["amazon-order-defect-rate"]["stores_watched"] == []
    mine = {rule["id"] for rule in daemon.ctl("rules", "list", "--store", "shop")["rules"]}
    assert "ozon-rating-floor" in mine and "clock-skew" not in mine
    lines = run_ctl("rules", "list", "--socket", daemon.dir / "api.sock").stdout.splitlines()
    assert lines[0].split() == ["RULE", "ABOUT", "STORES", "LEVELS", "SOURCE"]
    assert len(lines) == len(rules) + 1


def test_a_rule_is_explained_with_value_room_and_next_look(daemon):
    answer = daemon.ctl("rules", "explain", "ozon-late-shipments")
    rule, (row,) = answer["rule"], answer["standings"]
    assert rule["reads"]["kinds"] == ["order"] and rule["levels"]["warning"] == "value > 10%"
    assert row["store"] == "shop" and row["judgement"] == "judged"
    assert row["limit"]["text"] == "10 %" and row["sample"]["of"] >= 20
    assert row["next_look"] > answer["now"]
    hit, of = row["sample"]["hit"], row["sample"]["of"]
    more = int(row["room"]["text"])
    assert (hit + more) * 10 > of >= (hit + more - 1) * 10
    text = run_ctl("rules", "explain", "ozon-late-shipments", "--socket",
                   daemon.dir / "api.sock").stdout
    orders = "order" if more == 1 else "orders"
    assert f"{more} more {orders} where " in text
    assert "until warning: value > 10%" in text
    assert row["room_of"]["kind"] == "order" and row["room_of"]["level"] == "warning"
    assert "last 7d" in rule["value"]  # as it was written, not as 1w
    standings = daemon.ctl("rules", "explain", "poller-stale")["standings"]
    assert {row["entity"] for row in standings} >= {"orders", "stock", "reviews"}


def test_an_expression_has_a_type_a_value_or_a_reason(daemon):
    answer = evaluate(daemon, "count(order last 7d) + 0.5")
    assert answer["type"] == "number" and answer["value"]["n"] % 1000000 == 500000
    assert answer["next_change"] > answer["now"]
    assert evaluate(daemon, "rating < 5")["value"]["text"] == "yes"
    answer = evaluate(daemon, "csat * 2")
    assert answer["value"] is None and answer["missing"] == "csat"
    answer = evaluate(daemon, "interval", "--entity", "poller:orders")
    assert answer["type"] == "duration" and answer["value"]["n"] > 0


def test_a_long_expression_is_evaluated_or_refused_by_its_length(daemon):
    answer = evaluate(daemon, 'length("' + "я" * 2000 + '")')
    assert answer["value"]["n"] == 2000 * 1000000
    ctl = run_ctl("rules", "eval", '"' + "я" * 2100 + '"', "--store", "shop", "--socket",
                  daemon.dir / "api.sock")
    assert ctl.returncode == 1
    assert "the expression has 4202 bytes, at most 4096 are allowed" in ctl.stderr


def test_an_unknown_kind_gets_a_suggestion(daemon):
    ctl = run_ctl("rules", "eval", "age", "--entity", "ordr:1", "--store", "shop", "--socket",
                  daemon.dir / "api.sock")
    assert 'there is no kind "ordr", did you mean "order"?' in ctl.stderr


@pytest.mark.parametrize("expr, said", [
    ("rating > 4%", "expression:1:1: error: cannot compare number with ratio"),
    ("ratin", "did you mean 'rating'?"),
    ("rating + (", "expected a value, found the end"),
    ("[1, 2]", "a list is not a single value"),
])
def test_mistakes_of_an_expression_have_a_caret(daemon, expr, said):
    done = run_ctl("rules", "eval", expr, "--store", "shop", "--socket", daemon.dir / "api.sock")
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "^" in done.stderr


def known(daemon, kind, *more):
    return daemon.ctl("entities", kind, *more)["entities"]


def test_what_is_known_can_be_listed_and_shown(daemon):
    orders = known(daemon, "order")
    count = evaluate(daemon, "count(order last 60d where not closed)")["value"]["n"] // 1000000
    assert count > 3 and len(orders) in (count, 100)
    assert len(known(daemon, "order", "--all", "--max", "1000")) > len(orders)
    first = {field["name"]: field for field in orders[0]["fields"]}
    assert first["status"]["written"] in ("awaiting_payment", "awaiting_shipment", "shipped")
    (shown,) = daemon.ctl("show", "order", orders[0]["id"])["entities"]
    for name, field in ((field["name"], field) for field in shown["fields"]):
        assert first.get(name, field)["value"] == field["value"]
    amount = next(field for field in shown["fields"] if field["name"] == "amount")
    entity = f"order:{orders[0]['id']}"
    assert evaluate(daemon, f"amount == {amount['written']}", "--entity", entity)["value"]["n"] == 1
    socket = daemon.dir / "api.sock"
    text = run_ctl("show", "order", orders[0]["id"], "--socket", socket).stdout
    assert ["amount", "money", *amount["value"]["text"].split() * 2] in [
        line.split() for line in text.splitlines()]


def test_a_list_goes_on_where_it_ended(daemon):
    def read_whole():
        return [entity["id"] for entity in known(daemon, "order", "--all", "--max", "1000")]
    before, read, after = read_whole(), [], []
    while True:
        answer = daemon.ctl("entities", "order", "--all", "--max", "7", "--store", "shop", *after)
        read += [entity["id"] for entity in answer["entities"]]
        after = ["--after", read[-1]]
        if not answer["more"]:
            break
    assert read == sorted(set(read))
    assert set(before) <= set(read) <= set(read_whole())  # the shop goes on selling
    text = run_ctl("entities", "order", "--all", "--max", "7", "--socket",
                   daemon.dir / "api.sock").stdout
    assert f"There are more: entities order --store shop --after {read_whole()[6]} --all" in text


@pytest.mark.parametrize("arguments, said", [
    (["entities", "ordr"], 'there is no kind "ordr", did you mean "order"?'),
    (["entities", "order", "--store", "shpo"], 'did you mean "shop"?'),
    (["entities", "order", "--max", "1001"], 'max is "1001", expected 1 to 1000'),
    (["entities", "order", "--after", "x"], "?after= needs ?store="),
    (["show", "order", "none"], 'no store has an order "none"'),
    (["show", "order", "none", "--store", "shop"], 'store "shop" has no order "none"'),
    (["show", "order"], "Usage: storehealthctl show KIND ID"),
])
def test_entities_that_are_not_there(daemon, arguments, said):
    done = run_ctl(*arguments, "--socket", daemon.dir / "api.sock")
    assert done.returncode in (1, 64) and said in done.stderr, done.stderr


def test_the_reference_tells_who_brings_each_value(daemon):
    reference = json.loads(run_ctl("rules", "reference", "--json").stdout)
    for kind in reference["kinds"]:
        fields = {field["name"]: field for field in kind["fields"]}
        for entity in known(daemon, kind["name"], "--all", "--max", "1000"):
            for field in entity["fields"]:
                row = fields[field["name"]]
                assert row["type"] == field["type"]
                assert row["made"] or "ozon" in row["platforms"], (kind["name"], field)
                if row["words"] and field["value"]:
                    assert field["written"] in row["words"]


def test_what_is_not_there_is_said(daemon):
    for arguments, said in (
            (("explain", "ozon-late-shipment"), 'did you mean "ozon-late-shipments"?'),
            (("explain", "clock-skew", "--store", "nowhere"), 'no store "nowhere"'),
            (("eval", "1", "--store", "nowhere"), 'no store "nowhere"'),
            (("eval", "1", "--store", "shop", "--entity", "order:x"), 'no order "x"'),
            (("eval", "1", "--store", "shop", "--entity", "x"), "expected KIND:ID")):
        done = run_ctl("rules", *arguments, "--socket", daemon.dir / "api.sock")
        assert done.returncode == 1 and said in done.stderr, (arguments, done.stderr)
