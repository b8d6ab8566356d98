// Package e2e tests what no package can test alone, with the real parts: the scripts
// and pages of package web in headless Chromium, on the library; and the gateway
// before real apps (Django, Flask, Express, PHP, see package apps), asked by real
// nginx and Caddy, visited by people in the browser and by the scraper of the usual
// tutorials. Every test counts what happened in the app, because a page that looks
// right proves nothing.
//
// scripts/tools.sh installs what it takes: Debian packages, axe-core and Express
// from npm, and a Python environment in .venv. What is missing fails the tests and
// is named; nothing is skipped. Screenshots of the pages go to shots/.
//
// Package stacks has more servers, which only make stacks installs.
package e2e
