"""A strict server for the made-up marketplace (tests/madeup/adapter.c).

What a client must not do is refused and kept in `violations`. Access tokens rotate the
refresh token; an old one works until the first use of what replaced it, as with servers
that know of lost answers. Documents lie on a second port.
"""
import gzip
import hashlib
import hmac
import http.server
import itertools
import json
import threading
import time
import urllib.parse

KEY = b"signing-key"
SIGNATURE_S = 2  # a signature is as old as that at most


class Server:
    """Both ports. Plain members are the shop's truth, to be changed by a test."""

    def __init__(self):
        self.lock = threading.RLock()
        self.violations, self.calls = [], []
        self.refresh, self.refresh_before = "first", None
        self.tokens = {}            # access token -> when it expires
        self.lifetime_s = 3600
        self.rotations, self.seen_signatures = 0, set()
        self.orders = [{"id": f"o{i}", "created": "2026-11-30T00:00:00Z"} for i in range(5)]
        self.shops = None           # name -> orders, for an account with several shops
        self.listed = []            # when pages of orders were asked for
        self.cursors = {}           # cursor -> (shop, start, expires)
        self.changes = []           # (when in ms, order)
        self.asked_changes = []     # what each request for them went on from, "refused: " if so
        self.marks = {}             # mark -> (start, expires in ms)
        self.mark_s, self.mark_bytes = 3600, 20  # how long and how big they are
        self.stock = "SKU\tAvailable\tNote\r\nA\t5\t\r\nB\t7\r\n"
        self.report, self.reports_made = None, 0  # one report: id, status
        self.report_hold = threading.Event()  # a report is done once it is set
        self.urls = {}              # path -> expires
        self.url_s = 60
        self.refuses_document = None  # seconds of the Retry-After of its refusals
        self.refused_documents = []   # when
        self.hold = {}              # step -> event that lets the answer go
        self.shelf_rate = 0.4       # per second, that every answer for a shelf tells
        self.shelf_tokens, self.shelf_at = 5.0, time.monotonic()
        self.numbers = itertools.count(1)
        self.api, self.store = self.serve(Api), self.serve(Documents)

    def serve(self, handler):
        """Starts one port; returns its server."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.world = self
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def url(self, server=None):
        """The base of the API's, or of the documents' port."""
        return f"http://127.0.0.1:{(server or self.api).server_port}"

    def violate(self, text):
        """Keeps what the client did wrong."""
        with self.lock:
            self.violations.append(text)

    def change(self, number):
        """One more order in the list of changes."""
        with self.lock:
            self.changes.append((int(time.time() * 1000),
                                 {"id": number, "created": "2026-11-30T00:00:00Z"}))

    def count(self, step):
        """How often a step was asked for."""
        with self.lock:
            return self.calls.count(step)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for event in self.hold.values():
            event.set()
        self.api.shutdown()
        self.store.shutdown()


class Handler(http.server.BaseHTTPRequestHandler):
    """What both ports have in common."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing on the terminal."""

    def answer(self, status, body, step=None):
        """JSON or bytes, once the step is not held."""
        world = self.server.world
        if step:
            with world.lock:
                world.calls.append(step)
            if step in world.hold:
                world.hold[step].wait(30)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if step == "shelf":
                self.send_header("X-Rate", f"{world.shelf_rate * 1000:.0f}")
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the client was killed

    def refuse(self, status, text):
        """A violation, and the answer to it."""
        self.server.world.violate(f"{self.command} {self.path}: {text}")
        self.answer(status, {"error": text})


class Documents(Handler):
    """The documents' host: no credentials of the API."""

    def do_GET(self):  # pylint: disable=invalid-name
        """One document, while its address lives."""
        world = self.server.world
        if any(self.headers[name] for name in ("Authorization", "X-Access-Token", "X-Signature")):
            return self.refuse(400, "credentials for another host")
        if world.refuses_document is not None:
            with world.lock:
                world.refused_documents.append(time.monotonic())
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", str(world.refuses_document))
            return self.end_headers()
        expires = world.urls.get(self.path)
        if expires is None or expires < time.time():
            return self.answer(403, b"<Error>expired</Error>", "expired")
        return self.answer(200, gzip.compress(world.stock.encode()), "fetch")


