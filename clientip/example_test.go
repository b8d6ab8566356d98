package clientip_test

import (
	"fmt"
	"net/http"

	"github.com/palisade-dev/palisade/clientip"
)

// The right source depends on the peers that connect to your process. Pick one.
func Example() {
	// Clients connect to it directly: no proxy, no CDN.
	// source := clientip.RemoteAddr()

	// nginx, Caddy or your load balancer is in front and appends to
	// X-Forwarded-For. Name its network, not the whole world.
	source := clientip.Proxies("10.0.0.0/8")

	// The same, with the header of RFC 7239.
	// source := clientip.Forwarded("10.0.0.0/8")

	// A CDN sets one header on every request. Name the networks it connects
	// from. Otherwise anybody who finds your origin can write that header.
	// source := clientip.Header("CF-Connecting-IP", "173.245.48.0/20", "103.21.244.0/22")

	r := &http.Request{RemoteAddr: "10.0.0.1:4711", Header: http.Header{
		"X-Forwarded-For": {"198.51.100.66, 203.0.113.7"}, // the client sent the left address
	}}
	fmt.Println(source.Addr(r))
	// Output: 203.0.113.7 <nil>
}
