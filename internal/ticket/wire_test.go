package ticket

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"
)

// Two versions of this package read each other's tickets while one replaces the other. So
// a test holds the layout of a ticket to the byte.
func TestTicketIsLaidOutAsItSays(t *testing.T) {
	ring := NewKeyring("example.com", current, nil, previous)
	t1 := Ticket{
		Flags: Decoys | Shared, Rung: 1, Kind: 17, Carry: 2, Issued: time.UnixMilli(0x010203040506),
		Nonce: [NonceSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Form: Form{21, 22, 23, 24, 25, 26, 27, 28},
		Network: Network{31, 32, 33, 34, 35, 36, 37, 38}, Agent: Agent{41, 42},
	}
	raw, err := encoding.DecodeString(string(ring.Append(nil, &t1)))
	if err != nil || len(raw) != 58 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	const body = "05" + "01" + "11" + "02" + "010203040506" + "0102030405060708090a0b0c" + "15161718191a1b1c" + "1f20212223242526" + "292a"
	want, _ := hex.DecodeString("03" + hex.EncodeToString([]byte{ring.keys[0].id}) + body)
	if got := raw[:42]; !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if t1.Flags = Retry | Shared; !t1.Has(Retry) || t1.Has(Decoys) {
		t.Errorf("the flags run into each other: %08b", t1.Flags)
	}
}
