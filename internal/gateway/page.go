package gateway

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/inject"
)

// maxHeld is the size up to which a page of known length is buffered before it is
// sent, so that its length can be announced. Longer pages are sent as they arrive, and
// so are pages whose length is unknown because the app sends them bit by bit.
const maxHeld = 1 << 20

// answer examines the answer of the app, and injects into pages.
func (s *site) answer(resp *http.Response) error {
	x := exchangeOf(resp.Request)
	if x == nil {
		return nil
	}
	x.status, x.html = resp.StatusCode, isHTML(resp.Header)
	if x.form != nil {
		x.form.measure(resp, x.pass)
	}
	if x.in.Method == http.MethodHead { // the app may have been asked for the whole page, see calm
		resp.Body.Close()
		resp.Body = http.NoBody
	}
	h := resp.Header
	s.readers.learn(x.in, resp, s.gateway.config.Clock())
	if x.stream != nil {
		x.stream.announce(x.in, h)
	}
	if etag := h.Get("Etag"); etag != "" && !strings.HasPrefix(etag, "W/") && (isHTML(h) || strings.Contains(x.in.Header.Get("If-None-Match"), "W/"+etag)) {
		// The page that is sent may differ from the app's own, or may have differed at the time
		// of the comparison. They are equal in meaning, not byte for byte (RFC 9110, 8.8.1).
		h.Set("Etag", "W/"+etag)
	}
	if !isHTML(h) {
		return nil
	}
	encoded := h.Get("Content-Encoding")
	switch {
	case resp.StatusCode == http.StatusNotModified || resp.StatusCode == http.StatusPartialContent:
		return nil
	case x.in.Method == http.MethodHead:
		delete(h, "Content-Length")
		return nil
	case resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0:
		return nil
	case encoded != "" && !strings.EqualFold(encoded, "gzip"):
		return nil
	case strings.HasPrefix(strings.ToLower(h.Get("Content-Disposition")), "attachment"): // a file, not a page
		return nil
	}
	return s.inject(resp, x, encoded != "")
}

func isHTML(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/html") && len(h["Content-Type"]) == 1
}

// inject makes the page pass through a writer that adds to it. The headers are those of
// a page with a ticket, or those of a page that is the same for all visitors.
func (s *site) inject(resp *http.Response, x *exchange, zipped bool) error {
	p := &page{site: s, x: x, resp: resp, opts: room(resp.Header)}
	p.opts.Cached = mayBeShared(x.in, resp)
	body, err := newRewriter(resp, p, zipped)
	if err != nil {
		return err
	}
	resp.Body = body
	h := resp.Header
	for _, name := range [...]string{"Accept-Ranges", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		delete(h, name)
	}
	if length := resp.ContentLength; length < 0 || length > maxHeld || !body.hold() {
		resp.ContentLength = -1
		delete(h, "Content-Length")
		p.settle() // before the page is read, because the headers are sent first
		return nil
	}
	if p.touched {
		p.settle()
	}
	resp.ContentLength = int64(body.out.Len())
	h["Content-Length"] = []string{strconv.Itoa(body.out.Len())}
	return nil
}

// page is one HTML answer on its way to the client.
type page struct {
	site *site
	x    *exchange
	resp *http.Response
	opts palisade.Page

	form    inject.Target // the current form
	done    bool          // our fields are in the form
	retried bool          // the carried solve is in the page
	touched bool          // the page was changed
}

// settle sets the headers of a page that has a ticket or may get one.
func (p *page) settle() {
	if p.opts.Cached {
		return
	}
	keepFromCaches(p.resp.Header)
}

// add returns the additions for a place where the page states the target of a form.
func (p *page) add(target inject.Target) []byte {
	if target.Submitter { // a submitter overrides a part of its form's target
		target.Method = cmp.Or(target.Method, p.form.Method)
		if !target.HasAction {
			target.Action, target.HasAction = p.form.Action, p.form.HasAction
		}
	} else {
		p.form, p.done = target, false
	}
	if p.done || target.Method != "post" {
		return nil
	}
	f := p.formOf(target)
	if f == nil {
		return nil
	}
	p.done, p.touched = true, true
	f.sawPage(p.resp.Header)
	opts := p.opts
	opts.Inline = target.Submitter
	opts.Origin = p.origin(target.Base)
	if p.asksToCorrect(f) && !p.retried {
		p.retried, p.x.again = true, true
		return []byte(p.x.pass.RetryIn(opts))
	}
	return []byte(f.guarded.FieldsIn(p.x.in, opts))
}

// asksToCorrect reports whether the page answers a submission of the form by
// showing the form again.
func (p *page) asksToCorrect(f *form) bool {
	status := p.resp.StatusCode
	return p.x.form == f && (status >= 400 && status < 500 || status == http.StatusOK && !f.config.Accept200)
}

