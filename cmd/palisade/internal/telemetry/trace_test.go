package telemetry

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/palisade-dev/palisade"
)

func TestSpanSaysWhatWasDecidedAndHangsTogether(t *testing.T) {
	spans := make(chan *collector.ExportTraceServiceRequest, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := new(collector.ExportTraceServiceRequest)
		if err := proto.Unmarshal(body, got); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		spans <- got
	}))
	defer server.Close()
	tracing, err := NewTracing(server.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/signup?token=hunter2", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	r, span := tracing.Start(r)
	tracing.Tell(r.Context(), decision("signup", palisade.ReasonTicketMissing))
	tracing.End(span, 403)
	if err := tracing.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	sent := (<-spans).ResourceSpans[0].ScopeSpans[0].Spans[0]
	own := hex.EncodeToString(sent.SpanId)
	if hex.EncodeToString(sent.TraceId) != "4bf92f3577b34da6a3ce929d0e0e4736" || hex.EncodeToString(sent.ParentSpanId) != "00f067aa0ba902b7" {
		t.Errorf("the span hangs on %x of %x", sent.ParentSpanId, sent.TraceId)
	}
	if got := r.Header.Get("Traceparent"); got != "00-4bf92f3577b34da6a3ce929d0e0e4736-"+own+"-01" {
		t.Errorf("the app gets the parent %s, the span is %s", got, own)
	}
	said := fmt.Sprint(sent.Attributes)
	for _, want := range []string{"signup", "ticket-missing", "challenge", "403"} {
		if !strings.Contains(said, want) {
			t.Errorf("the span says nothing of %s: %s", want, said)
		}
	}
	if strings.Contains(fmt.Sprint(sent), "hunter2") {
		t.Errorf("the span contains data that must not leave the gateway: %v", sent)
	}
}

func TestWithoutTracingTheContextPassesAsItCame(t *testing.T) {
	var none *Tracing
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", "as it came")
	same, span := none.Start(r)
	none.Tell(r.Context(), palisade.Decision{})
	none.End(span, 200)
	if same != r || r.Header.Get("Traceparent") != "as it came" || none.Stop(context.Background()) != nil {
		t.Error("it was touched")
	}
}
