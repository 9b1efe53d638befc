"""Whatever a marketplace answers is a recorded fact: never a crash, never a false alert,
never a lost one. Each fault strikes a store of its own, all of them in one daemon's life."""
import re
import shutil
import sqlite3
import subprocess

import pytest
from ctl_setup import run_ctl
from daemon_client import ONE_SHOP, Daemon, wait_for
from sandbox_client import ROOT, Sandbox

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"

# Rules about our own sight; every other one is about the business.
OWN = {"poller-stale", "credentials-refused", "feed-lost", "rate-limited", "clock-skew",
       "notifier-failing", "ozon-endpoint-retired", "ozon-account-status"}

# What strikes every request of a store, and the error that its pollers then show; None:
# the answers are odd, but can be read.
FAULTS = {
    "huge": "limit", "deep": "syntax", "malformed": "syntax", "html": "syntax",
    "truncate": "network", "reset": "network", "timeout": "timeout", "drip": "timeout",
    "throttled": "throttled", "circle_open": "throttled", "internal": "server",
    "maintenance": "server", "invalid_key": "credentials", "deactivated": "credentials",
    "numbers_as_text": None, "year_9999": None, "emoji": None, "nulls": None,
    "unknown_words": None,
}
PATIENT = {"circle_open"}  # the facts ask for minutes of patience: not seen to recover here
STORE = """\
  - id: {id}
    marketplace: ozon
    kind: local
    client_id: "{client}"
    api_key: {{{{file: shop.key}}}}
    base_url: http://127.0.0.1:{ozon}
    timezone: Europe/Moscow
    currency: RUB
    timeout: 2s
    poll: {{{{orders: 1s, account: 1s, stock: 5s, reviews: 5s, logistics: 5s, complaints: 5s}}}}
"""
CONFIG = """\
listen: unix:{dir}/api.sock
state: {dir}/state.db
stores:
{stores}
channels:
  hook: {{type: webhook, url: "http://127.0.0.1:{webhook}/hook"}}
routes:
  - to: [hook]
"""


def order_number(store):
    return f"0600-{store:04}-1"


def told_of(sandbox):
    """Store -> [(rule, entity, move)] in order."""
    stores = {}
    for hook in sandbox.received()["webhooks"]:
        for alert in hook["body"]["alerts"]:
            stores.setdefault(alert["store"], []).append(
                (alert["rule"], alert["entity"], alert["move"]))
    return stores


def business(moves):
    return [move for move in moves if move[0] not in OWN]


def pollers(daemon):
    """(store, poller) -> its row of the status."""
    status = daemon.ctl("status")
    return {(store["id"], row["name"]): row for store in (status or {"stores": []})["stores"]
            for row in store["pollers"]}


def error_of(row):
    return row["error"]["kind"] if row["error"] else None


