package telemetry

import (
	"context"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/event"
)

// Tracing sends a span for each request to a collector (OTLP over HTTP). A nil Tracing sends
// no spans, and passes the trace context on unchanged.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	context  propagation.TraceContext
}

// NewTracing returns a Tracing to the collector at a URL such as http://127.0.0.1:4318.
// Spans that the collector does not accept are dropped. Requests never wait for it.
func NewTracing(endpoint string, logger *slog.Logger) (*Tracing, error) {
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("spans were lost", "error", err) }))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "palisade"))))
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/palisade-dev/palisade")}, nil
}

// Start begins the span of a request, and makes it the parent of the app's spans.
func (t *Tracing) Start(r *http.Request) (*http.Request, trace.Span) {
	if t == nil {
		return r, nil
	}
	ctx := t.context.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", r.Method)))
	t.context.Inject(ctx, propagation.HeaderCarrier(r.Header))
	return r.WithContext(ctx), span
}

// End ends the span of a request.
func (t *Tracing) End(span trace.Span, status int) {
	if t == nil {
		return
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= 500 {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// Tell notes a decision in the span of its request.
func (t *Tracing) Tell(ctx context.Context, e event.Event) {
	d, is := e.(palisade.Decision)
	if t == nil || !is {
		return
	}
	trace.SpanFromContext(ctx).SetAttributes(
		attribute.String("palisade.id", d.ID.String()), attribute.String("palisade.site", d.Site), attribute.String("palisade.form", d.Form),
		attribute.String("palisade.outcome", d.Outcome.String()), attribute.String("palisade.would", d.Would.String()),
		attribute.String("palisade.reason", string(d.Reason)), attribute.Float64("palisade.score", d.Score))
}

// Stop sends the remaining spans.
func (t *Tracing) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
