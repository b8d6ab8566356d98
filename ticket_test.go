package palisade

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

var (
	testKeys = Keys{Current: bytes.Repeat([]byte("current-key-0123"), 2), Previous: bytes.Repeat([]byte("previous-key-012"), 2)}
	testTime = time.UnixMilli(1_795_000_000_123)
)

func testTicket() ticket {
	t := ticket{flags: flagDecoys, level: 1, carry: 2, issued: testTime, form: newFormID("signup"), network: networkTag{3, 4, 0, 0, 0, 0, 0, 9}, agent: [2]byte{5, 6}}
	t.newNonce()
	return t
}

func TestTicketComesBackAsMinted(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	want := testTicket()
	text := string(ring.appendTicket(nil, &want))
	if len(text) != ticketChars {
		t.Errorf("%d characters, want %d", len(text), ticketChars)
	}
	got, signer, why := ring.parseTicket(text)
	if why != "" || signer != &ring.tickets[0] || !got.issued.Equal(want.issued) {
		t.Fatalf("parse: %q, %+v", why, got)
	}
	got.issued = want.issued
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEveryBitOfATicketIsSigned(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	raw, _ := encoding.DecodeString(string(ring.appendTicket(nil, &minted)))
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if _, _, why := ring.parseTicket(encoding.EncodeToString(raw)); why != ReasonTicketForged {
				t.Errorf("byte %d with bit %d flipped: %q", i, bit, why)
			}
			raw[i] ^= 1 << bit
		}
	}
}

func TestTicketTextHasOneSpelling(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	text := string(ring.appendTicket(nil, &minted))
	for _, other := range []string{text + "=", text + "\n", " " + text, text[:len(text)-1], strings.ToLower(text), strings.Repeat("A", 1<<20)} {
		if _, _, why := ring.parseTicket(other); why != ReasonTicketForged {
			t.Errorf("%.80q: %q", other, why)
		}
	}
}

func TestTicketOfAnotherSiteOrKeyIsForged(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	for name, other := range map[string]keyring{
		"another site with the same keys": newKeyring(testKeys, "example.net"),
		"a retired key":                   newKeyring(Keys{Current: bytes.Repeat([]byte("retired-key-0123"), 2)}, "example.com"),
	} {
		other.tickets[0].id = ring.tickets[0].id // the signature has to tell, not the name of the key
		if _, _, why := ring.parseTicket(string(other.appendTicket(nil, &minted))); why != ReasonTicketForged {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestTicketOfAnotherVersionIsForged(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	raw, _ := encoding.DecodeString(string(ring.appendTicket(nil, &minted)))
	raw[0]++
	tag := ring.tickets[0].sign.Tag(raw[:ticketBody])
	copy(raw[ticketBody:], tag[:])
	if _, _, why := ring.parseTicket(encoding.EncodeToString(raw)); why != ReasonTicketForged {
		t.Errorf("%q", why)
	}
}

func TestTicketSurvivesARotation(t *testing.T) {
	a, b, c := testKeys.Current, testKeys.Previous, bytes.Repeat([]byte("third-key-012345"), 2)
	before := newKeyring(Keys{Current: a, Next: b}, "example.com")
	after := newKeyring(Keys{Current: b, Previous: a}, "example.com")
	gone := newKeyring(Keys{Current: c, Previous: b}, "example.com")
	minted := testTicket()
	old, young := string(before.appendTicket(nil, &minted)), string(after.appendTicket(nil, &minted))
	for name, row := range map[string]struct {
		ring keyring
		text string
		want Reason
	}{
		"the new process takes an old ticket":   {after, old, ""},
		"the old process takes a new ticket":    {before, young, ""},
		"a ticket of a retired key is forged":   {gone, old, ReasonTicketForged},
		"a ticket of the previous key is good":  {gone, young, ""},
		"the decoys of an old ticket are found": {after, old, ""},
	} {
		got, signer, why := row.ring.parseTicket(row.text)
		if why != row.want {
			t.Errorf("%s: %q, want %q", name, why, row.want)
		}
		if why == "" && row.text == old && signer.decoySeed(&got) != before.tickets[0].decoySeed(&minted) {
			t.Errorf("%s: the decoys have other names", name)
		}
	}
}

func FuzzTicket(f *testing.F) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	f.Add(string(ring.appendTicket(nil, &minted)))
	f.Add("")
	f.Add(strings.Repeat("A", ticketChars))
	f.Fuzz(func(t *testing.T, text string) {
		got, signer, why := ring.parseTicket(text)
		if why != "" {
			if signer != nil || got != (ticket{}) {
				t.Fatalf("%q is refused and yet says %+v", text, got)
			}
			return
		}
		// The law: what is accepted is what we would sign, to the letter.
		again := ring
		again.tickets = []ticketKey{*signer}
		if minted := string(again.appendTicket(nil, &got)); minted != text {
			t.Fatalf("accepted %q, which we would have written %q", text, minted)
		}
	})
}

func BenchmarkTicketMint(b *testing.B) {
	ring := newKeyring(testKeys, "example.com")
	minted, buf := testTicket(), make([]byte, 0, ticketChars)
	b.ReportAllocs()
	for b.Loop() {
		minted.newNonce()
		buf = ring.appendTicket(buf[:0], &minted)
	}
}

func BenchmarkTicketCheck(b *testing.B) {
	ring := newKeyring(testKeys, "example.com")
	minted := testTicket()
	text := string(ring.appendTicket(nil, &minted))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, why := ring.parseTicket(text); why != "" {
			b.Fatal(why)
		}
	}
}
