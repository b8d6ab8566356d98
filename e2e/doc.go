// Package e2e tests the parts that no package can test alone, with real software. Headless
// Chromium runs the scripts and pages of package web, on the library. The gateway runs in
// front of real apps (Django, Flask, Express, PHP, see package apps). Real nginx and Caddy
// ask it. The browser visits it as people do, and the scraper of the usual tutorials attacks
// it. Every test counts the effects in the app, because a page that looks right proves
// nothing.
//
// scripts/tools.sh installs the tools: Debian packages, axe-core, Express, front ends and the
// wrappers of captchas from npm, and a Python environment in .venv. A missing tool fails the tests, with its name; no test is
// skipped. Screenshots of the pages go to shots/.
//
// Package fronts has the front ends that people use. Half of them run daily, all with
// make fronts.
//
// Package signals drives browser automation and stand-ins for people, with make signals.
//
// Package stacks has more servers, which only make stacks installs.
//
// Package firefox has Firefox, with make firefox.
package e2e
