package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/report"
)

type auditCommand struct {
	Target string `arg:"" optional:"" placeholder:"http://127.0.0.1:8000/signup" help:"The page with the form."`
	Config string `short:"c" placeholder:"audit.yaml" help:"File with the form, or with several."`

	Effect     string   `placeholder:"/effects#signups" help:"How is seen that the form did its work: a URL with a number, canary:URL of a page on which what was typed shows, cmd:COMMAND, sql:DATABASE QUERY, maildir:PATH."`
	Verifier   string   `placeholder:"127.0.0.1:8087" help:"Where the verifier in the middle listens. The app's verify URL must point there."`
	Captcha    string   `placeholder:"turnstile" help:"The captcha, if the page does not show it."`
	Token      string   `placeholder:"testkey" help:"How a valid token is had: verifier, testkey, palisade, service:URL of palisade serve, or cmd:COMMAND that prints one. Default: what fits."`
	TokenField string   `placeholder:"cf-turnstile-response" help:"Field of the token, if it is not the usual one."`
	Hostname   string   `placeholder:"example.com" help:"Host that tokens are made for. Default: the target's."`
	ForAction  string   `name:"captcha-action" placeholder:"signup" help:"Action that tokens are made for. Default: the widget's."`
	Sitekey    string   `placeholder:"KEY" help:"Site key. Default: the widget's."`
	Form       string   `placeholder:"'#signup'" help:"Which form of the page: #id, or the path that it posts to. Default: the largest that posts."`
	Action     string   `placeholder:"/api/signup" help:"Where the form is sent, if a script does it."`
	Encoding   string   `placeholder:"json" help:"How the form is sent: form, multipart or json. Default: as the page says."`
	Cookie     []string `placeholder:"NAME=VALUE" sep:"none" help:"Cookie of every visitor, such as a session for forms behind a login. Again for more."`
	Header     []string `placeholder:"'X-CSRF-Token: {cookie:csrf}'" sep:"none" help:"Header of every request; {cookie:NAME} stands for a cookie of the visitor. Again for more."`
	Stack      string   `placeholder:"django" help:"What the app is made with, for advice that fits: django, flask, go, rails, express or php. Default: as far as it shows."`
	Field      []string `placeholder:"'name={canary}'" sep:"none" help:"What to type into a field; {canary} is a text that is never the same. Again for more."`
	LeaveEmpty []string `placeholder:"NAME" help:"Fields that people leave empty: honeypots that the page does not show to be hidden."`
	MinFill    string   `placeholder:"3s" help:"How long a person takes at least. Default: found out."`
	Sibling    []string `placeholder:"PATH" help:"Further pages with forms that must be as guarded."`
	Later      []string `placeholder:"PATH" help:"Later steps of the form."`
	Instance   []string `placeholder:"URL" help:"Further instances of the same app."`
	Upstream   string   `placeholder:"URL" help:"Where the app behind a gateway listens."`
	Settings   []string `placeholder:".env" type:"existingfile" help:"Configuration of the app, for what does not show from outside."`
	Connect    string   `placeholder:"HOST:PORT" help:"Connect there instead of to the target's host."`

	Self   bool   `help:"Audit the running gateway of -gateway-config: each route that it guards. -effect is then relative to the app of each site."`
	Served string `name:"gateway-config" placeholder:"palisade.yaml" help:"With -self: its configuration. Default palisade.yaml."`

	Only     []string `placeholder:"A01,B" help:"These rules or groups alone."`
	Skip     []string `placeholder:"C,E07" help:"Not these."`
	Baseline []string `placeholder:"known.json" type:"existingfile" help:"Report of -json whose findings are known: they change no exit status."`
	FailOn   string   `default:"low" enum:"note,low,medium,high,critical" help:"Least severity that changes the exit status."`
	Seed     uint64   `help:"Repeat a run: the same values in the same order. The app must have forgotten those of the run before."`
	Rate     int      `placeholder:"100" help:"Requests a second at most."`
	MaxTime  string   `placeholder:"5m" help:"Time at most."`
	Patience string   `placeholder:"10s" help:"Time at most for one request."`
	Insecure bool     `help:"Take any certificate of a loopback address."`
	Proof    string   `placeholder:"TEXT" help:"What a public host has published to show that it may be audited."`

	JSON    string `name:"json" placeholder:"FILE" help:"Also write the report as JSON, of several forms as a list; - for standard output."`
	SARIF   string `name:"sarif" placeholder:"FILE" help:"Also write it as SARIF 2.1.0."`
	JUnit   string `name:"junit" placeholder:"FILE" help:"Also write it as JUnit."`
	HTML    string `name:"html" placeholder:"FILE" help:"Also write it as a page."`
	Verbose bool   `short:"v" help:"Also say what passed and what was left out."`
	List    bool   `help:"List the rules, and what there is no rule for."`
}

