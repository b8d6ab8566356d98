// Package verdicts holds tests of the checkers in deploy/verdict, in the languages
// that they are for: over the vectors that they share, and in apps behind the gateway.
package verdicts
