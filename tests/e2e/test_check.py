"""storehealthctl check: every mistake at once; --online: what works, without a message."""
import json
import os

import pytest

from ctl_setup import CLIENT, KEY, SCENARIO, Installation, ctl_json, run_ctl
from sandbox_client import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SCENARIO) as running:
        yield running


@pytest.fixture
def installed(tmp_path):
    return Installation(tmp_path)


def probes(answer):
    return {probe["name"]: probe for probe in answer["probes"]}


def test_a_good_configuration_is_no_mistake(installed, sandbox):
    done = run_ctl("check", installed.write(sandbox))
    assert done.returncode == 0, done.stderr
    assert "no mistake; stores: 1, channels: 2, rules: " in done.stdout


def test_all_mistakes_are_told_with_their_places(installed):
    installed.file.write_text("""\
lissten: unix:/tmp/x
stores:
  - id: ozon-main
    marketplace: ozone
    client_id: "1"
    api_key: very-secret-key
""")
    done = run_ctl("check", installed.file)
    assert done.returncode == 1
    assert f"{installed.file}:1:1: error: " in done.stderr
    assert "did you mean listen" in done.stderr
    assert f"{installed.file}:4:18: error: " in done.stderr
    assert "2 mistakes" in done.stderr
    assert "very-secret-key" not in done.stderr + done.stdout


@pytest.mark.parametrize("text", [
    'stores:\n  - id: a\n    marketplace: "ozon\n', "stores:\n\t- id: a\n", "stores: [\n",
    'listen: "unix:/x\nstores: []\n', "a: b: c\n", "routes:\n  - match: store == x: y\n",
])
def test_a_mistake_in_yaml_hides_what_is_there(installed, text):
    installed.file.write_text(text)
    done = run_ctl("check", installed.file)
    assert done.returncode == 1
    assert "no store" not in done.stderr and "no channel" not in done.stderr, done.stderr
    (installed.folder / "conf.d").mkdir()
    (installed.folder / "conf.d" / "more.yaml").write_text(text)
    installed.file.write_text("listen: unix:/tmp/x\n")
    assert "no store" not in run_ctl("check", installed.file).stderr
    (installed.folder / "conf.d" / "more.yaml").unlink()
    assert "no store" in run_ctl("check", installed.file).stderr


def test_mistakes_as_json(installed):
    installed.file.write_text("lissten: unix:/tmp/x\n")
    answer = ctl_json("check", installed.file, code=1)
    assert answer["mistakes"] == len(answer["diagnostics"]) >= 1
    assert answer["diagnostics"][0]["line"] == 1


def test_a_world_readable_secret_is_refused(installed, sandbox):
    (installed.folder / "ozon-key").chmod(0o644)
    done = run_ctl("check", installed.write(sandbox))
    assert done.returncode == 1
    assert "ozon-key" in done.stderr


def test_credentials_are_found_in_the_folder_that_is_named(installed, sandbox):
    file = installed.write(sandbox, store={"api_key": {"credential": "ozon-key"}})
    assert run_ctl("check", file).returncode == 1
    assert run_ctl("check", "--credentials", installed.folder, file).returncode == 0
    (installed.folder / "ozon-key").chmod(0o644)
    done = run_ctl("check", "--credentials", installed.folder, file)
    assert done.returncode == 1 and "(mode 0644)" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("secret", [{"file": "secrets/ozon-key"}, {"credential": "ozon-key"}])
def test_a_secret_that_may_not_be_read_is_no_missing_one(installed, sandbox, secret):
    folder = installed.folder / "secrets"
    folder.mkdir(mode=0o700)
    (installed.folder / "ozon-key").rename(folder / "ozon-key")
    file = installed.write(sandbox, store={"api_key": secret})
    assert run_ctl("check", "--credentials", folder, file).returncode == 0
    folder.chmod(0)
    done = run_ctl("check", "--credentials", folder, file)
    folder.chmod(0o700)
    assert done.returncode == 1
    assert "cannot be read: Permission denied" in done.stderr and "with sudo" in done.stderr


def test_online_says_that_everything_works_and_sends_nothing(installed, sandbox):
    answer = ctl_json("check", "--online", installed.write(sandbox))
    found = probes(answer)
    assert {name: probe["ok"] for name, probe in found.items()} == {
        "ozon-main": True, "mail": True, "chat": True}
    assert found["ozon-main"]["text"] == "key accepted by ozon"
    assert "no mail was sent" in found["mail"]["text"]
    received = sandbox.received()
    assert (received["mail_count"], received["webhook_count"]) == (0, 0)


def test_online_says_that_a_key_is_refused(installed, sandbox):
    installed.secret("ozon-key", "not-the-key")
    done = run_ctl("check", "--online", installed.write(sandbox))
    assert done.returncode == 1
    assert "the key was refused: " in done.stdout
    assert "not-the-key" not in done.stdout + done.stderr


@pytest.mark.parametrize("password, ok, words", [
    ("right", True, "login, sender and 1 recipient accepted; no mail was sent"),
    ("wrong", False, "the server refuses the login: 535"),
])
def test_online_tries_the_password_of_the_mail_server(installed, tmp_path, password, ok, words):
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("smtp: {user: health, password: right}\n"
                        f"stores: [{{client_id: '{CLIENT}', api_key: {KEY}}}]\n")
    installed.secret("mail-password", password)
    with Sandbox(scenario) as locked:
        file = installed.write(locked, mail={"username": "health",
                                             "password": {"file": "mail-password"}})
        found = probes(ctl_json("check", "--online", file, code=0 if ok else 1))
        assert locked.received()["mail_count"] == 0
    assert found["mail"]["ok"] == ok
    assert words in found["mail"]["text"]


def test_online_says_that_nobody_is_there(installed, sandbox):
    nobody = {"base_url": "http://127.0.0.1:1"}
    file = installed.write(sandbox, store=nobody, mail={"port": 1}, chat={"url": "http://127.0.0.1:1/"})
    found = probes(ctl_json("check", "--online", file, code=1))
    for name in ("ozon-main", "mail", "chat"):
        assert not found[name]["ok"]
        assert found[name]["text"].startswith("no connection: "), found[name]


def test_online_as_a_table(installed, sandbox):
    done = run_ctl("check", "--online", installed.write(sandbox))
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["WHAT", "NAME", "TOOK", "FOUND"]
    assert "\033" not in done.stdout  # no colours: not a terminal


def test_the_schema_is_json():
    schema = json.loads(run_ctl("schema").stdout)
    assert "stores" in schema["properties"]


@pytest.mark.parametrize("args, words", [
    ((), "Usage: storehealthctl"),
    (("statsu",), "did you mean status?"),
    (("status", "--jsn"), "did you mean --json?"),
    (("status", "extra"), "Usage: storehealthctl status"),
    (("explain",), "Usage: storehealthctl explain ALERT"),
    (("explain", "x"), "is not the number of an alert"),
    (("status", "--socket"), "--socket takes PATH"),
    (("status", "--json=1"), "--json takes no value"),
])
def test_a_wrong_command_line_is_explained(args, words):
    done = run_ctl(*args)
    assert done.returncode == 64
    assert words in done.stderr


def test_a_daemon_that_does_not_run_is_said_plainly(tmp_path):
    done = run_ctl("status", "--socket", tmp_path / "nobody.sock")
    assert done.returncode == 69
    assert "storehealthd does not run" in done.stderr