// Help is shown by palisade help audit.
func (auditCommand) Help() string {
	return "Attacks a form of yours and tells which of the known mistakes it has, with the request that shows each and what mends it. " +
		"It needs a copy of the app on this machine, a way to see effects (-effect) and one to valid tokens (-verifier, best; -token testkey). " +
		"It fills the app with sign-ups of its own. Public hosts must show that they are yours (-proof). " +
		"Exit status: 0 nothing found, 3 something could not be decided, 4 a low finding, 5 medium, 6 high, 7 critical, 1 no audit was made, 2 mistyped."
}

// Exit statuses of an audit.
const (
	exitInconclusive = 3
	exitLow          = 4 // and one more for each higher severity
)

// exitStatus is an error that prints nothing and ends the command with that status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Run audits one form after the other.
func (c auditCommand) Run(ctx context.Context, t terminal) error {
	if c.List {
		return listRules(t.out)
	}
	wanted, err := c.wanted()
	if err != nil {
		return err
	}
	known, err := c.known()
	if err != nil {
		return err
	}
	verifiers := map[string]*captchatest.Server{}
	var reports []*engine.Report
	worst := 0
	for _, w := range wanted {
		spec, err := c.spec(w)
		if err == nil && w.Verifier != "" && verifiers[w.Verifier] == nil {
			verifiers[w.Verifier], err = listenVerifier(ctx, w.Verifier)
		}
		if err != nil {
			return err
		}
		spec.Verifier = verifiers[w.Verifier]
		r, err := c.one(ctx, t, *spec, known)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		worst = max(worst, c.status(r))
	}
	if err := c.write(t, reports); err != nil {
		return err
	}
	if worst > 0 {
		return exitStatus(worst)
	}
	return nil
}

// wanted returns the forms to audit: those of the file, each with the values of flags.
func (c auditCommand) wanted() ([]config.Audit, error) {
	list := []config.Audit{{}}
	var err error
	if c.Target != "" && (c.Config != "" || c.Self) {
		return nil, fmt.Errorf("%w: the file says what is audited; leave out %s", errUsage, c.Target)
	}
	if c.Config != "" {
		if list, err = config.LoadAudit(c.Config); err != nil {
			return nil, err
		}
	}
	if c.Self {
		if list, err = c.ownRoutes(list[0]); err != nil {
			return nil, err
		}
	}
	for i := range list {
		if err := c.override(&list[i]); err != nil {
			return nil, err
		}
		if list[i].Target == "" {
			return nil, fmt.Errorf("%w: say which page to audit, e.g. palisade audit http://127.0.0.1:8000/signup -effect /count", errUsage)
		}
	}
	return list, nil
}

