// Package stacks tests the gateway with more servers than the daily tests. Every server
// parses the path of a request in its own way: no spelling of a protected route may reach
// its effect without a proof. The requests are raw bytes, because a client would correct
// them.
//
// scripts/tools.sh stacks installs the servers. A missing server fails the tests, with its
// name; no test is skipped.
package stacks
