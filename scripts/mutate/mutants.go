package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

// mutant is a source file with one small thing changed.
type mutant struct {
	file, function string
	line           int
	was, is        string // for the reader; white space is collapsed
	source         []byte
}

// text identifies a mutant within its function, even if its lines move.
func (m *mutant) text() string { return m.was + " -> " + m.is }

// maker walks one file and makes its mutants.
type maker struct {
	file     string
	source   []byte
	set      *token.FileSet
	function string
	results  *ast.FieldList // of the function
	parents  []ast.Node
	mutants  []*mutant
}

func mutantsOf(file, path string) ([]*mutant, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &maker{file: file, source: source, set: token.NewFileSet()}
	tree, err := parser.ParseFile(m.set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range tree.Decls {
		m.function, m.results = "-", nil
		if f, ok := decl.(*ast.FuncDecl); ok {
			m.function, m.results = m.nameOf(f), f.Type.Results
		}
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		m.walk(decl)
	}
	number(m.mutants)
	return m.mutants, nil
}

// number distinguishes equal changes in several places of one function.
func number(mutants []*mutant) {
	seen := map[string]int{}
	for _, m := range mutants {
		key := keyOf(m)
		if seen[key]++; seen[key] > 1 {
			m.is += fmt.Sprintf(" (#%d)", seen[key])
		}
	}
}

func (m *maker) nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := strings.TrimLeft(m.at(f.Recv.List[0].Type), "*")
	return receiver + "." + f.Name.Name
}

// walk visits a node, and passes on the results of the innermost function.
func (m *maker) walk(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			m.parents = m.parents[:len(m.parents)-1]
			return true
		}
		if f, ok := n.(*ast.FuncLit); ok && n != root {
			outer := m.results
			m.results = f.Type.Results
			m.walk(f.Body)
			m.results = outer
			return false
		}
		m.visit(n)
		m.parents = append(m.parents, n)
		return true
	})
}

func (m *maker) parent() ast.Node {
	if len(m.parents) == 0 {
		return nil
	}
	return m.parents[len(m.parents)-1]
}

func (m *maker) offset(pos token.Pos) int { return m.set.Position(pos).Offset }

// at returns the source of a node.
func (m *maker) at(n ast.Node) string {
	return string(m.source[m.offset(n.Pos()):m.offset(n.End())])
}

// replace makes a mutant with new source between two places. The reader sees it as a change
// of the surrounding node.
func (m *maker) replace(around ast.Node, from, to token.Pos, text string) {
	start, a, b, end := m.offset(around.Pos()), m.offset(from), m.offset(to), m.offset(around.End())
	line := func(parts ...[]byte) string {
		var all []byte
		for _, part := range parts {
			all = append(all, part...)
		}
		return strings.Join(strings.Fields(string(all)), " ")
	}
	is := line(m.source[start:a], []byte(text), m.source[b:end])
	if is == "" {
		is = "(dropped)"
	}
	source := append(append(append([]byte{}, m.source[:a]...), text...), m.source[b:]...)
	m.mutants = append(m.mutants, &mutant{
		file: m.file, function: m.function, line: m.set.Position(from).Line,
		was: line(m.source[start:end]), is: is, source: source,
	})
}

// whole replaces a node.
func (m *maker) whole(n ast.Node, text string) { m.replace(n, n.Pos(), n.End(), text) }

var swaps = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="},
	token.LSS: {"<=", ">"}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<"}, token.GEQ: {">", "<"},
	token.LAND: {"||"}, token.LOR: {"&&"},
	token.ADD: {"-"}, token.SUB: {"+"},
}

var names = map[string]string{"min": "max", "max": "min", "true": "false", "false": "true"}

func (m *maker) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.IfStmt:
		m.whole(n.Cond, "!("+m.at(n.Cond)+")")
	case *ast.BinaryExpr:
		for _, other := range swaps[n.Op] {
			m.replace(n, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), other)
		}
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "min" || name.Name == "max") {
			m.replace(n, name.Pos(), name.End(), names[name.Name])
		}
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			m.within(n, names[n.Name])
		}
	case *ast.BasicLit:
		m.resize(n)
	case *ast.SelectorExpr:
		m.unit(n)
	case *ast.BlockStmt:
		m.drop(n.List)
	case *ast.CaseClause:
		m.drop(n.Body)
		m.whole(n, "")
	case *ast.CommClause:
		m.drop(n.Body)
	case *ast.ReturnStmt:
		m.zero(n)
	}
}

// resize makes two mutants of a number: twice the number, and 0.
func (m *maker) resize(n *ast.BasicLit) {
	switch {
	case n.Kind != token.INT && n.Kind != token.FLOAT:
	case n.Value == "0":
		m.within(n, "1")
	default:
		m.within(n, "(2*"+n.Value+")")
		m.within(n, "0")
	}
}

// unit does the same to a duration without a factor.
func (m *maker) unit(n *ast.SelectorExpr) {
	if pkg, ok := n.X.(*ast.Ident); !ok || pkg.Name != "time" {
		return
	}
	if product, ok := m.parent().(*ast.BinaryExpr); ok && product.Op == token.MUL {
		return // its factor is changed
	}
	switch n.Sel.Name {
	case "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour":
		m.within(n, "(2*"+m.at(n)+")")
		m.within(n, "0")
	}
}

// within replaces an expression, and shows the surrounding code to the reader.
func (m *maker) within(n ast.Expr, text string) {
	around := ast.Node(n)
	switch p := m.parent().(type) {
	case *ast.BinaryExpr, *ast.IndexExpr, *ast.SliceExpr, *ast.CallExpr, *ast.KeyValueExpr, *ast.ValueSpec, *ast.AssignStmt, *ast.ReturnStmt:
		around = p
	}
	m.replace(around, n.Pos(), n.End(), text)
}

// drop removes one statement of a list. A declaration cannot be removed.
func (m *maker) drop(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				m.whole(s, "")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
			m.whole(s, "")
		case *ast.BranchStmt:
			if s.Tok != token.FALLTHROUGH {
				m.whole(s, "")
			}
		}
	}
}

// zero returns the zero value; of several results, for one after the other.
func (m *maker) zero(n *ast.ReturnStmt) {
	if m.results == nil || len(n.Results) == 0 {
		return
	}
	var zeros []string
	for _, field := range m.results.List {
		for range max(len(field.Names), 1) {
			zeros = append(zeros, "*new("+m.at(field.Type)+")")
		}
	}
	if len(n.Results) != len(zeros) { // one call for all of them
		m.replace(n, n.Results[0].Pos(), n.End(), strings.Join(zeros, ", "))
		return
	}
	for i, result := range n.Results {
		if !isZero(m.at(result)) {
			m.replace(n, result.Pos(), result.End(), zeros[i])
		}
	}
}

func isZero(text string) bool {
	switch text {
	case "nil", "false", "true", "0", `""`: // the mutants of booleans make true false
		return true
	case "goOn", "outside", "no", "Match{Kind: Ambiguous}": // another mutant makes true false
		return true
	}
	return strings.HasSuffix(text, "{}")
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", m.file, m.line, m.function, m.text())
}
