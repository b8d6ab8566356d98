// Package fronts tests the gateway with the front ends that people use, in their current
// versions: each a small page that sends a form or an action in its own way. The gateway
// guards all that changes something, and knows nothing of the pages. Every page runs twice
// with the same input, directly at its app and through the gateway, and the runs are
// compared: what reached the app, what the page's scripts saw, what the console said.
//
// A new front end is a file in pages and a line in rows. build.mjs says what the file may
// be. Whole apps that people use are in apps_test.go, each with the steps that a person takes
// in it; a proxy in front of the app records what reaches it. What does not work yet stands in its line with the reason, and the test fails as well
// when such a cell begins to work. With -args -all -write the run writes docs/stacks.md.
//
// scripts/tools.sh installs what the pages are built from, and scripts/tools.sh fronts the apps. A missing tool fails the tests,
// with its name; no test is skipped.
package fronts
