package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

type fakeCommand struct {
	Listen  string   `default:"127.0.0.1:8087" placeholder:"127.0.0.1:8087" help:"Address of the services; port 0 for any that is free."`
	Control string   `default:"127.0.0.1:8086" placeholder:"127.0.0.1:8086" help:"Address of the control API; off for none."`
	Site    []string `placeholder:"turnstile,SITEKEY,SECRET" sep:"none" help:"A pair of keys of a service. Again for more; the official test keys are there."`
	Quiet   bool     `help:"Print the two addresses and nothing else."`
}

// Help is shown by palisade help fake.
func (fakeCommand) Help() string {
	return "Stands in for the CAPTCHA services, for tests without a network: their verify endpoints and widget scripts at their own paths, " +
		"with the official test keys, and a second port that makes tokens, lets services fail and tells what was asked (GET /services, POST /sites, /solve, /fail, /answer, GET /history). " +
		"Put its address in the place of the vendor's, e.g. https://www.google.com/recaptcha/api/siteverify becomes http://127.0.0.1:8087/recaptcha/api/siteverify. " +
		"It passes whom you like: never let a real site ask it."
}

// Run serves until Ctrl-C or SIGTERM.
func (c fakeCommand) Run(ctx context.Context, t terminal) error {
	fake := captchatest.New()
	for _, text := range c.Site {
		if err := addFakeSite(fake, text); err != nil {
			return err
		}
	}
	failed := make(chan error, 2)
	var servers []*http.Server
	open := func(name, address string, handler http.Handler) error {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		go func() { failed <- server.Serve(l) }()
		fmt.Fprintf(t.out, "%s http://%s\n", name, l.Addr())
		if name == "services" {
			fake.SetURL("http://" + l.Addr().String())
		}
		return nil
	}
	if err := open("services", c.Listen, fake); err != nil {
		return err
	}
	if c.Control != "off" {
		if err := open("control", c.Control, fake.Control()); err != nil {
			return err
		}
	}
	if !c.Quiet {
		describeFake(t.out, fake)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	for _, server := range servers {
		server.Close()
	}
	return nil
}

func addFakeSite(fake *captchatest.Server, text string) error {
	part := strings.Split(text, ",")
	if len(part) != 3 || part[1] == "" || part[2] == "" {
		return fmt.Errorf("%w: -site %q is not SERVICE,SITEKEY,SECRET", errUsage, text)
	}
	for _, name := range captchatest.Services() {
		if name == part[0] {
			fake.AddSite(part[0], part[1], part[2])
			return nil
		}
	}
	return fmt.Errorf("%w: there is no service %q; there are %s", errUsage, part[0], strings.Join(captchatest.Services(), ", "))
}

func describeFake(w io.Writer, fake *captchatest.Server) {
	fmt.Fprint(w, "\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range captchatest.Services() {
		fmt.Fprintf(table, "  %s\t%s\n", name, fake.VerifyURL(name))
	}
	_ = table.Flush() // the terminal's errors are of no interest
	fmt.Fprint(w, "\nThe official test keys work. Ctrl-C stops it.\n\n")
}
