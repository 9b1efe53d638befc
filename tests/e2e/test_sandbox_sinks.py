"""The sandbox's mail server and webhook receiver keep what they are given, as data."""
import base64
import email.message
import hashlib
import hmac
import json
import smtplib
import subprocess
import time

import pytest

from sandbox_client import ROOT, Sandbox, find_binary

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def running():
    with Sandbox(ROOT / "tests" / "e2e" / "sandbox_store.yaml") as sandbox:
        yield sandbox
        assert sandbox.stop() == 0


@pytest.fixture
def sandbox(running):
    running.admin("/reset", {})
    yield running
    running.admin("/reset", {})


@pytest.fixture
def smtp(sandbox):
    client = smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=10)
    client.login("health", "s3cret")
    yield client
    client.close()


def make_mail(text="Заказ ждёт.\n.точка в начале\n..две точки\n", html="<p>Заказ ждёт 🚚</p>"):
    mail = email.message.EmailMessage()
    mail["Subject"] = "[КРИТИЧНО] Чехол: рейтинг 4,58 ниже 4,60 🔥 и ещё очень много слов, чтобы перенести строку"
    mail["From"] = "Здоровье магазина <health@example.com>"
    mail["To"] = "owner@example.com"
    mail["Message-ID"] = "<1@example.com>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


# --- mail --------------------------------------------------------------------------

def test_a_mail_is_kept_as_headers_text_and_html(sandbox, smtp):
    smtp.send_message(make_mail(), "health@example.com", ["owner@example.com", "b@example.com"])
    smtp.quit()
    [mail] = sandbox.received()["mails"]
    assert mail["from"] == "health@example.com"
    assert mail["to"] == ["owner@example.com", "b@example.com"]
    assert mail["headers"]["Subject"] == make_mail()["Subject"]
    assert mail["headers"]["From"] == "Здоровье магазина <health@example.com>"
    assert mail["text"].replace("\r\n", "\n").strip() == "Заказ ждёт.\n.точка в начале\n..две точки"
    assert mail["html"].strip() == "<p>Заказ ждёт 🚚</p>"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_transfer_encodings_and_dot_stuffing(sandbox, smtp, encoding):
    mail = email.message.EmailMessage()
    mail["Subject"] = "=?utf-8?Q?=D0=9E=D0=B4=D0=B8=D0=BD_=3D?= =?utf-8?B?INC00LLQsA==?="
    text = ".\nпервая = строка\n.\n" + "длинная " * 60 + "\n"
    mail.set_content(text, cte=encoding)
    raw = mail.as_bytes().replace(b"\n", b"\r\n") if encoding == "8bit" else mail.as_bytes()
    smtp.sendmail("a@example.com", ["b@example.com"], raw)
    [kept] = sandbox.received()["mails"]
    assert kept["text"].replace("\r\n", "\n").strip("\n") == text.strip("\n")
    assert kept["html"] is None


def test_encoded_words_are_joined_and_headers_unfolded(sandbox, smtp):
    smtp.sendmail("a@example.com", ["b@example.com"],
                  "Subject: =?utf-8?Q?=D0=9E=D0=B4=D0=B8=D0=BD_=3D?=\r\n =?utf-8?B?INC00LLQsA==?= end\r\n"
                  "X-A: 1\r\nX-A: 2\r\n\r\nhi\r\n")
    headers = sandbox.received()["mails"][0]["headers"]
    assert headers["Subject"] == "Один = два end" and headers["X-A"] == ["1", "2"]


def test_login_and_plain_are_accepted_and_needed(sandbox):
    with smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=10) as client:
        client.ehlo()
        assert client.mail("a@example.com")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("health", "wrong")
        for mechanism in (client.auth_login, client.auth_plain):
            client.user, client.password = "health", "s3cret"
            assert client.auth(mechanism.__name__[5:].upper(), mechanism)[0] == 235
        assert client.mail("a@example.com")[0] == 250


def test_commands_out_of_order_and_unknown_ones(sandbox, smtp):
    assert smtp.rcpt("a@example.com")[0] == 503
    assert smtp.docmd("DATA")[0] == 503
    assert smtp.docmd("EXPN x")[0] == 500
    assert smtp.docmd("MAIL nothing")[0] == 501
    assert smtp.noop()[0] == 250 and smtp.rset()[0] == 250
    assert smtp.quit()[0] == 221


def test_more_than_10_mb_is_refused(sandbox, smtp):
    assert smtp.docmd("MAIL FROM:<a@example.com> SIZE=10485761")[0] == 552
    smtp.mail("a@example.com")
    smtp.rcpt("b@example.com")
    code, _ = smtp.data(b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 900000)
    assert code == 552 and sandbox.received()["mails"] == []
    smtp.mail("a@example.com")
    smtp.rcpt("b@example.com")
    assert smtp.data(b"Subject: small\r\n\r\nx\r\n")[0] == 250


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("name, code", [("temporary", 451), ("permanent", 550)])
def test_mail_fails_on_purpose(sandbox, smtp, stage, name, code):
    assert sandbox.admin("/fault", {"do": name, "path": f"smtp/{stage}", "times": 1})["ok"]
    with pytest.raises(smtplib.SMTPException) as caught:
        smtp.send_message(make_mail())
    assert str(code) in repr(caught.value)
    assert sandbox.received()["mails"] == []
    smtp.send_message(make_mail())
    assert len(sandbox.received()["mails"]) == 1


