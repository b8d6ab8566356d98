// Package e2e tests what the browser gets in a browser: the scripts and pages of
// package web against the real library, in headless Chromium. Every test counts
// what the protected handler did, because a page that looks right proves nothing.
//
// It needs Chromium (Debian package chromium, or CHROMIUM=/path/to/it) and the
// accessibility checker axe-core, which `npm install --prefix e2e` fetches. What
// is missing fails the tests and is named; nothing is skipped. Screenshots of the
// pages go to shots/.
package e2e
