package main

import (
	"fmt"
	"os"
	"strings"
)

// reasons are the lines of explained.txt, by the mutant that they explain.
type reasons map[string]string

// separator is between the four parts of a line. It is not " | " or ";", because Go code
// contains these.
const separator = " :: "

func readReasons(name string) (reasons, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := reasons{}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, separator)
		if len(parts) != 4 || parts[3] == "" {
			return nil, fmt.Errorf("%s:%d: want file, function, mutation and reason with %q between", name, i+1, separator)
		}
		known[strings.Join(parts[:3], separator)] = parts[3]
	}
	return known, nil
}

func keyOf(m *mutant) string { return m.file + separator + m.function + separator + m.text() }

func (r reasons) explain(m *mutant) bool { return r[keyOf(m)] != "" }

// stale returns explanations whose mutant the files no longer contain. If code changes, its
// reasons need a new look.
func (r reasons) stale(chosen []target, mutants []*mutant) (lines []string) {
	there := map[string]bool{}
	for _, m := range mutants {
		there[keyOf(m)] = true
	}
	for key := range r {
		file, _, _ := strings.Cut(key, separator)
		for _, t := range chosen {
			if t.file == file && !there[key] {
				lines = append(lines, key)
			}
		}
	}
	return lines
}
