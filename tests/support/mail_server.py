"""A real mail server (aiosmtpd) for the end-to-end tests, with TLS, logins and refusals."""
import email
import email.policy
import logging
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "пароль 8"
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # refused handshakes are wanted here


class AnyPort(Controller):
    """Listens on a port that is free, which Controller alone does not find again."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """Keeps what it accepts; `answers` are said to the first DATA commands; senders and recipients
    that are `refused` are so for good (with the words of a dict), those that are `full` so many times."""

    def __init__(self, answers=(), refused=(), full=None, **options):
        self.mails, self.data_tries, self.mail_commands, self.logins = [], [], 0, []
        self.answers, self.full = list(answers), dict(full or {})
        self.refused = refused if isinstance(refused, dict) else dict.fromkeys(refused, "550 5.1.1 no such mailbox")
        self.controller = AnyPort(self, hostname="127.0.0.1", port=0,
                                  authenticator=self.authenticate, **options)

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        self.mail_commands += 1
        if address in self.refused:
            return "550 5.7.60 not your address"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.refused:
            return self.refused[address]
        if self.full.get(address, 0) > 0:
            self.full[address] -= 1
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.data_tries.append(envelope.content)
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((envelope, session.ssl is not None))
        return f"250 2.0.0 Ok: queued as 4F1A{len(self.mails)}"

    def authenticate(self, server, session, envelope, mechanism, auth_data):
        good = (auth_data.login, auth_data.password) == (b"health", PASSWORD.encode())
        self.logins.append((mechanism, good))
        return AuthResult(success=good, handled=False)

    def parsed(self):
        return [email.message_from_bytes(envelope.content, policy=email.policy.default)
                for envelope, _ in self.mails]

    def __enter__(self):
        self.controller.start()
        self.port = self.controller.port
        return self

    def __exit__(self, *_):
        self.controller.stop()


def make_certificates(folder):
    """A CA of our own and a certificate of it for 127.0.0.1."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "mail.key", "-out", "mail.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "mail.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-CAcreateserial", "-extfile", "names", "-out", "mail.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mail.pem", folder / "mail.key")
    return context
