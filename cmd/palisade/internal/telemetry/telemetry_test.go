package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/event"
)

func decision(form string, reason palisade.Reason) palisade.Decision {
	return palisade.Decision{Site: "example.com", Form: form, Outcome: palisade.Challenge, Would: palisade.Challenge, Reason: reason,
		Findings: []palisade.Finding{{Signal: "timing", Reason: "too-fast", Weight: 2}}}
}

func TestFloodIsThinnedAndCounted(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	s := NewSampler(slog.NewJSONHandler(&out, nil), 2)
	s.clock = func() time.Time { return now }
	logger := slog.New(s).With("host", "a")
	for range 100 {
		logger.Info("palisade decision", "decision", decision("signup", palisade.ReasonTicketMissing))
	}
	logger.Info("palisade decision", "decision", decision("vote", palisade.ReasonTicketMissing))
	logger.Info("something else")
	now = now.Add(time.Second)
	logger.Info("palisade decision", "decision", decision("signup", palisade.ReasonTicketMissing))

	var leftOut []float64
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if n, found := record["left_out"].(float64); found {
			leftOut = append(leftOut, n)
		}
	}
	if len(lines) != 5 || len(leftOut) != 1 || leftOut[0] != 98 {
		t.Errorf("%d lines, left out %v:\n%s", len(lines), leftOut, out.String())
	}
}

func TestNothingIsLeftOutWhenAllIsAskedFor(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(NewSampler(slog.NewJSONHandler(&out, nil), 0))
	for range 100 {
		logger.Info("palisade decision", "decision", decision("signup", palisade.ReasonTicketMissing))
	}
	if n := strings.Count(out.String(), "\n"); n != 100 {
		t.Errorf("%d lines", n)
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	m.Tell(context.Background(), decision("signup", palisade.ReasonTicketMissing))
	m.Tell(context.Background(), decision("signup", palisade.ReasonStoreDown))
	m.Tell(context.Background(), decision("signup", palisade.ReasonProviderDown))
	m.Tell(context.Background(), decision("signup", "captcha-spent"))
	m.Answered(200, time.Millisecond)
	m.Answered(999, time.Millisecond)
	m.Tell(context.Background(), event.Configuration{})
	where := event.Form{Site: "example.com", Form: "signup"}
	m.Tell(context.Background(), event.Ticket{Form: where, Kind: "silent"})
	m.Tell(context.Background(), event.Ticket{Form: where, Kind: "hard-work", Escalated: true})
	m.Tell(context.Background(), event.Ticket{Form: where, Err: context.Canceled})
	m.Tell(context.Background(), event.ChallengeShown{Form: where, Kind: "work"})
	m.Tell(context.Background(), event.ChallengeShown{Form: where, Kind: "work"})
	m.Tell(context.Background(), event.ChallengePassed{Form: where, Kind: "work"})
	m.Tell(context.Background(), event.ProviderCall{Form: where, Kind: "turnstile", Result: "ok", Took: time.Second})
	m.Tell(context.Background(), event.StoreTrip{Form: where, Result: "granted", Took: time.Microsecond})
	m.Tell(context.Background(), event.Limit{Form: where, By: "ip"})
	m.Tell(context.Background(), event.Verification{Site: "key", OK: true})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`palisade_decisions_total{form="signup",mode="enforce",outcome="challenge",reason="ticket-missing",site="example.com",would="challenge"} 1`,
		`palisade_findings_total{form="signup",layer="timing",mode="enforce",reason="too-fast",site="example.com"} 4`,
		`palisade_store_errors_total 1`,
		`palisade_provider_outcomes_total{form="signup",outcome="provider-down",site="example.com"} 1`,
		`palisade_provider_outcomes_total{form="signup",outcome="captcha-spent",site="example.com"} 1`,
		`palisade_http_requests_total{code="2xx"} 1`,
		`palisade_http_requests_total{code="5xx"} 1`,
		`palisade_http_request_duration_seconds_count 2`,
		`palisade_config_reloads_total{result="applied"} 1`,
		`palisade_tickets_total{form="signup",kind="silent",result="minted",site="example.com"} 1`,
		`palisade_tickets_total{form="signup",kind="hard-work",result="escalated",site="example.com"} 1`,
		`palisade_tickets_total{form="signup",kind="",result="failed",site="example.com"} 1`,
		`palisade_challenges_total{form="signup",kind="work",result="shown",site="example.com"} 2`,
		`palisade_challenges_total{form="signup",kind="work",result="passed",site="example.com"} 1`,
		`palisade_provider_call_duration_seconds_sum{result="ok",service="turnstile"} 1`,
		`palisade_store_trip_duration_seconds_count{result="granted"} 1`,
		`palisade_limits_total{by="ip",form="signup",site="example.com",soft="false"} 1`,
		`palisade_siteverify_total{result="ok",site="key"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}
