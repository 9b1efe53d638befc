#!/bin/bash
# Starts the installed service under a real systemd and looks at it as an
# administrator would: ready, journal, reload, watchdog, restart, stop, protection.
#
# Needs root, the packages systemd and systemd-container, and build/release. Boots this
# machine's own files in a container (systemd-nspawn) whose changes are thrown away;
# nothing here is touched and no network is used. Takes about 20 s.
#
# usage: tests/e2e/systemd.sh      exit 0: all well; 1: not; 77: no container can run here
set -u
cd "$(dirname "$0")/../.."
repo=$PWD

. tests/e2e/look.sh

# --- inside the container -----------------------------------------------------------

etc=/etc/storehealthd

write_configuration() {
	local scenario=$repo/tests/sandbox/scenarios/demo.yaml port client
	port() { sed -E "s/.*\"$1_port\":([0-9]+).*/\1/" /tmp/ports; }
	client=$(sed -nE 's/^ *- client_id: "([0-9]+)".*/\1/p' "$scenario")
	sed -nE 's/^ *api_key: +//p' "$scenario" >$etc/secrets/ozon-main-key
	echo demo-password >$etc/secrets/mail-password
	chmod 600 $etc/secrets/*
	cat >$etc/storehealthd.yaml <<-YAML
		stores:
		  - id: ozon-main
		    marketplace: ozon
		    client_id: "$client"
		    api_key: {credential: ozon-main-key}
		    kind: local
		    base_url: http://127.0.0.1:$(port ozon)
		    poll: {orders: 2s, stock: 3s, reviews: 3s, logistics: 3s, complaints: 2s, account: 3s}
		channels:
		  mail: {type: email, host: 127.0.0.1, port: $(port smtp), tls: none, username: u,
		         password: {credential: mail-password}, from: a@example.com, to: [b@example.com]}
		  chat: {type: webhook, url: "http://127.0.0.1:$(port webhook)/hook"}
		routes:
		  - {match: level >= breached, to: [mail, chat]}
		  - to: [chat]
	YAML
	mkdir -p /etc/systemd/system/storehealthd.service.d
	cat >/etc/systemd/system/storehealthd.service.d/test.conf <<-UNIT
		[Service]
		WatchdogSec=2
		RestartSec=0
	UNIT
}

prop() { systemctl show -P "$1" storehealthd; }
log_has() { journalctl -q -u storehealthd -o cat | grep -qF -- "$1"; }
status_has() { systemctl status --no-pager storehealthd | grep -qE -- "$1"; }
field_is_there() { journalctl -q -u storehealthd -o json | grep -qE "\"$1\":\"$2\""; }
runs_as_another() { [ "$(prop MainPID)" != "$1" ] && [ "$(prop ActiveState)" = active ]; }
ctl_as() {
	local who=$1
	shift
	runuser -u "$who" -- storehealthctl status "$@"
}
every_poller_was_read() {
	storehealthctl status --json 2>/dev/null | python3 -c '
import json, sys
pollers = json.load(sys.stdin)["stores"][0]["pollers"]
sys.exit(not all(poller["last_success"] for poller in pollers))'
}

stop_takes_at_most() {
	local from=$SECONDS
	systemctl stop storehealthd
	[ $((SECONDS - from)) -le "$1" ] && [ "$(prop Result)" = success ]
}

reloads() {
	local pid
	pid=$(prop MainPID)
	check "reload takes a good configuration" systemctl reload storehealthd
	check "and says so" within 5 log_has "a new configuration is in force"
	sed -i 's/client_id/clientid/' $etc/storehealthd.yaml
	refuses "reload fails for a wrong one" systemctl reload storehealthd
	check "and why is in the journal" within 5 log_has "no key \`clientid\`"
	check "the old one stays in force" within 5 log_has "the old one stays"
	check "in the same process" test "$(prop ActiveState) $(prop MainPID)" = "active $pid"
	sed -i 's/clientid/client_id/' $etc/storehealthd.yaml
	check "reload takes the mended one" systemctl reload storehealthd
}

restarts() {
	local pid
	pid=$(prop MainPID)
	kill -9 "$pid"
	check "kill -9: it is started again" within 10 runs_as_another "$pid"
	pid=$(prop MainPID)
	kill -STOP "$pid"
	check "a process that stands still is ended and started again" within 15 runs_as_another "$pid"
	check "by the watchdog" log_has "Watchdog timeout"
}

fails_often() {
	local pid i
	for i in $(seq 12); do
		pid=$(prop MainPID)
		kill -9 "$pid"
		within 10 runs_as_another "$pid" || break
	done
	check "after $i failures in a row it is still started again" \
		test "$i $(prop ActiveState)" = "12 active"
}

starts_wrong() {
	sed -i 's/client_id/clientid/' $etc/storehealthd.yaml
	refuses "a start with a wrong configuration fails" systemctl start storehealthd
	check "a wrong configuration is not tried again and again" test "$(prop NRestarts)" = 0
	check "its exit status says configuration" test "$(prop ExecMainStatus)" = 78
}

asks() {
	useradd -G storehealthd seller
	useradd stranger
	check "storehealthctl answers root" every_poller_was_read
	check "and a member of the group" ctl_as seller
	refuses "and nobody else" ctl_as stranger
}

inside() {
	cmake --install build/release >/tmp/said 2>&1 || { cat /tmp/said; return 1; }
	systemd-sysusers >/dev/null 2>&1
	systemd-tmpfiles --create storehealthd.conf
	build/release/tests/storehealth-sandbox --scenario tests/sandbox/scenarios/demo.yaml >/tmp/ports &
	within 5 test -s /tmp/ports
	write_configuration
	systemctl daemon-reload
	check "storehealthctl check --online finds no mistake" storehealthctl check --online
	check "systemctl start: ready" systemctl start storehealthd
	[ "$(prop ActiveState)" = active ] || { journalctl -q -u storehealthd; return 1; }
	check "every poller reads the store" within 20 every_poller_was_read
	check "systemctl status tells what it does" within 20 status_has 'Status: "watching 1 store'
	check "journal fields: MESSAGE_ID" field_is_there MESSAGE_ID '[0-9a-f]{32}'
	check "journal fields: SHD_STORE" within 10 field_is_there SHD_STORE ozon-main
	check "journal fields: SHD_RULE" field_is_there SHD_RULE ozon-rating-floor
	check "the service user owns the state alone" \
		test "$(stat -c '%U %a' /var/lib/storehealthd)" = "storehealthd 700"
	check "nothing in the journal names a secret" \
		bash -c "! journalctl -q -o json | grep -q -e demo-key -e demo-password"
	asks
	reloads
	restarts
	fails_often
	check "no system call was refused" bash -c "! journalctl -q | grep -i -e seccomp -e SIGSYS"
	check "systemctl stop within 5 s" stop_takes_at_most 5
	starts_wrong
	echo "  $(systemd-analyze security --no-pager storehealthd | grep -o 'Overall exposure.*')"
	return "$failed"
}

# --- outside ------------------------------------------------------------------------

skip() {
	echo "tests/e2e/systemd.sh: skipped: $*"
	exit 77
}

outside() {
	[ "$(id -u)" -eq 0 ] || skip "it needs root"
	[ -n "$(command -v systemd-nspawn)" ] || skip "the package systemd-container is not installed"
	[ -x build/release/storehealthd ] || skip "build/release is not built (./quickstart --build-only)"
	local code
	work=/run/storehealthd-test.$$
	mkdir -p "$work/root" /run/systemd
	trap 'rm -rf "$work"' EXIT
	# A mount namespace of our own, so that whatever happens no mount stays behind.
	timeout --kill-after=5 180 unshare --mount --propagation private bash -c '
		mount -t tmpfs tmpfs /run/systemd && mount --bind / "$1/root" &&
		exec systemd-nspawn -q -D "$1/root" -M storehealthd-test --volatile=overlay \
			--keep-unit --register=no --link-journal=no --private-network \
			--console=pipe --bind="$1" --overlay="$2::$2" --boot \
			"systemd.run=\"$2/tests/e2e/systemd.sh --inside $1\"" \
			systemd.run_success_action=exit systemd.run_failure_action=exit' \
		_ "$work" "$repo" </dev/null >"$work/log" 2>&1
	code=$?
	[ -e "$work/said" ] || { cat "$work/log"; skip "no container can be booted here"; }
	cat "$work/said"
	[ "$code" -eq 0 ] && echo "the service works under systemd" || echo "FAILED (exit $code)"
	[ "$code" -eq 0 ]
}

if [ "${1:-}" = --inside ]; then
	inside >"$2/said" 2>&1
else
	outside
fi
