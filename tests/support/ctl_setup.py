"""A configuration on disk for the end-to-end tests, and storehealthctl to ask about it."""
import json
import os
import re
import subprocess

from sandbox_client import ROOT, find_binary

SCENARIO = ROOT / "tests" / "sandbox" / "scenarios" / "demo.yaml"
CLIENT, KEY = (re.search(rf'^ *-? *{name}: "?([\w-]+)', SCENARIO.read_text(), re.M).group(1)
               for name in ("client_id", "api_key"))


def run_ctl(*args, **environment):
    """What storehealthctl printed, and its exit code."""
    env = {"PATH": os.environ["PATH"], **environment}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    return subprocess.run([find_binary("storehealthctl"), *map(str, args)], text=True,
                          capture_output=True, timeout=60, env=env, check=False)


def ctl_json(*args, code=0):
    """The answer of a command as data; it ends with `code`, None: with any."""
    done = run_ctl(*args, "--json")
    assert code is None or done.returncode == code, done.stderr
    return json.loads(done.stdout)


class Installation:
    """A folder with storehealthd.yaml, secrets, and the rules and texts of the tree."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "storehealthd.yaml"
        self.socket = folder / "api.sock"
        for name in ("rules.d", "words.d", "texts"):
            (folder / name).symlink_to(ROOT / "conf" / name)
        self.secret("ozon-key", KEY)
        self.secret("mail-password", "demo-password")

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def write(self, sandbox, **more):
        """The configuration of one store, one mail and one web channel of the sandbox."""
        store = {"id": "ozon-main", "marketplace": "ozon", "client_id": CLIENT,
                 "api_key": {"file": "ozon-key"}, "timezone": "Europe/Moscow",
                 "base_url": f"http://127.0.0.1:{sandbox.port('ozon')}"}
        channels = {
            "mail": {"type": "email", "host": "127.0.0.1", "port": sandbox.port("smtp"),
                     "tls": "none", "from": "health@example.com", "to": ["owner@example.com"]},
            "chat": {"type": "webhook",
                     "url": f"http://127.0.0.1:{sandbox.port('webhook')}/hook"},
        }
        whole = {"listen": f"unix:{self.socket}", "state": str(self.folder / "state.db"),
                 "stores": [{**store, **more.get("store", {})}],
                 "channels": {name: {**channel, **more.get(name, {})}
                              for name, channel in channels.items()}}
        self.file.write_text(json.dumps(whole, indent=1))  # JSON is YAML
        return self.file
