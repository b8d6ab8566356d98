package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/bind"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/secret"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/telemetry"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/service"
	"github.com/palisade-dev/palisade/store/memory"
)

const (
	autoPer = 10 * time.Minute

	// drain is the longest wait for requests under way after the signal.
	drain = 20 * time.Second
)

// Server is a running gateway.
type Server struct {
	// Made is the file of the key that this run created, or "".
	Made string
	// Addresses are the addresses of the gateway. Admin is the address of the metrics, or
	// "".
	Addresses []string
	Service   []string // addresses of the verification service
	Admin     string

	read    func() (*config.Config, error)
	parts   Parts
	metrics *telemetry.Metrics
	tracing *telemetry.Tracing
	gateway atomic.Pointer[gateway.Gateway]
	service atomic.Pointer[service.Service]
	cert    atomic.Pointer[tls.Certificate]
	config  atomic.Pointer[config.Config]
	ending  atomic.Bool
	lock    *os.File
	servers []*http.Server
	failed  chan error
}

// Start reads the configuration with read, and serves until [Server.Stop]. Each reload calls
// read again.
func Start(read func() (*config.Config, error), logger *slog.Logger, level *slog.LevelVar) (*Server, error) {
	c, err := read()
	if err != nil {
		return nil, err
	}
	level.Set(c.Log.Level)
	s := &Server{read: read, metrics: telemetry.NewMetrics(), failed: make(chan error, 8)}
	logger = slog.New(telemetry.NewSampler(logger.Handler(), c.Log.Sample))
	if c.Tracing != "" {
		if s.tracing, err = telemetry.NewTracing(c.Tracing, logger); err != nil {
			return nil, fmt.Errorf("tracing: %w", err)
		}
	}
	s.parts = Parts{Logger: logger, Events: s.tell, Store: memory.New(memory.Epoch(time.Now()))}
	if s.parts.Keys, s.Made, err = keys(c); err != nil {
		return nil, err
	}
	if s.lock, err = secret.Lock(lockFile(c)); errors.Is(err, secret.ErrServed) {
		return nil, fmt.Errorf("%s: %w", lockFile(c), err)
	} else if err != nil { // such as a read-only file system
		logger.Warn("a second process with the same key would not be noticed on this machine", "error", err)
	}
	if err := s.apply(c); err != nil {
		s.Stop()
		return nil, err
	}
	if err := s.listen(c); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// lockFile returns the file to lock. The lock stops a second process with the same key on
// this machine, because each process remembers used tickets only for itself. The file is the
// state file or, for a given key, a file named after the key.
func lockFile(c *config.Config) string {
	if c.Keys.Current == "" {
		return c.State
	}
	sum := sha256.Sum256([]byte("palisade lock " + string(c.Keys.Current)))
	return filepath.Join(os.TempDir(), fmt.Sprintf("palisade-%x.lock", sum[:8]))
}

// keys returns the given secrets, or the secret of the state file.
func keys(c *config.Config) (k palisade.Keys, made string, err error) {
	if c.Keys.Current != "" {
		return palisade.Keys{Current: []byte(c.Keys.Current), Previous: []byte(c.Keys.Previous), Next: []byte(c.Keys.Next)}, "", nil
	}
	var isNew bool
	if k.Current, isNew, err = secret.Load(c.State); isNew {
		made = c.State
	}
	if err != nil {
		err = fmt.Errorf("the signing key: %w", err)
	}
	return k, made, err
}

// apply puts a configuration into use, or changes nothing.
func (s *Server) apply(c *config.Config) error {
	parts := s.parts
	if c.Keys.Current != "" {
		parts.Keys, _, _ = keys(c)
	}
	g, err := Build(c, parts)
	asked, err2 := BuildService(c, parts)
	err = errors.Join(err, err2)
	if err == nil && c.TLS.Cert != "" {
		var cert tls.Certificate
		if cert, err = tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key); err == nil {
			s.cert.Store(&cert)
		}
	}
	if err != nil {
		s.tell(context.Background(), event.Configuration{Err: err})
		return err
	}
	if old := s.gateway.Swap(g); old != nil {
		old.CloseIdleConnections()
	}
	s.service.Store(asked)
	s.config.Store(c)
	s.tell(context.Background(), event.Configuration{}) // last, so that a reader of the event finds the new one in use
	return nil
}

// Reload reads the configuration again. If it has mistakes, the old one stays in use.
// Listeners stay too, because a process cannot change them while it runs.
func (s *Server) Reload() error {
	c, err := s.read()
	if err != nil {
		s.tell(context.Background(), event.Configuration{Err: err})
		return err
	}
	old := s.config.Load()
	if fixed(c) != fixed(old) {
		s.parts.Logger.Warn("listen, admin, trust for connections, tracing, log, limits of connections and whether there is TLS change at the next start only")
	}
	return s.apply(c)
}

// fixed are the settings that a process cannot change while it runs.
func fixed(c *config.Config) string {
	l := c.Limits
	var service []string
	if c.Service != nil {
		service = c.Service.Listen
	}
	return fmt.Sprint(c.Listen, service, c.Admin, c.TLS.Cert != "", c.Trust, c.Tracing, c.Log, l.Connections, l.PerClient, l.Header, l.ReadTimeout, l.IdleTimeout)
}

// Files returns the files of the configuration in use.
func (s *Server) Files() []string { return s.config.Load().Files() }

func (s *Server) listen(c *config.Config) error {
	for _, address := range c.Listen {
		if err := s.open(c, address, &s.Addresses, s.measure(s.currentGateway)); err != nil {
			return err
		}
	}
	if c.Service != nil {
		for _, address := range c.Service.Listen {
			if err := s.open(c, address, &s.Service, s.measure(s.currentService)); err != nil {
				return err
			}
		}
	}
	return s.openAdmin(c)
}

