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

command -v go >/dev/null || die "missing: go 1.25 or newer (https://go.dev/dl/)"
need gcc gcc libc6-dev # the race detector
[ ${#packages[@]} = 0 ] || install_packages
