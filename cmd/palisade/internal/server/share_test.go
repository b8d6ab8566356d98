package server

import (
	"io"
	"net"
	"net/netip"
	"testing"
)

// dial opens a connection and reports whether the listener kept it.
func dial(t *testing.T, address string) (net.Conn, bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	greeting := make([]byte, 1)
	_, err = io.ReadFull(conn, greeting)
	return conn, err == nil
}

// greeter accepts connections, writes a byte to each, and keeps them for later.
func greeter(t *testing.T, trusted bool) (address string, kept chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	kept = make(chan net.Conn, 100)
	s := share(l, 3, func(netip.Addr) bool { return trusted })
	go func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			kept <- conn
			_, _ = conn.Write([]byte("x"))
		}
	}()
	return l.Addr().String(), kept
}

func TestOneClientCannotTakeAllConnections(t *testing.T) {
	address, kept := greeter(t, false)
	for range 3 {
		if _, ok := dial(t, address); !ok {
			t.Fatal("a connection within the share was closed")
		}
	}
	if _, ok := dial(t, address); ok {
		t.Error("a connection over the share was kept")
	}
	(<-kept).Close()
	if _, ok := dial(t, address); !ok {
		t.Error("a place that was left is not given again")
	}
}

func TestNamedProxyIsNotHeldToAShare(t *testing.T) {
	address, _ := greeter(t, true)
	for range 10 {
		if _, ok := dial(t, address); !ok {
			t.Fatal("a connection of a proxy was closed")
		}
	}
}
