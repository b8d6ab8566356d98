package bind_test

import (
	"net"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/bind"
)

func TestWhatIsSaidWhereNobodyCanListen(t *testing.T) {
	busy, err := bind.Listen("127.0.0.1:0", "-listen")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	for _, row := range []struct{ name, address, want string }{
		{"a port in use", busy.Addr().String(), "another program does; end it, or choose another port, e.g. -listen 127.0.0.1:8081"},
		{"the same port of every address", ":" + port, "another program does"},
		{"an address of another machine", "192.0.2.1:8080", "this machine does not have the address; give one that it has, or :8080"},
		{"no port", "127.0.0.1", "give host:port, such as 127.0.0.1:8080"},
		{"a name for a port", "127.0.0.1:http", "the port must be a number"},
		{"an invalid port", "127.0.0.1:70000", "the port must be a number"},
		{"an invalid host", "no host:80", "cannot listen on no host:80"},
	} {
		l, err := bind.Listen(row.address, "-listen")
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v; want %q", row.name, err, row.want)
		}
	}
}
