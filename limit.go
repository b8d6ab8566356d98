package palisade

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/email"
	"github.com/palisade-dev/palisade/store"
)

// Limit is a rate limit on accepted attempts: Burst at once, and over time Rate
// every Per (GCRA). Over any stretch of length Per it lets through fewer than
// Burst + Rate. Above, By says whether an attempt needs the hardest step or is refused.
//
// All limits of an attempt are taken together: when one refuses, none is spent.
type Limit struct {
	Rate  int           // permits per Per; must be positive
	Per   time.Duration // must be positive
	Burst int           // permits at once; 0 means Rate
	By    By            // whose attempts are counted together; required

	// Reserve makes the limit count what attempts cost, such as the tokens of a language
	// model, instead of the attempts. So many permits are taken before; 0 means that each
	// attempt is one. The handler says with [Pass.Cost] how many it took in the end, and what
	// was reserved is kept if it does not. Over such a limit the answer is 429, also with a
	// step. An attempt that costs more than is left makes the sender owe at most three times
	// Burst. Only ByIP, ByNetwork and ByKey.
	Reserve int
}

// By says what a limit counts by. The zero By is refused by [Guard.Form].
type By struct {
	kind byKind
	name string
	key  func(*http.Request) string
}

type byKind uint8

const (
	byNothing byKind = iota
	byIP
	byNetwork
	byKey
	byField
	byForm
)

var (
	// ByIP counts by client address. An IPv6 client counts by its /64, because one
	// customer gets a whole /64. Over it means the hardest challenge, because an office
	// or a mobile network is one address; FormConfig.Ceiling bounds what passes with it. Where a form has no limit by network, this one counts
	// the tickets of a network that are sent from others: over it they take the hardest
	// step.
	ByIP = By{kind: byIP}
	// ByNetwork counts by the wider network: /24 of IPv4, /48 of IPv6. Over it means
	// the hardest challenge, not a refusal: otherwise a neighbour could lock out all
	// the others. A ticket that is sent from another network than the one that
	// fetched it counts for both, so that nothing is gained by fetching tickets in
	// one place for many.
	ByNetwork = By{kind: byNetwork}
	// ByForm counts every attempt at the form. Over it means a harder challenge
	// for everybody, not a refusal: otherwise a flood would close the form.
	ByForm = By{kind: byForm}
)

// ByField counts by the value of a field, e.g. the address to which a mail is sent.
// E-mail addresses are counted in their canonical form: plus tags, dots and case make no
// difference.
//
// Such a limit belongs to the person named in the field, not to the sender. So
// it is taken only when all else was passed, and over it means the hardest
// challenge, never a refusal: otherwise anybody could lock anybody out.
func ByField(name string) By { return By{kind: byField, name: name} }

// ByKey counts by the text that key returns, e.g. the id of a session. name tells limits
// apart. An empty key is not limited. The key should be the sender's own: over the limit
// is answered 429.
func ByKey(name string, key func(*http.Request) string) By {
	return By{kind: byKey, name: name, key: key}
}

func (b By) String() string {
	switch b.kind {
	case byIP:
		return "ip"
	case byNetwork:
		return "network"
	case byForm:
		return "form"
	case byKey:
		return "key:" + b.name
	case byField:
		return "field:" + b.name
	}
	return "nothing"
}

// String says the limit in words, such as "3 in 10m by ip".
func (l Limit) String() string {
	per := l.Per.String() // 10m0s, 1h0m0s
	if strings.HasSuffix(per, "m0s") {
		per = strings.TrimSuffix(per, "0s")
	}
	if strings.HasSuffix(per, "h0m") {
		per = strings.TrimSuffix(per, "0m")
	}
	text := fmt.Sprintf("%d in %s by %s", l.Rate, per, l.By)
	if l.Burst > 0 && l.Burst != l.Rate {
		text += fmt.Sprintf(", %d at once", l.Burst)
	}
	if l.Reserve > 0 {
		text += ", by cost"
	}
	return text
}

func (l Limit) validate() error {
	var errs []error
	if l.Rate <= 0 || l.Per <= 0 {
		errs = append(errs, errors.New("Rate and Per must be positive"))
	}
	if l.Per > maxPer {
		errs = append(errs, errors.New("Per must be at most 366 days"))
	}
	if l.Reserve < 0 || l.Reserve > cmp.Or(l.Burst, l.Rate) {
		errs = append(errs, errors.New("Reserve must not be negative, nor more than Burst"))
	}
	if l.Reserve > 0 && (l.By.kind == byField || l.By.kind == byForm) {
		errs = append(errs, errors.New("Reserve is for limits by the sender: ByIP, ByNetwork and ByKey"))
	}
	if l.Burst < 0 {
		errs = append(errs, errors.New("Burst must not be negative"))
	}
	switch {
	case l.By.kind == byNothing:
		errs = append(errs, errors.New("By is missing: say whose attempts count together, e.g. palisade.ByIP"))
	case l.By.kind == byKey && l.By.key == nil:
		errs = append(errs, errors.New("ByKey needs a function"))
	case (l.By.kind == byKey || l.By.kind == byField) && l.By.name == "":
		errs = append(errs, errors.New("By needs a name"))
	}
	return errors.Join(errs...)
}

