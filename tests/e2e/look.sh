# What the shell tests beside it share; source it. `failed` is 1 once something was not as it
# should be; /tmp/said holds what the last command printed.

failed=0
good() { echo "  ok      $*"; }
bad() {
	echo "  FAILED  $*"
	failed=1
}

# check WHAT COMMAND...: the command succeeds.
check() {
	local what=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		good "$what"
	else
		bad "$what"
		sed 's/^/          /' /tmp/said
	fi
}

# refuses WHAT COMMAND...: the command fails.
refuses() {
	local what=$1
	shift
	"$@" >/tmp/said 2>&1 && bad "$what" || good "$what"
}

# says WHAT WORDS: what the last command printed has these words.
says() {
	if grep -qF -- "$2" /tmp/said; then
		good "$1"
	else
		bad "$1: expected \"$2\", got"
		sed 's/^/          /' /tmp/said
	fi
}

# Waits up to $1 s until the command succeeds.
within() {
	local tries=$(($1 * 10))
	shift
	while ! "$@"; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}
