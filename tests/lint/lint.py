#!/usr/bin/env python3
"""Holds the house rules that a script can hold.

usage: lint.py libshd.a [OTHER.a...] SOURCE_DIR

Prints FILE:LINE: what is wrong, and exits 1 when there was anything. Each rule is a
row of a table or one short function; comments and strings are blanked before the
rules about code look at it.
"""
import pathlib
import re
import subprocess
import sys

import rooms

COLUMNS = 100  # a tab has eight
FUNCTION_MAX = 70
FILE_MAX = 600

# (where, what must not stand in the code, why)
BANNED = [
    (r"", r"\b(v?sprintf|strcpy|stpcpy|strcat|strncat|strtok|strtok_r|gets|alloca)\s*\(",
     "is unsafe; use a struct shd_text or snprintf"),
    (r"", r"\b(atoi|atol|atoll|atof)\s*\(", "reports no mistake; use shd_decimal_parse"),
    (r"", r"\b(system|popen)\s*\(", "starts a shell"),
    (r"^lib/", r"\b(time|clock_gettime|gettimeofday|clock|localtime|localtime_r|mktime)\s*\(",
     "reads the clock; lib/ gets `now` as a parameter"),
    (r"^lib/", r"\b(s?rand|s?random|rand_r|getrandom|arc4random)\s*\(",
     "draws lots; lib/ gets randomness as a parameter"),
    (r"^lib/", r"\b(getenv|secure_getenv|fopen|open|printf|puts|syslog|sd_journal_\w+)\s*\(",
     "touches the world; lib/ only computes"),
    (r"^lib/", r"\b(float|long double)\b", "is not exact; use integers with a scale"),
    (r"^daemon/(?!commit/|state/|replay/)", r"\bshd_state_(begin|commit|rollback)\s*\(",
     "is daemon/commit's; hand in a change (replay works on a copy of its own)"),
]

# (header, the only files that may include it)
OWNERS = [
    (r"curl/", r"^daemon/net/|^tests/bench/"),
    (r"sqlite3", r"^daemon/state/sqlite/|^tests/"),
    (r"systemd/", r"^daemon/(host/service|journal/log)\.c$"),
    (r"microhttpd", r"^daemon/api/|^tests/(sandbox|bench)/"),
    (r"libfyaml", r"^lib/conf/yaml\.c$"),
    (r"pcre2", r"^lib/rule/language/regex\.c$"),
    # the sandbox proves what was signed with the library itself, not with our words for it
    (r"openssl/", r"^lib/base/crypto\.c$|^tests/sandbox/"),
    (r"xxhash", r"^lib/base/hash\.c$"),
    (r"zlib\.h", r"^lib/market/gunzip\.c$|^tests/"),
    (r"uv\.h", r"^daemon/(api|app|host|net)/|^tests/(sandbox|bench)/"),
    # records of answers, bodies of hooks, facts of the outbox, schemas, the API
    (r"jansson", r"^lib/(market/|message/facts\.c|notify/webhook\.c|(rule|settings)/schema\.h)"
                 r"|^daemon/(api/|ctl/|host/json_room\.c)|^tests/"),
    (r"unicode/(uchar|uscript|uspoof)", r"^lib/base/fold\.c$"),
    (r"unicode/(ucal|uenum)", r"^lib/base/zone\.c$"),
    (r"unicode/(umsg|unum|uplural)", r"^lib/message/(pattern|phrasebook)\.[ch]$"),
    (r"unicode/(?!uchar|uscript|uspoof|ucal|uenum|umsg|unum|uplural)", r"^lib/base/(fold|zone)\.c$|^lib/message/(pattern|phrasebook)\.[ch]$"),
    (r"(pthread|threads)\.h", r"^daemon/|^tests/"),
]

# The sandbox is made by the platforms' documentation, not from the adapters, and its world
# knows no platform: (where, what it may include of ours).
SANDBOX_MAY = [
    (r"^tests/sandbox/[^/]+$", r"^(base|conf)/|^(world|serve|sinks|faces/\w+)/|^[a-z_]+\.h$"),
    (r"^tests/sandbox/world/", r"^base/|^[a-z_]+\.(h|def)$"),
    (r"^tests/sandbox/serve/", r"^base/|^world/json\.h$|^[a-z_]+\.h$"),
    (r"^tests/sandbox/sinks/", r"^base/|^(world|serve)/|^[a-z_]+\.h$"),
    (r"^tests/sandbox/faces/", r"^base/|^(world|serve)/|^[a-z_]+\.(h|def)$"),
]

SQL = re.compile(r'"\s*(SELECT\s|INSERT (INTO|OR)\s|UPDATE \w+ SET\s|DELETE FROM\s|CREATE (TABLE|INDEX)\s'
                 r'|DROP (TABLE|INDEX)\s|ALTER TABLE\s|PRAGMA \w|BEGIN IMMEDIATE)')
