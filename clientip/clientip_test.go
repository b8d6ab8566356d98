package clientip_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/clientip"
)

// request returns a request from a peer, with header lines in the given order.
func request(peer, name string, lines ...string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
	if len(lines) > 0 {
		r.Header[name] = lines
	}
	return r
}

func TestAddr(t *testing.T) {
	const xff, fwd, cf = "X-Forwarded-For", "Forwarded", "Cf-Connecting-Ip"
	behind := clientip.Proxies("10.0.0.0/8", "2001:db8:ffff::/48")
	rfc7239 := clientip.Forwarded("10.0.0.0/8")
	header := clientip.Header("CF-Connecting-IP", "10.0.0.0/8")
	rows := []struct {
		name   string
		source clientip.Source
		r      *http.Request
		want   string // "" means an error
	}{
		{"the socket", clientip.RemoteAddr(), request("192.0.2.1:4711", ""), "192.0.2.1"},
		{"the socket, whatever the headers", clientip.RemoteAddr(), request("192.0.2.1:4711", xff, "203.0.113.7"), "192.0.2.1"},
		{"an IPv6 socket with a zone", clientip.RemoteAddr(), request("[fe80::1%eth0]:4711", ""), "fe80::1"},
		{"an IPv4-mapped socket", clientip.RemoteAddr(), request("[::ffff:192.0.2.1]:4711", ""), "192.0.2.1"},
		{"a socket without a port", clientip.RemoteAddr(), request("192.0.2.1", ""), "192.0.2.1"},
		{"a Unix socket", clientip.RemoteAddr(), request("@", ""), ""},
		{"no socket", clientip.RemoteAddr(), request("", ""), ""},

		{"the address that the proxy saw", behind, request("10.0.0.1:80", xff, "203.0.113.7"), "203.0.113.7"},
		{"a forged address left of it", behind, request("10.0.0.1:80", xff, "1.2.3.4, 203.0.113.7"), "203.0.113.7"},
		{"a forged line above it", behind, request("10.0.0.1:80", xff, "1.2.3.4", "203.0.113.7"), "203.0.113.7"},
		{"a forged proxy left of it", behind, request("10.0.0.1:80", xff, "10.9.9.9, 203.0.113.7"), "203.0.113.7"},
		{"two proxies in a row", behind, request("10.0.0.1:80", xff, "203.0.113.7, 10.0.0.2"), "203.0.113.7"},
		{"two proxies on two lines", behind, request("10.0.0.1:80", xff, "203.0.113.7", "10.0.0.2"), "203.0.113.7"},
		{"all are proxies: the request began inside", behind, request("10.0.0.1:80", xff, "10.0.0.3, 10.0.0.2"), "10.0.0.3"},
		{"a peer that is no proxy", behind, request("192.0.2.1:80", xff, "203.0.113.7"), "192.0.2.1"},
		{"an IPv6 proxy", behind, request("[2001:db8:ffff::1]:80", xff, "2001:db8::7"), "2001:db8::7"},
		{"an IPv4-mapped proxy", behind, request("[::ffff:10.0.0.1]:80", xff, "203.0.113.7"), "203.0.113.7"},
		{"an address with a port", behind, request("10.0.0.1:80", xff, "203.0.113.7:1234"), "203.0.113.7"},
		{"an IPv6 address in brackets with a port", behind, request("10.0.0.1:80", xff, "[2001:db8::7]:1234"), "2001:db8::7"},
		{"no header from the proxy", behind, request("10.0.0.1:80", ""), ""},
		{"an empty header", behind, request("10.0.0.1:80", xff, ""), ""},
		{"an empty place in the list", behind, request("10.0.0.1:80", xff, "203.0.113.7,"), ""},
		{"garbage where the proxy writes", behind, request("10.0.0.1:80", xff, "203.0.113.7, unknown"), ""},
		{"garbage where only the client writes", behind, request("10.0.0.1:80", xff, "<script>, 203.0.113.7"), "203.0.113.7"},
		{"five kilobytes", behind, request("10.0.0.1:80", xff, strings.Repeat("x", 5000)+", 203.0.113.7"), ""},
		{"as many hops as are examined", behind, request("10.0.0.1:80", xff, strings.Repeat("10.0.0.2, ", 31)+"10.0.0.3"), "10.0.0.2"},
		{"one hop more", behind, request("10.0.0.1:80", xff, strings.Repeat("10.0.0.2, ", 32)+"10.0.0.3"), ""},
		{"as many bytes as are read", behind, request("10.0.0.1:80", xff, strings.Repeat("x", 4096-len(", 203.0.113.7"))+", 203.0.113.7"), "203.0.113.7"},
		{"one byte more", behind, request("10.0.0.1:80", xff, strings.Repeat("x", 4097-len(", 203.0.113.7"))+", 203.0.113.7"), ""},
		{"an empty place that the client wrote", behind, request("10.0.0.1:80", xff, ",203.0.113.7"), "203.0.113.7"},
		{"an IPv6 address in brackets", behind, request("10.0.0.1:80", xff, "[2001:db8::7]"), "2001:db8::7"},
		{"an IPv6 address without a closing bracket", behind, request("10.0.0.1:80", xff, "[2001:db8::7"), ""},
		{"an IPv6 address without an opening bracket", behind, request("10.0.0.1:80", xff, "2001:db8::7]"), ""},
		{"an IPv4 address in brackets", behind, request("10.0.0.1:80", xff, "[203.0.113.7]"), ""},
		{"a zone as long as an address may be", behind, request("10.0.0.1:80", xff, "fe80::1%"+strings.Repeat("z", 56)), "fe80::1"},
		{"a longer zone", behind, request("10.0.0.1:80", xff, "fe80::1%"+strings.Repeat("z", 57)), ""},
		{"two hundred hops", behind, request("10.0.0.1:80", xff, strings.Repeat("10.0.0.2, ", 200)+"10.0.0.3"), ""},

		{"RFC 7239", rfc7239, request("10.0.0.1:80", fwd, `for=203.0.113.7;proto=https`), "203.0.113.7"},
		{"RFC 7239, IPv6 in quotes", rfc7239, request("10.0.0.1:80", fwd, `For="[2001:db8::7]:4711"`), "2001:db8::7"},
		{"RFC 7239, forged left of it", rfc7239, request("10.0.0.1:80", fwd, `for=1.2.3.4, for=203.0.113.7`), "203.0.113.7"},
		{"RFC 7239, a comma in quotes", rfc7239, request("10.0.0.1:80", fwd, `for=203.0.113.7;by="a,b"`), "203.0.113.7"},
		{"RFC 7239, an open quote sent by the client", rfc7239, request("10.0.0.1:80", fwd, `for="1.2.3.4`, `for=203.0.113.7`), "203.0.113.7"},
		{"RFC 7239, a hidden hop", rfc7239, request("10.0.0.1:80", fwd, `for=unknown`), ""},
		{"RFC 7239, an obfuscated hop", rfc7239, request("10.0.0.1:80", fwd, `for=_mystery`), ""},
		{"RFC 7239, a hop without for", rfc7239, request("10.0.0.1:80", fwd, `proto=https`), ""},
		{"RFC 7239, a hop with two", rfc7239, request("10.0.0.1:80", fwd, `for=203.0.113.7;for=1.2.3.4`), ""},

		{"one header", header, request("10.0.0.1:80", cf, "203.0.113.7"), "203.0.113.7"},
		{"one header from a stranger", header, request("192.0.2.1:80", cf, "203.0.113.7"), "192.0.2.1"},
		{"one header twice", header, request("10.0.0.1:80", cf, "203.0.113.7", "1.2.3.4"), ""},
		{"one header with a list", header, request("10.0.0.1:80", cf, "203.0.113.7, 1.2.3.4"), ""},
		{"one header, missing", header, request("10.0.0.1:80", xff, "203.0.113.7"), ""},

		{"the zero Source", clientip.Source{}, request("192.0.2.1:80", ""), ""},
		{"a Source with a mistake", clientip.Proxies("nonsense"), request("192.0.2.1:80", ""), ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.source.Addr(row.r)
			if row.want == "" {
				if err == nil || got.IsValid() {
					t.Fatalf("got %v, %v; want an error", got, err)
				}
				return
			}
			if err != nil || got.String() != row.want {
				t.Errorf("got %v, %v; want %s", got, err, row.want)
			}
		})
	}
}

