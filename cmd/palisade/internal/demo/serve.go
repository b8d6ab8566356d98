package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/bind"
)

// Server is a running demo.
type Server struct {
	// URL is the address on this machine.
	URL string
	// Others are the addresses for other machines, if the demo listens to them.
	Others []string
	// Fingerprint is the SHA-256 of the certificate, in hexadecimal; empty without TLS.
	Fingerprint string

	server *http.Server
	done   chan error
}

// Start listens on an address such as "127.0.0.1:8080" and serves the site there until
// [Server.Stop]. If secure is set, it uses its own certificate. It fills in config's Site
// and Hosts: the guard accepts the names of this listener, and no other name.
func Start(listen string, secure bool, config Config) (*Server, error) {
	listener, err := bind.Listen(listen, "-listen")
	if err != nil {
		return nil, err
	}
	s, err := serve(listener, listen, secure, config)
	if err != nil {
		listener.Close()
	}
	return s, err
}

func serve(listener net.Listener, listen string, secure bool, config Config) (*Server, error) {
	names := reachedAs(listen)
	scheme, usual := "http", "80"
	if secure {
		scheme, usual = "https", "443"
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	var hosts, urls []string
	for _, name := range names {
		host := net.JoinHostPort(name, port)
		if port == usual { // browsers omit the usual port, also in Origin
			host = strings.TrimSuffix(host, ":"+port)
		}
		hosts = append(hosts, host)
		urls = append(urls, scheme+"://"+host)
	}
	config.Site, config.Hosts = hosts[0], hosts[1:]
	app, err := New(config)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: urls[0], Others: urls[1:], done: make(chan error, 1)}
	s.server = &http.Server{
		Handler:           app,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a double click waits for the answer of the first click
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(errorLog{app.config.Logger}, "", 0),
	}
	if secure {
		certificate, err := selfSign(names)
		if err != nil {
			return nil, err
		}
		s.Fingerprint = fmt.Sprintf("%x", sha256.Sum256(certificate.Certificate[0]))
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	go func() { s.done <- s.run(listener) }()
	return s, nil
}

func (s *Server) run(listener net.Listener) error {
	var err error
	if s.server.TLSConfig != nil {
		err = s.server.ServeTLS(listener, "", "")
	} else {
		err = s.server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Wait returns when the server was stopped, or with the error that stopped it.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return nil
	}
}

// stopWait is the longest wait for requests under way.
const stopWait = 3 * time.Second

// Stop lets the requests under way finish, for a short while.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		s.server.Close()
	}
}

// reachedAs returns the names and addresses of a listener, the best one first.
func reachedAs(listen string) []string {
	host, _, _ := net.SplitHostPort(listen)
	addr, err := netip.ParseAddr(host)
	everywhere := host == "" || err == nil && addr.IsUnspecified()
	names := []string{"localhost", "127.0.0.1", "::1"}
	switch {
	case everywhere:
		names = append(names, outside()...)
		if name, err := os.Hostname(); err == nil && validName(name) {
			names = append(names, name, name+".local")
		}
	case host != "localhost" && (err != nil || !addr.IsLoopback()):
		return []string{host}
	default:
		names = append([]string{host}, names...)
	}
	var unique []string
	for _, name := range names {
		if !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique
}

// outside returns the addresses of this machine that others may reach.
func outside() []string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var list []string
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if addr := prefix.Addr(); err == nil && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() {
			list = append(list, addr.String())
		}
	}
	return list
}

func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// certificateLife is short, because the key is only in memory and ends with the process.
const certificateLife = 7 * 24 * time.Hour

// selfSign makes a certificate for names and addresses.
func selfSign(names []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "palisade demo"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// errorLog logs the errors of the HTTP server. It omits handshakes that browsers break off
// because they do not know the certificate.
type errorLog struct{ logger *slog.Logger }

func (l errorLog) Write(line []byte) (int, error) {
	if !strings.HasPrefix(string(line), "http: TLS handshake error") {
		l.logger.Error(strings.TrimSpace(string(line)))
	}
	return len(line), nil
}
