"""Delivery to real peers: aiosmtpd as the mail server, a scripted HTTP server as the
receiver of webhooks. One order is told through every channel at once."""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest
from ctl_setup import run_ctl
from daemon_client import FAST, HOOK_SECRET, ONE_SHOP, Daemon, wait_for
from mail_server import MailServer, make_certificates
from sandbox_client import ROOT, Sandbox

SHOP = ROOT / "tests" / "e2e" / "scenarios" / "shop.yaml"
ORDER = "0700-0001-1"


# --- peers ----------------------------------------------------------------------------------

class Receiver(http.server.ThreadingHTTPServer):
    """Answers each path by its script, the last answer for ever: (status, headers, delay)."""
    daemon_threads = True
    SCRIPTS = {
        "/well": [(200, {}, 0)],
        "/throttled": [(429, {"Retry-After": "3"}, 0), (200, {}, 0)],
        "/failing": [(500, {}, 0), (200, {}, 0)],
        "/gone": [(410, {}, 0)],
        "/slow": [(200, {}, 4), (200, {}, 0)],
        "/moved": [(302, {"Location": "/elsewhere"}, 0), (200, {}, 0)],
    }

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answerer)
        self.seen, self.guard = [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def of(self, path):
        with self.guard:
            return [request for request in self.seen if request["path"] == path]

    def about(self, path, entity):
        return [request for request in self.of(path)
                if any(alert["entity"] == entity for alert in request["body"]["alerts"])]


class Answerer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.guard:
            number = sum(request["path"] == self.path for request in self.server.seen)
            self.server.seen.append({"path": self.path, "at": time.monotonic(), "raw": raw,
                                     "body": json.loads(raw), "headers": dict(self.headers)})
        script = self.server.SCRIPTS.get(self.path, [(404, {}, 0)])
        status, headers, delay = script[min(number, len(script) - 1)]
        time.sleep(delay)  # the slow receiver itself
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass  # it did not wait

    def log_message(self, *_):
        pass


def is_signed(request):
    headers = {name.lower(): value for name, value in request["headers"].items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["raw"]
    key = base64.b64decode(HOOK_SECRET[len("whsec_"):])
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return fresh and headers["webhook-signature"] == wanted


# --- everything at once -----------------------------------------------------------------------

CONFIG = ONE_SHOP + """\
channels: CHANNELS
routes:
  - {{match: 'rule == "notifier-failing"', to: [dead]}}
  - to: ALL
overrides:
  notifier-failing: {{levels: {{critical: value > 2s}}}}
"""


def mail_channel(server, tls, **more):
    return {"type": "email", "host": "127.0.0.1", "port": server.port, "tls": tls,
            "from": "health@example.com", "to": ["owner@example.com"], "language": "ru", **more}


class World:
    """The peers, the shop, and the daemon between them, after one order was told."""

    def __init__(self, folder, stack):
        context = make_certificates(folder)
        login = {"auth_required": True, "auth_require_tls": True, "require_starttls": True,
                 "tls_context": context}
        enter = stack.enter_context
        self.mail = {
            "plain": enter(MailServer(**login, auth_exclude_mechanism=["LOGIN"])),
            "login": enter(MailServer(**login, auth_exclude_mechanism=["PLAIN"])),
            "implicit": enter(MailServer(ssl_context=context)),
            "wrong": enter(MailServer(**login)),
            "untrusted": enter(MailServer(tls_context=context)),
            "clear": enter(MailServer()),
            "grey": enter(MailServer(answers=["451 4.7.1 greylisted", "451 4.7.1 still"])),
            "nobody": enter(MailServer(refused=["owner@example.com"])),
            "two": enter(MailServer()),
            "one-of-two": enter(MailServer(refused=["former@example.com"])),
            "one-full": enter(MailServer(full={"second@example.com": 2})),
        }
        self.receiver = enter(Receiver())
        self.shop = enter(Sandbox(SHOP))
        channels = self.channels(folder)
        names = [name for name in channels]
        text = CONFIG.replace("{", "\0").replace("}", "\1")
        text = text.replace("CHANNELS", json.dumps(channels)).replace("ALL", json.dumps(names))
        for brace, mark in (("{", "\0"), ("}", "\1")):
            text = text.replace(brace, brace * 2).replace(mark, brace)
        self.daemon = enter(Daemon(folder, self.shop, poll=FAST, config=text))
        self.daemon.secret("mail.key8", "пароль 8")
        self.daemon.secret("wrong.key", "nicht der Schlüssel")
        self.daemon.start()
        assert wait_for(self.is_read, 30), self.daemon.log.read_text()

    def channels(self, folder):
        ca = {"ca_file": str(folder / "ca.pem")}
        key = {"username": "health", "password": {"file": str(folder / "mail.key8")}}
        wrong = {**key, "password": {"file": str(folder / "wrong.key")}}
        two = {"to": ["owner@example.com", "second@example.com"]}
        gone = {"to": ["former@example.com", "owner@example.com"]}
        mail = self.mail
        made = {
            "well": self.hook("/well"),
            "dead": {"type": "webhook", "url": "http://127.0.0.1:1/"},
            "plain": mail_channel(mail["plain"], "starttls", **ca, **key),
            "login": mail_channel(mail["login"], "starttls", **ca, **key),
            "implicit": mail_channel(mail["implicit"], "tls", **ca),
            "wrong": mail_channel(mail["wrong"], "starttls", **ca, **wrong),
            "untrusted": mail_channel(mail["untrusted"], "starttls"),
            "clear": mail_channel(mail["clear"], "starttls", **ca),
            "grey": mail_channel(mail["grey"], "none"),
            "nobody": mail_channel(mail["nobody"], "none"),
            "two": mail_channel(mail["two"], "none", **two),
            "one-of-two": mail_channel(mail["one-of-two"], "none", **gone),
            "one-full": mail_channel(mail["one-full"], "none", **two),
        }
        for path in ("throttled", "failing", "gone", "slow", "moved"):
            made[path] = self.hook("/" + path)
        for channel in made.values():
            if "secret" in channel:
                channel["secret"] = {"file": str(folder / "hook.key")}
        return made

    def hook(self, path):
        port = self.receiver.server_address[1]
        return {"type": "webhook", "url": f"http://127.0.0.1:{port}{path}", "timeout": "1s",
                "secret": None}

    def is_read(self):
        status = self.daemon.ctl("status")
        return status and all(row["last_success"] for row in status["stores"][0]["pollers"])

    def rating(self, value):
        self.shop.admin("/event", {"rating": {
            "rating": "rating_review_avg_score_total", "value": value}})

    def tell_of_later_order(self, number):
        """Adds an order and waits until a receiver that works was told of it."""
        self.shop.admin("/event", {"order": {
            "posting_number": number, "sku": 160200301, "quantity": 1, "ship_by": "+20h"}})
        assert wait_for(lambda: self.receiver.about("/well", number), 30)

    def attempts(self, channel, entity=ORDER):
        """What the daemon kept about the attempts to tell of the order."""
        alerts = [alert for alert in self.daemon.ctl("alerts")["alerts"]
                  if alert["entity"] == entity and alert["rule"] == "ozon-new-order"]
        if not alerts:
            return []
        rows = self.daemon.ctl("explain", str(alerts[0]["number"]))["deliveries"]
        return [row for row in rows if row["channel"] == channel]

    def succeeded(self, channel):
        return wait_for(lambda: [row for row in self.attempts(channel) if row["ok"]], 30)

    def failed(self, channel, count=1):
        return wait_for(lambda: len(rows := [row for row in self.attempts(channel)
                                             if not row["ok"]]) >= count and rows)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    import contextlib
    with contextlib.ExitStack() as stack:
        running = World(tmp_path_factory.mktemp("delivery"), stack)
        running.shop.admin("/event", {"order": {
            "posting_number": ORDER, "sku": 160200301, "quantity": 1, "ship_by": "+20h"}})
        yield running
        assert running.daemon.stop() == 0
        log = running.daemon.log.read_text()
        assert "пароль" not in log and HOOK_SECRET[6:] not in log


# --- mail -----------------------------------------------------------------------------------

@pytest.mark.parametrize("server, mechanism", [("plain", "PLAIN"), ("login", "LOGIN")])
def test_starttls_and_a_password(world, server, mechanism):
    assert world.succeeded(server)
    peer = world.mail[server]
    assert peer.logins and set(peer.logins) == {(mechanism, True)}
    assert all(encrypted for _, encrypted in peer.mails)


def test_implicit_tls(world):
    assert world.succeeded("implicit")
    assert world.mail["implicit"].mails


def test_the_number_in_the_servers_queue_is_kept_and_said(world):
    [attempt] = world.succeeded("two")
    words, number = attempt["answer"].rsplit(" ", 1)
    assert words == "2.0.0 Ok: queued as" and number.startswith("4F1A")
    assert wait_for(lambda: f" as {number}: " in world.daemon.log.read_text())


def test_a_wrong_password_is_said_and_may_be_mended(world):
    attempt = world.failed("wrong", 2)[0]
    assert attempt["status"] == 535 and "535" in attempt["error"], attempt
    assert world.mail["wrong"].mails == []


def test_a_certificate_of_nobody_is_refused(world):
    attempt = world.failed("untrusted")[0]
    assert "certificate" in attempt["error"]
    assert world.mail["untrusted"].mail_commands == 0


def test_a_mail_that_needs_starttls_never_goes_in_the_clear(world):
    assert world.failed("clear")
    assert world.mail["clear"].mail_commands == 0


def test_greylisting_is_waited_out_with_the_same_mail(world):
    assert world.succeeded("grey")
    server = world.mail["grey"]
    tries = [email.message_from_bytes(data)["Message-ID"] for data in server.data_tries
             if ORDER.encode() in data or ORDER.encode() in decoded(data)]
    assert len(tries) == 3 and len(set(tries)) == 1
    assert [row["status"] for row in world.attempts("grey")].count(451) == 2


def decoded(data):
    mail = email.message_from_bytes(data, policy=email.policy.default)
    return mail.get_body(("plain",)).get_content().encode()


def test_an_unknown_recipient_is_final(world):
    [attempt] = world.failed("nobody")
    assert attempt["status"] == 550 and attempt["answer"] == "5.1.1 no such mailbox"


def test_two_recipients_get_one_mail(world):
    assert world.succeeded("two")
    [envelope] = [envelope for envelope, _ in world.mail["two"].mails
                  if ORDER.encode() in decoded(envelope.content)]
    assert envelope.rcpt_tos == ["owner@example.com", "second@example.com"]


def test_one_unknown_recipient_does_not_keep_the_mail_from_the_other(world):
    assert world.succeeded("one-of-two")
    [envelope] = [envelope for envelope, _ in world.mail["one-of-two"].mails
                  if ORDER.encode() in decoded(envelope.content)]
    assert envelope.rcpt_tos == ["owner@example.com"]
    [attempt] = world.attempts("one-of-two")  # that is no plain success, and says so
    assert "former@example.com" in attempt["error"] and "no such mailbox" in attempt["error"]


def test_a_full_mailbox_is_tried_again_alone(world):
    assert world.succeeded("one-full")
    mails = [envelope for envelope, _ in world.mail["one-full"].mails
             if ORDER.encode() in decoded(envelope.content)]
    assert [mail.rcpt_tos for mail in mails] == [["owner@example.com"], ["second@example.com"]]
    first = world.attempts("one-full")[0]
    assert not first["ok"] and "second@example.com" in first["error"] and "mailbox full" in first["error"]


def test_odd_titles_survive_the_way(world):
    title = ". точка 🔥 " + "длинное название " * 30
    world.shop.admin("/event", {"rating": {
        "rating": "rating_odd", "name": title, "group": "x", "value": 3.1,
        "warning_threshold": 4.5, "danger_threshold": 4.0}})
    server = world.mail["plain"]
    found = wait_for(lambda: [mail for mail in server.parsed()
                              if ". точка 🔥 длинное" in mail.get_body(("plain",)).get_content()])
    assert found
    raw = [envelope.content for envelope, _ in server.mails]
    assert all(len(line) <= 998 for data in raw for line in data.split(b"\r\n"))


def test_the_mails_of_an_alert_are_one_thread(world):
    server = world.mail["plain"]

    def mails():
        return [mail for mail in server.parsed() if "Падает рейтинг товаров" in mail["Subject"]]
    for value, count in ((4.72, 1), (4.51, 2), (4.9, 3)):
        world.rating(value)
        assert wait_for(lambda: len(mails()) >= count), [mail["Subject"] for mail in server.parsed()]
    assert len({mail["Message-ID"] for mail in mails()}) == 3
    assert len({mail["References"] for mail in mails()}) == 1 and mails()[0]["References"]


# --- webhooks ---------------------------------------------------------------------------------

@pytest.mark.parametrize("path, wait", [("/throttled", 3), ("/failing", 1), ("/slow", 1),
                                        ("/moved", 1)])
def test_a_failed_webhook_comes_again_under_its_id_and_signed(world, path, wait):
    assert world.succeeded(path[1:])
    first, second = world.receiver.about(path, ORDER)[:2]
    assert second["at"] - first["at"] >= wait - 0.05
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"] == first["body"]["id"]
    assert is_signed(first) and is_signed(second)
    assert second["headers"]["webhook-timestamp"] > first["headers"]["webhook-timestamp"]


def test_a_redirect_is_not_followed(world):
    assert world.succeeded("moved")
    world.tell_of_later_order("0801-0003-1")
    assert world.receiver.of("/elsewhere") == []


def test_a_receiver_that_is_gone_is_given_up(world):
    [attempt] = world.failed("gone")
    assert attempt["status"] == 410
    world.tell_of_later_order("0801-0002-1")
    assert len(world.receiver.about("/gone", ORDER)) == 1


def test_what_has_not_arrived_is_explained(world):
    assert world.failed("gone") and world.failed("untrusted")
    number = next(alert["number"] for alert in world.daemon.ctl("alerts")["alerts"]
                  if alert["entity"] == ORDER and alert["rule"] == "ozon-new-order")
    answer = world.daemon.ctl("explain", str(number))
    unsent = {row["channel"]: row for row in answer["unsent"]}
    assert unsent["gone"]["state"] == "dead" and not unsent["gone"]["next_try"]
    assert unsent["gone"]["attempts"] == 1 and "410" in unsent["gone"]["error"]
    retried = unsent["untrusted"]
    assert retried["state"] == "waiting" and retried["next_try"] and retried["attempts"] >= 1
    assert "certificate" in retried["error"]
    assert "well" not in unsent
    text = run_ctl("explain", number, "--socket", world.daemon.dir / "api.sock").stdout
    rows = text[text.index("What has not arrived"):].splitlines()
    assert any(row.startswith("gone ") and "given up" in row for row in rows)


def test_a_dead_channel_is_told_through_another_one(world):
    assert wait_for(lambda: [
        alert for request in world.receiver.of("/well") for alert in request["body"]["alerts"]
        if alert["rule"] == "notifier-failing" and alert["entity"] == "dead"])


def test_two_hundred_orders_at_once_are_all_told(world):
    world.shop.admin("/event", {"repeat": 200, "every": "0s", "order": {
        "posting_number": "0800-#-1", "sku": 160200301, "quantity": 1, "ship_by": "+20h"}})

    def batches():
        return [request for request in world.receiver.of("/well")
                if any(alert["entity"].startswith("0800-") for alert in request["body"]["alerts"])]

    def orders():
        return [alert["entity"] for request in batches() for alert in request["body"]["alerts"]]
    assert wait_for(lambda: len(set(orders())) == 200), len(set(orders()))
    world.tell_of_later_order("0801-0001-1")
    assert len(orders()) == 200
    assert all(request["body"]["total"] == len(request["body"]["alerts"]) <= 50
               for request in batches())
    assert len({request["headers"]["webhook-id"] for request in batches()}) == len(batches())