func TestForwardedElements(t *testing.T) {
	source := clientip.Forwarded("10.0.0.0/8")
	for _, row := range []struct{ name, line, want string }{
		{"all are proxies", "for=10.0.0.3, for=10.0.0.2", "10.0.0.3"},
		{"an empty element that the client wrote", ",for=203.0.113.7", "203.0.113.7"},
		{"a quote without an end", `for="203.0.113.7`, ""},
		{"two addresses in one element", "for=203.0.113.7;for=10.0.0.2", ""},
	} {
		addr, err := source.Addr(request("10.0.0.1:80", "Forwarded", row.line))
		if got := ""; err == nil {
			got = addr.String()
			if got != row.want {
				t.Errorf("%s: %s, want %q", row.name, got, row.want)
			}
		} else if row.want != "" {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
}

func TestWhichPeersAreTrusted(t *testing.T) {
	for _, row := range []struct {
		name, proxy, peer string
		want              bool
	}{
		{"an address", "10.0.0.1", "10.0.0.1:80", true},
		{"another one", "10.0.0.1", "10.0.0.2:80", false},
		{"an IPv4-mapped address", "::ffff:10.0.0.1", "10.0.0.1:80", true},
		{"an address with a zone", "fe80::1%eth0", "[fe80::1%eth1]:80", true},
		{"an IPv4-mapped network", "::ffff:10.0.0.0/104", "10.9.9.9:80", true},
		{"beside an IPv4-mapped network", "::ffff:10.0.0.0/104", "11.0.0.1:80", false},
		{"a network around the IPv4-mapped ones", "::ffff:0:0/95", "10.0.0.1:80", false},
		{"an IPv6 address in that network", "::ffff:0:0/95", "[::fffe:0:1]:80", true},
		{"a narrow IPv6 network", "2001:db8::/112", "[2001:db8::5]:80", true},
		{"beside a narrow IPv6 network", "2001:db8::/112", "[2001:db8:1::5]:80", false},
		{"no address", "10.0.0.1", "@", false},
	} {
		s := clientip.Proxies(row.proxy)
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := s.Trusts(request(row.peer, "")); got != row.want || !s.Named() {
			t.Errorf("%s: trusted %v, named %v", row.name, got, s.Named())
		}
	}
	if clientip.Proxies("::ffff:0:0/96").Validate() == nil {
		t.Error("all of IPv4 is trusted")
	}
	if clientip.RemoteAddr().Named() {
		t.Error("Named reports a proxy, although none is named")
	}
}

func TestMistakes(t *testing.T) {
	rows := []struct {
		name   string
		source clientip.Source
		want   []string
	}{
		{"nothing said", clientip.Source{}, []string{"nobody said"}},
		{"no proxies", clientip.Proxies(), []string{"name the proxies"}},
		{"everybody trusted", clientip.Proxies("0.0.0.0/0", "::/0"), []string{"0.0.0.0/0", "::/0"}},
		{"not addresses", clientip.Forwarded("proxy.local", "10.0.0.0/33"), []string{"proxy.local", "10.0.0.0/33"}},
		{"no header name", clientip.Header("", "10.0.0.1"), []string{"not the name"}},
		{"a header name with a colon, and no peers", clientip.Header("X-Real-IP:"), []string{"X-Real-Ip:", "name the proxies"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			err := row.source.Validate()
			for _, want := range row.want {
				if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
					t.Errorf("%v does not contain %q", err, want)
				}
			}
		})
	}
	if err := clientip.RemoteAddr().Validate(); err != nil {
		t.Error(err)
	}
}

func TestNetworks(t *testing.T) {
	rows := []struct{ addr, prefix, network string }{
		{"203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"},
		{"::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"},
		{"2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"},
		{"fe80::1%eth0", "fe80::/64", "fe80::/48"},
	}
	for _, row := range rows {
		addr := netip.MustParseAddr(row.addr)
		if p, n := clientip.Prefix(addr).String(), clientip.Network(addr).String(); p != row.prefix || n != row.network {
			t.Errorf("%s: %s and %s, want %s and %s", row.addr, p, n, row.prefix, row.network)
		}
	}
}

// The law: nothing that a client puts to the left of a trusted proxy's text changes the
// answer.
func FuzzForged(f *testing.F) {
	f.Add("1.2.3.4", false)
	f.Add("10.0.0.9, ", true)
	f.Add(`for="`, true)
	f.Add("\",", false)
	f.Fuzz(func(t *testing.T, forged string, ownLine bool) {
		if len(forged) > 2000 {
			return // refused for its size; another test covers this
		}
		for name, c := range map[string]struct {
			source clientip.Source
			wrote  string
		}{
			"X-Forwarded-For": {clientip.Proxies("10.0.0.0/8"), "203.0.113.7"},
			"Forwarded":       {clientip.Forwarded("10.0.0.0/8"), "for=203.0.113.7"},
		} {
			lines := []string{forged + "," + c.wrote}
			if ownLine {
				lines = []string{forged, c.wrote}
			}
			got, err := c.source.Addr(request("10.0.0.1:80", name, lines...))
			if err != nil || got != netip.MustParseAddr("203.0.113.7") {
				t.Fatalf("%s %q: %v, %v", name, lines, got, err)
			}
		}
	})
}

func TestOwn(t *testing.T) {
	const xff = "X-Forwarded-For"
	behind := clientip.Proxies("10.0.0.0/8")
	for _, row := range []struct {
		name   string
		source clientip.Source
		r      *http.Request
		want   string // "" means no address
	}{
		{"a proxy without the header", behind, request("10.0.0.1:80", ""), "10.0.0.1"},
		{"a proxy without the header, IPv4-mapped", behind, request("[::ffff:10.0.0.1]:80", ""), "10.0.0.1"},
		{"a proxy with another header", behind, request("10.0.0.1:80", "Forwarded", "for=192.0.2.1"), "10.0.0.1"},
		{"a proxy that wrote the header", behind, request("10.0.0.1:80", xff, "192.0.2.1"), ""},
		{"a proxy that wrote an empty header", behind, request("10.0.0.1:80", xff, ""), ""},
		{"a proxy that wrote garbage", behind, request("10.0.0.1:80", xff, "unknown"), ""},
		{"a stranger", behind, request("192.0.2.1:80", ""), ""},
		{"a Unix socket", behind, request("@", ""), ""},
		{"no proxy is named", clientip.RemoteAddr(), request("10.0.0.1:80", ""), ""},
		{"a Source with a mistake", clientip.Proxies("10.0.0.0/8", "nonsense"), request("10.0.0.1:80", ""), ""},
		{"the zero Source", clientip.Source{}, request("10.0.0.1:80", ""), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, ok := row.source.Own(row.r)
			if ok != (row.want != "") || ok && got != netip.MustParseAddr(row.want) {
				t.Errorf("%v %v, want %q", got, ok, row.want)
			}
			if _, err := row.source.Addr(row.r); ok && err == nil {
				t.Error("Addr takes the address of the proxy for a visitor's")
			}
		})
	}
}

