package captchatest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Fault is a failure of a service.
type Fault int

const (
	_             Fault = iota
	Hang                // no answer until the client gives up, or a minute has passed
	Status500           // an error page
	Status503           // an error page
	Quota               // 429
	Garbage             // 200 and bytes that are no JSON
	HTML                // 200 and a page
	Truncated           // 200, and the answer is cut off
	Drop                // the connection is closed
	Redirect            // 307 to another path, with a success there; History shows the clients that followed
	HugeBody            // 200 and ten megabytes
	SuccessString       // "success", or the service's name for it, is the text "true"; a text is the boolean
	SuccessCase         // "Success" instead of "success"
	DuplicateKeys       // "success" twice, the first one false
	WrongHostname       // the token came from another host
	WrongAction         // the token was for another form
	Reusable            // a used token is good again
	NoHostname          // the answer does not report the token's host
	NoAction            // the answer does not report the token's form
	NoScore             // the answer does not report a score
)

// lacks are the members that an answer with a fault lacks.
var lacks = map[Fault]string{NoHostname: "hostname", NoAction: "action", NoScore: "score"}

// drop removes a member from an object and from its inner objects.
func drop(body map[string]any, name string) {
	delete(body, name)
	for _, value := range body {
		if inner, ok := value.(map[string]any); ok {
			drop(inner, name)
		}
	}
}

type fault struct {
	kind   Fault
	left   int // calls that it still hits; negative: until healed
	status int
	body   string
	fixed  bool
}

// Fail makes the next calls of a service fail: times of them, or all until
// [Server.Heal] if times is negative. The name of reCAPTCHA v3 means its endpoint,
// which v2 shares.
func (s *Server) Fail(service string, kind Fault, times int) {
	s.setFault(service, fault{kind: kind, left: times})
}

// Answer makes the next calls of a service get this answer instead of its own.
func (s *Server) Answer(service string, status int, body string, times int) {
	s.setFault(service, fault{left: times, status: status, body: body, fixed: true})
}

// Heal ends the fault of a service.
func (s *Server) Heal(service string) { s.setFault(service, fault{}) }

// Gather delays the answers of a service until the given number of calls wait, or the
// first of them has waited for the given time. Some apps check whether a token is used,
// call the service, and only then record the token as used. With Gather such an app always
// loses the race. [Server.Clear] ends it.
func (s *Server) Gather(service string, calls int, most time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gathering[endpointOf(service)] = &gathering{calls: calls, most: most}
}

// gathering is a group of calls that wait for each other.
type gathering struct {
	calls int
	most  time.Duration
	wait  context.Context // of the calls that wait; nil for none
	end   context.CancelFunc
	came  int
}

// join counts a call, and returns the context to wait for. The server's lock is held.
func (g *gathering) join() context.Context {
	if g.wait == nil || g.wait.Err() != nil {
		g.came = 0
		g.wait, g.end = context.WithTimeout(context.Background(), g.most)
	}
	wait := g.wait
	if g.came++; g.came == g.calls {
		g.end()
	}
	return wait
}

func (s *Server) setFault(service string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[endpointOf(service)] = f
}

// nextFault returns the fault that hits this call, or nil.
func (s *Server) nextFault(service string) *fault {
	f := s.faults[service]
	if f.left == 0 {
		return nil
	}
	if f.left > 0 {
		f.left--
		s.faults[service] = f
	}
	return &f
}

// changesAnswer reports a fault that changes the answer; there must be an answer then.
func (f *fault) changesAnswer() bool { return !f.fixed && f.kind >= SuccessString }

// serve answers a call with the fault. body is the service's own answer, for a fault
// that changes it. flag is the member of it for success.
func (f *fault) serve(w http.ResponseWriter, r *http.Request, status int, body map[string]any, flag string) {
	if f.fixed {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.status)
		w.Write([]byte(f.body))
		return
	}
	switch f.kind {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	case Status500:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case Status503:
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	case Quota:
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	case Garbage:
		w.Write([]byte("\x00\x01 not JSON {"))
	case HTML:
		w.Write([]byte("<!doctype html><title>Sign in to the network</title>"))
	case Truncated:
		w.Header().Set("Content-Length", "100")
		w.Write([]byte(`{"success": true, "challe`))
	case Drop:
		panic(http.ErrAbortHandler)
	case Redirect:
		http.Redirect(w, r, redirected, http.StatusTemporaryRedirect) // 307 sends the secret again
	case HugeBody:
		w.Write([]byte(`{"success": true, "padding": "`))
		chunk := []byte(strings.Repeat("x", 1<<20))
		for range 10 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
		w.Write([]byte(`"}`))
	default:
		if name := lacks[f.kind]; name != "" {
			drop(body, name)
		}
		text, _ := json.Marshal(body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(f.spoil(string(text), flag)))
	}
}

// spoil changes the member for success, wherever in the answer it is.
func (f *fault) spoil(text, flag string) string {
	member := regexp.MustCompile(`"(` + flag + `)":("[^"]*"|true|false)`)
	at := member.FindStringSubmatchIndex(text)
	if at == nil {
		return text
	}
	value, isText := text[at[4]:at[5]], text[at[4]] == '"'
	switch {
	case f.kind > DuplicateKeys: // the fault is in another member
		return text
	case f.kind == SuccessString && isText:
		value = "true"
	case f.kind == SuccessString:
		value = `"true"`
	case f.kind == SuccessCase:
		flag = strings.ToUpper(flag[:1]) + flag[1:]
	case f.kind == DuplicateKeys && !isText:
		value = "true"
	}
	changed := `"` + flag + `":` + value
	if f.kind == DuplicateKeys {
		changed = `"` + flag + `":false,` + changed
	}
	return text[:at[0]] + changed + text[at[1]:]
}
