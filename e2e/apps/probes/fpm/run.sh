#!/bin/sh
# run.sh FOLDER starts nginx and PHP-FPM for a folder, which contains some of nginx's
# settings. Both end with the process group.
set -eu
cd "$(dirname "$0")"
root=$(cd "../$1" && pwd)
temp=$(dirname "$PROBE_FILE")
for file in fpm.conf nginx.conf; do
	sed "s|ROOT|$root|g; s|TEMP|$temp|g; s|PORT|$PORT|g" "$file" >"$temp/$file"
done
sed "s|TEMP|$temp|g" "$root/nginx.conf" >"$temp/app.conf"
# Debian's name of the program contains a version.
fpm=$(command -v php-fpm || ls /usr/sbin/php-fpm* | tail -n 1)
[ -n "$fpm" ] || exit 1
"$fpm" --allow-to-run-as-root --nodaemonize --fpm-config "$temp/fpm.conf" &
# nginx answers before PHP is ready, so a request to nginx would succeed too early.
tries=0
until [ -S "$temp/fpm.sock" ]; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || exit 1
	sleep 0.1
done
exec nginx -e stderr -c "$temp/nginx.conf"
