package gateway

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the lists of stripped headers in deploy/")

// The proxies of deploy/ send some requests to the app themselves, so they must remove the
// same headers as the gateway. The lines between these marks are generated from families.
const stripBegin, stripEnd = "# strip: internal/gateway/spoken.go", "# strip: end"

// strippers says for each proxy how it removes headers. It also says which headers the
// proxy writes itself; these must not be removed afterwards.
var strippers = map[string]struct {
	line    string // with a place for the name
	many    bool   // a line of the file may hold several names
	ownsAll string // the proxy itself writes headers with this prefix
	owns    []string
	prefix  string // how to remove a whole family, "" if the proxy cannot
}{
	"nginx.conf":   {line: "proxy_set_header %s \"\";", many: true, owns: []string{"X-Forwarded-For", "X-Forwarded-Proto"}},
	"Caddyfile":    {line: "request_header -%s", prefix: "request_header -%s*"},
	"traefik.yaml": {line: "%s: \"\",", many: true, owns: []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP"}},
	"envoy.yaml":   {line: "%s,", many: true, owns: []string{"X-Forwarded-For", "X-Forwarded-Proto"}, ownsAll: "X-Envoy-"},
}

func TestTheProxiesOfDeployStripTheSameFamilies(t *testing.T) {
	for name := range strippers {
		t.Run(name, func(t *testing.T) {
			file := "../../deploy/" + name
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			before, rest, found := strings.Cut(string(text), stripBegin+"\n")
			block, after, ended := strings.Cut(rest, stripEnd)
			if !found || !ended {
				t.Fatalf("no place for the list: %q and %q are missing", stripBegin, stripEnd)
			}
			indent := before[strings.LastIndexByte(before, '\n')+1:]
			want := stripLines(name, indent)
			if block == want {
				return
			}
			if !*update {
				t.Fatalf("the list is not that of spoken.go; go test ./internal/gateway -run Deploy -update writes it anew")
			}
			if err := os.WriteFile(file, []byte(before+stripBegin+"\n"+want+stripEnd+after), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func stripLines(file, indent string) string {
	how := strippers[file]
	var b strings.Builder
	width := 0 // of the current line
	line := func(format, name string) {
		if slices.Contains(how.owns, name) || how.ownsAll != "" && strings.HasPrefix(name, how.ownsAll) {
			return
		}
		item := fmt.Sprintf(format, name)
		switch width += len(item) + 1; {
		case how.many && width > len(item)+1 && width < 130:
			b.WriteString(" " + item)
		default:
			b.WriteString("\n" + indent + item)
			width = len(item) + 1
		}
	}
	for _, f := range families {
		if f.hop {
			continue // every proxy removes these
		}
		about, _, _ := strings.Cut(f.why, ":")
		fmt.Fprintf(&b, "\n%s# %s", indent, about)
		width = 0
		for _, name := range f.names {
			line(how.line, name)
		}
		whole := make(map[string]bool) // prefixes that are removed as a whole
		for _, prefix := range f.prefixes {
			if how.prefix != "" && !hasPassing(prefix) {
				whole[prefix] = true
				line(how.prefix, prefix)
			}
		}
		for _, name := range f.known {
			if !whole[prefixOf(name)] {
				line(how.line, name)
			}
		}
	}
	return strings.TrimPrefix(b.String(), "\n") + "\n" + indent
}

// hasPassing reports whether some names with this prefix must pass.
func hasPassing(prefix string) bool {
	one := headerSet{names(), names()}
	one.add(nil, []string{prefix})
	for name := range passing {
		if one.has(name) {
			return true
		}
	}
	return false
}

// prefixOf returns the prefix by which a name belongs to a family.
func prefixOf(name string) string {
	for _, f := range families {
		for _, prefix := range f.prefixes {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix)) {
				return prefix
			}
		}
	}
	return ""
}

func TestTheTableOfFamilies(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range families {
		if f.why == "" || strings.Contains(f.why, "\n") {
			t.Errorf("%v: a line of reason is missing", f.names)
		}
		for _, name := range slices.Concat(f.names, f.prefixes, f.known) {
			if !tellable(name) || seen[strings.ToLower(name)] {
				t.Errorf("%s is there twice, or is not the name of a header", name)
			}
			seen[strings.ToLower(name)] = true
		}
		for _, prefix := range f.prefixes {
			if !strings.HasSuffix(prefix, "-") {
				t.Errorf("%s does not end in -, so it is never found", prefix)
			}
		}
		for _, name := range f.known {
			if prefixOf(name) == "" {
				t.Errorf("%s begins like no family, so the gateway lets it pass", name)
			}
		}
	}
	for name := range passing {
		if !outside.has(name) {
			t.Errorf("%s passes anyway", name)
		}
	}
}
