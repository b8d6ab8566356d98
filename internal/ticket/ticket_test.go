package ticket

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/challenge"
)

var (
	current  = bytes.Repeat([]byte("current-key-0123"), 2)
	previous = bytes.Repeat([]byte("previous-key-012"), 2)
	testTime = time.UnixMilli(1_795_000_000_123)
)

func minted(ring *Keyring) Ticket {
	t := Ticket{
		Flags: Decoys, Rung: challenge.Visible, Kind: 1, Carry: 2, Issued: testTime,
		Form: FormOf("signup"), Network: Network{3, 4, 0, 0, 0, 0, 0, 9}, Agent: Agent{5, 6},
	}
	ring.Mint(&t)
	return t
}

func TestTicketComesBackAsMinted(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	want := minted(ring)
	text := string(ring.Append(nil, &want))
	if len(text) != chars {
		t.Errorf("%d characters, want %d", len(text), chars)
	}
	got, ours := ring.Parse(text)
	if !ours || !got.Issued.Equal(want.Issued) {
		t.Fatalf("parse: %v, %+v", ours, got)
	}
	got.Issued = want.Issued
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEveryBitOfATicketIsSigned(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	raw, _ := encoding.DecodeString(string(ring.Append(nil, &t1)))
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if _, ours := ring.Parse(encoding.EncodeToString(raw)); ours {
				t.Errorf("byte %d with bit %d flipped: it is still ours", i, bit)
			}
			raw[i] ^= 1 << bit
		}
	}
}

func TestTicketTextHasOneSpelling(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	text := string(ring.Append(nil, &t1))
	for _, other := range []string{text + "=", text + "\n", " " + text, text[:len(text)-1], strings.ToLower(text), strings.Repeat("A", 1<<20)} {
		if _, ours := ring.Parse(other); ours {
			t.Errorf("%.80q is ours", other)
		}
	}
}

func TestTicketOfAnotherSiteOrKeyIsForged(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	for name, other := range map[string]*Keyring{
		"another site with the same keys": NewKeyring("example.net", current, nil, previous),
		"a retired key":                   NewKeyring("example.com", bytes.Repeat([]byte("retired-key-0123"), 2)),
	} {
		other.keys[0].id = ring.keys[0].id // the signature has to tell, not the name of the key
		if _, ours := ring.Parse(string(other.Append(nil, &t1))); ours {
			t.Errorf("%s: it is ours", name)
		}
	}
}

func TestTicketOfAnotherVersionIsForged(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	raw, _ := encoding.DecodeString(string(ring.Append(nil, &t1)))
	raw[0]++
	tag := ring.keys[0].sign.Tag(raw[:bodySize])
	copy(raw[bodySize:], tag[:])
	if _, ours := ring.Parse(encoding.EncodeToString(raw)); ours {
		t.Error("it is ours")
	}
}

func TestTicketSurvivesARotation(t *testing.T) {
	a, b, c := current, previous, bytes.Repeat([]byte("third-key-012345"), 2)
	before := NewKeyring("example.com", a, b)
	after := NewKeyring("example.com", b, nil, a)
	gone := NewKeyring("example.com", c, nil, b)
	t1 := minted(before)
	old, young := string(before.Append(nil, &t1)), string(after.Append(nil, &t1))
	for name, row := range map[string]struct {
		ring *Keyring
		text string
		want bool
	}{
		"the new process takes an old ticket":   {after, old, true},
		"the old process takes a new ticket":    {before, young, true},
		"a ticket of a retired key is forged":   {gone, old, false},
		"a ticket of the previous key is good":  {gone, young, true},
		"the decoys of an old ticket are found": {after, old, true},
	} {
		got, ours := row.ring.Parse(row.text)
		if ours != row.want {
			t.Errorf("%s: ours is %v, want %v", name, ours, row.want)
		}
		if ours && row.text == old && got.DecoySeed() != t1.DecoySeed() {
			t.Errorf("%s: the decoys have other names", name)
		}
	}
}

func FuzzTicket(f *testing.F) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	f.Add(string(ring.Append(nil, &t1)))
	f.Add("")
	f.Add(strings.Repeat("A", chars))
	f.Fuzz(func(t *testing.T, text string) {
		got, ours := ring.Parse(text)
		if !ours {
			if got != (Ticket{}) {
				t.Fatalf("%q is refused and yet says %+v", text, got)
			}
			return
		}
		// The law: we accept exactly the text that we would sign.
		again := &Keyring{keys: []key{*got.signer}}
		if written := string(again.Append(nil, &got)); written != text {
			t.Fatalf("accepted %q, which we would have written %q", text, written)
		}
	})
}

func BenchmarkTicketMint(b *testing.B) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1, buf := minted(ring), make([]byte, 0, chars)
	b.ReportAllocs()
	for b.Loop() {
		ring.Mint(&t1)
		buf = ring.Append(buf[:0], &t1)
	}
}

func BenchmarkTicketCheck(b *testing.B) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := minted(ring)
	text := string(ring.Append(nil, &t1))
	b.ReportAllocs()
	for b.Loop() {
		if _, ours := ring.Parse(text); !ours {
			b.Fatal("not ours")
		}
	}
}
