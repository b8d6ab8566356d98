package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// reachTime is the longest wait for an app to accept a connection.
const reachTime = 2 * time.Second

// Unreachable tries to connect to the app of each site, all at once. It returns the errors
// of the apps that cannot be reached, and whether these are all apps. It sends no data.
func Unreachable(ctx context.Context, c *config.Config) (all bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	errs := make([]error, len(c.Sites))
	var tries sync.WaitGroup
	for i := range c.Sites {
		tries.Go(func() {
			if err := connect(ctx, c.Sites[i].Upstream); err != nil {
				errs[i] = fmt.Errorf("the app at %s does not answer: %w", c.Sites[i].Upstream, err)
			}
		})
	}
	tries.Wait()
	all = len(errs) > 0 && !slices.Contains(errs, nil)
	return all, errors.Join(errs...)
}

func connect(ctx context.Context, upstream *url.URL) error {
	network, address := addressOf(upstream)
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func addressOf(upstream *url.URL) (network, address string) {
	if upstream.Scheme == "unix" {
		return "unix", upstream.Path
	}
	port := cmp.Or(upstream.Port(), map[string]string{"https": "443"}[upstream.Scheme], "80")
	return "tcp", net.JoinHostPort(upstream.Hostname(), port)
}
