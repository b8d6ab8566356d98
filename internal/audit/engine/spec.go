package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

// Spec describes one audit. Only Target is required. Without Effect and a source of valid
// tokens, hardly any rule can be decided.
type Spec struct {
	Target     string   // URL of the page with the form
	Connect    string   // host:port to connect to, if it is not the target's, such as that of a gateway by its public name
	Form       string   // which form of the page: #id, or the path that it posts to; default the largest that posts
	Action     string   // the URL that it posts to, if a script decides that
	Encoding   string   // form, multipart or json; default from the page
	Cookies    []Field  // of every visitor, such as a session
	Headers    []Field  // of every request; {cookie:NAME} stands for a cookie of the visitor
	Fields     []Field  // values where the automatic ones fail; {canary} stands for a unique text
	LeaveEmpty []string // honeypots, if the page does not show which fields they are

	Effect string // see [ParseOracle]
	Oracle Oracle // replaces Effect

	Captcha    string // service, as in package captchatest, or palisade; default the one on the page
	TokenField string // name of the field, if it is not the service's own
	Token      string // source of valid tokens: verifier, testkey, palisade, service:URL of ours or cmd:COMMAND; default verifier with Verifier, palisade on pages of ours
	Verifier   *captchatest.Server
	Hostname   string // of tokens; default the target's host
	CaptchaFor string // action of tokens; default the page's
	Sitekey    string // default the page's

	MinFill   time.Duration // the shortest time a person needs; default measured
	Siblings  []string      // further paths with the same effect, or that need the same protection
	Later     []string      // paths of later steps of the form
	Instances []string      // further addresses of the same app
	Upstream  string        // address of the app behind a gateway
	Stack     string        // of the app, one of [Stacks]; default from its answers
	Settings  []Setting     // of the app or its gateway, for rules that cannot see them from outside

	Only, Skip []string // ids of rules, or a letter for a group
	Seed       uint64   // of the typed values; 0 for a new random one
	Rate       int      // requests a second at most; default 100
	MaxTime    time.Duration
	Patience   time.Duration // for one request; default 10s
	Insecure   bool          // accept any certificate, of a loopback address only
	Proof      string        // that the host is yours, see [Consent]
	Resolver   *net.Resolver // default the system's

	Progress func(done, total int, rule *Rule)
}

// Setting is one setting of a configuration, with its place.
type Setting struct{ Name, Value, Place string }

// Defaults of a [Spec].
const (
	DefaultRate     = 100
	DefaultMaxTime  = 5 * time.Minute
	DefaultPatience = 10 * time.Second
)

// check fills the defaults in and returns every mistake. Rules are the rules that Only and
// Skip may name.
func (s *Spec) check(rules []*Rule) (*url.URL, error) {
	var errs []error
	target, err := url.Parse(s.Target)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		errs = append(errs, fmt.Errorf("the target %q is no http or https URL", s.Target))
		target = &url.URL{}
	}
	if s.Insecure && !Loopback(target.Hostname()) {
		errs = append(errs, errors.New("any certificate is taken from loopback addresses only"))
	}
	for _, id := range slices.Concat(s.Only, s.Skip) {
		if !slices.ContainsFunc(rules, func(r *Rule) bool { return matches(id, r) }) {
			errs = append(errs, fmt.Errorf("there is no rule %q", id))
		}
	}
	if s.Stack != "" && !slices.Contains(Stacks(), s.Stack) {
		errs = append(errs, fmt.Errorf("stack: %q is none of %s", s.Stack, strings.Join(Stacks(), ", ")))
	}
	if s.Encoding != "" && encodings[s.Encoding] == nil {
		errs = append(errs, fmt.Errorf("encoding: %q is none of form, multipart and json", s.Encoding))
	}
	if s.Rate < 0 || s.MaxTime < 0 || s.Patience < 0 {
		errs = append(errs, errors.New("rate and times cannot be negative"))
	}
	if s.Rate == 0 {
		s.Rate = DefaultRate
	}
	if s.MaxTime == 0 {
		s.MaxTime = DefaultMaxTime
	}
	if s.Patience == 0 {
		s.Patience = DefaultPatience
	}
	if s.Oracle == nil && s.Effect != "" && target.Host != "" {
		if s.Oracle, err = ParseOracle(s.Effect, target); err != nil {
			errs = append(errs, fmt.Errorf("effect: %w", err))
		}
	}
	switch kind, _, _ := strings.Cut(s.Token, ":"); {
	case !slices.Contains([]string{"", "verifier", "testkey", "palisade", "service", "cmd"}, kind):
		errs = append(errs, fmt.Errorf("token: %q is none of verifier, testkey, palisade, service:URL and cmd:COMMAND", s.Token))
	case kind == "verifier" && s.Verifier == nil:
		errs = append(errs, errors.New("token: there is no verifier: say where it listens"))
	}
	if s.Captcha != "" && tokenFieldsOf(s.Captcha) == nil {
		errs = append(errs, fmt.Errorf("captcha: %q is not a service whose field is known; give token-field too", s.Captcha))
	}
	return target, errors.Join(errs...)
}

// matches reports whether an id names a rule, or the rule's group.
func matches(id string, r *Rule) bool {
	id = strings.ToUpper(id)
	return id == r.ID || len(id) == 1 && strings.HasPrefix(r.ID, id)
}

// wanted reports whether a rule is to be run.
func (s *Spec) wanted(r *Rule) bool {
	in := func(ids []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return matches(id, r) })
	}
	return (len(s.Only) == 0 || in(s.Only)) && !in(s.Skip)
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// give adds the headers of all requests to a request.
func (spec *Spec) give(s *Shot) {
	for _, h := range spec.Headers {
		value := h.Value
		for name, cookie := range s.Cookies {
			value = strings.ReplaceAll(value, "{cookie:"+name+"}", cookie)
		}
		s.Set(h.Name, value)
	}
}
