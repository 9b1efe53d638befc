"""How `storehealthctl check` grows: instructions (valgrind) for n and 2n of each thing that a
configuration may have many of. Linear is a factor of 2; prints one row each, and fails over 2.5.

    check.py STOREHEALTHCTL [NAME...]"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = """\
listen: unix:/tmp/shd-bench.sock
channels:
  hook: {type: webhook, url: "http://127.0.0.1:9/hook", secret: {file: hook.key}}
"""
ROUTES = "routes:\n  - to: [hook]\n"
STORE = "  - {{id: s{i}, marketplace: ozon, kind: local, credential: c{i}}}\n"
ALONE = "  - {{id: s{i}, marketplace: ozon, kind: local, client_id: \"{i}\", api_key: {{file: hook.key}}}}\n"
LIMIT = 2.5


def inhibited(count):
    """Each rule is inhibited by the 16 before it."""
    rules = ["rules:\n"]
    for i in range(count):
        names = ", ".join(f"r{k}" for k in range(max(0, i - 16), i))
        rules.append(f"  - rule: r{i}\n    levels: {{warning: rating < 4.6}}\n"
                     f"    inhibited_by: [{names}]\n")
    return HEAD + "stores:\n" + ALONE.format(i=0) + ROUTES, "".join(rules)


def stores(count):
    """Stores with a key each."""
    return HEAD + "stores:\n" + "".join(ALONE.format(i=i) for i in range(count)) + ROUTES, None


def credentials(count):
    """Stores that name a credential each."""
    keys = "".join(f"  c{i}: {{client_id: \"{i}\", api_key: {{file: hook.key}}}}\n"
                   for i in range(count))
    return (HEAD + "credentials:\n" + keys + "stores:\n" +
            "".join(STORE.format(i=i) for i in range(count)) + ROUTES), None


def mail(to):
    """A channel of many receivers."""
    return (HEAD + "  mail: {type: email, host: smtp.example.com, from: a@example.com, to: " +
            to + "}\nstores:\n" + ALONE.format(i=0) + ROUTES), None


def flow_list(count):
    """A list in brackets, on one line."""
    items = ", ".join(f"a{i}@example.com" for i in range(count))
    return mail(f"[{items}]")


def flow_lines(count):
    """The same with a line for each."""
    items = ",\n    ".join(f"a{i}@example.com" for i in range(count))
    return mail(f"[\n    {items}]")


CASES = {"inhibited_by": (inhibited, 250), "stores": (stores, 2000),
         "credentials": (credentials, 1500), "flow list": (flow_list, 10000),
         "flow list in lines": (flow_lines, 10000)}


def instructions(ctl, made):
    """Of one check."""
    main, rules = made
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "hook.key").write_text("x" * 40)
        (folder / "hook.key").chmod(0o600)
        (folder / "storehealthd.yaml").write_text(main)
        if rules:
            (folder / "rules.d").mkdir()
            (folder / "rules.d" / "rules.yaml").write_text(rules)
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", ctl, "check",
             folder / "storehealthd.yaml"], capture_output=True, text=True, check=False,
            env={**os.environ, "STOREHEALTHD_DATA_DIR": str(ROOT / "conf")})
        said = [line for line in (done.stdout + done.stderr).splitlines() if line[:2] != "=="]
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1)), "\n".join(said)


def main(ctl, names):
    """Prints the table."""
    bad = False
    for name in names or CASES:
        make, count = CASES[name]
        one, said = instructions(ctl, make(count))
        two, _ = instructions(ctl, make(2 * count))
        bad |= two / one > LIMIT
        print(f"{name:20} n = {count:5}: {one / 1e6:9.1f} M, 2n: {two / 1e6:9.1f} M, "
              f"factor {two / one:.2f}")
        if "-v" in sys.argv:
            print(said[:600])
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [a for a in sys.argv[2:] if a != "-v"]))