// override replaces values of the file with values of flags.
func (c auditCommand) override(a *config.Audit) error {
	for to, value := range map[*string]string{
		&a.Target: c.Target, &a.Verifier: c.Verifier, &a.Captcha: c.Captcha, &a.Token: c.Token, &a.TokenField: c.TokenField, &a.Hostname: c.Hostname,
		&a.Encoding: c.Encoding, &a.Stack: c.Stack, &a.CaptchaFor: c.ForAction, &a.Sitekey: c.Sitekey, &a.Form: c.Form, &a.Action: c.Action, &a.Upstream: c.Upstream, &a.Connect: c.Connect, &a.Proof: c.Proof,
	} {
		*to = cmp.Or(value, *to)
	}
	if !c.Self {
		a.Effect = cmp.Or(c.Effect, a.Effect)
	}
	for to, values := range map[*[]string][]string{
		&a.LeaveEmpty: c.LeaveEmpty, &a.Siblings: c.Sibling, &a.Later: c.Later, &a.Instances: c.Instance, &a.Settings: c.Settings, &a.Only: c.Only, &a.Skip: c.Skip,
	} {
		*to = append(*to, values...)
	}
	for _, pairs := range []struct {
		flag, between string
		texts         []string
		to            *[][2]string
	}{{"field", "=", c.Field, &a.Fields}, {"cookie", "=", c.Cookie, &a.Cookies}, {"header", ":", c.Header, &a.Headers}} {
		for _, text := range pairs.texts {
			pair, err := config.AuditPair(pairs.flag, text, pairs.between)
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			*pairs.to = append(*pairs.to, pair)
		}
	}
	if a.Verifier != "" && !strings.Contains(a.Verifier, ":") {
		a.Verifier = "127.0.0.1:" + a.Verifier // a port alone
	}
	for flag, to := range map[string]struct {
		text string
		d    *time.Duration
	}{"min-fill": {c.MinFill, &a.MinFill}, "max-time": {c.MaxTime, &a.MaxTime}, "patience": {c.Patience, &a.Patience}} {
		if to.text == "" {
			continue
		}
		d, err := time.ParseDuration(to.text)
		if err != nil || d <= 0 {
			return fmt.Errorf("%w: -%s %q is not a length of time; write e.g. 3s or 5m", errUsage, flag, to.text)
		}
		*to.d = d
	}
	a.Rate = cmp.Or(c.Rate, a.Rate)
	return nil
}

// spec makes the specification of an audit.
func (c auditCommand) spec(a config.Audit) (*engine.Spec, error) {
	s := &engine.Spec{
		Target: a.Target, Connect: a.Connect, Form: a.Form, Action: a.Action, LeaveEmpty: a.LeaveEmpty, Effect: a.Effect, Captcha: a.Captcha, TokenField: a.TokenField,
		Token: a.Token, Hostname: a.Hostname, CaptchaFor: a.CaptchaFor, Sitekey: a.Sitekey, MinFill: a.MinFill, Siblings: a.Siblings, Later: a.Later,
		Instances: a.Instances, Upstream: a.Upstream, Only: a.Only, Skip: a.Skip, Seed: c.Seed, Rate: a.Rate, MaxTime: a.MaxTime, Patience: a.Patience,
		Insecure: c.Insecure, Proof: a.Proof, Encoding: a.Encoding, Stack: a.Stack, Fields: fields(a.Fields), Cookies: fields(a.Cookies), Headers: fields(a.Headers),
	}
	if !strings.Contains(s.Target, "://") {
		s.Target = "http://" + s.Target
	}
	for _, fact := range a.Facts {
		s.Settings = append(s.Settings, engine.Setting{Name: fact[0], Value: fact[1], Place: "the gateway's configuration"})
	}
	for _, name := range a.Settings {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s.Settings = append(s.Settings, engine.ReadSettings(filepath.Base(name), text)...)
	}
	return s, nil
}

func fields(pairs [][2]string) (list []engine.Field) {
	for _, p := range pairs {
		list = append(list, engine.Field{Name: p[0], Value: p[1]})
	}
	return list
}

// listenVerifier serves the services that the audit simulates.
func listenVerifier(ctx context.Context, address string) (*captchatest.Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the verifier: %w; does another audit, or palisade fake, listen there?", err)
	}
	fake := captchatest.New()
	fake.SetURL("http://" + l.Addr().String())
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is closed
	context.AfterFunc(ctx, func() { server.Close() })
	return fake, nil
}

// known returns the rules that failed in the report of an earlier run, by form.
func (c auditCommand) known() (map[string]engine.Severity, error) {
	known := map[string]engine.Severity{}
	for _, name := range c.Baseline {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		reports, err := report.Read(file)
		if err != nil {
			return nil, fmt.Errorf("%s is no report of -json: %w", name, err)
		}
		for _, r := range reports {
			for _, f := range r.Findings {
				if f.Status == engine.Fail {
					known[f.ID+" "+f.Title+" "+r.Form] = f.Severity
				}
			}
		}
	}
	return known, nil
}

