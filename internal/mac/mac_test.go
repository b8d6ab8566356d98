package mac_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"

	"github.com/palisade-dev/palisade/internal/mac"
)

func TestTagIsTruncatedHMAC(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	reference := hmac.New(sha256.New, secret)
	reference.Write([]byte("ticket\x00hello"))
	want := reference.Sum(nil)[:mac.Size]

	key := mac.New(secret)
	for range 3 { // a pooled state must give the same tag again
		if got := key.Tag([]byte("ticket\x00"), []byte("hello")); !bytes.Equal(got[:], want) {
			t.Fatalf("Tag = %x, want %x", got, want)
		}
		if got := key.TagString("ticket\x00", "hello"); !bytes.Equal(got[:], want) {
			t.Fatalf("TagString = %x, want %x", got, want)
		}
	}
}

func TestDerivedKeysDifferByPurpose(t *testing.T) {
	master := bytes.Repeat([]byte{7}, 32)
	a, b := mac.Derive(master, "ticket"), mac.Derive(master, "proof")
	if a.Tag([]byte("x")).Equal(b.Tag([]byte("x"))) {
		t.Fatal("two purposes share a key")
	}
	if !a.Tag([]byte("x")).Equal(mac.Derive(master, "ticket").Tag([]byte("x"))) {
		t.Fatal("the same purpose gives another key")
	}
}

func TestKeyIsSafeForConcurrentUse(t *testing.T) {
	key := mac.New([]byte("secret"))
	want := key.Tag([]byte("same"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if !key.Tag([]byte("same")).Equal(want) {
					t.Error("tags differ under concurrency")
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkTag(b *testing.B) {
	key, message := mac.New([]byte("secret")), make([]byte, 40)
	b.ReportAllocs()
	for b.Loop() {
		key.Tag(message)
	}
}