def test_a_mail_session_is_dropped_on_purpose(sandbox, smtp):
    sandbox.admin("/fault", {"do": "reset", "path": "smtp/data", "times": 1})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(make_mail())
    sandbox.admin("/fault", {"do": "temporary", "path": "smtp/connect", "times": 1})
    with pytest.raises(smtplib.SMTPConnectError):
        smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=10)


# --- webhooks -----------------------------------------------------------------------

def sign(identity, timestamp, body):
    key = base64.b64decode(SECRET[len("whsec_"):])
    content = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def hook(sandbox, identity="evt_1", body=b'{"type":"rating.below"}', signature=None, age=0):
    timestamp = str(int(time.time()) - age)
    headers = {"Content-Type": "application/json", "webhook-id": identity,
               "webhook-timestamp": timestamp,
               "webhook-signature": signature or sign(identity, timestamp, body)}
    return sandbox.send("webhook", "POST", "/hooks/a", body, headers)


def test_a_signed_webhook_is_accepted_and_kept(sandbox):
    body = '{"type":"rating.below","data":{"name":"Чехол"}}'.encode()
    assert hook(sandbox, body=body).status == 204
    [kept] = sandbox.received()["webhooks"]
    assert (kept["signature"], kept["accepted"], kept["delivery"]) == ("ok", True, 1)
    assert kept["body"]["data"]["name"] == "Чехол" and kept["path"] == "/hooks/a"


def test_a_rotated_secret_may_sign_twice(sandbox):
    body, now = b"{}", str(int(time.time()))
    both = "v1,AAAA " + sign("evt_2", now, body)
    assert hook(sandbox, "evt_2", body, both).status == 204


def test_a_wrong_or_old_signature_is_401(sandbox):
    assert hook(sandbox, signature="v1,AAAA").status == 401
    assert hook(sandbox, age=900).status == 401
    assert sandbox.send("webhook", "POST", "/", b"{}").status == 401
    assert [w["signature"] for w in sandbox.received()["webhooks"]] == [
        "wrong", "timestamp too far away", "missing headers"]


def test_the_same_id_again_is_counted(sandbox):
    for _ in range(3):
        hook(sandbox, "evt_7")
    assert [w["delivery"] for w in sandbox.received()["webhooks"]] == [1, 2, 3]


@pytest.mark.parametrize("name, status", [("internal", 500), ("throttled", 429), ("gone", 410),
                                          ("maintenance", 503)])
def test_webhooks_fail_on_purpose(sandbox, name, status):
    sandbox.admin("/fault", {"do": name, "path": "webhook/*", "retry_after": 3, "times": 1})
    answer = hook(sandbox)
    assert answer.status == status and answer.headers["retry-after"] == "3"
    [kept] = sandbox.received()["webhooks"]
    assert (kept["accepted"], kept["answered"]) == (False, status)
    assert hook(sandbox).status == 204


def test_webhooks_can_be_slow_or_never_answer(sandbox):
    sandbox.admin("/fault", {"do": "slow", "by": "500ms", "path": "webhook/*", "times": 1})
    began = time.monotonic()
    assert hook(sandbox).status == 204 and time.monotonic() - began >= 0.49
    sandbox.admin("/fault", {"do": "reset", "path": "webhook/*", "times": 1})
    with pytest.raises(ConnectionResetError):
        hook(sandbox)


def test_faults_of_ozon_do_not_strike_the_sinks(sandbox):
    sandbox.admin("/fault", {"do": "internal"})
    assert hook(sandbox).status == 204


# --- printing and ending ---------------------------------------------------------------

def test_print_gives_lines_of_json():
    with Sandbox(ROOT / "tests" / "e2e" / "sandbox_store.yaml", "--print") as sandbox:
        hook(sandbox, "evt_9")
        line = json.loads(sandbox.process.stdout.readline())
        assert (line["kind"], line["id"]) == ("webhook", "evt_9")


def test_sigterm_ends_it_while_connections_hang():
    with Sandbox(ROOT / "tests" / "e2e" / "sandbox_store.yaml") as sandbox:
        sandbox.admin("/fault", {"do": "timeout"})
        with pytest.raises(TimeoutError):
            sandbox.ozon("/v1/roles", timeout=0.3)
        client = smtplib.SMTP("127.0.0.1", sandbox.port("smtp"), timeout=10)
        assert sandbox.stop() == 0
        client.close()


def test_a_taken_port_is_an_error_not_a_crash():
    with Sandbox(ROOT / "tests" / "e2e" / "sandbox_store.yaml") as sandbox:
        for option in ("ozon", "smtp", "webhook", "admin"):
            ended = subprocess.run(
                [find_binary("storehealth-sandbox"), "--scenario",
                 str(ROOT / "tests" / "e2e" / "sandbox_store.yaml"),
                 f"--{option}-port", str(sandbox.port(option))],
                text=True, capture_output=True, timeout=20)
            assert ended.returncode == 1 and "cannot listen" in ended.stderr, ended.stderr


# --- quickstart -------------------------------------------------------------------------

def test_the_demo_configuration_opens_the_demo_store(tmp_path):
    with Sandbox(ROOT / "tests" / "sandbox" / "scenarios" / "demo.yaml") as sandbox:
        ports = [str(sandbox.port(which)) for which in ("ozon", "smtp", "webhook")]
        subprocess.run([ROOT / "tests" / "sandbox" / "demo.sh", tmp_path, *ports], check=True)
        client = (tmp_path / "storehealthd.yaml").read_text().split('client_id: "')[1].split('"')[0]
        key = (tmp_path / "ozon.key").read_text().strip()
        assert sandbox.ozon("/v1/roles", client=client, key=key).status == 200