// one audits one form and prints the result to the terminal.
func (c auditCommand) one(ctx context.Context, t terminal, spec engine.Spec, known map[string]engine.Severity) (*engine.Report, error) {
	plan, err := audit.Prepare(&spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	fmt.Fprintf(t.err, "Auditing %s\n", plan)
	if spec.Verifier != nil {
		fmt.Fprintf(t.err, "The verifier in the middle listens. The app must ask it, by its verify URL:\n")
		for _, service := range stoodInFor(spec.Captcha) {
			fmt.Fprintf(t.err, "  %-13s %s\n", service, spec.Verifier.VerifyURL(service))
		}
	}
	spec.Progress = progress(t.err)
	r, err := audit.Run(ctx, spec)
	if errors.Is(err, engine.ErrConsent) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	for k := range r.Findings {
		f := &r.Findings[k]
		severity, listed := known[f.ID+" "+f.Title+" "+r.Form]
		f.Known = f.Status == engine.Fail && listed && f.Severity <= severity // a more severe finding is new
	}
	if c.JSON == "-" || c.SARIF == "-" || c.JUnit == "-" || c.HTML == "-" {
		return r, nil
	}
	return r, report.Text(t.out, r, coloured(t.out), c.Verbose)
}

// write writes the requested files, each with all forms.
func (c auditCommand) write(t terminal, reports []*engine.Report) error {
	for _, to := range []struct{ format, file string }{{"json", c.JSON}, {"sarif", c.SARIF}, {"junit", c.JUnit}, {"html", c.HTML}} {
		if to.file == "" {
			continue
		}
		if err := writeReport(t.out, to.file, report.Formats[to.format], reports); err != nil {
			return err
		}
	}
	return nil
}

// stoodInFor returns the services whose addresses the command prints: the form's, if it is
// known, or the usual ones.
func stoodInFor(captcha string) []string {
	if captcha != "" {
		return []string{captcha}
	}
	return []string{captchatest.Turnstile, captchatest.HCaptcha, captchatest.RecaptchaV2}
}

func writeReport(out io.Writer, file string, write report.Writer, reports []*engine.Report) error {
	if file == "-" {
		return write(out, reports...)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // the report shows how to attack the site
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), write(f, reports...), f.Close()) // also for a file that existed before
}

func (c auditCommand) status(r *engine.Report) int {
	var least engine.Severity
	_ = least.UnmarshalText([]byte(c.FailOn)) // the flag parser accepts only valid values
	severity, found := r.Worst()
	switch {
	case found && severity >= least:
		return exitLow + max(0, int(severity-engine.Low))
	case r.Broken != "" || r.Stopped != "" || r.Count(engine.Inconclusive) > 0:
		return exitInconclusive
	}
	return 0
}

// progress draws a bar on a terminal, and prints a line now and then elsewhere.
func progress(w io.Writer) func(done, total int, rule *engine.Rule) {
	if !isTerminal(w) {
		last := time.Now()
		return func(done, total int, rule *engine.Rule) {
			if rule != nil && time.Since(last) >= 10*time.Second {
				last = time.Now()
				fmt.Fprintf(w, "%d of %d rules, now %s %s\n", done, total, rule.ID, rule.Title)
			}
		}
	}
	return func(done, total int, rule *engine.Rule) {
		const width = 30
		full := done * width / max(total, 1)
		if rule == nil {
			fmt.Fprint(w, "\r\x1b[K")
			return
		}
		title := []rune(rule.ID + " " + rule.Title)
		fmt.Fprintf(w, "\r\x1b[K[%s%s] %d/%d %s", strings.Repeat("=", full), strings.Repeat(" ", width-full), done, total, string(title[:min(len(title), 60)]))
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// coloured follows no-color.org.
func coloured(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

func listRules(w io.Writer) error {
	for _, r := range audit.Catalogue() {
		if _, err := fmt.Fprintf(w, "%s  %-8s  %s\n", r.ID, r.Severity, r.Title); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "\nThere is no rule for:")
	for _, id := range slices.Sorted(maps.Keys(audit.Absent)) {
		if _, err := fmt.Fprintf(w, "%s  %s\n", id, audit.Absent[id]); err != nil {
			return err
		}
	}
	return nil
}
