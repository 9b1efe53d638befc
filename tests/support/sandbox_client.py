"""Starts the real storehealth-sandbox and talks to it; for the end-to-end tests."""
import atexit
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def is_sanitized():
    """Whether the binaries are several times as slow."""
    binary = pathlib.Path(find_binary("storehealthd")).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def find_binary(name):
    """The newest build that is there; SHD_BUILD_DIR names one."""
    builds = [os.environ["SHD_BUILD_DIR"]] if "SHD_BUILD_DIR" in os.environ else [
        ROOT / "build" / preset for preset in ("asan", "debug", "clang", "release")]
    for build in builds:
        for found in (pathlib.Path(build) / "tests" / name, pathlib.Path(build) / name):
            if found.exists():
                return str(found)
    raise FileNotFoundError(f"{name}: build first, or set SHD_BUILD_DIR")


def preload(name):
    """The environment that loads a library of tests/support into a program. ld.so splits
    LD_PRELOAD at blanks and colons, which a checkout's path may have: then by a link."""
    library = find_binary(name)
    if set(library) & set(" :"):
        folder = tempfile.mkdtemp(prefix="shd-", dir="/tmp")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.symlink(library, f"{folder}/{name}")
        library = f"{folder}/{name}"
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0"}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Sandbox:
    """A running sandbox; use as a context manager."""

    def __init__(self, scenario, *options):
        self.process = subprocess.Popen(
            [find_binary("storehealth-sandbox"), "--scenario", str(scenario), *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"sandbox ended with {self.process.wait()}")
        self.ready = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it as a supervisor would; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def port(self, which):
        return self.ready[which + "_port"]

    def send(self, which, method, path, body=None, headers=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.port(which), timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def ozon(self, path, body=None, client="1001", key="demo-key", timeout=10, **headers):
        """A well-formed request; a header given as None is left out."""
        all_headers = {"Client-Id": client, "Api-Key": key, "Content-Type": "application/json"}
        all_headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        all_headers = {name: value for name, value in all_headers.items() if value is not None}
        raw = body if isinstance(body, (str, bytes)) else json.dumps(body or {})
        return self.send("ozon", "POST", path, raw, all_headers, timeout)

    def admin(self, path, body=None, method=None):
        raw = None if body is None else json.dumps(body)
        return self.send("admin", method or ("GET" if body is None else "POST"), path, raw).json()

    def received(self):
        return self.admin("/received")


def reflowed(text):
    """A mail's text part with the lines of each paragraph joined: format=flowed, delsp=yes."""
    return text.replace("\r\n", "\n").replace("-- \n", "--\n").replace(" \n", "")
