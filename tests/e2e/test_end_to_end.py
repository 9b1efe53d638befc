"""The real binaries together: a scenario goes in, mails and webhooks come out."""
import shutil

import pytest
from daemon_client import Daemon, tell_of_later_order, told, wait_for
from sandbox_client import ROOT, Sandbox, reflowed

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


@pytest.fixture
def daemon(tmp_path, shop):
    with Daemon(tmp_path, shop) as running:
        running.start()
        assert watched(running), running.log.read_text()
        yield running


def watched(daemon):
    """Every poller of the shop has been read once."""
    return wait_for(lambda: len(daemon.read_pollers()) == 6, 30)


def order(number, **fields):
    return {"order": {"posting_number": number, "sku": 160200301, "quantity": 1,
                      "ship_by": "+20h", "deliver_by": "+4d", **fields}}


def test_a_quiet_shop_tells_nobody(shop, daemon):
    tell_of_later_order(shop, "0300-0009-1")
    assert told(shop) == [("ozon-new-order", "0300-0009-1", "info")]
    assert daemon.stop() == 0


def test_a_new_order_reaches_the_webhook_with_a_good_signature(shop, daemon):
    shop.admin("/event", order("0300-0001-1"))
    assert wait_for(lambda: ("ozon-new-order", "0300-0001-1", "info") in told(shop, "new"))
    hooks = shop.received()["webhooks"]
    assert {hook["signature"] for hook in hooks} == {"ok"}
    assert all(hook["body"]["id"] == hook["id"] for hook in hooks)


def test_a_bad_review_reaches_mail_and_webhook_as_data(shop, daemon):
    shop.admin("/event", {"review": {"id": "017c0d1c-66d3-b838-3d29-cf9b95a6ac99", "sku": "160200301",
                                     "rating": 1, "text": "Потёк 😡\r\nBcc: x@example.com"}})
    assert wait_for(lambda: shop.received()["mails"])
    got = shop.received()
    assert told(shop, "new") == [
        ("ozon-negative-review", "017c0d1c-66d3-b838-3d29-cf9b95a6ac99", "critical")]
    alert = got["webhooks"][0]["body"]["alerts"][0]
    assert (alert["value"]["value"], alert["limit"]["value"]) == (1, 2)
    mail = got["mails"][0]
    assert mail["to"] == ["owner@example.com"]
    assert "Плохой отзыв" in mail["headers"]["Subject"]
    assert "Bcc" not in mail["headers"]


def test_a_deadline_fires_between_two_polls_at_its_instant(shop, daemon):
    shop.admin("/event", order("0300-0002-1", ship_by="+3s"))
    assert wait_for(lambda: ("ozon-ship-deadline", "0300-0002-1", "breached") in told(shop))
    alerts = [alert for hook in shop.received()["webhooks"] for alert in hook["body"]["alerts"]
              if alert["rule"] == "ozon-ship-deadline" and alert["level"] == "breached"]
    assert alerts[0]["at"] == alerts[0]["due"] or alerts[0]["at"][:19] == alerts[0]["due"][:19]


def test_what_is_over_is_told_to_those_who_knew(shop, daemon):
    shop.admin("/event", {"rating": {"rating": "rating_review_avg_score_total", "value": 4.58}})
    assert wait_for(lambda: ("ozon-rating-floor", "", "critical") in told(shop, "new"))
    shop.admin("/event", {"rating": {"rating": "rating_review_avg_score_total", "value": 4.85}})
    assert wait_for(lambda: [item[0] for item in told(shop, "resolved")] == ["ozon-rating-floor"])


def state_of(daemon, name):
    return next(poller["state"] for poller in daemon.ctl("status")["stores"][0]["pollers"]
                if poller["name"] == name)


@pytest.mark.parametrize("state", ["invalid_key", "deactivated", "blocked"])
def test_a_refused_key_resolves_nothing_and_is_said(shop, daemon, state):
    shop.admin("/event", {"rating": {"rating": "rating_review_avg_score_total", "value": 4.58}})
    assert wait_for(lambda: told(shop, "new"))
    shop.admin("/event", {"store": {"state": state}})
    wanted = "ozon-account-status" if state == "blocked" else "credentials-refused"
    assert wait_for(lambda: (wanted, "", "critical") in told(shop, "new"))
    assert wait_for(lambda: state_of(daemon, "account") == "failing")  # which reads the rating
    assert told(shop, "resolved") == []
    open_rules = {alert["rule"] for alert in daemon.ctl("alerts")["alerts"]}
    assert "ozon-rating-floor" in open_rules


