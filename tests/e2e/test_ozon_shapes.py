"""What Ozon's specification says of shapes, from the sandbox through the daemon to the people."""
import datetime

import pytest
from daemon_client import Daemon, told, wait_for
from sandbox_client import ROOT, Sandbox

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
MOSCOW = datetime.timezone(datetime.timedelta(hours=3))


@pytest.fixture
def shop():
    with Sandbox(SHOP) as sandbox:
        yield sandbox


def watch(tmp_path, shop):
    daemon = Daemon(tmp_path, shop)
    daemon.start()
    return daemon


def watched(daemon):
    """Every poller of the shop has been read once."""
    return wait_for(lambda: len(daemon.read_pollers()) == 6, 30)


def test_a_demand_in_a_notification_chat_is_told_with_its_date(tmp_path, shop):
    with watch(tmp_path, shop) as daemon:
        assert watched(daemon)
        due = datetime.datetime.now(MOSCOW) + datetime.timedelta(hours=20)
        shop.admin("/event", {"chat": {"chat_id": "n-1", "chat_type": "SELLER_NOTIFICATION_FBS"}})
        shop.admin("/event", {"message": {
            "message_id": "31", "chat_id": "n-1", "from": "notification",
            "text": f"Запрошен возврат: одобрите или откажите до {due:%d.%m.%Y %H:%M}"}})
        assert wait_for(lambda: ("ozon-demand-deadline", "n-1:31", "warning") in told(shop, "new"))
        alert = shop.received()["webhooks"][0]["body"]["alerts"][0]
        assert alert["due"][:16] == due.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M")


def test_a_blocked_warehouse_is_told(tmp_path, shop):
    shop.admin("/event", {"warehouse": {"warehouse_id": 1020005003107121, "status": "blocked"}})
    with watch(tmp_path, shop):
        assert wait_for(lambda: ("ozon-warehouse-blocked", "1020005003107121", "critical")
                        in told(shop, "new"), 30)


def test_an_edit_that_failed_takes_nothing_off_sale(tmp_path, shop):
    shop.admin("/event", {"product": {"sku": 160200302, "title": "Чайник"}})
    with watch(tmp_path, shop) as daemon:
        assert watched(daemon)
        failed = {"status_name": "Продается", "status_failed": "moderated",
                  "status_description": "Не обновлен"}
        shop.admin("/event", {"product": {"sku": 160200301, "statuses": failed, "errors": [
            {"code": "x", "level": "ERROR_LEVEL_ERROR", "texts": {"message": "Хештег"}}]}})
        off = {"status_name": "Не продается", "status_description": "Убран из продажи"}
        shop.admin("/event", {"product": {"sku": 160200302, "statuses": off}})
        assert wait_for(lambda: ("ozon-listing-unlisted", "660200302", "critical")
                        in told(shop, "new"))
        assert ("ozon-listing-unlisted", "660200301", "critical") not in told(shop, "new")


def test_a_shop_without_postings_of_its_own_is_watched(tmp_path, shop):
    shop.admin("/event", {"store": {"fbs": False}})
    with watch(tmp_path, shop) as daemon:
        assert watched(daemon)


def test_many_return_requests_are_read_without_a_last_id(tmp_path, shop):
    shop.admin("/event", {"at": "-40d", "repeat": 230, "every": "4h", "rfbs_return": {
        "return_id": "80001#", "posting_number": "0132-01#-1", "sku": 160200301,
        "group_state": "Delivering"}})
    with watch(tmp_path, shop) as daemon:
        assert watched(daemon)
        said = daemon.ctl("rules", "eval", "count(return last 60d)", "--store", "shop")
        assert said["value"]["n"] == 230 * 1000000, said