def peak_bytes(daemon):
    text = open(f"/proc/{daemon.process.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1)) * 1024


def add_order(sandbox, number, of="1001", **fields):
    sandbox.admin("/event", {"of": of, "order": {
        "posting_number": number, "sku": 160200301, "quantity": 1, "ship_by": "+20h",
        "deliver_by": "+4d", **fields}})


def all_stores(tmp_path):
    """A scenario with one shop per fault, all alike."""
    text = SHOP.read_text()
    head, shop = text.split("stores:\n")
    shops = [shop.replace('"1001"', f'"{1000 + i}"') for i in range(len(FAULTS))]
    file = tmp_path / "shops.yaml"
    file.write_text(head.replace("webhook:", "# ") + "rate: 1000\nstores:\n" + "".join(shops))
    return file


# --- faults ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def struck(tmp_path_factory):
    """Every store: one open alert, then its fault, meanwhile an order, then the fault's end.
    What was seen at each step."""
    folder = tmp_path_factory.mktemp("faults")
    stores = {fault: (f"s-{fault.replace('_', '-')}", 1000 + i) for i, fault in enumerate(FAULTS)}
    with Sandbox(all_stores(folder)) as sandbox:
        config = CONFIG.replace("{stores}", "".join(
            STORE.format(id=name, client=client, ozon=sandbox.port("ozon"))
            for name, client in stores.values()))
        with Daemon(folder, sandbox, config=config) as daemon:
            daemon.start()
            assert wait_for(lambda: len(rows := pollers(daemon)) == 6 * len(stores) and
                            all(row["last_success"] for row in rows.values()), 60), \
                daemon.log.read_text()
            sandbox.admin("/event", {"of": "all", "rating": {
                "rating": "rating_review_avg_score_total", "value": 4.58}})
            assert wait_for(lambda: len(told_of(sandbox)) == len(stores)), told_of(sandbox)
            seen = {"stores": stores, "before": told_of(sandbox), "peak": peak_bytes(daemon)}
            for fault, (_, client) in stores.items():
                sandbox.admin("/fault", {"do": fault, "store": str(client), "retry_after": 4})
                add_order(sandbox, order_number(client), str(client))
            seen["failing"] = wait_for(lambda: all_fail(daemon, stores), 30)
            seen["rows"] = pollers(daemon)
            seen["during"] = told_of(sandbox)
            seen["growth"] = peak_bytes(daemon) - seen["peak"]
            sandbox.admin("/fault", method="DELETE")
            daemon.process.send_signal(1)  # a key that was refused is tried with the reload
            seen["recovered"] = wait_for(lambda: all_recovered(daemon, stores), 45)
            seen["rows after"] = pollers(daemon)
            wait_for(lambda: all(
                ("ozon-new-order", order_number(client), "new") in told_of(sandbox)[name]
                for fault, (name, client) in stores.items() if fault not in PATIENT), 20)
            seen["after"] = told_of(sandbox)
            seen["open"] = {(alert["store"], alert["rule"])
                            for alert in daemon.ctl("alerts")["alerts"]}
            seen["exit"] = daemon.stop()
            seen["log"] = daemon.log.read_text()
            yield seen


def all_fail(daemon, stores):
    rows = pollers(daemon)
    return all(error_of(rows[name, "orders"]) and error_of(rows[name, "account"])
               for fault, (name, _) in stores.items() if FAULTS[fault])


def all_recovered(daemon, stores):
    rows = pollers(daemon)
    return rows and not any(error_of(row) for (name, _), row in rows.items()
                            if name not in {stores[fault][0] for fault in PATIENT})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_recorded_fact(struck, fault):
    name, _ = struck["stores"][fault]
    rows = {poller: row for (store, poller), row in struck["rows"].items() if store == name}
    errors = {poller: error_of(row) for poller, row in rows.items() if error_of(row)}
    if FAULTS[fault]:
        assert {errors.get("orders"), errors.get("account")} == {FAULTS[fault]}, rows
        assert rows["orders"]["error"]["text"]
    else:
        assert errors == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_neither_fires_nor_resolves(struck, fault):
    name, client = struck["stores"][fault]
    fresh = struck["during"][name][len(struck["before"][name]):]
    assert business(fresh) in ([], [("ozon-new-order", order_number(client), "new")])
    assert struck["before"][name] == [("ozon-rating-floor", "", "new")]
    assert (name, "ozon-rating-floor") in struck["open"]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in PATIENT])
def test_an_order_that_came_in_during_a_fault_is_told_once(struck, fault):
    name, client = struck["stores"][fault]
    moves = business(struck["after"][name])
    assert moves == [("ozon-rating-floor", "", "new"),
                     ("ozon-new-order", order_number(client), "new")]


def test_every_store_recovers_by_itself(struck):
    patient = {struck["stores"][fault][0] for fault in PATIENT}
    assert {key: row["error"] for key, row in struck["rows after"].items()
            if row["error"] and key[0] not in patient} == {}
    assert struck["recovered"]
    assert struck["exit"] == 0


def test_a_gigabyte_does_not_fill_the_memory(struck):
    assert struck["growth"] < 150 << 20


def test_each_fault_of_a_feed_is_said_once_in_the_journal(struck):
    said = re.findall(r'store "(\S+)": (\w+) cannot be read', struck["log"])
    assert said and max(said.count(feed) for feed in said) == 1


# --- one store, one fault after the other -----------------------------------------------------

ONE = ONE_SHOP.replace("{dir}/state.db", "{dir}/db/state.db") + """\
channels:
  hook: {{type: webhook, url: "http://127.0.0.1:{webhook}/hook", secret: {{file: "{dir}/hook.key"}}}}
routes:
  - to: [hook]
overrides:
  clock-skew: {{for: 0s}}
"""
QUICK = "{orders: 1s, account: 1s, stock: 1s, reviews: 1s, logistics: 1m, complaints: 1m}"


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


@pytest.fixture
def daemon(tmp_path, shop):
    (tmp_path / "db").mkdir()
    with Daemon(tmp_path, shop, poll=QUICK, config=ONE) as running:
        yield running


