#!/usr/bin/env bash
# tools.sh makes sure that what the tests need is on this machine. When nothing
# is missing it is quick and silent; else it says what it installs, or what to
# install where it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."

commands=() packages=()

# need COMMAND PACKAGE...: the tests run COMMAND, which Debian's PACKAGEs bring.
need() {
	command -v "$1" >/dev/null && return
	commands+=("$1")
	shift
	packages+=("$@")
}

die() {
	echo "tools: $*" >&2
	exit 1
}

install_packages() {
	local hint="missing: ${commands[*]} (Debian packages: ${packages[*]})"
	command -v apt-get >/dev/null || die "$hint; there is no apt-get here, so install them by hand"
	local root=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "$hint; not root and no sudo, so install them by hand"
		root=(sudo)
	fi
	echo "tools: installing ${packages[*]} with apt-get"
	"${root[@]}" apt-get update -qq || die "$hint; apt-get update failed"
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" ||
		die "$hint; apt-get install failed"
}

# The browser tests look for these names too.
has_chromium() {
	[ -n "${CHROMIUM:-}" ] || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

command -v go >/dev/null || die "missing: Go, of the version in go.work or newer (https://go.dev/dl/)"
need gcc gcc libc6-dev # the race detector
need npm npm           # brings axe-core, which checks the accessibility of the pages
has_chromium || need chromium chromium
need node nodejs        # one of the apps that the gateway is tried with
need php php-cli        # another one
need nginx nginx-light  # proxies that ask the gateway
need caddy caddy
need sqlite3 sqlite3     # asks a database what an app did
python3 -c 'import ensurepip, venv' 2>/dev/null || { commands+=("python3 with venv"); packages+=(python3 python3-venv); }
[ ${#packages[@]} = 0 ] || install_packages

# What npm installed is as new as the lock file, which holds the hashes.
if [ ! e2e/node_modules/.package-lock.json -nt e2e/package-lock.json ]; then
	echo "tools: installing into e2e/node_modules what e2e/package-lock.json names"
	npm ci --prefix e2e --ignore-scripts --no-audit --no-fund --loglevel=error ||
		die "npm ci --prefix e2e failed: the tests need axe-core and express"
fi

# The same for Python: the mark is written last, so that a broken install is mended.
if [ ! e2e/.venv/installed -nt e2e/requirements.txt ]; then
	echo "tools: installing into e2e/.venv what e2e/requirements.txt names"
	rm -rf e2e/.venv
	python3 -m venv e2e/.venv && e2e/.venv/bin/pip install --quiet --disable-pip-version-check -r e2e/requirements.txt ||
		die "pip install -r e2e/requirements.txt failed: the tests need Django, Flask and the servers they run under"
	touch e2e/.venv/installed
fi
