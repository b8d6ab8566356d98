package palisade_test

// NOTICE names all that ships and is not ours.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shipped reports a module that people get, as a binary or as packages to build with.
// The others are tests, benchmarks and examples.
func shipped(dir string) bool {
	return dir == "." || strings.HasPrefix(dir, "adapter/") || strings.HasPrefix(dir, "cmd/")
}

// noticeOfModules begins the part of NOTICE that is written from the modules' licences.
const noticeOfModules = "\nModules that are linked into the command palisade, or into programs that use these\npackages. Written by `make deps` from the licence files of each.\n"

func TestNoticeNamesTheModules(t *testing.T) {
	raw, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(raw), noticeOfModules)
	var want strings.Builder
	want.WriteString(head + noticeOfModules)
	for _, m := range linked(t) {
		fmt.Fprintf(&want, "\n%s\n%s", m.path, licenceOf(t, m))
	}
	if *updateDeps {
		if err := os.WriteFile("NOTICE", []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(raw) != want.String() {
		t.Errorf("NOTICE does not say what the licences of the modules say; run `make deps` and commit it\n--- want\n%s", &want)
	}
}

type linkedModule struct{ path, dir string }

// linked returns the modules of others that any shipped module links, sorted.
func linked(t *testing.T) (modules []linkedModule) {
	t.Helper()
	for _, dir := range moduleDirs(t) {
		if !shipped(filepath.ToSlash(dir)) {
			continue
		}
		list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "./...")
		list.Dir = dir
		list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
		for line := range strings.Lines(string(output(t, list))) {
			path, dir, found := strings.Cut(strings.TrimSpace(line), "\t")
			if found && path != rootModule && !strings.HasPrefix(path, rootModule+"/") {
				modules = append(modules, linkedModule{path, dir})
			}
		}
	}
	slices.SortFunc(modules, func(a, b linkedModule) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(modules)
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)[.a-z]*$`)
	// The templates at the end of the Apache licence are in brackets or braces.
	copyright = regexp.MustCompile(`(?mi)^\s*(copyright (\(c\)|©|\d{4})[^\[{\r\n]*)\r?$`)
)

// grants are words of each licence that no other has, in the order they are named.
var grants = []struct{ words, name string }{
	{"Apache License", "Apache License, Version 2.0"},
	{"Permission is hereby granted, free of charge", "MIT License"},
	{"Redistribution and use in source and binary forms", "BSD License"},
}

// licenceOf is what NOTICE says of a module: names of its licences, whose it is and,
// as the Apache licence asks for, what its own notice says.
func licenceOf(t *testing.T, m linkedModule) string {
	t.Helper()
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	text, notice := "", ""
	for _, entry := range entries {
		if !licenceFile.MatchString(entry.Name()) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(m.dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(strings.ToLower(entry.Name()), "notice") {
			notice = strings.TrimSpace(strings.ReplaceAll(string(raw), "\r", ""))
		} else {
			text += string(raw) + "\n"
		}
	}
	for _, name := range licences(text) {
		fmt.Fprintf(&b, "  %s\n", name)
	}
	if b.Len() == 0 {
		t.Errorf("%s: no licence that is known to this test was found in it", m.path)
	}
	var holders []string
	for _, match := range copyright.FindAllStringSubmatch(text, -1) {
		if holder := strings.TrimSpace(match[1]); !slices.Contains(holders, holder) {
			holders = append(holders, holder)
			fmt.Fprintf(&b, "  %s\n", holder)
		}
	}
	for line := range strings.Lines(notice) {
		b.WriteString(strings.TrimRight("  | "+line, " \n") + "\n")
	}
	if len(holders) == 0 && notice == "" {
		b.WriteString("  Copyright by its authors; its licence names none.\n")
	}
	return b.String()
}

func licences(text string) (names []string) {
	for _, grant := range grants {
		if strings.Contains(strings.Join(strings.Fields(text), " "), grant.words) {
			name := grant.name
			if name == "BSD License" && strings.Contains(text, "Neither the name") {
				name = "BSD 3-Clause License"
			} else if name == "BSD License" {
				name = "BSD 2-Clause License"
			}
			names = append(names, name)
		}
	}
	return names
}

// foreign matches files that are seldom anybody's own: fonts, minified scripts, and
// what says where something is from.
var foreign = regexp.MustCompile(`(?i)(\.(woff2?|ttf|otf|mmdb)|\.min\.(js|css)|^SOURCE|^LICEN[CS]E.*)$`)

// What others made and what is embedded lies in folders that NOTICE names.
func TestNoticeNamesTheAssets(t *testing.T) {
	notice, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	walk(t, func(path string) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." || strings.Contains(path, "testdata") || strings.HasPrefix(path, "e2e/") || !foreign.MatchString(filepath.Base(path)) {
			return
		}
		found++
		if !strings.Contains(string(notice), "\n"+dir+" holds ") {
			t.Errorf("%s is somebody else's, and NOTICE has no line that begins with %q", path, dir+" holds")
		}
	})
	if found == 0 {
		t.Error("nothing of others was found, though there is the widget")
	}
}
