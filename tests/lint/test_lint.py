#!/usr/bin/env python3
"""Every rule of lint.py that has a table finds what it is for: one wrong line each."""
import sys

import lint

# (file, text, a part of the complaint; None: nothing to complain of)
CASES = [
    ("tests/sandbox/faces/ozon/rows.c", '#include "market/ozon/ozon.h"\n', "includes market/"),
    ("tests/sandbox/faces/ozon/rows.c", '#include "market/adapter.h"\n', "includes market/"),
    ("tests/sandbox/main.c", '#include "market/market.h"\n', "includes market/"),
    ("tests/sandbox/world/shops.c", '#include "faces/ozon/ozon.h"\n', "includes faces/ozon"),
    ("tests/sandbox/world/shops.c", '#include "serve/http.h"\n', "includes serve/"),
    ("tests/sandbox/serve/fault.c", '#include "faces/ozon/ozon.h"\n', "includes faces/ozon"),
    ("tests/sandbox/sinks/sink.c", '#include "faces/ozon/ozon.h"\n', "includes faces/ozon"),
    ("tests/sandbox/faces/ozon/rows.c", '#include "world/shops.h"\n#include "base/num.h"\n', None),
    ("tests/sandbox/world/shops.c", '#include "face.h"\n', None),
]


def main():
    wrong = []
    for name, text, part in CASES:
        said = [text for _, text in lint.check_code(name, text)]
        if part is None and said or part is not None and not any(part in line for line in said):
            wrong.append(f"{name}: {text!r}: expected {part!r}, got {said}")
    print("\n".join(wrong) or f"lint: {len(CASES)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
