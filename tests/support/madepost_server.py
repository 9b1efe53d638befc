"""A strict server for the made-up carrier (tests/madeup/carrier.c): all parcels it carries, for
whoever has its token. What a client must not do is kept in `violations`."""
import http.server
import json
import threading

TOKEN = "post-token"


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /parcels."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing on the terminal."""

    def answer(self, status, body):
        """JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):  # pylint: disable=invalid-name
        """The list, unless the account is closed."""
        post = self.server.post
        with post.lock:
            post.asked += 1
            if self.path != "/parcels":
                post.violations.append(self.path)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                post.violations.append("wrong token")
            if self.headers["X-Access-Token"]:
                post.violations.append("a token of the marketplace")
            closed, parcels = post.closed, list(post.parcels)
        if closed:
            return self.answer(401, {"error": "the account is closed"})
        return self.answer(200, {"parcels": parcels})


class Post:
    """The carrier; plain members are its truth."""

    def __init__(self):
        self.lock, self.violations, self.asked = threading.Lock(), [], 0
        self.parcels, self.closed = [], False
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.post = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        """Its base."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
