"""Messages that wait while the channels change: each still goes by the channel that it was
meant for, whatever stands in front of it now."""
import http.server
import json
import threading

import pytest
from daemon_client import ONE_SHOP, Daemon, wait_for
from sandbox_client import ROOT, Sandbox

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
ORDER = "0900-0001-1"
ROUTES = """\
routes:
  - {match: 'rule == "ozon-new-order"', to: [orders]}
  - {match: 'rule in ["ozon-rating-floor", "ozon-rating-thresholds"]', to: [ratings]}
  - to: [rest]
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Refuses everything until it is `open`, with 503 or with the words that a 200 `says`."""
    daemon_threads, says = True, None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answerer)
        self.seen, self.guard, self.open = [], threading.Lock(), False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def rules(self, path):
        with self.guard:
            return {rule for seen, _, rule, _ in self.seen if seen == path}

    def keys(self, path, accepted=False):
        with self.guard:
            return {key for seen, ok, _, key in self.seen if seen == path and ok >= accepted}


class Answerer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.guard:
            ok = self.server.open
            self.server.seen += [(self.path, ok, alert["rule"], body["id"])
                                 for alert in body["alerts"]]
        says = b"" if ok or not self.server.says else self.server.says.encode()
        self.send_response(200 if ok or says else 503)
        self.send_header("Content-Length", str(len(says)))
        self.end_headers()
        self.wfile.write(says)

    def log_message(self, *_):
        pass


def channels(receiver, *names):
    port = receiver.server_address[1]
    return "channels:\n" + "".join(
        f'  {name}: {{type: webhook, url: "http://127.0.0.1:{port}/{name}"}}\n' for name in names)


def take_up(daemon, how):
    """The configuration that was just written."""
    if how == "reload":
        daemon.reload()
        assert wait_for(lambda: "a new configuration is in force" in daemon.log.read_text())
    else:
        daemon.kill()
        daemon.start()


@pytest.mark.parametrize("how", ["reload", "kill"])
def test_what_waits_goes_by_its_own_channel(tmp_path, how):
    with Receiver() as receiver, Sandbox(SHOP) as shop, \
            Daemon(tmp_path, shop, config=ONE_SHOP) as daemon:
        store = daemon.config.read_text()
        daemon.config.write_text(store + channels(receiver, "orders", "ratings", "rest") + ROUTES)
        daemon.start()
        assert wait_for(lambda: len(daemon.read_pollers()) == 6, 30), daemon.log.read_text()
        shop.admin("/event", {"order": {
            "posting_number": ORDER, "sku": 160200301, "quantity": 1, "ship_by": "+20h"}})
        shop.admin("/event", {"rating": {
            "rating": "rating_review_avg_score_total", "value": 4.51}})
        assert wait_for(lambda: receiver.keys("/orders") and receiver.keys("/ratings"), 30), \
            daemon.log.read_text()
        keys = {path: receiver.keys(path) for path in ("/orders", "/ratings")}

        daemon.config.write_text(
            store + channels(receiver, "front", "rest", "ratings", "orders") + ROUTES)
        take_up(daemon, how)
        receiver.open = True
        for path in keys:  # each under its own key
            assert wait_for(lambda: keys[path] <= receiver.keys(path, accepted=True), 30), \
                daemon.log.read_text()
        assert receiver.rules("/orders") == {"ozon-new-order"}
        assert receiver.rules("/ratings") <= {"ozon-rating-floor", "ozon-rating-thresholds"}
        assert not receiver.keys("/front")


@pytest.mark.parametrize("says", ['{"errcode":40008,"errmsg":"invalid message type"}',
                                  '{"code":19002,"msg":"params error, msg_type need"}',
                                  '{"ok":false,"error_code":400,"description":"chat not found"}'])
def test_a_200_that_says_no_is_no_delivery(tmp_path, says):
    """As the robots of messengers answer to a body that they do not know."""
    words = list(json.loads(says).values())[-1]
    with Receiver() as receiver, Sandbox(SHOP) as shop, Daemon(tmp_path, shop, config=ONE_SHOP) as daemon:
        receiver.says = says
        daemon.config.write_text(daemon.config.read_text() + channels(receiver, "robot") + "routes:\n  - to: [robot]\n")
        daemon.start()
        assert wait_for(lambda: len(daemon.read_pollers()) == 6, 30), daemon.log.read_text()
        shop.admin("/event", {"order": {"posting_number": ORDER, "sku": 160200301, "quantity": 1, "ship_by": "+20h"}})
        assert wait_for(lambda: receiver.keys("/robot"), 30), daemon.log.read_text()

        def robot():
            return next(channel for channel in daemon.ctl("status", check=False)["channels"] if channel["name"] == "robot")
        assert wait_for(lambda: robot()["state"] == "failing", 10)
        assert words in robot()["error"]["text"] and robot()["waiting"] and not robot()["last_success"]
        receiver.open = True
        assert wait_for(lambda: receiver.keys("/robot") == receiver.keys("/robot", accepted=True), 30)
        assert wait_for(lambda: robot()["state"] == "ok", 10)
