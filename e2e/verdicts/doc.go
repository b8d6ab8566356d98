// Package verdicts tests the checkers in deploy/verdict in their own languages: with the
// vectors that they share, and in apps behind the gateway.
package verdicts
