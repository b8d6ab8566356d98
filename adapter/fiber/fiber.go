// Package palisadefiber guards routes of fiber, version 3.
//
//	app.Post("/signup", palisadefiber.Guard(signup), create) // create runs for allowed attempts only
//	palisadefiber.Mount(app, guard)                          // script, widget, tickets
//
// The guard belongs to the route. Fiber routes /SIGNUP and /signup/ to /signup; all
// requests that it routes there are guarded. A template needs [Fields] for the page's
// form. The handler binds the body as usual; [Pass] returns the decision.
//
// Fiber uses fasthttp, which reuses the memory of a request for the next one. So the guard
// copies everything that it keeps. palisade.Config, and not fiber's TrustProxy, says which
// source to believe for a client's address.
//
// captchatest.AssertGuarded checks a whole app, by adaptor.FiberApp(app) and [Routes].
package palisadefiber

import (
	"bytes"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v3"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

// passKey is the key of the pass in the locals.
type passKey struct{}

// Guard returns a handler for the chain of a route. The next handlers run only for allowed
// attempts. The form answers all others.
//
// If a handler returns an error, the app's own error handler answers it here, so that a
// double click gets the same answer.
func Guard(form *palisade.Form) fiber.Handler {
	return func(c fiber.Ctx) (err error) {
		allowed, out := false, newAnswer()
		form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allowed = true
			pass, _ := palisade.PassFrom(r.Context())
			c.Locals(passKey{}, pass)
			if err = unveil(c, r); err == nil {
				err = c.Next()
			}
			if err != nil {
				err = c.App().ErrorHandler(c, err)
			}
			if location := c.GetRespHeader(fiber.HeaderLocation); location != "" {
				w.Header().Set(fiber.HeaderLocation, strings.Clone(location))
			}
			w.WriteHeader(c.Response().StatusCode()) // recorded for a double click, and sent by fiber
		})).ServeHTTP(out, request(c))
		if allowed {
			return err
		}
		return out.send(c)
	}
}

// Pass returns the proof that the attempt was allowed. On a route without a guard it is
// not valid.
func Pass(c fiber.Ctx) palisade.Pass {
	pass, _ := c.Locals(passKey{}).(palisade.Pass)
	return pass
}

// Fields returns the markup for the inside of the form's element, as palisade's
// Form.FieldsIn does.
func Fields(c fiber.Ctx, form *palisade.Form, page palisade.Page) template.HTML {
	return form.FieldsIn(request(c), page)
}

// Mount serves the files for pages and programs, under the guard's base path.
func Mount(app *fiber.App, guard *palisade.Guard) {
	handler := func(c fiber.Ctx) error {
		out := newAnswer()
		guard.Handler().ServeHTTP(out, request(c))
		return out.send(c)
	}
	app.Get(guard.Base()+"*", handler)
	app.Head(guard.Base()+"*", handler)
	app.Post(guard.Base()+"session", handler)
}

// Routes returns the app's table, for captchatest.AssertGuarded.
func Routes(app *fiber.App) []captchatest.Route {
	var routes []captchatest.Route
	for _, r := range app.GetRoutes(true) {
		routes = append(routes, captchatest.Route{Method: r.Method, Path: r.Path})
	}
	return routes
}

// request returns a copy of the request for the guard. A streamed body is fiber's own, so
// that no more of it is read than the form accepts.
func request(c fiber.Ctx) *http.Request {
	in := c.Request()
	target := string(in.Header.RequestURI())
	u, err := url.ParseRequestURI(target)
	if err != nil {
		u = &url.URL{Path: "/"} // fiber accepts more than net/url; the form does not use the URL then
	}
	r := &http.Request{
		Method: string(in.Header.Method()), URL: u, RequestURI: target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, in.Header.Len()), Host: string(in.Header.Host()),
		ContentLength: int64(in.Header.ContentLength()),
		RemoteAddr:    c.RequestCtx().RemoteAddr().String(), TLS: c.RequestCtx().TLSConnectionState(),
	}
	for name, value := range in.Header.All() {
		if key := http.CanonicalHeaderKey(string(name)); key != "Host" {
			r.Header[key] = append(r.Header[key], string(value))
		}
	}
	if stream := in.BodyStream(); stream != nil {
		r.Body = io.NopCloser(stream)
	} else {
		body := bytes.Clone(in.Body())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return r.WithContext(c.Context())
}

// unveil gives the next handlers the body that the guard let through. If the form is
// Transparent, it differs from the received body.
func unveil(c fiber.Ctx, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	in := c.Request()
	in.ResetBody()
	in.SetBodyRaw(body)
	in.Header.SetContentLength(len(body))
	if kind := r.Header.Get(fiber.HeaderContentType); kind != "" {
		in.Header.SetContentType(kind)
	}
	for _, name := range []string{palisade.HeaderTicket, palisade.HeaderProof, palisade.HeaderCaptcha} {
		if r.Header.Get(name) == "" {
			in.Header.Del(name)
		}
	}
	return nil
}

// answer stores the guard's answer until fiber takes it.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *answer) send(c fiber.Ctx) error {
	a.WriteHeader(http.StatusOK)
	for name, values := range a.header {
		for _, value := range values {
			c.Response().Header.Add(name, value)
		}
	}
	return c.Status(a.status).Send(a.body.Bytes())
}