def test_a_message_survives_a_receiver_that_is_down(shop, daemon):
    assert shop.admin("/fault", {"do": "internal", "path": "webhook/*", "times": 2}) == {"ok": True}
    shop.admin("/event", order("0300-0003-1"))
    assert wait_for(lambda: ("ozon-new-order", "0300-0003-1", "info") in told(shop, "new"), 30)


def test_ctl_explains_an_alert(shop, daemon):
    shop.admin("/event", order("0300-0004-1"))
    assert wait_for(lambda: told(shop, "new"))
    alerts = daemon.ctl("alerts")["alerts"]
    explained = daemon.ctl("explain", str(alerts[0]["number"]))
    assert explained["rule"]["id"] == alerts[0]["rule"]
    assert wait_for(lambda: daemon.ctl("explain", str(alerts[0]["number"]))["deliveries"])


def test_a_wrong_configuration_is_refused_and_the_old_one_stays(shop, daemon):
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("client_id", "clientid"))
    daemon.process.send_signal(1)
    assert wait_for(lambda: "clientid" in daemon.log.read_text())
    shop.admin("/event", order("0300-0005-1"))
    assert wait_for(lambda: told(shop, "new"))
    assert daemon.process.poll() is None


def test_broken_rules_are_told_until_they_are_mended(shop, daemon):
    wrong = daemon.dir / "rules.d"
    wrong.unlink()
    shutil.copytree(ROOT / "conf" / "rules.d", wrong)
    ozon = wrong / "ozon.yaml"
    good = ozon.read_text()
    ozon.write_text(good.replace("value < 4.7\n", "valeu < 4.7\n"))
    daemon.process.send_signal(1)
    assert wait_for(lambda: ("configuration-refused", "", "critical") in told(shop, "new"))
    alert = next(alert for hook in shop.received()["webhooks"] for alert in hook["body"]["alerts"]
                 if alert["rule"] == "configuration-refused")
    line = 1 + ozon.read_text().split("valeu")[0].count("\n")
    assert f"rules.d/ozon.yaml:{line}: unknown name 'valeu'" in alert["value"]["value"]
    mail = wait_for(lambda: shop.received()["mails"])[0]
    assert f"ozon.yaml:{line}: unknown name" in reflowed(mail["text"])
    ozon.write_text(good)
    daemon.process.send_signal(1)
    assert wait_for(lambda: "configuration-refused" in [item[0] for item in told(shop, "resolved")])


def test_a_restart_with_good_rules_ends_the_alert_of_broken_ones(shop, daemon):
    good = daemon.config.read_text()
    daemon.config.write_text("lissten: x\n" + good)
    daemon.process.send_signal(1)
    assert wait_for(lambda: ("configuration-refused", "", "critical") in told(shop, "new"))
    assert daemon.stop() == 0
    daemon.config.write_text(good)
    daemon.start()
    assert wait_for(lambda: "configuration-refused" in [item[0] for item in told(shop, "resolved")])


def test_a_restart_tells_nothing_twice(shop, daemon):
    shop.admin("/event", order("0300-0006-1"))
    assert wait_for(lambda: told(shop, "new"))
    assert daemon.stop() == 0
    daemon.start()
    assert watched(daemon)
    shop.admin("/event", order("0300-0007-1"))
    assert wait_for(lambda: ("ozon-new-order", "0300-0007-1", "info") in told(shop, "new"))
    assert sorted(item[1] for item in told(shop, "new")) == ["0300-0006-1", "0300-0007-1"]


def test_no_secret_is_ever_printed(shop, daemon):
    shop.admin("/event", {"store": {"state": "invalid_key"}})
    assert wait_for(lambda: told(shop, "new"))
    seen = daemon.log.read_text() + str(daemon.ctl("status"))
    assert "demo-key" not in seen and "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in seen