class Api(Handler):
    """The API."""

    def body(self):
        """The form of the request."""
        data = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        return dict(urllib.parse.parse_qsl(data, strict_parsing=bool(data)))

    def is_signed(self):
        """Right signature, new, and not older than it may be."""
        world = self.server.world
        when, got = self.headers["X-Time"] or "0", self.headers["X-Signature"] or ""
        want = hmac.new(KEY, f"{self.command} {self.path} {when}".encode(), hashlib.sha256).hexdigest()
        token = self.headers["X-Access-Token"]
        if not hmac.compare_digest(want, got):
            return self.refuse(400, "wrong signature")
        if abs(time.time() - int(when) / 1000) > SIGNATURE_S:
            return self.refuse(400, "old signature")
        with world.lock:
            if (got, token) in world.seen_signatures:
                return self.refuse(400, "signature used again")
            world.seen_signatures.add((got, token))
        return True

    def has_token(self):
        """An access token that has not expired; its use ends the old refresh token."""
        world = self.server.world
        with world.lock:
            expires = world.tokens.get(self.headers["X-Access-Token"])
            if expires is None:
                return self.refuse(401, "unknown token")
            if expires < time.time():
                self.answer(401, {"error": "expired"}, "token expired")
                return False
            if self.headers["X-Access-Token"] == list(world.tokens)[-1]:
                world.refresh_before = None
        return True

    def do_POST(self):  # pylint: disable=invalid-name
        """A token, or a new report."""
        if self.path == "/token":
            self.token(self.body())
        elif self.path == "/reports" and self.is_signed() and self.has_token():
            self.body()
            self.create()
        elif self.path not in ("/token", "/reports"):
            self.refuse(404, "unknown path")

    def token(self, form):
        """Exchanges a refresh token."""
        world = self.server.world
        if set(form) != {"client_id", "refresh_token"}:
            return self.refuse(400, f"parameters {sorted(form)}")
        with world.lock:
            if form["refresh_token"] not in (world.refresh, world.refresh_before):
                return self.refuse(400, f"old refresh token {form['refresh_token']}")
            world.rotations += 1
            world.refresh_before = form["refresh_token"]
            world.refresh = f"refresh-{world.rotations}"
            access = f"access-{world.rotations}"
            world.tokens[access] = time.time() + world.lifetime_s
            made = {"access_token": access, "refresh_token": world.refresh,
                    "expires_in": world.lifetime_s}
        return self.answer(200, made, "token")

    def create(self):
        """A report, unless one runs."""
        world = self.server.world
        with world.lock:
            if world.report and world.report["status"] == "RUNNING":
                return self.refuse(409, "a report runs already")
            world.reports_made += 1
            world.report = {"id": f"r{world.reports_made}", "status": "RUNNING"}
            made = dict(world.report)
        return self.answer(202, made, "create")

    def do_GET(self):  # pylint: disable=invalid-name
        """Lists, and the steps of a report."""
        world = self.server.world
        if not self.is_signed() or not self.has_token():
            return None
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/orders":
            return self.list_orders(query)
        if url.path == "/changes":
            return self.list_changes(query)
        if query:
            return self.refuse(400, f"parameters {sorted(query)}")
        if url.path.startswith("/shelves/"):
            shelf = url.path.rpartition("/")[2]
            self.take_shelf_token()
            return self.answer(200, {"listings": [{"sku": f"{shelf}-1", "title": shelf}]}, "shelf")
        with world.lock:
            if world.report and world.report["status"] == "RUNNING" and world.report_hold.is_set():
                world.report.update(status="DONE", document="d" + world.report["id"])
            report = dict(world.report) if world.report else None
        if url.path == "/reports":
            running = report and report["status"] == "RUNNING"
            return self.answer(200, report if running else {"status": "NONE"}, "look")
        if report and url.path == f"/reports/{report['id']}":
            return self.answer(200, report, "wait")
        if report and url.path == f"/reports/document/{report.get('document')}":
            path = f"/{next(world.numbers)}"
            world.urls[path] = time.time() + world.url_s
            return self.answer(200, {"url": world.url(world.store) + path}, "locate")
        return self.refuse(404, "unknown path")

    def take_shelf_token(self):
        """More than the bucket has is a violation; a tenth is the time on the way."""
        world, now = self.server.world, time.monotonic()
        with world.lock:
            world.shelf_tokens += (now - world.shelf_at) * world.shelf_rate
            world.shelf_tokens = min(world.shelf_tokens, 5.0) - 1
            world.shelf_at = now
            if world.shelf_tokens < -0.1:
                world.violate(f"a request too many: {world.shelf_tokens:.3f} left")

    def list_changes(self, query):
        """A page from a mark or a time on, and the mark where the next one begins, or the
        next poll. Going on by an expired mark is a violation; one may be forgotten any time."""
        world, now = self.server.world, time.time() * 1000
        mark, since = query.get("after"), query.get("since")
        if query.pop("limit", None) != "2" or list(query) not in (["after"], ["since"]):
            return self.refuse(400, f"parameters {query}")
        with world.lock:
            start, expires = world.marks.get(mark, (None, now))
            if mark is None:
                start = sum(when < int(since) for when, _ in world.changes)
            world.asked_changes.append(mark or int(since))
            if start is None:
                world.asked_changes[-1] = "refused: " + mark
                return self.answer(400, {"error": "unknown mark"})
            if mark and expires < now:
                return self.refuse(400, "old mark")
            end = min(start + 2, len(world.changes))
            made = f"mark {next(world.numbers)}&+".ljust(world.mark_bytes, "m")
            world.marks[made] = (end, now + world.mark_s * 1000)
            page = {"changes": [order for _, order in world.changes[start:end]], "mark": made,
                    "more": end < len(world.changes), "expires": int(world.marks[made][1])}
        return self.answer(200, page, "changes")

    def list_orders(self, query):
        """A page; the cursor of the next one expires."""
        world = self.server.world
        start, shop = 0, query.pop("shop", None)
        if set(query) - {"limit", "cursor"} or query.get("limit") != "2":
            return self.refuse(400, f"parameters {query}")
        if (shop is None) != (world.shops is None) or (shop and shop not in world.shops):
            return self.refuse(400, f"shop {shop}")
        with world.lock:
            world.listed.append(time.time())
            orders = world.shops[shop] if shop else world.orders
            if "cursor" in query:
                of, start, expires = world.cursors.pop(query["cursor"], (None, None, 0))
                if of != shop or start is None or expires < time.time():
                    return self.refuse(400, "unknown or old cursor, or another shop's")
            page = {"orders": orders[start:start + 2]}
            if start + 2 < len(orders):
                page["next"] = f"next {next(world.numbers)}&+"
                world.cursors[page["next"]] = (shop, start + 2, time.time() + 10)
        return self.answer(200, page, "orders")
