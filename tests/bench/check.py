"""How `storehealthctl check` grows: instructions (valgrind) for n and 2n of each thing that a
configuration may have many of. Linear is a factor of 2."""
import os
import pathlib
import re
import subprocess
import tempfile

from parts import ROOT, row

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
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def bench_check(run):
    for name, (make, count) in CASES.items():
        ctl = run.build / "storehealthctl"
        one, two = instructions(ctl, make(count)), instructions(ctl, make(2 * count))
        yield row(f"instructions of check, {name}, {count} and {2 * count}",
                  f"{one / 1e6:.0f} M and {two / 1e6:.0f} M: {two / one:.2f} ×", f"≤ {LIMIT} ×",
                  two / one <= LIMIT)
