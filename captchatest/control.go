package captchatest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// faultNames are the faults in the control API.
var faultNames = map[string]Fault{
	"hang": Hang, "status-500": Status500, "status-503": Status503, "quota": Quota, "garbage": Garbage, "html": HTML,
	"truncated": Truncated, "drop": Drop, "redirect": Redirect, "huge-body": HugeBody, "success-string": SuccessString,
	"success-case": SuccessCase, "duplicate-keys": DuplicateKeys, "wrong-hostname": WrongHostname, "wrong-action": WrongAction,
	"reusable": Reusable, "no-hostname": NoHostname, "no-action": NoAction, "no-score": NoScore,
}

// Control returns the server's control API, for test suites in any language. It is
// not part of [Server.ServeHTTP]. Mount it where only tests can reach it, because it
// reveals every secret that was sent.
//
//	GET    /services  all services: name, verify_url, script_url, field, test_keys
//	POST   /sites     {service, sitekey, secret}: AddSite
//	POST   /solve     {service, sitekey, hostname, action, cdata, score}: Solve, as {token}
//	POST   /fail      {service, fault, times}: Fail; the faults are hang, status-500, …
//	POST   /answer    {service, status, body, times}: Answer; body is text
//	DELETE /faults    ends all faults
//	GET    /history   the latest calls, oldest first: service, method, path, header, form
//	DELETE /history   forgets them
//
// Requests and answers are JSON. Times is 1 by default; a negative one lasts until the
// faults are ended. A request without an answer gets 204. A mistake gets 400 (no JSON of
// this form, an unknown service, fault or member), 404, 405 or 413 (more than 64 KiB),
// all but 404 and 405 with {"error": text}.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services", s.listServices)
	mux.HandleFunc("GET /history", s.listHistory)
	mux.HandleFunc("DELETE /history", s.forgetHistory)
	mux.HandleFunc("DELETE /faults", s.endFaults)
	mux.HandleFunc("POST /sites", post(s.addSite))
	mux.HandleFunc("POST /solve", post(s.solveByControl))
	mux.HandleFunc("POST /fail", post(s.failByControl))
	mux.HandleFunc("POST /answer", post(s.answerByControl))
	return mux
}

// post reads a request strictly, because a misspelt member would change the meaning of
// a test.
func post[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		decoder.DisallowUnknownFields()
		var request T
		err := decoder.Decode(&request)
		if err == nil && decoder.More() {
			err = errors.New("something follows the object")
		}
		var told any
		if err == nil {
			told, err = do(request)
		}
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			tell(w, http.StatusRequestEntityTooLarge, map[string]string{"error": "the request is too large"})
		case errors.Is(err, io.EOF):
			tell(w, http.StatusBadRequest, map[string]string{"error": "the request is empty"})
		case err != nil:
			tell(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		case told == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			tell(w, http.StatusOK, told)
		}
	}
}

func tell(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// serviceName is the name of a service in a request.
type serviceName string

func (s serviceName) check() error {
	if !slices.Contains(Services(), string(s)) {
		return errors.New("unknown service; there are " + strings.Join(Services(), ", "))
	}
	return nil
}

type siteRequest struct {
	Service         serviceName
	Sitekey, Secret string
}

func (s *Server) addSite(r siteRequest) (any, error) {
	if r.Sitekey == "" || r.Secret == "" {
		return nil, errors.New("sitekey and secret are required")
	}
	if err := r.Service.check(); err != nil {
		return nil, err
	}
	s.AddSite(string(r.Service), r.Sitekey, r.Secret)
	return nil, nil
}

type solveRequest struct {
	Service          serviceName
	Sitekey          string
	Hostname, Action string
	CData            string
	Score            *float64
}

func (s *Server) solveByControl(r solveRequest) (any, error) {
	if err := r.Service.check(); err != nil {
		return nil, err
	}
	token, why := s.tokenFor(string(r.Service), r.Sitekey, Solution{Hostname: r.Hostname, Action: r.Action, CData: r.CData, Score: r.Score})
	if why != "" {
		return nil, errors.New("the service gives no token: " + why)
	}
	return map[string]string{"token": token}, nil
}

type failRequest struct {
	Service serviceName
	Fault   string
	Times   *int
}

func (s *Server) failByControl(r failRequest) (any, error) {
	if err := r.Service.check(); err != nil {
		return nil, err
	}
	fault, known := faultNames[r.Fault]
	if !known {
		return nil, errors.New("unknown fault; there are " + strings.Join(slices.Sorted(maps.Keys(faultNames)), ", "))
	}
	s.Fail(string(r.Service), fault, once(r.Times))
	return nil, nil
}

type answerRequest struct {
	Service serviceName
	Status  int
	Body    string
	Times   *int
}

func (s *Server) answerByControl(r answerRequest) (any, error) {
	if err := r.Service.check(); err != nil {
		return nil, err
	}
	if r.Status < 200 || r.Status > 599 {
		return nil, errors.New("status must lie between 200 and 599")
	}
	s.Answer(string(r.Service), r.Status, r.Body, once(r.Times))
	return nil, nil
}

// once returns the number of times that a fault hits; the default is one.
func once(times *int) int {
	if times == nil {
		return 1
	}
	return *times
}

func (s *Server) endFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) forgetHistory(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = nil
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listHistory(w http.ResponseWriter, _ *http.Request) {
	type call struct { // Call with names in JSON
		Service string      `json:"service"`
		Method  string      `json:"method"`
		Path    string      `json:"path"`
		Header  http.Header `json:"header"`
		Query   url.Values  `json:"query"`
		Form    url.Values  `json:"form"`
	}
	calls := []call{} // encodes as [] and not as null
	for _, c := range s.History() {
		calls = append(calls, call(c))
	}
	tell(w, http.StatusOK, calls)
}

type keyPair struct {
	Sitekey string `json:"sitekey"`
	Secret  string `json:"secret"`
}

func (s *Server) listServices(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name      string    `json:"name"`
		VerifyURL string    `json:"verify_url"`
		ScriptURL string    `json:"script_url"` // empty: there is no stand-in
		Field     string    `json:"field"`
		TestKeys  []keyPair `json:"test_keys"`
	}
	entries := []entry{}
	for _, v := range vendors() {
		e := entry{Name: v.name, VerifyURL: s.VerifyURL(v.name), Field: v.field, TestKeys: v.keys}
		if v.script != "" {
			e.ScriptURL = s.ScriptURL(v.name)
		}
		if e.TestKeys == nil {
			e.TestKeys = []keyPair{}
		}
		entries = append(entries, e)
	}
	tell(w, http.StatusOK, entries)
}