// The law: an answer is a plain address, and both headers agree on one chain.
func FuzzAddr(f *testing.F) {
	f.Add("203.0.113.7, 10.0.0.2")
	f.Add("[2001:db8::1]:80")
	f.Add("::ffff:1.2.3.4%eth0")
	f.Fuzz(func(t *testing.T, chain string) {
		got, err := clientip.Proxies("10.0.0.0/8").Addr(request("10.0.0.1:80", "X-Forwarded-For", chain))
		if err != nil {
			if got.IsValid() {
				t.Fatalf("%q: an error and yet %v", chain, got)
			}
			return
		}
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q: %v is no plain address", chain, got)
		}
		if strings.ContainsFunc(chain, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`";=\`, c) }) {
			return // cannot be written as a quoted string without escapes
		}
		var elements []string
		for _, hop := range strings.Split(chain, ",") {
			elements = append(elements, fmt.Sprintf("for=%q", strings.TrimSpace(hop)))
		}
		again, err := clientip.Forwarded("10.0.0.0/8").Addr(request("10.0.0.1:80", "Forwarded", strings.Join(elements, ", ")))
		if len(strings.Join(elements, ", ")) <= 4096 && (err != nil || again != got) {
			t.Fatalf("%q: %v by one header, %v (%v) by the other", chain, got, again, err)
		}
	})
}

func BenchmarkAddr(b *testing.B) {
	for name, c := range map[string]struct {
		source clientip.Source
		r      *http.Request
	}{
		"socket":  {clientip.RemoteAddr(), request("203.0.113.7:4711", "")},
		"proxies": {clientip.Proxies("10.0.0.0/8"), request("10.0.0.1:80", "X-Forwarded-For", "1.2.3.4, 203.0.113.7, 10.0.0.2")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.source.Addr(c.r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
