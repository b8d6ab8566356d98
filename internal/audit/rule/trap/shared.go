package trap

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// loadTime finds a hidden field with the load time, as a number or a number in base64.
func loadTime(p *engine.Probe, pg *engine.Page) (name, value string) {
	for _, i := range pg.Form.Inputs {
		if i.Kind == "hidden" && !slices.Contains(p.Filler.TokenFields, i.Name) && earlier(i.Value, 0) != "" {
			return i.Name, i.Value
		}
	}
	return "", ""
}

// earlier moves a time back and keeps its format: seconds, milli- or microseconds since
// 1970, RFC 3339, or one of these in base64. It returns "" if the text is not a time of
// today.
func earlier(value string, by time.Duration) string {
	if t, err := time.Parse(time.RFC3339, value); err == nil && time.Since(t).Abs() < 24*time.Hour {
		return t.Add(-by).Format(time.RFC3339)
	}
	if decimal.MatchString(value) {
		n, err := strconv.ParseFloat(value, 64)
		for unit, scale := range map[time.Duration]float64{time.Second: 1, time.Millisecond: 1e3, time.Microsecond: 1e6} {
			at := time.Unix(0, int64(n*float64(unit)))
			if err == nil && time.Since(at).Abs() < 24*time.Hour {
				return strconv.FormatFloat(n-by.Seconds()*scale, 'f', -1, 64)
			}
		}
		return ""
	}
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil && decimal.Match(raw) {
		if moved := earlier(string(raw), by); moved != "" {
			return base64.StdEncoding.EncodeToString([]byte(moved))
		}
	}
	return ""
}