// formOf returns the form that a target leads to, or nil if it leads to no form of this site.
func (p *page) formOf(target inject.Target) *form {
	in := p.x.in
	base := p.base(target.Base)
	action := base
	if target.HasAction && target.Action != "" {
		var err error
		if action, err = base.Parse(strings.ReplaceAll(target.Action, `\`, "/")); err != nil {
			return nil
		}
	} else {
		action = p.site.browsed(in)
		action.RawQuery = in.URL.RawQuery // a form without action ignores <base>
	}
	if !p.site.isSentHere(action, in.Host) {
		return nil
	}
	path := action.EscapedPath()
	path, here := strings.CutPrefix(path, p.site.config.Prefix)
	if path == "" {
		path = "/"
	}
	if !here || path[0] != '/' { // the proxy in front sends it elsewhere
		return nil
	}
	return p.site.formAt(path, action.RawQuery)
}

// browsed returns the URL of a request as the browser knows it, without its query.
func (s *site) browsed(in *http.Request) *url.URL {
	u := &url.URL{Scheme: in.Header.Get("X-Forwarded-Proto"), Host: in.Host, Path: in.URL.Path, RawPath: in.URL.RawPath}
	if u.Path = s.config.Prefix + u.Path; u.RawPath != "" {
		u.RawPath = s.config.Prefix + u.RawPath
	}
	return u
}

// base returns the URL to which a browser resolves the page's URLs, given the href of its
// base element, or "".
func (p *page) base(href string) *url.URL {
	in := p.x.in
	base := p.site.browsed(in)
	if href == "" {
		return base
	}
	u, err := base.Parse(strings.ReplaceAll(href, `\`, "/"))
	if err != nil || u.Scheme == "data" || u.Scheme == "javascript" { // browsers ignore these two
		return base
	}
	return u
}

// origin returns the origin of the page if its base element leads to another host. Our URLs
// must then be absolute. Otherwise origin returns "".
func (p *page) origin(href string) string {
	in := p.x.in
	if href == "" || bareHost(p.base(href).Host) == bareHost(in.Host) {
		return ""
	}
	return in.Header.Get("X-Forwarded-Proto") + "://" + in.Host
}

// isSentHere reports whether an action leads to this site, for a visitor of a host.
// A site with AnyHost takes requests under every name. But if a form leads to another
// name than the visitor's, another server could be behind it and get the ticket.
func (s *site) isSentHere(action *url.URL, visited string) bool {
	if action.Scheme != "" && action.Scheme != "http" && action.Scheme != "https" {
		return false
	}
	host := bareHost(action.Host)
	return host == bareHost(visited) || host == bareHost(s.config.Host) ||
		slices.ContainsFunc(s.config.Hosts, func(named string) bool { return host == bareHost(named) })
}

// bareHost returns a host in a form that can be compared: in lower case, without the
// default port of the scheme.
func bareHost(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}

// head returns the addition to every page, or nil.
func (p *page) head(base string) []byte {
	if p.site.script == "" || p.opts.NoScript {
		return nil
	}
	p.touched = true
	token := ""
	if !p.opts.Cached { // a page that others may get too says nothing about one visitor
		token = ` data-palisade-page="` + p.site.guard.PageToken(p.x.in) + `"`
	}
	return []byte(strings.NewReplacer("{origin}", html.EscapeString(p.origin(base)), "{nonce}", nonceAttribute(p.opts.Nonce), "{page}", token).Replace(p.site.script))
}

// rewriter is a reader of the app's page with our additions.
type rewriter struct {
	from   io.Reader // the page, decompressed
	under  io.Closer
	chunk  []byte
	out    *bytes.Buffer // processed bytes that were not read yet
	zip    *gzip.Writer  // compresses into out, or nil
	writer *inject.Writer
	ended  error
	live   bool // bytes are sent as soon as they arrive
}

var (
	pages   = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	zips    = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}
	writers = sync.Pool{New: func() any { return new(inject.Writer) }}
)

func newRewriter(resp *http.Response, p *page, zipped bool) (*rewriter, error) {
	r := &rewriter{from: resp.Body, under: resp.Body, chunk: buffers{}.Get(), out: pages.Get().(*bytes.Buffer)}
	r.out.Reset()
	to := io.Writer(r.out)
	if zipped {
		unpacked, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, err
		}
		r.from = unpacked
		r.zip = zips.Get().(*gzip.Writer)
		r.zip.Reset(r.out)
		to = r.zip
	}
	n, err := io.ReadAtLeast(r.from, r.chunk, 4) // enough for a byte order mark; the rest as it arrives
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	hooks := inject.Hooks{Target: p.add, Encoding: inject.Charset(resp.Header.Get("Content-Type"), r.chunk[:n])}
	if p.site.script != "" {
		hooks.Head = p.head
	}
	r.writer = writers.Get().(*inject.Writer)
	r.writer.Reset(to, hooks)
	r.take(n, err)
	return r, nil
}

// hold buffers the whole page. It returns false if the page is too long for that.
func (r *rewriter) hold() bool {
	for r.ended == nil && r.out.Len() <= 2*maxHeld {
		n, err := r.from.Read(r.chunk)
		r.take(n, err)
	}
	r.live = true
	return r.ended == io.EOF
}

func (r *rewriter) Read(b []byte) (int, error) {
	r.live = true
	for r.out.Len() == 0 {
		if r.ended != nil {
			return 0, r.ended
		}
		n, err := r.from.Read(r.chunk)
		r.take(n, err)
	}
	return r.out.Read(b)
}

// take processes bytes that were read. Bytes that arrive bit by bit are sent at once.
func (r *rewriter) take(n int, err error) {
	_, _ = r.writer.Write(r.chunk[:n]) // a buffer in memory takes every write
	if r.ended = err; err != nil {
		_ = r.writer.Close()
	}
	switch {
	case r.zip == nil:
	case err == io.EOF:
		_ = r.zip.Close()
	case r.live:
		_ = r.zip.Flush()
	}
}

func (r *rewriter) Close() error {
	if r.chunk == nil {
		return nil
	}
	buffers{}.Put(r.chunk)
	writers.Put(r.writer)
	if r.zip != nil {
		zips.Put(r.zip)
	}
	if r.out.Cap() <= 8*maxHeld {
		pages.Put(r.out)
	}
	r.chunk, r.out, r.ended = nil, new(bytes.Buffer), io.ErrClosedPipe
	return r.under.Close()
}

func nonceAttribute(nonce string) string {
	if nonce == "" {
		return ""
	}
	return ` nonce="` + html.EscapeString(nonce) + `"`
}
