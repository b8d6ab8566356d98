package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/attack"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
)

const defaultListen = "127.0.0.1:8080"

type demoCommand struct {
	Listen string `placeholder:"127.0.0.1:8080" help:"Address to listen on. With :8080 a phone can reach it too."`
	TLS    bool   `name:"tls" help:"Serve HTTPS with a certificate made for this run. Browsers on other machines need it to run the proof."`
	Attack bool   `help:"Run the attackers, each against a demo of its own on a free port of this machine, and print what they got."`
	JSON   bool   `name:"json" help:"With -attack: print the table as JSON."`
}

// Help is shown by palisade help demo.
func (demoCommand) Help() string {
	return "A site with a sign-up, a contact form, comments, a vote, a JSON endpoint and a note that saves itself, each guarded by the library " +
		"with its embedded captcha. /effects counts what was really accepted, /decisions tells the last decisions. " +
		"Nothing is kept, and no request leaves this machine."
}

// Run serves the demo until Ctrl-C, or runs the attack.
func (c demoCommand) Run(ctx context.Context, t terminal) error {
	if c.Attack {
		return c.attack(ctx, t)
	}
	if c.JSON {
		return fmt.Errorf("%w: -json goes with -attack", errUsage)
	}
	decisions := make(chan palisade.Decision, 64)
	server, err := demo.Start(cmp.Or(c.Listen, defaultListen), c.TLS, demo.Config{
		ClientIP: clientip.RemoteAddr(),
		Logger:   slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelError})),
		Observe: func(d palisade.Decision) {
			select {
			case decisions <- d:
			default: // drop the decision: the guard must not wait for a terminal
			}
		},
	})
	if err != nil {
		return err
	}
	c.greet(t.out, server)
	go show(ctx, t.out, decisions)
	err = server.Wait(ctx)
	if err == nil {
		fmt.Fprintln(t.out, "\nStopping.")
	}
	server.Stop()
	return err
}

// greet prints the address to open and things to try.
func (c demoCommand) greet(w io.Writer, s *demo.Server) {
	insecure := "" // curl's flag for an unknown certificate
	if c.TLS {
		insecure = "-k "
	}
	fmt.Fprintf(w, "Palisade demo\n\n  open    %s\n", s.URL)
	if list := elsewhere(s.Others); len(list) > 0 {
		fmt.Fprintf(w, "          %s\n", strings.Join(list, "\n          "))
	}
	fmt.Fprintf(w, `
  try     to be a person: sign up, comment, vote
          to be a bot, and be refused:
            curl -i %[1]s%[2]s/signup -d 'username=bot&email=bot@example.org'
            curl -i %[1]s%[2]s/api/submit -H 'Content-Type: application/json' -d '{"message":"buy now"}'
          all attackers at once, as a table:
            %[3]s demo -attack

  see     %[2]s/live, or as JSON /effects and /decisions
`, insecure, s.URL, self())
	switch {
	case c.TLS:
		fmt.Fprintf(w, "\n  note    The certificate was made for this run, so browsers warn once. Its SHA-256 is\n          %s\n", s.Fingerprint)
	case len(elsewhere(s.Others)) > 0 || !loopback(s.URL):
		fmt.Fprint(w, "\n  note    Over plain HTTP the proof runs in browsers on this machine only: others switch off\n"+
			"          crypto.subtle. For a phone, start it with -tls.\n")
	}
	fmt.Fprint(w, "\nCtrl-C stops it. Decisions as they are made:\n\n")
}

// self is the name by which this program was called.
func self() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/palisade"
	}
	return "palisade"
}

// elsewhere leaves out the addresses that only this machine reaches.
func elsewhere(urls []string) []string {
	var list []string
	for _, url := range urls {
		if !loopback(url) {
			list = append(list, url)
		}
	}
	return list
}

func loopback(url string) bool {
	_, host, _ := strings.Cut(url, "://")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// show prints decisions as they come, until ctx ends.
func show(ctx context.Context, w io.Writer, decisions <-chan palisade.Decision) {
	for {
		select {
		case d := <-decisions:
			fmt.Fprintf(w, "  %s  %-9s %-9s  %s\n", d.Time.Format("15:04:05"), d.Form, d.Outcome, attack.Why(d.Reason, d.Findings))
		case <-ctx.Done():
			return
		}
	}
}

func (c demoCommand) attack(ctx context.Context, t terminal) error {
	switch {
	case c.TLS:
		return fmt.Errorf("%w: -attack is about plain loopback; leave -tls out", errUsage)
	case c.Listen != "":
		fmt.Fprintln(t.err, "-listen is not used: each attacker gets a demo of its own, on a free port of 127.0.0.1.")
	}
	results, err := attack.Run(ctx, t.err)
	if err != nil {
		return err
	}
	if c.JSON {
		err = attack.WriteJSON(t.out, results)
	} else {
		err = attack.WriteTable(t.out, results)
	}
	if err != nil {
		return err
	}
	if n := attack.Failures(results); n > 0 {
		return fmt.Errorf("%d of %d rows are not as documented", n, len(results))
	}
	return nil
}
