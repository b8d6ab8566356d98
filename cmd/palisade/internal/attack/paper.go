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

// paper is a form that was asked for, with what its attacker knows of its age.
type paper struct {
	*scraper.Form
	wait  time.Duration // as the refusal that it came with told
	asked time.Time     // the ticket is younger than this …
	got   time.Time     // … and older than this
}

// sleepUntilAged waits until every one of the papers is at least so old.
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

// backdate rewrites the time at which a ticket says that it was issued, which
// stands in bytes 5 to 10, and leaves the signature as it was.
func backdate(ticket string, by time.Duration) string {
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(raw) < 11 {
		return ticket // there is none on a site without the guard
	}
	milli := append([]byte{0, 0}, raw[5:11]...)
	binary.BigEndian.PutUint64(milli, binary.BigEndian.Uint64(milli)-uint64(by.Milliseconds()))
	return base64.RawURLEncoding.EncodeToString(slices.Concat(raw[:5], milli[2:], raw[11:]))
}

// claim puts a proof into the form that says it is solved and was not worked for.
func (p *paper) claim() {
	if p.Challenge == nil {
		return // a site without the guard
	}
	text := `{"challenge":` + string(p.Challenge) + `,"solution":{"counter":1,"derivedKey":"00` + strings.Repeat("ab", 31) + `","time":1}}`
	p.Fields.Set(palisade.FieldProof, base64.StdEncoding.EncodeToString([]byte(text)))
}

// madeUp is what a bot sends that has heard of tokens: the right shape, and a
// public test token of hCaptcha.
func madeUp() url.Values {
	return url.Values{
		palisade.FieldTicket: {strings.Repeat("Ab3-", 19) + "Ab"},
		palisade.FieldProof:  {base64.StdEncoding.EncodeToString([]byte(`{"challenge":{},"solution":{}}`))},
		"h-captcha-response": {"10000000-aaaa-bbbb-cccc-000000000001"},
	}
}
