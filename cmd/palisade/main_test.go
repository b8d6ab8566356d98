package main

import (
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"palisade": main}) }

// A case is a file in testdata/script. The address $BUSY is taken; $FREE, $FREE2 and $FREE3
// are not.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			busy, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { busy.Close() })
			env.Setenv("BUSY", busy.Addr().String())
			for _, name := range []string{"FREE", "FREE2", "FREE3"} {
				free, err := freeAddress()
				if err != nil {
					return err
				}
				env.Setenv(name, free)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"http": fetch, "until": until},
	})
}

var given sync.Map // ports that freeAddress returned before

// freeAddress returns an address without a listener. It uses none of the ports that the
// system gives to outgoing connections, because such a connection could take the port
// meanwhile.
func freeAddress() (string, error) {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(22_000)))
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("of a hundred ports none is free")
}

// until is the script command `until URL TEXT`: it repeats the request until the answer
// contains the text.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until URL TEXT")
	}
	var text []byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		answer, err := client.Get(args[0])
		if err != nil {
			continue
		}
		text, err = io.ReadAll(answer.Body)
		answer.Body.Close()
		if err == nil && strings.Contains(string(text), args[1]) {
			return
		}
	}
	ts.Fatalf("%s never said %q, but:\n%s", args[0], args[1], text)
}

// patience is the limit for events that must happen. A test that passes never waits so long.
const patience = 3 * time.Minute

// fetch is the script command `http METHOD URL STATUS [BODY]`. It repeats the request until
// a server listens, and checks the status. It logs the answer as standard output for the
// next `stdout`.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: http METHOD URL STATUS [FORM]")
	}
	body := ""
	if len(args) > 3 {
		body = args[3]
	}
	var answer *http.Response
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if answer, err = client.Do(r); err == nil {
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v", err)
		}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if got := strconv.Itoa(answer.StatusCode); got != args[2] {
		ts.Fatalf("status %s, want %s: %s", got, args[2], text)
	}
	_, err = ts.Stdout().Write(text)
	ts.Check(err)
}

// client accepts the self-signed certificate of the demo.
var client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
