#!/usr/bin/env bash
# fuzz.sh FUZZTIME runs every fuzz test of the workspace for that time, one after
# another. It goes on after a failure, so that one run finds all failures.
# fuzz.sh list only lists them.
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

output=$(mktemp)
trap 'rm -f "$output"' EXIT

fuzz() { go test -run='^$' -fuzz="^$2\$" -fuzztime="$3" "$1" </dev/null 2>&1 | tee "$output"; }

# Sometimes Go's fuzzer reports a failure without an input, because a worker is still
# busy at the end of the time. Then the test runs once more.
ended_late() { grep -q '^ *context deadline exceeded$' "$output" && ! grep -q 'Failing input written' "$output"; }

failed=()
while read -r package name; do
	echo "--- $name for $1 ($package)"
	fuzz "$package" "$name" "$1" || { ended_late && fuzz "$package" "$name" "$1"; } || failed+=("$package.$name")
done <<<"$tests"

if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
