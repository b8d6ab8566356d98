//go:build linux

package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/bench/internal/rig"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// Roles of the child processes.
const (
	appRole     = "app"
	plainRole   = "plain"
	guardedRole = "guarded"

	emptyRole   = "empty"   // answers as siteverify does, without a check
	vendorRole  = "vendor"  // a captcha service that accepts every token
	serviceRole = "service" // the verification service
)

const upstreamVariable = "PALISADE_BENCH_UPSTREAM"

func TestMain(m *testing.M) {
	role := os.Getenv(rig.RoleVariable)
	if role == "" {
		flag.Parse()
		os.Exit(m.Run())
	}
	if err := play(role); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		os.Exit(1)
	}
}

// play is the main function of a child process, until the parent ends.
func play(role string) error {
	handler, err := handlerOf(role)
	if err != nil {
		return err
	}
	front, err := serve(handler)
	if err != nil {
		return err
	}
	control, err := serve(controls())
	if err != nil {
		return err
	}
	fmt.Println(front, control)
	rig.UntilParentEnds()
	return nil
}

func handlerOf(role string) (http.Handler, error) {
	switch role {
	case appRole:
		return rig.App(), nil
	case emptyRole:
		return http.HandlerFunc(empty), nil
	case vendorRole:
		return vendor(), nil
	case serviceRole:
		return verification(os.Getenv(upstreamVariable))
	}
	upstream, err := url.Parse(os.Getenv(upstreamVariable))
	if err != nil {
		return nil, err
	}
	switch role {
	case plainRole:
		return plain(upstream), nil
	case guardedRole:
		return guarded(upstream)
	}
	return nil, fmt.Errorf("no such role")
}

// serve listens with the timeouts of palisade serve.
func serve(handler http.Handler) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	go func() { log.Fatal(server.Serve(l)) }()
	return l.Addr().String(), nil
}

// plain is a reverse proxy as a Go programmer writes it with the standard library. The cost
// of the guard is the difference to it.
func plain(upstream *url.URL) http.Handler {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(upstream)
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		BufferPool: buffers{},
		Transport: &http.Transport{
			DialContext:           dialer.DialContext,
			DisableCompression:    true,
			MaxIdleConns:          1024,
			MaxIdleConnsPerHost:   256,
			IdleConnTimeout:       90 * time.Second,
			ResponseHeaderTimeout: time.Minute, // a timer for each request, which the gateway has too
		},
	}
}

type buffers struct{}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func (buffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) }
func (buffers) Put(b []byte) { copyBuffers.Put(&b) }

// guarded is the gateway with two forms. One asks for the silent proof, and one asks
// everybody for the visible step.
func guarded(upstream *url.URL) (http.Handler, error) {
	form := func(name string, captcha palisade.When) gateway.Form {
		p, err := route.Parse("POST /" + name)
		if err != nil {
			panic(err) // the configuration above is valid
		}
		return gateway.Form{Routes: []route.Pattern{p}, FormConfig: palisade.FormConfig{
			Name: name, Ask: captcha, Limits: []palisade.Limit{}, MinFill: -1,
		}}
	}
	action := form("act", palisade.WhenRisky)
	action.Sessions = true
	return gateway.New(gateway.Config{
		ClientIP: clientip.Proxies("127.0.0.1"),
		Logger:   slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo})), // as in palisade serve
		Sites: []gateway.Site{{
			Host: "localhost", AnyHost: true, Upstream: upstream,
			Keys:  palisade.Keys{Current: []byte("not secret: 0123456789abcdef0123456789abcdef")},
			Store: &strangers{Store: memory.New()},
			Forms: []gateway.Form{form("signup", palisade.WhenRisky), form("visible", palisade.Always), action},
		}},
	})
}

// strangers is a store that treats every attempt as that of a new visitor with an unused
// ticket. So a few prepared proofs are enough for thousands of submissions, and the store
// fills as if all of them differed.
type strangers struct {
	store.Store
	count atomic.Uint64
}

func (s *strangers) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	n := s.count.Add(1)
	for i := range trip.Claims {
		binary.LittleEndian.PutUint64(trip.Claims[i].Key[:], n)
	}
	for i := range trip.Takes {
		binary.LittleEndian.PutUint64(trip.Takes[i].Key[:], n)
	}
	return s.Store.Spend(ctx, trip)
}

// controls report the resources of this process to the parent.
func controls() http.Handler {
	mux := http.NewServeMux()
	number := func(w http.ResponseWriter, n int64, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, n)
	}
	mux.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		var usage syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		number(w, usage.Utime.Nano()+usage.Stime.Nano(), err)
	})
	mux.HandleFunc("/rss", func(w http.ResponseWriter, _ *http.Request) {
		n, err := resident()
		number(w, n, err)
	})
	mux.HandleFunc("/rss/collected", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		runtime.GC() // the second collection empties the pools
		n, err := resident()
		number(w, n, err)
	})
	mux.HandleFunc("/rss/returned", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		debug.FreeOSMemory()
		n, err := resident()
		number(w, n, err)
	})
	var profile bytes.Buffer
	mux.HandleFunc("/profile/start", func(w http.ResponseWriter, _ *http.Request) {
		number(w, 0, pprof.StartCPUProfile(&profile))
	})
	mux.HandleFunc("/profile/stop", func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		_, _ = profile.WriteTo(w) // an error means that the parent has gone away
	})
	return mux
}

// resident is the memory of this process in use, in bytes.
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
