package attack

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

// paper is a form that an attacker got, with the times between which its ticket was issued.
type paper struct {
	*scraper.Form
	wait  time.Duration // that the refusal demanded
	asked time.Time     // the ticket is younger than this …
	got   time.Time     // … and older than this
}

// sleepUntilAged waits until each paper has at least this age.
func sleepUntilAged(ctx context.Context, age time.Duration, papers ...*paper) error {
	var youngest time.Time
	for _, p := range papers {
		if p.got.After(youngest) {
			youngest = p.got
		}
	}
	select {
	case <-time.After(time.Until(youngest.Add(age))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backdate changes the issue time of a ticket, in bytes 5 to 10, and keeps the old
// signature.
func backdate(ticket string, by time.Duration) string {
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(raw) < 11 {
		return ticket // a site without the guard has no ticket
	}
	milli := append([]byte{0, 0}, raw[5:11]...)
	binary.BigEndian.PutUint64(milli, binary.BigEndian.Uint64(milli)-uint64(by.Milliseconds()))
	return base64.RawURLEncoding.EncodeToString(slices.Concat(raw[:5], milli[2:], raw[11:]))
}

// claim adds a proof that claims to be solved, without the work.
func (p *paper) claim() {
	if p.Challenge == nil {
		return // a site without the guard
	}
	text := `{"challenge":` + string(p.Challenge) + `,"solution":{"counter":1,"derivedKey":"00` + strings.Repeat("ab", 31) + `","time":1}}`
	p.Fields.Set(palisade.FieldProof, base64.StdEncoding.EncodeToString([]byte(text)))
}

// madeUp are the fields of a bot that knows the shape of tokens. They are a proof of the
// right shape, and a public test token of hCaptcha.
func madeUp() url.Values {
	return url.Values{
		palisade.FieldTicket: {strings.Repeat("Ab3-", 19) + "Ab"},
		palisade.FieldProof:  {base64.StdEncoding.EncodeToString([]byte(`{"challenge":{},"solution":{}}`))},
		"h-captcha-response": {"10000000-aaaa-bbbb-cccc-000000000001"},
	}
}
