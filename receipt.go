package palisade

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// receiptLife is how long a receipt is good: as long as an app may take to answer.
const receiptLife = 10 * time.Minute

// ErrReceipt is the error of [Form.Settle] for a receipt that is not ours, not the form's, too
// old or used.
var ErrReceipt = errors.New("palisade: the receipt is not good, or not any more")

// receipt holds what an answer of the app may give back.
type receipt struct {
	ID    []byte         `json:"i"`
	Time  int64          `json:"t"` // of the takes, in Unix milliseconds
	Takes []receiptTaken `json:"k"`
}

type receiptTaken struct {
	Key   []byte        `json:"k"`
	Every time.Duration `json:"e"`
	Burst int           `json:"b"`
	Cost  int           `json:"c"`
	Back  bool          `json:"r,omitempty"`
}

// Receipt returns a signed text with which [Form.Settle] gives back what an allowed
// submission took of the limits, if e comes of it in the app. It is for an app that is not a
// handler of this process. It is empty if there is no e that gives anything back. It is
// good once, for ten minutes, and holds no address.
func (f *Form) Receipt(s *Submission, d Decision) (text string, e Effect) {
	switch {
	case !d.Allowed():
		return "", EffectUnknown
	case f.givesBack(EffectRejected):
		e = EffectRejected
	case f.givesBack(EffectAccepted):
		e = EffectAccepted
	}
	takes := slices.Concat(f.settling(s, e)...)
	if len(takes) == 0 {
		return "", EffectUnknown
	}
	r := receipt{ID: d.ID[:], Time: d.Time.UnixMilli()}
	for i := range takes {
		t := &takes[i]
		r.Takes = append(r.Takes, receiptTaken{t.Key[:], t.Every, t.Burst, t.Cost, !t.Back.IsZero()})
	}
	raw, _ := json.Marshal(r) // cannot fail: bytes and numbers
	body := base64.RawURLEncoding.EncodeToString(raw)
	return body + "." + f.receiptTag(body), e
}

// Settle gives back what a receipt says. Call it only if what came of the submission is the
// Effect that [Form.Receipt] returned.
func (f *Form) Settle(ctx context.Context, text string) error {
	body, tag, _ := strings.Cut(text, ".")
	var r receipt
	if raw, err := base64.RawURLEncoding.DecodeString(body); err != nil || subtle.ConstantTimeCompare([]byte(tag), []byte(f.receiptTag(body))) != 1 || json.Unmarshal(raw, &r) != nil {
		return ErrReceipt
	}
	now, at := f.guard.config.Clock(), time.UnixMilli(r.Time)
	trip := store.Trip{Now: now, Claims: []store.Claim{{Key: tokenKey("receipt\x00" + text), Issued: at, Expires: at.Add(receiptLife)}}}
	for _, t := range r.Takes {
		take := store.Take{Key: store.Key(t.Key), Every: t.Every, Burst: t.Burst, Cost: t.Cost}
		if t.Back {
			take.Back = at
		}
		trip.Takes = append(trip.Takes, take)
	}
	switch result, err := f.visit(ctx, trip); {
	case err != nil:
		return err
	case result.Status == store.Spent, result.Status == store.Forgotten:
		return ErrReceipt
	}
	return nil // also if the bound on what comes back is reached
}

func (f *Form) receiptTag(body string) string {
	tag := f.guard.keys.Lookup.TagString("receipt\x00"+f.config.Name+"\x00", body)
	return base64.RawURLEncoding.EncodeToString(tag[:])
}
