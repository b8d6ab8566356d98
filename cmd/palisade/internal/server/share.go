package server

import (
	"net"
	"net/netip"
	"sync"

	"github.com/palisade-dev/palisade/clientip"
)

// shared is a listener that limits the connections of one client, so that no client can use
// up all of them. Proxies in Trust have no such limit, because all visitors come through
// them.
type shared struct {
	net.Listener
	most    int
	trusted func(netip.Addr) bool

	mu   sync.Mutex
	open map[netip.Prefix]int
}

func share(l net.Listener, most int, trusted func(netip.Addr) bool) *shared {
	return &shared{Listener: l, most: most, trusted: trusted, open: make(map[netip.Prefix]int)}
}

// Accept closes connections over the limit and waits for the next.
func (s *shared) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
		if err != nil || s.trusted(peer.Addr()) {
			return conn, nil
		}
		client := clientip.Prefix(peer.Addr())
		if s.take(client) {
			return &counted{Conn: conn, done: func() { s.leave(client) }}, nil
		}
		conn.Close()
	}
}

func (s *shared) take(client netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[client] >= s.most {
		return false
	}
	s.open[client]++
	return true
}

func (s *shared) leave(client netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[client]--; s.open[client] == 0 {
		delete(s.open, client)
	}
}

type counted struct {
	net.Conn
	once sync.Once
	done func()
}

func (c *counted) Close() error {
	c.once.Do(c.done)
	return c.Conn.Close()
}
