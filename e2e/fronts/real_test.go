package fronts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// real is an app that people use, instead of a page of ours. Each run starts one with data of
// its own, and the person takes its steps in order.
type real struct {
	start  func(t *testing.T) string // returns its URL
	random *regexp.Regexp            // what differs in each answer, such as a token against CSRF
	steps  []step

	// background is what a page of the app sends by itself, at any time: it must pass, and is not compared.
	background *regexp.Regexp

	versions func(t *testing.T) []string
}

// step is something that a person does, and that has one effect.
type step struct {
	path  string      // opened before; without one, the person stays on the page
	link  string      // clicked before; it leads to another page, which a script may show
	write [][2]string // texts into fields, by selector
	run   string      // a script of the test, for what cannot be typed, such as a file
	click string      // the button's selector
	press string      // instead of a click: a script of the test, for what a browser does without one
	then  string      // a condition that holds when it was done
}

func realApp(name string, app real) row { return row{name: name, real: &app} }

// sends returns how often something is sent.
func (r row) sends() int {
	if r.real != nil {
		return len(r.real.steps)
	}
	return sends
}

// steady replaces what is random in the row's app.
func (r row) steady(text string) string {
	if r.real == nil || r.real.random == nil {
		return text
	}
	return r.real.random.ReplaceAllString(text, "RANDOM")
}

// passOn returns a proxy that changes nothing, not even the Host header.
func passOn(t *testing.T, upstream string) http.Handler {
	t.Helper()
	target, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			if values := r.In.Header[name]; values != nil {
				r.Out.Header[name] = values
			}
		}
	}}
}

// pass passes a request on. A write that the app does not refuse is an effect.
func (a *app) pass(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		a.real.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	got := write{method: r.Method, target: r.RequestURI, header: r.Header.Clone(), body: body, fields: names(r.Header, body)}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &statusWriter{ResponseWriter: w}
	a.real.ServeHTTP(answer, r)
	got.effect = answer.status < 400
	if a.row.background != nil && a.row.background.MatchString(got.target+" "+string(body)) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writes = append(a.writes, got)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// watch lets a page of the real app look at itself as the pages of ours do: from the body, so
// after what is in the head.
func (v *visitor) watch() error {
	const script = look + `;
new MutationObserver((_, body) => {
  if (!document.body) return;
  body.disconnect();
  document.addEventListener('readystatechange', () => { window.parsed ??= look(); });
}).observe(document, {childList: true, subtree: true})`
	return v.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
}

// take takes step n. It returns the time from the click to the effect in the app, or why there
// was none.
func (v *visitor) take(r row, a *app, n int, wait time.Duration, looks map[string]seen) (time.Duration, string) {
	s := r.real.steps[n-1]
	if s.path != "" {
		if err := v.run(chromedp.Navigate(v.base + s.path)); err != nil {
			return 0, fmt.Sprintf("step %d: %s did not open: %v", n, s.path, err)
		}
	}
	if s.link != "" {
		if err := v.click(s.link, 1); err != nil {
			return 0, err.Error()
		}
	}
	if failed := v.until(fmt.Sprintf("document.querySelector(%q) && document.readyState === 'complete'", s.click), "the page is there"); failed != "" {
		return 0, fmt.Sprintf("step %d: %s", n, failed)
	}
	time.Sleep(max(wait, time.Second)) // scripts of real apps clear fields and move the focus first
	looks[fmt.Sprintf("at step %d, as its HTML was read", n)] = v.steady(r, "parsed")
	if failed := v.fill(s); failed != "" {
		return 0, fmt.Sprintf("step %d: %s", n, failed)
	}
	looks[fmt.Sprintf("at step %d, as it was filled in", n)] = v.steady(r, "look()")
	took, failed := v.press(a, func() error {
		if s.press == "" {
			return v.click(s.click, 1)
		}
		return v.do(s.press)
	}, n)
	if failed != "" {
		return took, failed
	}
	if failed := v.until(s.then, s.then); failed != "" {
		return took, fmt.Sprintf("step %d: %s", n, failed)
	}
	return took, v.step(n)
}

func (v *visitor) steady(r row, what string) seen {
	s := v.look(what)
	s.Body = r.steady(s.Body)
	for _, form := range s.Forms {
		for i, name := range form.Elements {
			form.Elements[i] = r.steady(name)
		}
	}
	return s
}

// do runs a script of the test.
func (v *visitor) do(script string) error {
	var done bool
	return v.eval(&done, "(() => {"+script+"; return true})()")
}

// fill fills the fields of a step in.
func (v *visitor) fill(s step) string {
	if s.run != "" {
		if err := v.do(s.run); err != nil {
			return err.Error()
		}
	}
	for _, field := range s.write {
		// Three clicks select what is in the field, and what is typed replaces it.
		if err := v.click(field[0], 3); err != nil {
			return err.Error()
		}
		if err := v.run(chromedp.KeyEvent(field[1])); err != nil {
			return err.Error()
		}
	}
	return ""
}
