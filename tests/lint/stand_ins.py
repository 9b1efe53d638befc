#!/usr/bin/env python3
"""No unit test puts a function of its own in the place of one of the product's, nor
reaches behind a room's contract: what a test needs is a parameter.

usage: stand_ins.py FOLDER_OF_OBJECTS SOURCE_DIR

A test program defines main and static functions. Any other shd_ symbol that its objects
define would be linked instead of the archive's."""
import pathlib
import re
import subprocess
import sys

PRIVATE = re.compile(r'#\s*include\s*"(\w+/(?:\w+_own|parts)\.h)"')

# (test, what it may define or include, why it still does)
ALLOWED = [
]


def is_allowed(test, name):
    return any(test == who and re.fullmatch(what, name) for who, what, _ in ALLOWED)


def check_symbols(test, listing):
    """listing: what nm --defined-only --extern-only --format=posix says of its objects."""
    for line in listing.splitlines():
        name = line.split()[0] if line.split() else ""
        if name.startswith("shd_") and not is_allowed(test, name):
            yield f"{test}: defines {name}, which belongs to the product"


def check_includes(test, text):
    for match in PRIVATE.finditer(text):
        if not is_allowed(test, match.group(1)):
            yield f"{test}: includes {match.group(1)}, which is private to its room"


def main(objects, root):
    found, count = [], 0
    tests = {path.name for path in (pathlib.Path(root) / "tests").glob("*/test_*.c")}
    for path in sorted(pathlib.Path(objects).glob("test_*.dir/**/*.o")):
        if path.name[:-len(".o")] not in tests:
            continue  # left by a test that is no more
        listing = subprocess.run(["nm", "--defined-only", "--extern-only", "--format=posix", path],
                                 check=True, capture_output=True, text=True).stdout
        found += check_symbols(path.name.split(".")[0], listing)
        count += 1
    for folder in ("unit", "prop", "sim", "support"):
        for path in sorted((pathlib.Path(root) / "tests" / folder).glob("*.[ch]")):
            found += check_includes(path.stem, path.read_text(encoding="utf-8"))
    if not count:
        found.append(f"{objects}: no objects of tests")
    print("\n".join(found) or f"stand-ins: none in {count} objects")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
