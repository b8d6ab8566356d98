#!/usr/bin/env bash
# tools.sh installs the tools of the tests. If none is missing, it is quick and prints
# nothing. Otherwise it prints what it installs, or what to install if it cannot.
# `tools.sh stacks` also installs the servers of e2e/stacks, `tools.sh fronts` the apps of
# e2e/fronts, `tools.sh firefox` the browser of e2e/firefox, and `tools.sh signals` the
# browsers and the automation of e2e/signals. The daily tests do not need them.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-daily}
commands=() packages=()

# need COMMAND PACKAGE...: the tests run COMMAND, which is in Debian's PACKAGEs.
need() {
	command -v "$1" >/dev/null && return
	commands+=("$1")
	shift
	packages+=("$@")
}

# need_file PATTERN NAME PACKAGE...: the same for a file that is no command.
need_file() {
	compgen -G "$1" >/dev/null && return
	commands+=("$2")
	shift 2
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
need npm npm           # installs axe-core, which checks the accessibility of the pages
has_chromium || need chromium chromium
need node nodejs        # one of the apps of the gateway's tests
need php php-cli        # another one
need ruby ruby          # checks the advice and the documentation for Ruby
need nginx nginx-light  # proxies that ask the gateway
need caddy caddy
need sqlite3 sqlite3     # reads an app's effects from a database
python3 -c 'import ensurepip, venv' 2>/dev/null || { commands+=("python3 with venv"); packages+=(python3 python3-venv); }
if [ "$mode" = stacks ]; then
	need_file '/usr/sbin/php-fpm*' PHP-FPM php-fpm
	need_file '/usr/lib/apache2/modules/libphp*.so' "Apache with mod_php" apache2 libapache2-mod-php
	need_file /usr/share/php/Symfony/Component/HttpFoundation/autoload.php "Symfony HttpFoundation" php-symfony-http-foundation
	need puma puma
	need_file '/usr/share/rubygems-integration/all/gems/sinatra-[0-9]*' Sinatra ruby-sinatra
	need_file '/usr/share/rubygems-integration/all/gems/webrick-[0-9]*' WEBrick ruby-webrick
	need rackup ruby-rack
	need uwsgi uwsgi-core
	need_file '/usr/lib/uwsgi/plugins/python3*_plugin.so' "uWSGI for Python" uwsgi-plugin-python3
	need java openjdk-17-jdk-headless
	need mvn maven
fi
if [ "$mode" = fronts ]; then
	need_file /usr/share/wordpress/wp-load.php WordPress wordpress php-mysql
	need_file /usr/share/wordpress/wp-content/themes/twentytwentyone/style.css "a theme of WordPress" wordpress-theme-twentytwentyone
	need mariadbd mariadb-server
fi
if [ "$mode" = firefox ]; then
	[ -n "${FIREFOX:-}" ] || command -v firefox >/dev/null || need firefox-esr firefox-esr
fi
if [ "$mode" = signals ]; then
	need chromium chromium
	need chromedriver chromium-driver
	need firefox-esr firefox-esr
	need Xvfb xvfb       # the screen of browsers with windows
	need xdotool xdotool # mouse and keyboard of those
	need xclip xclip
	need curl curl
fi
[ ${#packages[@]} = 0 ] || install_packages

# If npm's folder is as new as the lock file, which has the hashes, it is up to date.
if [ ! e2e/node_modules/.package-lock.json -nt e2e/package-lock.json ]; then
	echo "tools: installing into e2e/node_modules what e2e/package-lock.json names"
	npm ci --prefix e2e --ignore-scripts --no-audit --no-fund --loglevel=error ||
		die "npm ci --prefix e2e failed: the tests need axe-core, Connect, Express, esbuild, the wrappers of captchas and front ends"
fi

# The same for Python. The mark is written last, so that a broken install is repeated.
if [ ! e2e/.venv/installed -nt e2e/requirements.txt ]; then
	echo "tools: installing into e2e/.venv what e2e/requirements.txt names"
	rm -rf e2e/.venv
	python3 -m venv e2e/.venv && e2e/.venv/bin/pip install --quiet --disable-pip-version-check -r e2e/requirements.txt ||
		die "pip install -r e2e/requirements.txt failed: the tests need Django, Flask, Bottle and the servers they run under"
	touch e2e/.venv/installed
fi
[ "$mode" != daily ] && [ "$mode" != firefox ] || exit 0

if [ "$mode" = signals ]; then
	# No install script runs, so nothing downloads a browser: the tests use Debian's.
	if [ ! e2e/signals/node_modules/.package-lock.json -nt e2e/signals/package-lock.json ]; then
		echo "tools: installing into e2e/signals/node_modules what e2e/signals/package-lock.json names"
		npm ci --prefix e2e/signals --ignore-scripts --no-audit --no-fund --loglevel=error ||
			die "npm ci --prefix e2e/signals failed: the runs need Playwright, Puppeteer and their plugins"
	fi
	venv=.tools/signals/venv
	if [ ! $venv/installed -nt e2e/signals/requirements.txt ]; then
		echo "tools: installing into $venv what e2e/signals/requirements.txt names"
		rm -rf $venv
		mkdir -p .tools/signals
		python3 -m venv $venv && $venv/bin/pip install --quiet --disable-pip-version-check -r e2e/signals/requirements.txt ||
			die "pip install -r e2e/signals/requirements.txt failed: the runs need Selenium and httpx"
		touch $venv/installed
	fi
	exit 0
fi

# Builds are not in the source folders. A mark is written last here too. It is as new as
# the sources.
built=$PWD/.tools/stacks
stale() { [ ! -e "$built/$1.done" ] || [ -n "$(find "e2e/apps/probes/$1" -newer "$built/$1.done" -print -quit)" ]; }

if [ "$mode" = stacks ] && stale spring; then
	echo "tools: building e2e/apps/probes/spring with Maven"
	mvn --quiet --batch-mode -Dstyle.color=never -f e2e/apps/probes/spring/pom.xml -Dout="$built/spring" package >&2 ||
		die "mvn package in e2e/apps/probes/spring failed: the tests need Spring Boot"
	touch "$built/spring.done"
fi

if stale next; then
	echo "tools: building e2e/apps/probes/next with Next.js"
	rm -rf "$built/next"
	mkdir -p "$built"
	cp -R e2e/apps/probes/next "$built/next"
	npm ci --prefix "$built/next" --ignore-scripts --no-audit --no-fund --loglevel=error ||
		die "npm ci in e2e/apps/probes/next failed: the tests need Next.js"
	if ! said=$(cd "$built/next" && NEXT_TELEMETRY_DISABLED=1 node node_modules/next/dist/bin/next build 2>&1); then
		die "next build in e2e/apps/probes/next failed: $said"
	fi
	touch "$built/next.done"
fi

# A copy, so that the settings in it are the tests' own. WordPress finds them beside its files.
if [ "$mode" = fronts ] && stale wordpress; then
	rm -rf "$built/wordpress"
	mkdir -p "$built"
	cp -RL /usr/share/wordpress "$built/wordpress"
	cp e2e/apps/probes/wordpress/wp-config.php "$built/wordpress/"
	touch "$built/wordpress.done"
fi
