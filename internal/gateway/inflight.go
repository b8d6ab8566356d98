package gateway

import (
	"errors"
	"io"
	"net/netip"
	"sync"

	"github.com/palisade-dev/palisade/clientip"
)

// inFlight bounds the memory for bodies under judgement. Uploads cannot use up the memory
// for typed forms. No network can use up the memory of all others, even if it sends
// slowly.
type inFlight struct {
	small, large pool
}

// smallBody is the maximum size of a typed form.
const smallBody = 64 << 10

// newInFlight divides most bytes into pools. A body of largest bytes always fits.
func newInFlight(most, largest int64) *inFlight {
	newPool := func(most, body int64) pool {
		each := max(most/4, share(body))
		return pool{most: max(most, each), each: each, by: make(map[netip.Prefix]int64)}
	}
	return &inFlight{small: newPool(most/4, smallBody), large: newPool(most-most/4, largest)}
}

// room returns the pool for a body of an announced length; -1 means unknown.
func (f *inFlight) room(length int64) *pool {
	if length >= 0 && length <= smallBody {
		return &f.small
	}
	return &f.large
}

// share is the memory that a submission takes: the received body, its fields, and the
// body that is made from them.
func share(n int64) int64 { return 3 * max(n, 0) }

// pool is an amount of memory that networks share.
type pool struct {
	most, each int64 // limits for all networks, and for one

	mu   sync.Mutex
	held int64
	by   map[netip.Prefix]int64
}

// fits reports whether n more bytes are available. It does not take them.
func (p *pool) fits(network netip.Prefix, n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held+n <= p.most && p.by[network]+n <= p.each
}

// take takes n bytes and reports whether they were available. A negative n gives bytes back.
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

// counted is a body whose bytes are counted as they arrive.
type counted struct {
	io.ReadCloser
	pool    *pool
	network netip.Prefix
	held    int64
}

func (f *inFlight) counted(body io.ReadCloser, length int64, remote string) *counted {
	return &counted{ReadCloser: body, pool: f.room(length), network: networkOf(remote)}
}

// networkOf returns the network that the memory is charged to; cleanse has written the address.
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
