"""Stores with network identities of their own, by the real daemon against a strict server: they
share no connection and resume no TLS session of another one, whatever is reloaded."""
import collections
import http.server
import pathlib
import socket
import ssl
import subprocess
import threading

import pytest
from daemon_client import Daemon, wait_for

CONFIG = """\
listen: unix:{dir}/api.sock
state: {dir}/state.db
defaults:
  CLIENTS
channels:
  hook:
    type: webhook
    url: http://127.0.0.1:{webhook}/hook
    secret: {{file: {dir}/hook.key}}
routes:
  - to: [hook]
"""
POLL = "{orders: 1s, stock: 1s, reviews: 1s, logistics: 1s, complaints: 1s, account: 1s}"
# client -> the address that its requests come from
DIRECT, SECOND, THIRD, PROXY, OTHER_PROXY = "1", "2", "3", "4", "5"
ADDRESSES = {DIRECT: "127.0.0.1", SECOND: "127.0.0.2", THIRD: "127.0.0.3",
             PROXY: "127.0.0.4", OTHER_PROXY: "127.0.0.5"}


class NoSandbox:
    """Ports where nobody listens."""

    @staticmethod
    def port(_):
        """The discard port."""
        return 9


class Proxy:
    """Tunnels, and leaves from one address."""

    def __init__(self, address):
        self.address = address
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        """Each tunnel has threads of its own."""
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client):
        """CONNECT, then bytes both ways."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        method, target = head.split()[:2]
        assert method == b"CONNECT"
        host, port = target.decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)), source_address=(self.address, 0))
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=self.pump, args=(server, client), daemon=True).start()
        self.pump(client, server)

    @staticmethod
    def pump(source, target):
        """Until one side closes."""
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Marketplace:
    """Refuses every request for now; what matters is whence it comes."""

    def __init__(self, context):
        self.lock = threading.Lock()
        self.violations = []
        self.requests, self.resumed = collections.Counter(), collections.Counter()
        self.open = collections.Counter()  # connections by address
        self.sessions = {}                 # TLS session -> the address that made it
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.world = self
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        """For base_url."""
        return f"https://127.0.0.1:{self.server.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing on the terminal."""

    def handle(self):
        world, address = self.server.world, self.client_address[0]
        try:
            self.connection.do_handshake()
        except OSError:
            return
        session = self.connection.session.id
        with world.lock:
            world.open[address] += 1
            owner = world.sessions.setdefault(session, address)
            world.resumed[address] += self.connection.session_reused
            if owner != address:
                world.violations.append(f"{address} resumes a session of {owner}")
        try:
            super().handle()
        except OSError:
            pass
        with world.lock:
            world.open[address] -= 1

    def answer(self):
        """Every fourth answer ends the connection, so that sessions are resumed."""
        world, address = self.server.world, self.client_address[0]
        client = self.headers["Client-Id"]
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        with world.lock:
            world.requests[client] += 1
            last = world.requests[client] % 4 == 0
            if address != ADDRESSES.get(client):
                world.violations.append(f"client {client} by {address}")
        self.send_response(429)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "2")
        if last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = answer  # pylint: disable=invalid-name


def make_server_context(folder):
    """A certificate that is its own authority; sessions have names that the server knows."""
    made = ["-keyout", folder / "tls.key", "-out", folder / "ca.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", *made],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "tls.key")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    return context


def write_config(daemon, world, egresses):
    """One store for each client."""
    lines = ["stores:"]
    for client, egress in egresses.items():
        egress = {"ca_file": f"{daemon.dir}/ca.pem", **egress}
        words = ", ".join(f"{name}: '{value}'" for name, value in egress.items())
        lines += [f"  - id: shop{client}", "    marketplace: ozon", "    kind: local",
                  f"    client_id: '{client}'", f"    api_key: {{file: {daemon.dir}/shop.key}}",
                  f"    base_url: {world.url()}", "    timezone: Europe/Moscow",
                  "    currency: RUB", f"    poll: {POLL}", f"    egress: {{{words}}}"]
    text = CONFIG.format(dir=daemon.dir, webhook=9)
    daemon.config.write_text(text.replace("defaults:\n  CLIENTS", "\n".join(lines)))


@pytest.fixture
def world(tmp_path):
    """A marketplace that must not have seen a violation at the end."""
    made = Marketplace(make_server_context(tmp_path))
    yield made
    made.server.shutdown()
    assert made.violations == []


def seen(world, clients, count):  # pylint: disable=redefined-outer-name
    """Each of them asked so often."""
    return wait_for(lambda: all(world.requests[client] >= count for client in clients), 30)


# pylint: disable-next=redefined-outer-name
def test_a_ca_file_that_was_mended_is_read_without_a_restart(tmp_path, world):
    right = (tmp_path / "ca.pem").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    make_server_context(other)
    (tmp_path / "ca.pem").write_bytes((other / "ca.pem").read_bytes())
    with Daemon(tmp_path, NoSandbox, poll=POLL) as daemon:
        write_config(daemon, world, {DIRECT: {}})
        daemon.start()
        assert wait_for(lambda: "certificate" in daemon.log.read_text()), daemon.log.read_text()
        assert not world.requests[DIRECT]
        (tmp_path / "ca.pem").write_bytes(right)
        assert seen(world, [DIRECT], 3), daemon.log.read_text()
        assert daemon.stop() == 0


def test_identities_share_nothing(tmp_path, world):  # pylint: disable=redefined-outer-name
    proxies = [Proxy(ADDRESSES[PROXY]), Proxy(ADDRESSES[OTHER_PROXY])]
    egresses = {DIRECT: {}, SECOND: {"interface": ADDRESSES[SECOND]},
                THIRD: {"interface": ADDRESSES[THIRD]},
                PROXY: {"proxy": f"http://127.0.0.1:{proxies[0].port}"},
                OTHER_PROXY: {"proxy": f"http://127.0.0.1:{proxies[1].port}"}}
    with Daemon(tmp_path, NoSandbox, poll=POLL) as daemon:
        write_config(daemon, world, egresses)
        daemon.start()
        assert seen(world, egresses, 12), (world.requests, daemon.log.read_text())
        assert wait_for(lambda: all(world.resumed[ADDRESSES[client]] for client in egresses),
                        30), (world.requests, "a session of its own is resumed")
        assert wait_for(lambda: all(world.open[ADDRESSES[client]] for client in egresses))

        del egresses[THIRD], egresses[OTHER_PROXY]
        write_config(daemon, world, egresses)
        daemon.reload()
        gone = [ADDRESSES[THIRD], ADDRESSES[OTHER_PROXY]]
        assert wait_for(lambda: not any(world.open[address] for address in gone)), "let go"
        before = dict(world.requests)
        assert wait_for(lambda: all(world.requests[client] > before[client] + 4
                                    for client in egresses), 30), daemon.log.read_text()
        assert daemon.stop() == 0
