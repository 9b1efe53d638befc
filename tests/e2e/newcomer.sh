#!/bin/bash
# The first hour of somebody new, in a bare Debian 12 that knows nothing of this project: the
# README's two commands as an ordinary user with sudo and as root, "A real store in five minutes"
# to the letter against the simulated Ozon and a stock postfix, and each usual mistake with the
# words that it must show.
#
# Needs root, the network's package mirror, and the packages debootstrap and systemd-container.
# Takes some 10 minutes; --whole runs all of tests/run in there as well, twice 15 minutes more.
#
# usage: tests/e2e/newcomer.sh [--whole]    exit 0: all well; 1: not; 77: it cannot run here
set -u
cd "$(dirname "$0")/../.."
. tests/e2e/look.sh

etc=/etc/storehealthd
clone=/home/li/storehealthd

# --- inside ---------------------------------------------------------------------------------

as_li() { runuser -u li -- env -C "$clone" HOME=/home/li "$@"; }

# The commands of the README's section, by the number of its step.
step() {
	sed -n '/^## A real store in five minutes/,/^## /p' README.md |
		awk -v step="$1" '/^[0-9]+\. /{at = $1 + 0} at == step' |
		sed -n '/```sh/,/```/{/```/d; s/^ *//; p}'
}

both_commands() {
	check "li: ./quickstart --for 60s" as_li ./quickstart --for 60s
	check "root: ./quickstart --for 60s, in a clone that was moved" bash -c "
		cp -r $clone /root/moved && cd /root/moved && ./quickstart --for 60s"
	[ -z "$whole" ] || check "li: tests/run" as_li tests/run
	[ -z "$whole" ] || check "root: tests/run" bash -c 'cd /root/moved && tests/run'
}

# Takes mail for li@localhost, after a login as li on 587; on 2525 it offers no STARTTLS.
set_up_postfix() {
	debconf-set-selections <<-'EOF'
		postfix postfix/main_mailer_type select Internet Site
		postfix postfix/mailname string localhost
	EOF
	DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
		postfix dovecot-core >/tmp/said 2>&1 || { cat /tmp/said; return 1; }
	cat >/etc/dovecot/local.conf <<-'EOF'
		protocols =
		disable_plaintext_auth = no
		service auth {
		  unix_listener /var/spool/postfix/private/auth {
		    mode = 0660
		    user = postfix
		    group = postfix
		  }
		}
	EOF
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout /etc/postfix/tls.key \
		-out /etc/postfix/tls.pem 2>/dev/null
	chmod 644 /etc/postfix/tls.pem
	postconf -e 'smtpd_tls_cert_file=/etc/postfix/tls.pem' 'smtpd_tls_key_file=/etc/postfix/tls.key' \
		'smtpd_sasl_type=dovecot' 'smtpd_sasl_path=private/auth' \
		'smtpd_sasl_auth_enable=yes' 'mydestination=localhost' \
		'smtpd_relay_restrictions=permit_sasl_authenticated,reject_unauth_destination' \
		'smtpd_reject_unlisted_recipient=yes' 'inet_interfaces=loopback-only'
	postconf -M 'submission/inet=submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt'
	postconf -M '2525/inet=2525 inet n - y - - smtpd -o smtpd_tls_security_level=none'
	echo 'li:right' | chpasswd
	systemctl restart dovecot postfix
}

# What sudoedit would be used for.
write_configuration() {
	cat >/tmp/editor <<-EOF
		#!/bin/sh
		sed -i -e 's/client_id: "123456"/client_id: "$client"/' \
			-e 's|^    kind: local|    base_url: http://127.0.0.1:$ozon\n&|' \
			-e 's/host: smtp.example.com/host: localhost/' \
			-e 's|    tls: starttls|    ca_file: /etc/postfix/tls.pem\n&|' \
			-e 's/username: .*/username: li/' -e 's/from: .*/from: li@localhost/' \
			-e 's/to: .owner@example.com./to: [li@localhost]/' "\$1"
	EOF
	chmod +x /tmp/editor
}

five_minutes() {
	local command
	check "1: ./quickstart --build-only" as_li bash -ec "$(step 1 | head -1)"
	says "1: it says what comes next" "sudo cmake --install build/release"
	check "1: install" as_li bash -ec "$(step 1 | tail -n +2)"
	check "2: the key" as_li bash -ec "$(step 2 | head -1)" <<<"$key"
	check "2: the password" as_li bash -ec "$(step 2 | tail -1)" <<<right
	write_configuration
	check "3: edit" as_li env SUDO_EDITOR=/tmp/editor bash -ec "$(step 3)"
	check "4: check" as_li bash -ec "$(step 4)"
	says "4: the mail server takes its recipient" "login, sender and 1 recipient accepted"
	check "5: enable, status" as_li bash -ec "$(step 5)"
	check "5: a mail arrives" within 60 grep -qs "^Subject: " /var/mail/li
	check "5: status is well within a minute" within 60 as_li sudo storehealthctl status
	command="storehealthctl check"
	refuses "as an ordinary user, who may not read the secrets" as_li $command
	says "it says so" "Permission denied"
	says "and what to do" "with sudo"
}