// open listens on an address and serves there.
func (s *Server) open(c *config.Config, address string, opened *[]string, handler http.Handler) error {
	l, err := bind.Listen(address, "-listen")
	if err != nil {
		return err
	}
	*opened = append(*opened, l.Addr().String())
	server := newServer(c, handler, s.parts.Logger)
	s.servers = append(s.servers, server)
	l = share(netutil.LimitListener(l, c.Limits.Connections), c.Limits.PerClient, named(c.Trust))
	if c.TLS.Cert != "" {
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil }}
		go s.run(func() error { return server.ServeTLS(l, "", "") })
	} else {
		go s.run(func() error { return server.Serve(l) })
	}
	return nil
}

func (s *Server) openAdmin(c *config.Config) error {
	if c.Admin == "" {
		return nil
	}
	l, err := bind.Listen(c.Admin, "-admin")
	if err != nil {
		return err
	}
	s.Admin = l.Addr().String()
	admin := newServer(c, s.adminHandler(), s.parts.Logger)
	s.servers = append(s.servers, admin)
	go s.run(func() error { return admin.Serve(netutil.LimitListener(l, 64)) })
	return nil
}

// named reports whether an address belongs to a proxy in front.
func named(proxies []string) func(netip.Addr) bool {
	var list []netip.Prefix
	for _, text := range proxies { // config has checked them
		if prefix, err := netip.ParsePrefix(text); err == nil {
			list = append(list, prefix)
		} else if addr, err := netip.ParseAddr(text); err == nil {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
		}
	}
	return func(addr netip.Addr) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
	}
}

func newServer(c *config.Config, handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: min(c.Limits.ReadTimeout, 10*time.Second),
		IdleTimeout:       c.Limits.IdleTimeout,
		MaxHeaderBytes:    int(c.Limits.Header),
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug), // errors of clients
	}
}

func (s *Server) run(serve func() error) {
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		s.failed <- err
	}
}

// tell passes events on to metrics and tracing. The guards log their own events.
func (s *Server) tell(ctx context.Context, e event.Event) {
	s.metrics.Tell(ctx, e)
	s.tracing.Tell(ctx, e)
}

// A reload may remove the gateway or the service that a listener serves.
func (s *Server) currentGateway() http.Handler {
	if g := s.gateway.Load(); g != nil {
		return g
	}
	return http.NotFoundHandler()
}

func (s *Server) currentService() http.Handler {
	if g := s.service.Load(); g != nil {
		return g
	}
	return http.NotFoundHandler()
}

// measure counts and times the requests of the handler in use.
func (s *Server) measure(current func() http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(current(), w, r) })
}

func (s *Server) serve(handler http.Handler, w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	m := &measured{ResponseWriter: w}
	if r.ProtoMajor == 1 { // HTTP/2 would end a stream without a write for so long
		m.control, m.most = http.NewResponseController(w), s.config.Load().Limits.WriteTimeout
	}
	r, span := s.tracing.Start(r)
	defer func() {
		s.metrics.Answered(m.status, time.Since(began))
		s.tracing.End(span, m.status)
	}()
	handler.ServeHTTP(m, r)
}

// measured notes the status, and gives up on a client that does not read.
type measured struct {
	http.ResponseWriter
	status  int
	control *http.ResponseController
	most    time.Duration
}

// patient extends the write deadline before the next write.
func (m *measured) patient() {
	if m.control != nil {
		_ = m.control.SetWriteDeadline(time.Now().Add(m.most)) // writers in tests have no deadline
	}
}

func (m *measured) WriteHeader(status int) {
	m.patient()
	if m.status < 200 {
		m.status = status
	}
	m.ResponseWriter.WriteHeader(status)
}

func (m *measured) Write(b []byte) (int, error) {
	m.patient()
	if m.status == 0 {
		m.status = http.StatusOK
	}
	return m.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController, which the proxy needs to flush and hijack.
func (m *measured) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	return mux
}

// ready reports whether a load balancer should send visitors here. If one app is down, the
// answer names it and the other sites stay in service. The status is 503 if no app can be
// reached.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.ending.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	all, err := Unreachable(r.Context(), s.config.Load())
	if all {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
	if err != nil {
		fmt.Fprintln(w, err)
	}
}

// Wait returns when ctx ends, or with the error of a listener.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Stop accepts no new requests and waits a limited time for those under way.
func (s *Server) Stop() {
	s.ending.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			s.parts.Logger.Warn("requests were cut off", "error", err)
			server.Close()
		}
	}
	if err := s.tracing.Stop(ctx); err != nil {
		s.parts.Logger.Warn("spans were lost", "error", err)
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// Watch reloads on a signal, and when a file of the configuration changes, until ctx ends.
// It checks the files once a second. This works on every file system, also if an editor or a
// container replaces a file.
func (s *Server) Watch(ctx context.Context, signals <-chan os.Signal) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	seen := stamps(s.Files())
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-tick.C:
			if now := stamps(s.Files()); now == seen {
				continue
			}
		}
		seen = stamps(s.Files()) // before reading, so that a later change causes another reload
		if err := s.Reload(); err != nil {
			s.parts.Logger.Error("the new configuration is refused, the old one is kept", "error", err)
			continue
		}
		seen = stamps(s.Files())
		s.parts.Logger.Info("the configuration was read again")
	}
}

func stamps(files []string) (all string) {
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			all += fmt.Sprintf("%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
		}
	}
	return all
}
