#!/usr/bin/env bash
# run.sh ROOT: WordPress, whose files are in ROOT, with a database beside the file that counts effects.
set -euo pipefail
dir=$(dirname "$PROBE_FILE")
export PROBE_SOCKET=$dir/db.sock PHP_CLI_SERVER_WORKERS=4
mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$dir/db" --auth-root-authentication-method=normal --skip-test-db
mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/db" --socket="$PROBE_SOCKET" --pid-file="$dir/db.pid" --skip-networking --innodb-flush-method=nosync &
for _ in {1..300}; do
	mariadb --no-defaults --user=root --socket="$PROBE_SOCKET" --execute='CREATE DATABASE wordpress' 2>/dev/null && break
	sleep 0.1
done
php prepare.php "$1"
exec php -S "127.0.0.1:$PORT" -t "$1"
