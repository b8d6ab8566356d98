package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// key declares one key of an object, which T holds. The reader takes name, default and check
// from here, and the docs take the row of their table.
type key[T any] struct {
	name   string // a dot means a key of an object inside: tls.cert
	preset string // the default, as written in the file
	absent string // for the docs, if there is no preset: the behaviour without the key
	about  string // for the docs
	read   func(n node, to *T)
}

// preset fills in the defaults.
func preset[T any](r *reader, to *T, keys []key[T]) {
	for _, k := range keys {
		if k.preset != "" {
			k.read(node{Node: &ast.StringNode{Value: k.preset}, r: r, path: k.name}, to)
		}
	}
}

// fill reads an object and returns the keys that it has, also those with a mistake in the
// value. It returns no keys of objects inside.
func fill[T any](n node, to *T, keys []key[T]) (has map[string]bool) {
	has = make(map[string]bool)
	known := make(map[string]func(node))
	inside := make(map[string][]key[T])
	for _, k := range keys {
		if object, name, dotted := strings.Cut(k.name, "."); dotted {
			k.name = name
			inside[object] = append(inside[object], k)
			continue
		}
		known[k.name] = func(n node) { has[k.name] = true; k.read(n, to) }
	}
	for object, keys := range inside {
		known[object] = func(n node) { fill(n, to, keys) }
	}
	n.object(known)
	return has
}

// row is the key's row in the table of the docs.
func (k key[T]) row() string {
	cells := []string{"", "`" + k.name + "`", k.absent, k.about, ""}
	if k.preset != "" {
		cells[2] = "`" + k.preset + "`"
	}
	return strings.ReplaceAll(strings.Trim(strings.Join(cells, " | "), " "), "|  |", "| |") + "\n"
}

func rows[T any](keys []key[T]) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.row())
	}
	return b.String()
}

func namesOf[T any](keys []key[T]) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return quoted(names)
}
