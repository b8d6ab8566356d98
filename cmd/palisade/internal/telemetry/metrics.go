package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/event"
)

// Metrics are the gateway's metrics, in their own registry.
type Metrics struct {
	registry                    *prometheus.Registry
	decisions                   *prometheus.CounterVec
	findings                    *prometheus.CounterVec
	provider                    *prometheus.CounterVec
	verified                    *prometheus.CounterVec
	tickets, challenges, limits *prometheus.CounterVec
	calls, trips                *prometheus.HistogramVec
	store                       prometheus.Counter
	requests                    [6]prometheus.Counter // by the first digit of the status
	latency                     prometheus.Histogram
	reloads                     *prometheus.CounterVec
	loaded                      prometheus.Gauge
}

// NewMetrics returns metrics that start at zero.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "palisade_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histograms := func(name, help string, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "palisade_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(1e-6, 10, 8), // 1 µs to 10 s
		}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.decisions = counters("decisions_total", "Judgements. outcome is what was done, would what would have been done if nothing were only watched.",
		"site", "form", "outcome", "would", "reason", "mode")
	m.findings = counters("findings_total", "What signals found.", "site", "form", "layer", "reason", "mode")
	m.provider = counters("provider_outcomes_total", "Answers of third-party captchas, and their outages.", "site", "form", "outcome")
	m.verified = counters("siteverify_total", "Answers of siteverify. result is ok, or why not.", "site", "result")
	m.tickets = counters("tickets_total", "Tickets, by kind of challenge. result is minted, escalated (a budget was used up, so more is asked) or failed.",
		"site", "form", "kind", "result")
	m.challenges = counters("challenges_total", "Challenges that visitors were shown, and submissions that came through after one: the difference gave up.",
		"site", "form", "kind", "result")
	m.limits = counters("limits_total", "Limits that were reached. soft is true where a step is asked for, and false where the attempt is refused.",
		"site", "form", "by", "soft")
	m.calls = histograms("provider_call_duration_seconds", "Calls to third-party captchas.", "service", "result")
	m.trips = histograms("store_trip_duration_seconds", "Trips to the store.", "result")
	m.reloads = counters("config_reloads_total", "Times the configuration was read again.", "result")
	statuses := counters("http_requests_total", "Requests answered, by class of status.", "code")
	for class := range m.requests {
		m.requests[class] = statuses.WithLabelValues(strconv.Itoa(class) + "xx")
	}
	m.store = prometheus.NewCounter(prometheus.CounterOpts{Name: "palisade_store_errors_total", Help: "Judgements that the store's outage ended."})
	m.latency = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "palisade_http_request_duration_seconds", Help: "From the request's head to the end of the answer, the app's time included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	})
	m.loaded = prometheus.NewGauge(prometheus.GaugeOpts{Name: "palisade_config_loaded_timestamp_seconds", Help: "When the configuration in use was read."})
	m.registry.MustRegister(m.store, m.latency, m.loaded, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Tell counts an event.
func (m *Metrics) Tell(_ context.Context, e event.Event) {
	switch e := e.(type) {
	case palisade.Decision:
		m.decided(e)
	case event.Ticket:
		m.tickets.WithLabelValues(e.Site, e.Form.Form, e.Kind, ticketResult(e)).Inc()
	case event.ChallengeShown:
		m.challenges.WithLabelValues(e.Site, e.Form.Form, e.Kind, "shown").Inc()
	case event.ChallengePassed:
		m.challenges.WithLabelValues(e.Site, e.Form.Form, e.Kind, "passed").Inc()
	case event.ProviderCall:
		m.calls.WithLabelValues(e.Kind, e.Result).Observe(e.Took.Seconds())
	case event.StoreTrip:
		m.trips.WithLabelValues(e.Result).Observe(e.Took.Seconds())
	case event.Limit:
		m.limits.WithLabelValues(e.Site, e.Form.Form, e.By, strconv.FormatBool(e.Soft)).Inc()
	case event.Verification:
		result := e.Why
		if e.OK {
			result = "ok"
		}
		m.verified.WithLabelValues(e.Site, result).Inc()
	case event.Configuration:
		m.reloaded(e.Err)
	}
}

func ticketResult(e event.Ticket) string {
	switch {
	case e.Err != nil:
		return "failed"
	case e.Escalated:
		return "escalated"
	}
	return "minted"
}

func (m *Metrics) decided(d palisade.Decision) {
	m.decisions.WithLabelValues(d.Site, d.Form, d.Outcome.String(), d.Would.String(), string(d.Reason), d.Mode()).Inc()
	for _, f := range d.Findings {
		mode := "enforce"
		if f.Monitored || d.Monitored {
			mode = "monitor"
		}
		m.findings.WithLabelValues(d.Site, d.Form, f.Signal, string(f.Reason), mode).Inc()
	}
	switch reason := string(d.Reason); {
	case d.Reason == palisade.ReasonStoreDown:
		m.store.Inc()
	case strings.HasPrefix(reason, "captcha-"), strings.HasPrefix(reason, "provider-"):
		m.provider.WithLabelValues(d.Site, d.Form, reason).Inc()
	}
}

func (m *Metrics) reloaded(err error) {
	if err != nil {
		m.reloads.WithLabelValues("refused").Inc()
		return
	}
	m.reloads.WithLabelValues("applied").Inc()
	m.loaded.SetToCurrentTime()
}

// Answered counts an answer.
func (m *Metrics) Answered(status int, took time.Duration) {
	m.requests[min(max(status/100, 0), len(m.requests)-1)].Inc()
	m.latency.Observe(took.Seconds())
}