def is_read(daemon):
    rows = pollers(daemon)
    return rows and all(row["last_success"] and not row["error"] for row in rows.values())


def run(daemon):
    daemon.start()
    assert wait_for(lambda: is_read(daemon), 30), daemon.log.read_text()


def polled_again(sandbox, times, path):
    """It was asked for so many times more."""
    def count():
        return sandbox.admin("/requests").get(path, {"requests": 0})["requests"]
    before = count()
    assert wait_for(lambda: count() >= before + times)


def open_entities(daemon, rule):
    return sorted(alert["entity"] for alert in daemon.ctl("alerts")["alerts"]
                  if alert["rule"] == rule)


def news_of(sandbox, number):
    return [move for move in told_of(sandbox).get("shop", [])
            if move == ("ozon-new-order", number, "new")]


def test_empty_answers_are_not_believed(shop, daemon):
    run(daemon)
    for number in range(3):
        shop.admin("/event", {"cancellation": {"cancellation_id": 6010 + number,
                                               "posting_number": f"0132-010{number}-1"}})
    rule, path = "ozon-cancellation-request", "/v2/conditional-cancellation/list"
    assert wait_for(lambda: len(open_entities(daemon, rule)) == 3)
    for slip in range(2):  # a slip now and another one later are no repetition
        shop.admin("/fault", {"do": "empty", "path": path, "times": 1})
        polled_again(shop, 3, path)
        add_order(shop, number := f"0608-000{slip}-1")
        assert wait_for(lambda: news_of(shop, number))
        assert len(open_entities(daemon, rule)) == 3
    shop.admin("/fault", {"do": "empty", "path": path})
    polled_again(shop, 6, path)  # each is asked for by its order; "no such thing" counts in hours
    add_order(shop, number := "0608-0002-1")
    assert wait_for(lambda: news_of(shop, number))
    assert len(open_entities(daemon, rule)) == 3


def test_a_throttled_store_is_not_hammered(shop, daemon):
    run(daemon)
    shop.admin("/reset", {})
    shop.admin("/fault", {"do": "throttled", "to": "7s", "retry_after": 3})
    add_order(shop, "0602-0001-1")
    assert wait_for(lambda: news_of(shop, "0602-0001-1"), 30)
    seen = shop.admin("/requests")
    assert max(path["refused"] for path in seen.values()) <= 3
    assert business(told_of(shop)["shop"]) == [("ozon-new-order", "0602-0001-1", "new")]


def test_a_missing_role_names_what_is_blind_and_the_rest_works(shop, daemon):
    run(daemon)
    shop.admin("/fault", {"do": "missing_role", "path": "/v2/review*"})
    assert wait_for(lambda: error_of(pollers(daemon)["shop", "reviews"]) == "role")
    assert wait_for(lambda: ("credentials-refused", "", "new") in told_of(shop).get("shop", []))
    add_order(shop, "0603-0001-1")
    assert wait_for(lambda: news_of(shop, "0603-0001-1"))
    assert error_of(pollers(daemon)["shop", "orders"]) is None


def test_one_refusal_hides_nothing_and_is_no_verdict(shop, daemon):
    run(daemon)
    path = "/v4/posting/fbs/unfulfilled/list"
    refusals = ("tariff", "no_access", "obsolete", "post_only", "missing_role", "invalid_key",
                "blocked")
    for at, refusal in enumerate(refusals):
        shop.admin("/fault", {"do": refusal, "path": path, "times": 1})
        polled_again(shop, 2, path)
        add_order(shop, number := f"0609-000{at}-1")
        assert wait_for(lambda: news_of(shop, number)), daemon.log.read_text()
    assert set(told_of(shop)) == {"shop"}
    assert told_of(shop)["shop"] == [
        ("ozon-new-order", f"0609-000{at}-1", "new") for at in range(len(refusals))]
    assert daemon.log.read_text().count("fbs_unfulfilled cannot be read: ") == len(refusals)


