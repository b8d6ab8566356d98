package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"palisade": main}) }

// A case is a file in testdata/script. $BUSY is an address that is taken, $FREE,
// $FREE2 and $FREE3 are not.
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
				free, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				defer free.Close()
				env.Setenv(name, free.Addr().String())
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"http": fetch},
	})
}

// fetch is the script command `http METHOD URL STATUS [BODY]`: it asks until
// somebody listens, checks the status, and logs the answer as standard output
// for the next `stdout`.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: http METHOD URL STATUS [FORM]")
	}
	body := ""
	if len(args) > 3 {
		body = args[3]
	}
	var answer *http.Response
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
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

// client takes the certificate that the demo makes for itself.
var client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
