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
	"github.com/palisade-dev/palisade/internal/service"
)

// Metrics are the gateway's, in a registry of their own.
type Metrics struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	findings  *prometheus.CounterVec
	provider  *prometheus.CounterVec
	verified  *prometheus.CounterVec
	store     prometheus.Counter
	requests  [6]prometheus.Counter // by the first digit of the status
	latency   prometheus.Histogram
	reloads   *prometheus.CounterVec
	loaded    prometheus.Gauge
}

// NewMetrics returns metrics that start at zero.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "palisade_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.decisions = counters("decisions_total", "Judgements. outcome is what was done, would what would have been done if nothing were only watched.",
		"site", "form", "outcome", "would", "reason", "mode")
	m.findings = counters("findings_total", "What signals found.", "site", "form", "layer", "reason", "mode")
	m.provider = counters("provider_outcomes_total", "Answers of third-party captchas, and their outages.", "site", "form", "outcome")
	m.verified = counters("siteverify_total", "Answers of siteverify. result is ok, or why not.", "site", "result")
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

// Observe counts a decision.
func (m *Metrics) Observe(_ context.Context, d palisade.Decision) {
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

// Verified counts an answer of siteverify.
func (m *Metrics) Verified(_ context.Context, v service.Verification) {
	result := v.Why
	if v.OK {
		result = "ok"
	}
	m.verified.WithLabelValues(v.Site, result).Inc()
}

// Reloaded counts a configuration that was read again.
func (m *Metrics) Reloaded(err error) {
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
