#!/bin/sh
# run.sh FOLDER starts Apache with mod_php for a copy of a folder, because Apache's user
# may not be allowed to read the original.
set -eu
cd "$(dirname "$0")"
APACHE_ROOT=$(dirname "$PROBE_FILE")/root
APACHE_LIB=/usr/lib/apache2
PHP_MODULE=$(basename "$(ls $APACHE_LIB/modules/libphp*.so | tail -n 1)")
export APACHE_ROOT APACHE_LIB PHP_MODULE
cp -R "../$1" "$APACHE_ROOT"
chmod -R a+rX "$APACHE_ROOT"
exec apache2 -D FOREGROUND -f "$PWD/apache.conf"
