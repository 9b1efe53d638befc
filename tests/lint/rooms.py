"""The rooms: which folder may use which, and by which header.

A file includes of another room only its contract, and only of rooms further down in
ROOMS; so there is no circle. In its own room it names a header bare ("x.h"), of another
room with the room ("base/text.h"). README.md names each room once.
"""
import re

# (folder, its contract: the headers that others include; "*": all of them)
ROOMS = [
    ("daemon", ""),  # main.c
    ("daemon/app", "app.h"),
    ("daemon/ctl", ""),
    ("daemon/api", "api.h"),
    ("daemon/web", "web.h"),
    ("daemon/poll", "scheduler.h status.h"),
    ("daemon/replay", "replay.h"),
    ("daemon/job", "job.h"),
    ("daemon/auth", "grant.h"),
    ("daemon/commit", "commit.h"),
    ("daemon/dispatch", "dispatch.h"),
    ("daemon/deliver", "deliver.h"),
    ("daemon/config", "config.h"),
    ("daemon/state/sqlite", ""),
    ("daemon/state", "state.h change.h"),
    ("daemon/net", "transfer.h breaker.h bucket.h budget.h"),
    ("daemon/journal", "log.h"),
    ("daemon/host", "*"),
    ("lib/report", "report.h"),
    ("lib/trial", "trial.h scenario.h"),
    ("lib/settings", "settings.h schema.h"),
    ("lib/judge", "judge.h change_set.h history.h reading.h stored.h"),
    ("lib/notify", "notify.h"),
    ("lib/message", "message.h plain.h"),
    ("lib/alert", "alert.h route.h"),
    ("lib/carrier", "carrier.h"),
    ("lib/market/ozon", ""),
    ("lib/market", "adapter.h cursor.h loose.h slice.h source.h standing.h"),
    ("lib/rule", "rule.h match.h schema.h"),
    ("lib/rule/eval", "env.h eval.h exact.h series.h tally.h window_list.h"),
    ("lib/rule/language", "expr.h regex.h word_lists.h"),
    ("lib/catalog", "*"),
    ("lib/conf", "*"),
    ("lib/http", "*"),
    ("lib/base", "*"),
]
ORDER = {folder: place for place, (folder, _) in enumerate(ROOMS)}
CONTRACTS = {folder: contract.split() for folder, contract in ROOMS}

# (file or folder, what it includes, why it still does): rows without use are errors.
EXCEPTIONS = [
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)


def room_of(name):
    """The room of a file: the nearest folder above it that has a row."""
    folder = name.rpartition("/")[0]
    while folder and folder not in ORDER:
        folder = folder.rpartition("/")[0]
    return folder


def includes(root, name, text):
    """(line, as written, file) of each header of ours that a file includes."""
    own = name.rpartition("/")[0]
    for match in INCLUDE.finditer(text):
        written, line = match.group(1), text.count("\n", 0, match.start()) + 1
        for place in (own, "lib", "daemon", "tests"):
            if (root / place / written).is_file():
                found = (root / place / written).resolve().relative_to(root.resolve())
                yield line, written, str(found)
                break


def excused(name, header, used):
    for row in EXCEPTIONS:
        if name.startswith(row[0]) and header.startswith(row[1]):
            used.add(row)
            return True
    return False


def complaint(name, written, header):
    """What is wrong with including this header here, or None."""
    own, other = room_of(name), room_of(header)
    if own == other:
        same = name.rpartition("/")[0] == header.rpartition("/")[0]
        return f'"{written}" is of this room: write its bare name' if same and "/" in written else None
    if ORDER[other] < ORDER[own]:
        return f"{own}/ may not use {other}/, which stands above it (tests/lint/rooms.py)"
    contract, base = CONTRACTS[other], header[len(other) + 1:]
    if contract != ["*"] and base not in contract and not base.endswith(".def"):
        wanted = " or ".join(contract) or "nothing"
        return f'"{written}" is {other}\'s own; others include {wanted}'
    return None


def check_includes(root, name, text, used):
    """Complaints (line, text) of one file. used: collects the EXCEPTIONS that were needed."""
    for line, written, header in includes(root, name, text):
        if not name.startswith(("lib/", "daemon/")):
            continue
        if not room_of(name) or not room_of(header):
            yield line, f"{name if room_of(header) else header} is in no room of tests/lint/rooms.py"
            continue
        wrong = complaint(name, written, header)
        if wrong and not excused(name, header, used):
            yield line, wrong


def check_exceptions(used):
    for row in EXCEPTIONS:
        if row not in used:
            yield f"tests/lint/rooms.py:1: the exception {row[0]} -> {row[1]} is not needed"


def check_readme(root, folders):
    """README.md's table has one row `| folder/ | ...` for each room that has files."""
    text = (root / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:lib|daemon)/[a-z/]*)/?` \|", text, re.M)
    rows = [row.rstrip("/") for row in rows]
    for folder in sorted(folders - {"daemon"}):
        if rows.count(folder) != 1:
            yield f"README.md:1: the table of rooms names {folder}/ {rows.count(folder)} times"
    for row in sorted(set(rows) - folders):
        yield f"README.md:1: the table of rooms names {row}/, which has no files"
