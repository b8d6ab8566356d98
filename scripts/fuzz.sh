#!/usr/bin/env bash
# fuzz.sh FUZZTIME runs every fuzz test of the workspace for that long, one
# after another, and goes on after a failure so that one run finds all it can.
# fuzz.sh list only names them.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzz_tests() {
	go test -list '^Fuzz' work |
		awk '/^Fuzz/ {name[n++] = $1} /^ok/ {for (i = 0; i < n; i++) print $2, name[i]; n = 0}'
}

tests=$(fuzz_tests)
if [ -z "$tests" ]; then
	echo "fuzz: no fuzz tests found" >&2
	exit 1
fi
if [ "${1:?usage: fuzz.sh FUZZTIME | list}" = list ]; then
	echo "$tests"
	exit
fi

failed=()
while read -r package name; do
	echo "--- $name for $1 ($package)"
	go test -run='^$' -fuzz="^$name\$" -fuzztime="$1" "$package" </dev/null || failed+=("$package.$name")
done <<<"$tests"

if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
