package web

import (
	"cmp"
	"encoding/json"
	"net/http"
)

// ProblemType is the media type of a refusal to a program.
const ProblemType = "application/problem+json"

// Problem is a refusal to a program (RFC 9457). Other types embed it and add members.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"` // the necessary change by the client
	ID     string `json:"id,omitempty"`     // of the decision, for reference
}

// Filled returns the problem with a type. If it has no title, the title is the text of its
// status.
func (p Problem) Filled() Problem {
	p.Type = "about:blank"
	p.Title = cmp.Or(p.Title, http.StatusText(p.Status))
	return p
}

// Serve answers with the problem. Caches must not store the answer.
func (p Problem) Serve(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p.Filled()) // an error means that the client has gone away
}