def test_what_the_tariff_lacks_is_not_available_and_no_alert(tmp_path, daemon):
    scenario = tmp_path / "poor.yaml"
    scenario.write_text(SHOP.read_text().replace("PREMIUM_PLUS", "PREMIUM")
                        .replace("reviews: true", "reviews: false"))
    with Sandbox(scenario) as poor:
        daemon.config.write_text(ONE.format(
            dir=daemon.dir, client="1001", poll=QUICK, ozon=poor.port("ozon"),
            webhook=poor.port("webhook")))
        daemon.start()
        assert wait_for(lambda: (row := pollers(daemon).get(("shop", "reviews"))) and
                        row["not_available"] == row["feeds"], 30), pollers(daemon)
        assert pollers(daemon)["shop", "reviews"]["state"] == "unavailable"
        add_order(poor, "0604-0001-1")
        assert wait_for(lambda: news_of(poor, "0604-0001-1")), daemon.log.read_text()
        assert told_of(poor)["shop"] == [("ozon-new-order", "0604-0001-1", "new")]
        assert "daemon" not in told_of(poor)


def test_a_retired_method_is_said_and_the_rest_works(shop, daemon):
    """One that was never read: there is no reason to doubt it."""
    shop.admin("/fault", {"do": "obsolete", "path": "/v1/rating/history"})
    shop.admin("/fault", {"do": "obsolete", "path": "/v1/rating/summary"})
    daemon.start()
    assert wait_for(lambda: ("ozon-endpoint-retired", "", "new") in told_of(shop).get("shop", []))
    add_order(shop, "0605-0001-1")
    assert wait_for(lambda: news_of(shop, "0605-0001-1"))


def test_clocks_that_differ_are_an_alert_of_the_daemon_and_no_other(shop, daemon):
    shop.admin("/fault", {"do": "skew", "by": "2h"})
    run(daemon)
    assert wait_for(lambda: ("clock-skew", "", "new") in told_of(shop).get("daemon", []), 40)
    add_order(shop, "0606-0001-1")
    assert wait_for(lambda: news_of(shop, "0606-0001-1"))
    assert business(told_of(shop)["shop"]) == [("ozon-new-order", "0606-0001-1", "new")]


def test_a_store_that_is_not_there_is_said(shop, daemon):
    daemon.config.write_text(daemon.config.read_text().replace(
        f":{shop.port('ozon')}", ":1"))
    daemon.start()
    assert wait_for(lambda: (rows := pollers(daemon)) and
                    {error_of(row) for row in rows.values()} == {"network"}, 30), pollers(daemon)
    assert told_of(shop) == {}


# --- the state ---------------------------------------------------------------------------------

def test_a_full_disk_loses_nothing(shop, daemon):
    """A tmpfs that fills up; where mounting is not allowed, there is nothing to see."""
    place = daemon.dir / "db"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place],
                      capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    try:
        run(daemon)
        filling = (place / "filling").open("wb", buffering=0)
        with pytest.raises(OSError):
            while True:
                filling.write(b"x" * 4096)
        orders, told = set(), lambda: {move[1] for move in told_of(shop).get("shop", [])}
        fails = lambda: (text := daemon.log.read_text()).count("nothing can be kept") > \
            text.count("the state can be written again")
        for batch in range(50):  # what the files have room for is still kept
            orders |= (new := {f"0607-{batch:02}{i:02}-1" for i in range(20)})
            for order in sorted(new):
                add_order(shop, order)
            assert wait_for(lambda: fails() or new <= told(), 30), daemon.log.read_text()
            if fails() and not new <= told():  # a result of sending may be what has no room
                break
        else:
            pytest.fail("the disk never was full")
        filling.close()
        (place / "filling").unlink()
        assert wait_for(lambda: told() == orders, 40)
        add_order(shop, last := "0607-9999-1")
        assert wait_for(lambda: news_of(shop, last))
        assert len(business(told_of(shop)["shop"])) == len(orders) + 1
        assert "the state can be written again" in daemon.log.read_text()
        assert daemon.stop() == 0
    finally:
        daemon.kill()
        subprocess.run(["umount", "--lazy", place], check=True)


def refuses(daemon, words):
    daemon.start()
    assert wait_for(lambda: daemon.process.poll() is not None, 20), "it runs"
    assert daemon.process.returncode in (1, 78)
    assert words in daemon.log.read_text(), daemon.log.read_text()


def test_a_state_that_is_no_database_is_refused_and_kept(daemon):
    state = daemon.dir / "db" / "state.db"
    state.write_bytes(b"this is not a database\n" * 400)
    before = state.read_bytes()
    refuses(daemon, "is not a database")
    assert state.read_bytes() == before


def test_a_state_of_a_newer_version_is_refused(daemon):
    with sqlite3.connect(daemon.dir / "db" / "state.db") as db:
        db.execute("PRAGMA application_id = 1399350321")
        db.execute("PRAGMA user_version = 9999")
    refuses(daemon, "was written by a newer storehealthd")


