#!/bin/bash
# Installs the build into an empty folder and looks at what stands there: every file
# in its place, the administrator's configuration left alone, a unit that systemd
# accepts, starts what was installed, and rates as well protected.
# usage: install.sh BUILD_DIR PREFIX ETC
set -eu

build=$1 prefix=$2 etc=$3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

has() {
	[ -e "$root$1" ] || fail "$1 was not installed"
}

install_it() {
	DESTDIR=$root cmake --install "$build" >"$root/log" 2>&1 || {
		cat "$root/log"
		exit 1
	}
}

install_it
unit=$prefix/lib/systemd/system/storehealthd.service
has "$prefix/sbin/storehealthd"
has "$prefix/bin/storehealthctl"
has "$etc/storehealthd/conf.d"
has "$etc/storehealthd/rules.d"
[ "$(stat -c %a "$root$etc/storehealthd/secrets")" = 700 ] ||
	fail "$etc/storehealthd/secrets is open to others"
has "$unit"
has "$prefix/lib/sysusers.d/storehealthd.conf"
has "$prefix/lib/tmpfiles.d/storehealthd.conf"
has "$prefix/share/doc/storehealthd/LICENSE"
has "$prefix/share/doc/storehealthd/README.md"
for folder in rules.d words.d texts schema; do
	has "$prefix/share/storehealthd/$folder"
done

has "$etc/storehealthd/storehealthd.yaml"
has "$prefix/share/doc/storehealthd/examples/storehealthd.yaml"
# An editor finds the schema that each file names, and the examples hold.
schemas=$(grep -l '^# yaml-language-server' "$root$etc/storehealthd/storehealthd.yaml" \
	"$root$prefix"/share/doc/storehealthd/examples/storehealthd.yaml \
	"$root$prefix"/share/storehealthd/rules.d/*.yaml)
[ "$(echo "$schemas" | wc -l)" -ge 7 ] || fail "files without a schema: $schemas"
for file in $schemas; do
	schema=$(sed -n '1s/.*\$schema=//p' "$file")
	case $schema in
	/*) schema=$root$schema ;;
	*) schema=$(dirname "$file")/$schema ;;
	esac
	[ -e "$schema" ] || fail "$file names the schema $schema, which was not installed"
done
STOREHEALTHD_DATA_DIR=$root$prefix/share/storehealthd "$root$prefix/bin/storehealthctl" \
	rules test "$root$prefix/share/doc/storehealthd/examples/rules-tests" >"$root/log" 2>&1 ||
	fail "the installed tests of rules: $(tail -5 "$root/log")"
echo "# mine" >"$root$etc/storehealthd/storehealthd.yaml"
install_it
[ "$(cat "$root$etc/storehealthd/storehealthd.yaml")" = "# mine" ] ||
	fail "the second installation overwrote storehealthd.yaml"

DESTDIR=$root/other cmake --install "$build" --prefix "$prefix/other" >"$root/log" 2>&1 &&
	fail "it was installed below a prefix that the unit does not name"

sed -n 's/^Exec[A-Za-z]*=\([^ ]*\).*/\1/p' "$root$unit" >"$root/programs"
while read -r program; do
	[ -x "$root$program" ] || fail "the unit starts $program, which was not installed"
done <"$root/programs"

# What systemd-analyze looks up in the root besides the unit itself.
mkdir -p "$root/usr/lib/systemd"
cp -r /lib/systemd/system "$root/usr/lib/systemd/"
# (with the prefix /usr it is there already)
cp "$root$unit" "$root/usr/lib/systemd/system/" 2>/dev/null || true
complaints=$(systemd-analyze verify --man=no --root="$root" storehealthd.service 2>&1 |
	grep storehealthd || true)
[ -z "$complaints" ] || fail "systemd-analyze verify: $complaints"

# Tenths, so that the shell can compare: 15 is a rating of 1.5.
rating=$(systemd-analyze security --offline=true --no-pager "$root$unit" |
	sed -n 's/.*Overall exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
[ "$((10#${rating:-99}))" -le 15 ] ||
	fail "systemd-analyze security rates ${rating:-nothing} tenths, at most 15 are allowed"

[ "$failed" -eq 0 ] && echo "installed to $prefix and $etc, unit rated ${rating} tenths"
exit "$failed"
