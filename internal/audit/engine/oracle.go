package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Oracle counts the effects in the app, such as new accounts. The status of an answer does
// not show an effect: some apps refuse with 200, and apps accept with 200.
//
// Count returns a number that grows by one with each effect. It counts the effects of the
// given canaries or, if it cannot tell them apart, all effects.
type Oracle interface {
	Count(ctx context.Context, canaries []string) (int, error)
}

// ParseOracle parses a description of the way to count effects:
//
//	http://host/path#member   JSON with a number, or a list to count; without #member the sum of the
//	                          numbers of a JSON object, or the first number of any other page
//	canary:http://host/path   a page that shows the typed values
//	cmd:shell command         a command that prints a number
//	sql:DATABASE QUERY        a query with one number: DATABASE is sqlite:PATH, postgres://… or mysql://…,
//	                          read with the database's own program
//	maildir:PATH              the number of files in a folder, such as a maildir or Django's file mailer
//
// Paths of URLs may be relative to the target.
func ParseOracle(spec string, target *url.URL) (Oracle, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch kind {
	case "canary":
		u, err := target.Parse(rest)
		return &urlOracle{address: u, canary: true}, err
	case "cmd":
		return commandOracle{"sh", "-c", rest}, nil
	case "sql":
		return sqlOracle(rest)
	case "maildir":
		return dirOracle(rest), nil
	}
	u, err := target.Parse(spec)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is none of http://…, canary:URL, cmd:COMMAND, sql:DATABASE QUERY and maildir:PATH", spec)
	}
	member := u.Fragment
	bare := *u
	bare.Fragment = ""
	return &urlOracle{address: &bare, member: member}, nil
}

// urlOracle reads a page. If the page is on the target, the request uses the same wire, so
// that the audit counts it.
type urlOracle struct {
	address *url.URL
	member  string
	canary  bool
	get     func(ctx context.Context, u *url.URL) ([]byte, error)
}

// Count implements Oracle.
func (o *urlOracle) Count(ctx context.Context, canaries []string) (int, error) {
	get := o.get
	if get == nil {
		get = getElsewhere
	}
	body, err := get(ctx, o.address)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", o.address.Redacted(), err)
	}
	if o.canary {
		n := 0
		for _, c := range canaries {
			if bytes.Contains(body, []byte(c)) {
				n++
			}
		}
		return n, nil
	}
	n, err := number(body, o.member)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", o.address.Redacted(), err)
	}
	return n, nil
}

// getElsewhere reads a page of another server than the target.
func getElsewhere(ctx context.Context, u *url.URL) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d", resp.StatusCode)
	}
	return body, err
}

var digits = regexp.MustCompile(`\d+`)

// number finds the number in a text: the number of a member, as a.b, or the first number.
func number(body []byte, member string) (int, error) {
	if member == "" {
		var numbers map[string]int
		if json.Unmarshal(body, &numbers) == nil && len(numbers) > 0 {
			sum := 0
			for _, n := range numbers {
				sum += n
			}
			return sum, nil
		}
		if m := digits.Find(body); m != nil {
			return strconv.Atoi(string(m))
		}
		return 0, errors.New("there is no number in it")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return 0, errors.New("it is not JSON, so it has no member " + member)
	}
	for name := range strings.SplitSeq(member, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return 0, errors.New("it has no member " + member)
		}
		value = object[name]
	}
	switch value := value.(type) {
	case float64:
		return int(value), nil
	case []any:
		return len(value), nil
	}
	return 0, fmt.Errorf("its member %s is no number and no list", member)
}

// killed is how long a killed command's own child processes may still run.
const killed = 200 * time.Millisecond

// commandOracle runs a command that prints a number.
type commandOracle []string

// Count implements Oracle.
func (o commandOracle) Count(ctx context.Context, _ []string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, o[0], o[1:]...)
	cmd.WaitDelay = killed
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", o[0], err, Printable(bytes.TrimSpace(said.Bytes()), 200))
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte{'\n'})
	words := bytes.Fields(first)
	if len(words) == 0 {
		return 0, fmt.Errorf("%s: it printed no number", o[0])
	}
	n, err := strconv.Atoi(string(words[0])) // wc prints the file's name after the count
	if err != nil {
		return 0, fmt.Errorf("%s: it printed no number, but %s", o[0], Printable(first, 100))
	}
	return n, nil
}

// sqlOracle asks a database with the database's own program. This program supports all
// logins and certificates of the database, and is installed with it.
func sqlOracle(spec string) (Oracle, error) {
	database, query, ok := strings.Cut(spec, " ")
	if !ok {
		return nil, fmt.Errorf("sql:%s has no query: write sql:DATABASE SELECT count(*) FROM …", spec)
	}
	u, err := url.Parse(database)
	if err != nil {
		return nil, errors.New("sql: the database is not a URL")
	}
	switch u.Scheme {
	case "sqlite":
		return commandOracle{"sqlite3", "-readonly", "-batch", "-noheader", strings.TrimPrefix(strings.TrimPrefix(database, "sqlite:"), "//"), query}, nil
	case "postgres", "postgresql":
		return commandOracle{"psql", "-X", "-A", "-t", "-d", database, "-c", query}, nil
	case "mysql", "mariadb":
		password, _ := u.User.Password()
		args := commandOracle{"env", "MYSQL_PWD=" + password, "mysql", "--batch", "--skip-column-names", "--host", u.Hostname(), "--user", u.User.Username()}
		if u.Port() != "" {
			args = append(args, "--port", u.Port())
		}
		return append(args, "--database", strings.TrimPrefix(u.Path, "/"), "--execute", query), nil
	}
	return nil, fmt.Errorf("sql: there is no kind of database %q; there are sqlite, postgres and mysql", u.Scheme)
}

// dirOracle counts the files in a folder and those below it.
type dirOracle string

// Count implements Oracle.
func (o dirOracle) Count(ctx context.Context, _ []string) (n int, err error) {
	err = filepath.WalkDir(string(o), func(_ string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			n++
		}
		return errors.Join(err, ctx.Err())
	})
	return n, err
}
