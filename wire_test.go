package palisade

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"
)

// Two versions of this package read each other's tickets while one replaces the
// other. So what stands where in a ticket is held to the byte.
func TestTicketIsLaidOutAsItSays(t *testing.T) {
	ring := newKeyring(testKeys, "example.com")
	minted := ticket{
		flags: flagDecoys | flagStepDown | 2<<4, level: 1, carry: 2, issued: time.UnixMilli(0x010203040506),
		nonce: [nonceSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, form: formID{21, 22, 23, 24, 25, 26, 27, 28},
		network: networkTag{31, 32, 33, 34, 35, 36, 37, 38}, agent: [2]byte{41, 42},
	}
	raw, err := encoding.DecodeString(string(ring.appendTicket(nil, &minted)))
	if err != nil || len(raw) != 57 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	const body = "25" + "01" + "02" + "010203040506" + "0102030405060708090a0b0c" + "15161718191a1b1c" + "1f20212223242526" + "292a"
	want, _ := hex.DecodeString("02" + hex.EncodeToString([]byte{ring.tickets[0].id}) + body)
	if got := raw[:41]; !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if link := minted.link(); link != 2 {
		t.Errorf("link %d, want 2", link)
	}
	if minted.flags = flagRetry | flagShared | 3<<4; minted.link() != 3 || !minted.has(flagRetry) || minted.has(flagDecoys|flagStepDown) {
		t.Errorf("the flags run into each other: %08b", minted.flags)
	}
}