SQL_OWNERS = re.compile(r"^daemon/state/sqlite/|^tests/")

# What is counted agrees with its number: "1 store", not "1 stores".
COUNTED = re.compile(r"%(?:zu|ll?[du]) (?:alerts|changes|channels|feeds|looks|messages|pollers|polls|requests|rules"
                     r"|stores|times)\b")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented")

# What libshd.a may ask of others: names of libc that only compute, and the libraries
# that only compute. A new row needs a reason why it is no I/O, clock or global.
SYMBOLS = re.compile(r"""^(
    shd_\w+
  | _GLOBAL_OFFSET_TABLE_ | __(asan|ubsan|tsan|sanitizer|stack_chk)_\w+
  | __[a-z]+[dt]i[0-9]                                 # 128-bit arithmetic of the compiler
  | __(mem|str|stp|sn|vsn|as|vas|explicit_bzero)\w*_chk # fortified forms of the below
  | __ctype_(b|tolower|toupper)_loc | __errno_location
  | (malloc|calloc|realloc|reallocarray|free|abort|qsort|qsort_r|bsearch)
  | mem\w+ | strn?(len|cmp|casecmp|chr|rchr|str|spn|cspn|dup|pbrk|sep|casestr|chrnul)
  | strncasecmp | rawmemchr | inet_pton | (h|n)to(n|h)[ls] | explicit_bzero | v?snprintf | (iso|to|is)[a-z]+
  | strto(l|ll|ul|ull|d|imax|umax) | __isoc23_strto\w+ | __strto\w+_internal
  | (l|ll)?(abs|div) | (l|ll)?round\w* | floor\w* | ceil\w* | fabs\w* | (f?mod|pow|log|exp|sqrt|trunc|nearbyint|ldexp|frexp)\w*
  | __is(nan|inf|finite)\w* | __signbit\w* | __fpclassify\w*
  | json_\w+ | jsonp_\w+                               # jansson
  | fy_\w+                                             # libfyaml
  | pcre2_\w+                                          # PCRE2
  | (u|ucnv|ucol|unorm2?|ubrk|uloc|utext|udat|ucal|unum|umsg|uplrules|upluralrules|uspoof|uset|utf8|uidna|unumf|ulistfmt|ucasemap|ureldatefmt|utrans|uenum|uregex|udatpg|uscript)_\w+
  | inflate\w*                                         # zlib
  | XXH\w+                                             # xxhash
  | CRYPTO_memcmp | OPENSSL_cleanse | EVP_\w+ | HMAC\w* | SHA(1|224|256|384|512)\w* | MD5\w*
)$""", re.VERBOSE)

# The one place that says what broke before it aborts (base/error.h, shd_assert).
SYMBOLS_OF = {"error.c.o": {"fprintf", "stderr", "__fprintf_chk", "fwrite", "fputs"},
              "mem.c.o": {"fprintf", "stderr", "__fprintf_chk", "fwrite", "fputs"},
              # writes to memory through fmemopen and open_memstream only
              "yaml.c.o": {"fmemopen", "open_memstream", "fclose", "fflush", "stderr"}}


def blank(text, strings):
    """The same text, length and lines, with comments (and strings) as spaces."""
    what = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def hide(match):
        found = match.group(0)
        if found[0] in "\"'" and not strings:
            return found
        return re.sub(r"[^\n]", " ", found)
    return what.sub(hide, text)


def hits(pattern, text):
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match.group(0).strip()


def check_code(name, text):
    code, quoted = blank(text, True), blank(text, False)
    for where, pattern, why in BANNED:
        if re.search(where, name):
            for line, found in hits(pattern, code):
                yield line, f"{found.rstrip('( ')} {why}"
    for header, owner in OWNERS:
        if not re.search(owner, name):
            for line, found in hits(rf"#\s*include\s*[<\"]{header}[^>\"]*", quoted):
                yield line, f"{found}> belongs to {owner} only"
    for where, may in SANDBOX_MAY:
        if re.search(where, name):
            for match in re.finditer(r'#\s*include\s*"([^"]*)"', quoted):
                if not re.search(may, match.group(1)):
                    yield (quoted.count("\n", 0, match.start()) + 1,
                           f"includes {match.group(1)}; here only {may}")
    if name.startswith("daemon/"):
        for line, found in hits(COUNTED, quoted):
            yield line, f"{found}: write one%s with SHD_S"
    if not SQL_OWNERS.search(name):
        for line, found in hits(SQL, quoted):
            yield line, f"{found}... is SQL; statements live in daemon/state/sqlite/statements.def"


