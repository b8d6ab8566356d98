package web

import (
	"cmp"
	"encoding/json"
	"net/http"
)

// ProblemType is the media type of an answer to a program that was refused.
const ProblemType = "application/problem+json"

// Problem is such an answer (RFC 9457). What more an answer has is added by embedding.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"` // what to mend
	ID     string `json:"id,omitempty"`     // of the decision, to quote
}

// Filled returns the problem with a type, and with the text of its status for a title
// where it has none.
func (p Problem) Filled() Problem {
	p.Type = "about:blank"
	p.Title = cmp.Or(p.Title, http.StatusText(p.Status))
	return p
}

// Serve answers with the problem. No cache keeps the answer.
func (p Problem) Serve(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p.Filled()) // an error means that the client has gone away
}
