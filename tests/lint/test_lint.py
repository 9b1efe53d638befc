"""Lint finds what it is for: each small tree below has one thing wrong, or nothing."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lint  # noqa: E402
import rooms  # noqa: E402
import stand_ins  # noqa: E402

HEADER = "/* base/text.h - a text. Pure. */\n#pragma once\n"
README = "| room | what lives there |\n| --- | --- |\n| `lib/base/` | texts |\n"
RULE = {"lib/rule/rule.h": HEADER, "lib/rule/own.h": HEADER, "lib/settings/settings.h": HEADER,
        "README.md": README + "| `lib/rule/` | rules |\n| `lib/settings/` | settings |\n"}


def complaints(files):
    """What lint says of a tree: {path: text}."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(rooms, "EXCEPTIONS", []):
        root = pathlib.Path(folder)
        for name, text in {"README.md": README, "lib/base/text.h": HEADER, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return lint.check_tree(root)


class Lint(unittest.TestCase):
    def bad(self, files, *wanted):
        found = complaints(files)
        self.assertEqual(len(found), len(wanted), found)
        for line, part in zip(found, wanted):
            self.assertIn(part, line)

    def test_a_good_tree(self):
        self.bad({"lib/base/text.c": '#include "text.h"\n\n#include <string.h>\n'})
        self.bad({**RULE, "lib/settings/a.c": '#include "rule/rule.h"\n#include "settings.h"\n'})

    # --- rooms

    def test_arrows_run_one_way(self):
        self.bad({**RULE, "lib/rule/a.c": '#include "settings/settings.h"\n'},
                 "lib/rule/a.c:1: lib/rule/ may not use lib/settings/")

    def test_only_the_contract_of_another_room(self):
        self.bad({**RULE, "lib/settings/a.c": '\n#include "rule/own.h"\n'},
                 'lib/settings/a.c:2: "rule/own.h" is lib/rule\'s own')

    def test_a_path_round_the_room_is_found(self):
        self.bad({**RULE, "lib/rule/a.c": '#include "../settings/settings.h"\n'},
                 "lib/rule/a.c:1: lib/rule/ may not use")

    def test_the_own_room_has_no_path(self):
        self.bad({**RULE, "lib/rule/a.c": '#include "rule/rule.h"\n'}, "write its bare name")

    def test_every_folder_is_a_room(self):
        self.bad({"lib/shed/a.h": HEADER, "lib/base/a.c": '#include "shed/a.h"\n'},
                 "is in no room", "names / ")

    def test_an_exception_that_is_not_needed(self):
        with mock.patch.object(rooms, "EXCEPTIONS", [("lib/rule/", "lib/settings/", "why")]):
            self.assertEqual(len(list(rooms.check_exceptions(set()))), 1)
            used = set()
            self.assertTrue(rooms.excused("lib/rule/a.c", "lib/settings/settings.h", used))
            self.assertEqual(list(rooms.check_exceptions(used)), [])

    def test_the_world_of_the_sandbox_knows_no_face_and_the_sandbox_no_adapter(self):
        cases = [
            ("faces/ozon/rows.c", "market/ozon/ozon.h", "includes market/"),
            ("faces/ozon/rows.c", "market/adapter.h", "includes market/"),
            ("main.c", "market/market.h", "includes market/"),
            ("world/shops.c", "faces/ozon/ozon.h", "includes faces/ozon"),
            ("world/shops.c", "serve/http.h", "includes serve/"),
            ("serve/fault.c", "faces/ozon/ozon.h", "includes faces/ozon"),
            ("sinks/sink.c", "faces/ozon/ozon.h", "includes faces/ozon"),
            ("faces/ozon/rows.c", "base/num.h", None),
            ("faces/ozon/rows.c", "world/shops.h", None),
            ("world/shops.c", "face.h", None),
        ]
        for name, header, wanted in cases:
            self.bad({f"tests/sandbox/{name}": f'#include "{header}"\n'},
                     *([wanted] if wanted else []))

    def test_no_test_stands_in_for_the_product(self):
        self.assertEqual(list(stand_ins.check_symbols("test_heap", "main T 0 0\n")), [])
        [found] = stand_ins.check_symbols("test_heap", "main T 0 0\nshd_heap_put T 0 0\n")
        self.assertIn("defines shd_heap_put", found)
        [found] = stand_ins.check_includes("test_heap", '#include "poll/scheduler_own.h"\n')
        self.assertIn("private to its room", found)

    def test_the_readme_names_each_room_once(self):
        self.bad({"README.md": ""}, "names lib/base/ 0 times")
        self.bad({"README.md": README + "| `lib/base/` | again |\n"}, "names lib/base/ 2 times")
        self.bad({"README.md": README + "| `lib/cellar/` | what |\n"}, "which has no files")

    # --- code

    def test_one_owner_of_a_library(self):
        for header in ("curl/curl.h", "sqlite3.h", "openssl/evp.h", "xxhash.h", "microhttpd.h",
                       "libfyaml.h", "systemd/sd-daemon.h", "pcre2.h", "uv.h",
                       "unicode/uspoof.h", "unicode/ucal.h", "unicode/umsg.h", "jansson.h"):
            self.bad({"lib/base/a.c": f"#include <{header}>\n"}, f"#include <{header}> belongs to")
        self.bad({"lib/base/crypto.c": "#include <openssl/evp.h>\n"})

    def test_what_is_counted_agrees_with_its_number(self):
        self.bad({"README.md": README + "| `daemon/ctl/` | commands |\n",
                  "daemon/ctl/a.c": 'const char *a = "%zu stores";\n'}, "%zu stores: write one%s")
        self.bad({"README.md": README + "| `daemon/ctl/` | commands |\n",
                  "daemon/ctl/a.c": 'const char *a = "%zu store%s, %d rules";\n'})

    def test_what_is_banned(self):
        self.bad({"lib/base/a.c": "int f(void)\n{\n\treturn time(0);\n}\n"}, "a.c:3: time reads the clock")
        self.bad({"lib/base/a.c": "/* time(0) */\n"})
        self.bad({"lib/base/a.c": 'const char *a = "SELECT 1";\n'}, "is SQL")
        self.bad({"lib/base/a.c": "int a; // TODO\n"}, '"TODO"')

    def test_form(self):
        self.bad({"lib/base/a.c": "int a;" + " " * 80 + "int bbbbbbbbbbbbbbbb;\n"}, "columns")
        self.bad({"lib/base/a.c": "int a;\n" * 601}, "at most 600")
        self.bad({"lib/base/a.c": "void f(void)\n{\n" + "\ta();\n" * 71 + "}\n"}, "fit a screen")
        self.bad({"lib/base/a.c": "int f(void)\n{\n        return 1;\n}\n"}, "with spaces")
        self.bad({"lib/base/a.c": "int a; \n"}, "blank at the end")

    def test_headers(self):
        self.bad({"lib/base/a.h": "#pragma once\n"}, "begins with a comment")
        self.bad({"lib/base/a.h": HEADER + "\nint shd_a(void);\n"}, "without a comment")

    def test_automatic_variables_begin_somewhere(self):
        self.bad({"lib/base/a.c": "void f(void)\n{\n\tchar *a shd_autofree;\n}\n"}, "initialiser")


if __name__ == "__main__":
    unittest.main()
