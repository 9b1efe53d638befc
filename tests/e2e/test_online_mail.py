"""storehealthctl check --online: what it says of a mail server, up to the last recipient; no mail
is sent."""
import base64
import contextlib
import socket

import pytest
from ctl_setup import SCENARIO, Installation, ctl_json
from mail_server import PASSWORD, MailServer, make_certificates
from sandbox_client import Sandbox

OWNER, SECOND = "owner@example.com", "second@example.com"
LOGIN = {"username": "health", "password": {"file": "mail-password"}}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SCENARIO) as running:
        yield running


@pytest.fixture
def installed(tmp_path):
    return Installation(tmp_path)


@pytest.fixture
def said(installed, sandbox):
    """What check says of a mail channel with these settings, and whether it works."""
    def say(secret=PASSWORD, **channel):
        installed.secret("mail-password", secret)
        file = installed.write(sandbox, mail=channel)
        answer = ctl_json("check", "--online", file, code=None)
        return next((probe["ok"], probe["text"]) for probe in answer["probes"]
                    if probe["name"] == "mail")
    return say


def test_a_login_a_sender_and_two_recipients(tmp_path, said):
    with MailServer(auth_required=True, auth_require_tls=True, require_starttls=True,
                    tls_context=make_certificates(tmp_path)) as server:
        secure = {"port": server.port, "tls": "starttls", "to": [OWNER, SECOND], **LOGIN}
        assert said(**secure, ca_file=str(tmp_path / "ca.pem")) == (
            True, "login, sender and 2 recipients accepted; no mail was sent")
        ok, text = said("wrong", **secure, ca_file=str(tmp_path / "ca.pem"))
        assert not ok and "refuses the login: 535 " in text and "made for programs" in text
        ok, text = said(**secure)
        assert not ok and "certificate" in text and "set `ca_file`" in text
        assert server.mails == [] and server.data_tries == []


@pytest.mark.parametrize("refused, words", [
    ([SECOND], f"the server refuses {SECOND}: 550 5.1.1 no such mailbox"),
    (["health@example.com"], "the server refuses MAIL FROM: 550 5.7.60 not your address "
                             "(most servers send only for the address that logs in: see `from`)"),
])
def test_who_is_refused(said, refused, words):
    with MailServer(refused=refused) as server:
        assert said(port=server.port, to=[OWNER, SECOND]) == (False, words)


def test_a_full_mailbox_is_so_for_now(said):
    with MailServer(full={OWNER: 1}) as server:
        ok, text = said(port=server.port)
    assert not ok and f"refuses {OWNER}: 452 4.2.2 mailbox full (for now;" in text


def test_no_starttls_is_offered(said):
    with MailServer() as server:
        ok, text = said(port=server.port, tls="starttls", **LOGIN)
    assert not ok and "offers no STARTTLS (try `tls: tls`, port 465)" in text


def test_tls_where_starttls_is_wanted(tmp_path, said):
    with MailServer(tls_context=make_certificates(tmp_path)) as server:
        ok, text = said(port=server.port, tls="tls", **LOGIN)
    assert not ok and "port 587 usually wants `tls: starttls`" in text


def test_none_is_none_even_where_starttls_is_offered(tmp_path, said):
    with MailServer(tls_context=make_certificates(tmp_path)) as server:
        assert said(port=server.port) == (
            True, "sender and 1 recipient accepted; no mail was sent")


def test_a_server_that_waits_for_tls_says_nothing(said):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        ok, text = said(port=listener.getsockname()[1], tls="starttls", timeout="2s", **LOGIN)
    assert not ok and "no greeting" in text and "try `tls: tls`, port 465" in text


def test_nobody_listens(said):
    ok, text = said(port=1)
    assert not ok and text.startswith("no connection: ") and "see `host` and `port`" in text


def test_a_password_that_the_server_repeats_is_not_shown(tmp_path, said):
    code = base64.b64encode(f"health:{PASSWORD}".encode()).decode()
    with MailServer(auth_required=True, auth_require_tls=True, require_starttls=True, tls_context=make_certificates(tmp_path),
                    refused={OWNER: f"550 5.7.1 {PASSWORD} ({code}) may not send"}) as server:
        ok, text = said(port=server.port, to=[OWNER], tls="starttls", ca_file=str(tmp_path / "ca.pem"), **LOGIN)
        assert not ok and PASSWORD not in text and code not in text and "*" * len(PASSWORD) in text, text