# mistake WHAT WORDS SED...: the configuration with this change, and what check --online says.
mistake() {
	local what=$1 words=$2
	shift 2
	cp $etc/storehealthd.yaml /tmp/good.yaml
	sed -i "$@" $etc/storehealthd.yaml
	refuses "$what is refused" storehealthctl check --online
	says "$what: $words" "$words"
	cp /tmp/good.yaml $etc/storehealthd.yaml
}

mistakes() {
	echo wrong | install -m 600 /dev/stdin $etc/secrets/wrong
	mistake "a wrong key" "the key was refused" 's/credential: ozon-main-key/credential: wrong/'
	mistake "a wrong client id" "client_id is not the one" "s/client_id: \"$client\"/client_id: \"77\"/"
	mistake "a client id that is a name" "expected the digits" \
		"s/client_id: \"$client\"/client_id: myshop/"
	mistake "a wrong host" "see \`host\` and \`port\`" 's/host: localhost/host: nowhere.invalid/'
	mistake "a closed port" "see \`host\` and \`port\`" 's/host: localhost/host: localhost\n    port: 26/'
	mistake "a wrong password" "the server refuses the login: 535" \
		's/credential: mail-password/credential: wrong/'
	mistake "a server without STARTTLS" "offers no STARTTLS" \
		's/host: localhost/host: localhost\n    port: 2525/'
	mistake "a certificate that nobody signed" "set \`ca_file\`" '/ca_file/d'
	mistake "an address that is not there" "the server refuses ghost@localhost: 550" \
		's/to: .li@localhost./to: [ghost@localhost]/'
	mistake "mail in the clear to another host" "would travel in the clear" \
		-e 's/host: localhost/host: smtp.example.com/' -e 's/tls: starttls/tls: none/'
	cp $etc/storehealthd.yaml /tmp/good.yaml
	sed -i 's/client_id/clientid/' $etc/storehealthd.yaml
	refuses "systemctl reload fails for a misspelt key" systemctl reload storehealthd
	check "and check shows where" bash -c "storehealthctl check 2>&1 | grep -F 'no key \`clientid\`'"
	cp /tmp/good.yaml $etc/storehealthd.yaml
	check "systemctl reload takes the mended one" systemctl reload storehealthd
}

inside() {
	local scenario=$clone/tests/sandbox/scenarios/demo.yaml
	cd "$clone" || return 1
	client=$(sed -nE 's/^ *- client_id: "([0-9]+)".*/\1/p' "$scenario")
	key=$(sed -nE 's/^ *api_key: +//p' "$scenario")
	both_commands
	set_up_postfix || return 1
	build/release/tests/storehealth-sandbox --scenario "$scenario" >/tmp/ports &
	within 5 test -s /tmp/ports
	ozon=$(sed -E 's/.*"ozon_port":([0-9]+).*/\1/' /tmp/ports)
	five_minutes
	mistakes
	return "$failed"
}

# --- outside --------------------------------------------------------------------------------

skip() {
	echo "tests/e2e/newcomer.sh: skipped: $*"
	exit 77
}

make_root() {
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,sudo,ca-certificates \
		bookworm "$work/root" >"$work/log" 2>&1 ||
		{ tail -3 "$work/log"; skip "no bare Debian can be made"; }
	chroot "$work/root" useradd --create-home --shell /bin/bash li
	echo 'li ALL=(ALL) NOPASSWD: ALL' >"$work/root/etc/sudoers.d/li"
	# A clone of what is committed, as everybody gets it.
	git -c safe.directory='*' clone -q --no-hardlinks . "$work/root$clone" || exit 1
	chroot "$work/root" chown -R li: "$clone"
}

outside() {
	[ "$(id -u)" -eq 0 ] || skip "it needs root"
	[ -n "$(command -v systemd-nspawn)" ] || skip "the package systemd-container is not installed"
	[ -n "$(command -v debootstrap)" ] || skip "the package debootstrap is not installed"
	local code
	work=$(mktemp -d /var/tmp/storehealthd-newcomer.XXXXXX)
	trap 'rm -rf "$work"' EXIT
	make_root
	timeout --kill-after=5 3600 unshare --mount --propagation private bash -c '
		mount -t tmpfs tmpfs /run/systemd &&
		exec systemd-nspawn -q -D "$1/root" -M storehealthd-newcomer --keep-unit --register=no \
			--link-journal=no --resolv-conf=copy-host --console=pipe --bind="$1" --boot \
			"systemd.run=\"$2/tests/e2e/newcomer.sh --inside $1 $3\"" \
			systemd.run_success_action=exit systemd.run_failure_action=exit' \
		_ "$work" "$clone" "$whole" </dev/null >>"$work/log" 2>&1 &
	touch "$work/said"
	tail --pid=$! -f "$work/said"
	wait $!
	code=$?
	[ -s "$work/said" ] || { tail -20 "$work/log"; skip "no container can be booted here"; }
	[ "$code" -eq 0 ] && echo "a newcomer gets there" || echo "FAILED (exit $code)"
	[ "$code" -eq 0 ]
}

whole=
case ${1:-} in
--inside)
	whole=${3:-}
	inside >"$2/said" 2>&1
	;;
--whole)
	whole=yes
	outside
	;;
*) outside ;;
esac
