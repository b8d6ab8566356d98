// Package stacks tries the gateway with more servers than the daily tests, because
// every server reads the path of a request in its own way: no spelling of a protected
// route may reach its effect without a proof. The requests are raw bytes, since a
// client would mend them.
//
// scripts/tools.sh stacks installs the servers. One that is missing fails the tests
// and is named; nothing is skipped.
package stacks
