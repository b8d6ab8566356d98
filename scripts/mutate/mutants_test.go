package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const little = `package p

import "time"

const wait = 3 * time.Second

var every = time.Minute

func (t *T) f(a, b int) (int, error) {
	if a < b && t.ok {
		t.n = max(a, 0)
		return a + b, nil
	}
	switch a {
	case 1:
		t.call()
	}
	return g()
}
`

func TestMutants(t *testing.T) {
	name := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(name, []byte(little), 0o600); err != nil {
		t.Fatal(err)
	}
	mutants, err := mutantsOf("p.go", name)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, m.function+": "+m.text())
		if _, err := parser.ParseFile(token.NewFileSet(), "", m.source, 0); err != nil {
			t.Errorf("%s is no Go: %v", m, err)
		}
	}
	want := []string{
		"-: 3 * time.Second -> (2*3) * time.Second",
		"-: 3 * time.Second -> 0 * time.Second",
		"-: every = time.Minute -> every = (2*time.Minute)",
		"-: every = time.Minute -> every = 0",
		"T.f: t.n = max(a, 0) -> (dropped)",
		"T.f: a < b && t.ok -> !(a < b && t.ok)",
		"T.f: a < b && t.ok -> a < b || t.ok",
		"T.f: a < b -> a <= b",
		"T.f: a < b -> a > b",
		"T.f: max(a, 0) -> min(a, 0)",
		"T.f: max(a, 0) -> max(a, 1)",
		"T.f: return a + b, nil -> return *new(int), nil",
		"T.f: a + b -> a - b",
		"T.f: case 1: t.call() -> (dropped)",
		"T.f: t.call() -> (dropped)",
		"T.f: 1 -> (2*1)",
		"T.f: 1 -> 0",
		"T.f: return g() -> return *new(int), *new(error)",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
