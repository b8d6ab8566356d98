package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/server"
)

type serveCommand struct {
	File   string `arg:"" optional:"" placeholder:"palisade.yaml" help:"Configuration file, for more than flags can say."`
	Config string `short:"c" placeholder:"palisade.yaml" help:"The same."`
	config.Flags
}

// Help is shown by palisade help serve.
func (serveCommand) Help() string {
	return "Stands in front of an app and guards its forms; the app is not changed. " +
		"Everything can be said with flags, with variables (PALISADE_UPSTREAM and so on) or in a file; the earlier of these wins. " +
		"SIGHUP, or a change of the file, has it read again; a bad one is refused and the old one kept."
}

// Run serves until Ctrl-C or SIGTERM.
func (c serveCommand) Run(ctx context.Context, t terminal) error {
	file := c.Flags.File(cmp.Or(c.File, c.Config))
	read := func() (*config.Config, error) {
		return config.Load(config.Source{File: file, Flags: c.Flags, Env: os.Environ()})
	}
	level := new(slog.LevelVar)
	logger := slog.New(slog.NewJSONHandler(t.err, &slog.HandlerOptions{Level: level}))
	s, err := server.Start(read, logger, level)
	if err != nil {
		return err
	}
	conf, err := read()
	if err != nil {
		return err
	}
	greetServe(t.out, s, conf)
	go func() { // in the background: an app that does not answer must not delay the start
		if _, err := server.Unreachable(ctx, conf); err != nil && ctx.Err() == nil {
			logger.Warn("visitors get an error page until the app has started", "error", err)
		}
	}()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go s.Watch(ctx, hangups)
	err = s.Wait(ctx)
	fmt.Fprintln(t.out, "\nStopping: requests under way are ended first.")
	s.Stop()
	return err
}

// greetServe prints the guarded forms, and notes for the operator.
func greetServe(w io.Writer, s *server.Server, c *config.Config) {
	scheme := "http"
	if c.TLS.Cert != "" {
		scheme = "https"
	}
	fmt.Fprint(w, "Palisade\n\n")
	for _, address := range s.Addresses {
		fmt.Fprintf(w, "  open     %s://%s\n", scheme, reachable(address))
	}
	for _, address := range s.Service {
		fmt.Fprintf(w, "  service  %s://%s\n", scheme, reachable(address))
	}
	if s.Admin != "" {
		fmt.Fprintf(w, "  metrics  http://%s/metrics\n", reachable(s.Admin))
	}
	fmt.Fprintf(w, "\n%s", server.Describe(c))
	if s.Made != "" {
		fmt.Fprintf(w, "\n  note     A signing key was made in %s. Keep the file: without it, pages that are open now are challenged.\n", s.Made)
	}
	if scheme == "http" && len(c.Trust) == 0 && !allLoopback(s.Addresses) {
		fmt.Fprint(w, "\n  note     Over plain HTTP browsers on other machines cannot make the proof (crypto.subtle is off there):\n"+
			"           give -tls-cert and -tls-key, or name the proxy that ends TLS with -trust.\n")
	}
	fmt.Fprint(w, "\nDecisions follow as JSON lines on standard error. Ctrl-C stops it.\n\n")
}

func allLoopback(addresses []string) bool {
	for _, address := range addresses {
		if host, _, _ := net.SplitHostPort(address); !net.ParseIP(host).IsLoopback() {
			return false
		}
	}
	return true
}

// reachable replaces a wildcard address by one that a browser can open.
func reachable(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

type checkConfigCommand struct {
	File   string `arg:"" optional:"" placeholder:"palisade.yaml" help:"Configuration file."`
	Config string `short:"c" placeholder:"palisade.yaml" help:"The same, as serve takes it."`
	config.Flags
}

// Help is shown by palisade help check-config.
func (checkConfigCommand) Help() string {
	return "Says what is wrong with a configuration, all of it and with the line, and what it guards when nothing is wrong."
}

// Run checks a configuration.
func (c checkConfigCommand) Run(t terminal) error {
	conf, err := config.Load(config.Source{File: c.Flags.File(cmp.Or(c.File, c.Config)), Flags: c.Flags, Env: os.Environ()})
	if err == nil {
		err = server.Check(conf)
	}
	if err != nil {
		fmt.Fprintln(t.err, err)
		n := strings.Count(err.Error(), "\n") + 1
		if n == 1 {
			return errors.New("one mistake to mend")
		}
		return fmt.Errorf("%d mistakes to mend", n)
	}
	fmt.Fprintf(t.out, "The configuration is good. It guards:\n\n%s", server.Describe(conf))
	return nil
}

type verdictKeyCommand struct {
	File string `arg:"" optional:"" placeholder:"palisade.yaml" help:"Configuration file."`
	config.Flags
}

// Help is shown by palisade help verdict-key.
func (verdictKeyCommand) Help() string {
	return "Prints the key under which the app checks the header Palisade-Verdict, in hexadecimal, for each site. " +
		"Give it to the app as a secret: whoever has it can make the app believe that a request was judged."
}

// Run prints the keys.
func (c verdictKeyCommand) Run(t terminal) error {
	conf, err := config.Load(config.Source{File: c.Flags.File(c.File), Flags: c.Flags, Env: os.Environ()})
	if err != nil {
		return err
	}
	keys, err := server.VerdictKeys(conf)
	if err != nil {
		return err
	}
	for _, k := range keys {
		fmt.Fprintf(t.out, "%s  %x\n", k.Site, k.Key)
	}
	return nil
}
