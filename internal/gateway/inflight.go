package gateway

import (
	"errors"
	"io"
	"net/netip"
	"sync"

	"github.com/palisade-dev/palisade/clientip"
)

// inFlight bounds the memory for bodies under judgement. Uploads cannot take the room of
// forms that were typed, and no network can take that of all others, however slowly it
// sends.
type inFlight struct {
	small, large pool
}

// smallBody is the most that a form brings that was typed.
const smallBody = 64 << 10

// newInFlight shares out most bytes; a body of largest bytes always finds room.
func newInFlight(most, largest int64) *inFlight {
	newPool := func(most, body int64) pool {
		each := max(most/4, share(body))
		return pool{most: max(most, each), each: each, by: make(map[netip.Prefix]int64)}
	}
	return &inFlight{small: newPool(most/4, smallBody), large: newPool(most-most/4, largest)}
}

// room returns where a body of an announced length is counted; -1 is not known.
func (f *inFlight) room(length int64) *pool {
	if length >= 0 && length <= smallBody {
		return &f.small
	}
	return &f.large
}

// share is how much memory a submission takes: as it came, its fields, and what
// becomes of it.
func share(n int64) int64 { return 3 * max(n, 0) }

// pool is memory that networks share.
type pool struct {
	most, each int64 // for all, and for one network

	mu   sync.Mutex
	held int64
	by   map[netip.Prefix]int64
}

// fits reports whether there is room for n bytes more, without taking it.
func (p *pool) fits(network netip.Prefix, n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held+n <= p.most && p.by[network]+n <= p.each
}

// take takes n bytes, and reports whether they were there. A negative n gives back.
func (p *pool) take(network netip.Prefix, n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held += n
	if p.by[network] += n; p.by[network] <= 0 {
		delete(p.by, network)
	}
	return p.held <= p.most && p.by[network] <= p.each
}

var errBusy = errors.New("gateway: too many bodies under judgement")

// counted is a body whose memory is counted as it arrives.
type counted struct {
	io.ReadCloser
	pool    *pool
	network netip.Prefix
	held    int64
}

func (f *inFlight) counted(body io.ReadCloser, length int64, remote string) *counted {
	return &counted{ReadCloser: body, pool: f.room(length), network: networkOf(remote)}
}

// networkOf returns whose share it is; cleanse has written the address.
func networkOf(remote string) netip.Prefix {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	return clientip.Network(peer.Addr())
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	taken := share(int64(n))
	c.held += taken
	if !c.pool.take(c.network, taken) && err == nil {
		err = errBusy
	}
	return n, err
}

func (c *counted) release() { c.pool.take(c.network, -c.held) }