def test_a_state_that_is_cut_off_is_refused_or_read(shop, daemon):
    run(daemon)
    assert daemon.stop() == 0
    state = daemon.dir / "db" / "state.db"
    state.write_bytes(state.read_bytes()[:5000])
    refuses(daemon, "state.db")


def test_a_state_that_cannot_be_written_is_said(daemon):
    daemon.config.write_text(daemon.config.read_text().replace("/db/state.db", "/shop.key/x.db"))
    refuses(daemon, "x.db")


def test_a_second_daemon_on_one_state_is_refused(shop, daemon, tmp_path_factory):
    run(daemon)
    other = tmp_path_factory.mktemp("other")
    with Daemon(other, shop, poll=QUICK, config=ONE.replace("{dir}/db", str(daemon.dir / "db"))) \
            as second:
        refuses(second, "is in use by another storehealthd")
    add_order(shop, "0608-0001-1")
    assert wait_for(lambda: news_of(shop, "0608-0001-1"))
    assert daemon.stop() == 0


# --- the configuration -------------------------------------------------------------------------

def spoil_rule(daemon, text):
    """A rule of the seller's own with a mistake."""
    (daemon.dir / "rules.d").unlink()
    shutil.copytree(ROOT / "conf" / "rules.d", daemon.dir / "rules.d")
    (daemon.dir / "rules.d" / "own.yaml").write_text(
        f"rules:\n  - rule: own\n    stores: marketplace == \"ozon\"\n    value: {text}\n"
        "    levels: {warning: value > 4}\n")


def replaced(old, new):
    def spoil(daemon):
        text = daemon.config.read_text()
        assert old in text
        daemon.config.write_text(text.replace(old, new))
    return spoil


MISTAKES = {
    "unknown key": (replaced("client_id", "clientid"), "did you mean client_id"),
    "wrong type": (replaced("poll: {", "timeout: [30s]\n    poll: {"), "`timeout`"),
    "ratio with number": (lambda daemon: spoil_rule(daemon, "error_index"),
                          "cannot compare ratio with number"),
    "missing credential": (replaced("shop.key", "nothing.key"), "nothing.key"),
    "readable secret": (lambda daemon: (daemon.dir / "shop.key").chmod(0o644), "shop.key"),
    "literal secret": (lambda daemon: daemon.config.write_text(re.sub(
        r"api_key: .*", "api_key: demo-key-in-clear", daemon.config.read_text())), "api_key"),
    "not YAML": (lambda daemon: daemon.config.write_text("stores: [{"), "storehealthd.yaml"),
    "an empty file": (lambda daemon: daemon.config.write_text(""), "no store is configured"),
}


def test_mistakes_are_told_by_check_and_at_a_reload_and_the_old_one_stays(shop, daemon):
    run(daemon)
    good = daemon.config.read_text()
    for name, (spoil, words) in MISTAKES.items():
        began = len(daemon.log.read_text())
        spoil(daemon)
        done = run_ctl("check", daemon.config)
        assert done.returncode == 1 and words in done.stderr, (name, done.stderr)
        assert "demo-key" not in done.stderr + done.stdout, name
        daemon.process.send_signal(1)
        assert wait_for(lambda: "the old one stays" in daemon.log.read_text()[began:]), name
        assert words in daemon.log.read_text()[began:], (name, daemon.log.read_text()[began:])
        assert daemon.ctl("status")["daemon"]["reload_error"], name
        restore(daemon, good)
        daemon.process.send_signal(1)
        assert wait_for(lambda: not daemon.ctl("status")["daemon"]["reload_error"]), name
    add_order(shop, "0609-0001-1")
    assert wait_for(lambda: news_of(shop, "0609-0001-1"))
    assert told_of(shop)["shop"] == [("ozon-new-order", "0609-0001-1", "new")]
    assert {move[0] for move in told_of(shop)["daemon"]} == {"configuration-refused"}
    assert "demo-key" not in daemon.log.read_text()


def restore(daemon, good):
    daemon.config.write_text(good)
    (daemon.dir / "shop.key").chmod(0o600)
    if not (daemon.dir / "rules.d").is_symlink():
        shutil.rmtree(daemon.dir / "rules.d")
        (daemon.dir / "rules.d").symlink_to(ROOT / "conf" / "rules.d")
