// Package firefox tests the gateway with Firefox. The other tests use Chromium. Each row
// runs twice with the same input, directly at its app and through the gateway, and the runs
// are compared: the bytes and headers that reached the app, what the page's scripts found in
// the page, what the console said.
//
// The tests speak WebDriver BiDi with the browser, which needs no driver program.
//
// scripts/tools.sh firefox installs the browser. A missing tool fails the tests, with its
// name; no test is skipped.
package firefox
