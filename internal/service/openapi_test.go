package service_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// schema is the part of JSON Schema that the document uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Required   []string
	Properties map[string]schema
	Items      *schema
	Enum       []any
	Extra      any `json:"additionalProperties"`
}

type document struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct{ Schema schema }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

// matches returns the places at which a value violates its schema. A member that is not in
// the document is a mistake too.
func (d *document) matches(t *testing.T, at string, s schema, value any) {
	t.Helper()
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	kind := map[bool]string{true: "null"}[value == nil]
	switch v := value.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) && s.Type == "integer" {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for _, item := range v {
			if s.Items != nil {
				d.matches(t, at+"[]", *s.Items, item)
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, there := v[name]; !there {
				t.Errorf("%s.%s is required and not there", at, name)
			}
		}
		for name, member := range v {
			if property, known := s.Properties[name]; known {
				d.matches(t, at+"."+name, property, member)
			} else if s.Properties != nil {
				t.Errorf("%s.%s is not in the document", at, name)
			}
		}
	}
	if list, several := s.Type.([]any); s.Type != kind && !(several && slices.Contains(list, any(kind))) {
		t.Errorf("%s is %s, and %v in the document", at, kind, s.Type)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		t.Errorf("%s is %v, which the document does not have", at, value)
	}
}

func TestAnswersAreWhatTheDocumentSays(t *testing.T) {
	s := newStand(t, limited)
	_, text := s.get("/v1/openapi.json")
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	ask := func(path string, said m) any {
		content := doc.Paths[path]["post"].RequestBody.Content["application/json"]
		plain, _ := json.Marshal(said)
		var request any
		_ = json.Unmarshal(plain, &request)
		doc.matches(t, "request "+path, content.Schema, request)
		_, body := s.call(shopSecret, path, said)
		var answer any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		doc.matches(t, "answer of "+path, doc.Paths[path]["post"].Responses["200"].Content["application/json"].Schema, answer)
		return answer
	}
	fields := s.load(nil)
	s.wait(20 * time.Second)
	ask("/v1/fields", visit(m{"nonce": "x", "base": "/.palisade/", "again": m{"fields": fields}}))
	judged := ask("/v1/check", visit(m{"fields": fields, "json": false, "files": []string{}, "nonce": "x", "call": "1", "want": []string{"retry", "answer"}})).(m)
	ask("/v1/settle", m{"form": "signup", "receipt": judged["receipt"].(m)["text"]})
	ask("/v1/check", visit(m{"fields": fields[:1], "want": []string{"answer"}}))
	ask("/v1/check", visit(m{"fields": fields[:1]}))
	ask("/v1/check", visit(m{"fields": fields, "headers": m{"Sec-Fetch-Site": []string{"cross-site"}, "User-Agent": []string{"x"}}}))
	for path, methods := range doc.Paths {
		for method := range methods {
			path := strings.ReplaceAll(path, "{name}", "palisade.js")
			if status, _ := s.get(path); method == "get" && status == 404 || method == "post" && status != 405 {
				t.Errorf("%s %s is not served: %d", method, path, status)
			}
		}
	}
}
