// Package bind opens listeners. If an address is taken, its error tells the user how to
// choose another one.
package bind

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Listen listens on host:port. flag is the command-line flag for another address.
func Listen(address, flag string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: give host:port, such as 127.0.0.1:8080, or :8080 for every address of this machine", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("cannot listen on %q: the port must be a number from 0 to 65535", address)
	}
	l, err := net.Listen("tcp", address)
	another := fmt.Sprintf("choose another port, e.g. %s %s", flag, net.JoinHostPort(host, "8081"))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s: another program does; end it, or %s", address, another)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("cannot listen on %s: ports below 1024 need more rights; %s, and put a proxy in front", address, another)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("cannot listen on %s: this machine does not have the address; give one that it has, or %s", address, net.JoinHostPort("", port))
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return l, nil
}