def check_length(name, lines):
    start = 0
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > COLUMNS:
            yield number, f"{len(line.expandtabs(8))} columns, a line has at most {COLUMNS}"
    if len(lines) > FILE_MAX:
        yield len(lines), f"{len(lines)} lines, a file has at most {FILE_MAX}"
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start > FUNCTION_MAX:
                yield start, f"a function of {number - start} lines, at most {FUNCTION_MAX} fit a screen"
            start = 0


DECLARES = re.compile(r"^(?!typedef|static|#|extern|struct \w+ \{|enum)[a-zA-Z_][^;{}=]*\bshd_\w+\(", re.M)


def check_documented(lines):
    """Every declaration stands in a block (lines without an empty one between) that has
    a comment. Accessors that only read a table by its key say it in their names."""
    block, first, brace = [], 1, 0
    for number, line in enumerate(lines + [""], 1):
        if line.strip() or brace:
            block.append(line)
            brace += line.count("{") - line.count("}")
            continue
        text = "\n".join(block)
        if "/*" not in text and DECLARES.search(text) and not ACCESSORS.search(text):
            yield first, "public function without a comment"
        block, first = [], number + 1


ACCESSORS = re.compile(r"\bshd_\w+_(name|text|doc|row|find|figures|close)\(")


def check_indent(lines):
    for number, line in enumerate(lines, 1):
        if re.match(r"\t* {8,}(?![ *])", line):
            yield number, "indented with spaces; tabs"


# A cleanup runs on every way out, also on those before the variable was set up.
AUTO = re.compile(r"^[ \t]+[^;{}#=]*\b(?:SHD_AUTO\(|shd_autofree\b)[^;]*;", re.M)


def check_autos(text):
    for match in AUTO.finditer(blank(text, True)):
        rest, found = match.group(0), 1
        while found: # the commas that are left are those between the variables
            rest, found = re.subn(r"\{[^{}]*\}|\([^()]*\)", "", rest)
        if any("=" not in declarator for declarator in rest.split(",")):
            yield (text.count("\n", 0, match.start()) + 1,
                   "an automatic variable without an initialiser; say = {0}")


def check_file(root, path):
    name = str(path.relative_to(root))
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    if path.suffix in (".c", ".h"):
        yield from check_code(name, text)
        yield from check_length(name, lines)
        yield from check_indent(lines)
        yield from check_autos(text)
    if path.suffix == ".h" and name.startswith(("lib/", "daemon/")):
        yield from check_documented(lines)
        if not text.startswith("/* "):
            yield 1, "a header begins with a comment: what the module is, and its thread"
    if path.suffix in (".c", ".h", ".def", ".sql"):
        for line, found in hits(UNFINISHED, text):
            yield line, f'"{found}": leave it out or do it'
        for line, _ in hits(r"[ \t]+\n", text):
            yield line, "blank at the end of the line"


def check_archive(archive):
    """Names of objects and of the symbols that they want of others."""
    listing = subprocess.run(["nm", "--undefined-only", "--format=posix", archive],
                             check=True, capture_output=True, text=True).stdout
    member = ""
    for line in listing.splitlines():
        if line.endswith(":"):
            member = re.sub(r".*\[(.*)\]:$", r"\1", line)
            continue
        symbol = line.split()[0].split("@")[0] if line.split() else ""
        if symbol and not SYMBOLS.match(symbol) and symbol not in SYMBOLS_OF.get(member, ()):
            yield f"{archive}({member}): wants {symbol}, which is not on the list of what only computes"


def check_prefix(archive):
    """What an archive shows to others is named shd_."""
    listing = subprocess.run(["nm", "--defined-only", "--extern-only", "--format=posix", archive],
                             check=True, capture_output=True, text=True).stdout
    member = ""
    for line in listing.splitlines():
        if line.endswith(":"):
            member = re.sub(r".*\[(.*)\]:$", r"\1", line)
        elif line.split() and not re.match(r"_*shd_|__(asan|odr_asan|ubsan|tsan|sanitizer)", line):
            yield f"{archive}({member}): {line.split()[0]} is visible and not named shd_"


def check_tree(root):
    """All complaints about the files below root, each with its place."""
    complaints, needed, folders = [], set(), set()
    for folder in ("lib", "daemon", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".c", ".h", ".def", ".sql"):
                continue
            name = str(path.relative_to(root))
            found = [*check_file(root, path),
                     *rooms.check_includes(root, name, path.read_text(encoding="utf-8"), needed)]
            complaints += [f"{name}:{line}: {text}" for line, text in found]
            if folder != "tests":
                folders.add(rooms.room_of(name))
    return [*complaints, *rooms.check_exceptions(needed), *rooms.check_readme(root, folders)]


def main(args):
    archives = args[:-1]
    root = pathlib.Path(args[-1])
    complaints = check_tree(root)
    complaints += check_archive(archives[0])
    for archive in archives:
        complaints += check_prefix(archive)
    print("\n".join(complaints) or "lint: clean")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