// ceiling returns the limit by address that holds with the hardest step too, see
// FormConfig.Ceiling.
func (c *FormConfig) ceiling() (limit Limit, ok bool) {
	if c.Ceiling.isSet() {
		limit = c.Ceiling
		limit.By = ByIP
		return limit, true
	}
	limit = Limit{Rate: 10, Per: 10 * time.Minute, Burst: 50, By: ByIP}
	burst, every := math.MaxInt, time.Duration(0) // of what all limits by address let through
	for _, l := range c.Limits {
		if l.By.kind == byIP && l.Reserve == 0 {
			r := newRule(c.Name, l)
			burst, every, ok = min(burst, r.take.Burst), max(every, r.take.Every), true
		}
	}
	if !ok {
		return Limit{}, false
	}
	if burst > limit.Burst {
		limit.Burst = burst
	}
	if every < time.Minute {
		limit.Rate, limit.Per = 1, every
	}
	return limit, ok
}

func (l Limit) isSet() bool {
	return l.Rate != 0 || l.Per != 0 || l.Burst != 0 || l.By.kind != byNothing
}

// maxPer keeps the counts of a limit far from the end of the clock.
const maxPer = 366 * 24 * time.Hour

// rule is a limit made ready: only the key is left to fill in.
type rule struct {
	by     By
	prefix string // of every key: form, criterion and numbers
	take   store.Take
	back   bool // the app's answer may give back what was taken
	costs  bool // the limit counts what an attempt cost
}

func newRule(form string, l Limit) rule {
	burst := l.Burst
	if burst == 0 {
		burst = l.Rate
	}
	return rule{
		by: l.By,
		// The numbers are part of the key, so that a changed limit starts anew and does
		// not read the count of another one. The prefix is hashed once here, so that each
		// attempt hashes less.
		prefix: shorten(fmt.Sprintf("limit\x00%s\x00%s\x00%d/%s/%d\x00", form, l.By, l.Rate, l.Per, burst) + costs[l.Reserve > 0]),
		take:   store.Take{Every: max(l.Per/time.Duration(max(l.Rate, 1)), 1), Burst: burst, Cost: max(l.Reserve, 1)},
		costs:  l.Reserve > 0,
	}
}

// costs keeps a limit by cost apart from one of the same numbers that counts attempts.
var costs = map[bool]string{true: "cost\x00"}

func shorten(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:8])
}

// fill completes the take for an attempt. ok is false where there is nothing to
// count by, such as a field that was not sent.
func (u *rule) fill(a *attempt, cost int) (take store.Take, ok bool) {
	take = u.take
	take.Cost = min(cost*take.Cost, take.Burst)
	lookup := a.form.guard.keys.Lookup
	switch u.by.kind {
	case byIP:
		take.Key = a.ofAddress(u.prefix)
	case byNetwork:
		tag := a.form.guard.keys.Network(a.addr)
		take.Key = store.Key(lookup.TagString(u.prefix, string(tag[:])))
	case byForm:
		take.Key = store.Key(lookup.TagString(u.prefix, ""))
	case byKey:
		text := u.by.key(a.req)
		if text == "" {
			return take, false
		}
		take.Key = store.Key(lookup.TagString(u.prefix, text))
	case byField:
		text := canonical(a.value(u.by.name))
		if text == "" {
			return take, false
		}
		take.Key = store.Key(lookup.TagString(u.prefix, text))
	}
	return take, true
}

// ofAddress returns the key of a limit by address. All of them share one keyed hash of the
// address, because a hash is what a limit costs; the prefixes keep them apart.
func (a *attempt) ofAddress(prefix string) store.Key {
	if !a.addressed {
		a.address, a.addressed = store.Key(a.form.guard.keys.Lookup.TagAddr("address\x00", clientip.Prefix(a.addr).Addr())), true
	}
	key := a.address
	for i := range min(len(prefix), len(key)) {
		key[i] ^= prefix[i]
	}
	return key
}

// minted returns the take of the network that fetched the ticket, where another one sends
// it. This count is separate from the count of the network's own submissions: tickets
// that are fetched in a café and spent elsewhere must cost the café nothing.
func (f *Form) minted(a *attempt) (take store.Take, ok bool) {
	if f.travel == nil || a.ticket.Network == f.guard.keys.Network(a.addr) {
		return take, false
	}
	take = f.travel.take
	take.Key = store.Key(f.guard.keys.Lookup.TagString(f.travel.prefix+"minted\x00", string(a.ticket.Network[:])))
	return take, true
}

// canonical removes the differences in a value that do not change whom it means.
func canonical(value string) string {
	if mail, ok := email.Canonical(value); ok {
		return mail
	}
	return strings.ToLower(strings.TrimSpace(value))
}
