// Package host parses hosts as in configurations and in the header Host:
// name, name:port, [v6] and [v6]:port.
package host

import (
	"net"
	"strings"
)

// Name returns a host without its port and without the brackets of an IPv6 address.
func Name(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// Valid reports whether host has one of the four forms.
func Valid(host string) bool {
	if strings.ContainsAny(host, "/\\@?#\"' ") || strings.Contains(host, "..") {
		return false
	}
	if _, port, err := net.SplitHostPort(host); err == nil {
		return port != "" && Name(host) != ""
	}
	return Name(host) != "" && (!strings.Contains(host, ":") || strings.HasPrefix(host, "["))
}
