package ticket

import (
	"crypto/cipher"
	"net/netip"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow"
)

// Keyring holds the keys that are derived from the secrets of a site, one for each
// purpose.
type Keyring struct {
	Lookup *mac.Key // names of rate limits and visitors in store and log
	Proofs pow.Keys // of the embedded proof

	keys    []key         // of tickets; [0] signs
	sealers []cipher.AEAD // of capsules; [0] seals
}

// key signs tickets; seed names their decoys.
type key struct {
	id   byte
	sign *mac.Key
	seed *mac.Key
}

// NewKeyring derives every key apart by purpose and site, so that a value signed for one
// site means nothing on another even where secrets are shared. The first secret signs and
// seals. The others, which may be empty, open tickets and capsules of their own.
func NewKeyring(site string, secrets ...[]byte) *Keyring {
	ring := &Keyring{Lookup: mac.Derive(secrets[0], "palisade/1 lookup "+site)}
	for i, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		ring.keys = append(ring.keys, key{
			id:   mac.Derive(secret, "palisade/1 key id "+site).Tag()[0],
			sign: mac.Derive(secret, "palisade/1 ticket "+site),
			seed: mac.Derive(secret, "palisade/1 decoy "+site),
		})
		ring.sealers = append(ring.sealers, newSealer(secret, site))
		proof := mac.Secret(secret, "palisade/1 proof "+site)
		if i == 0 {
			ring.Proofs.Current = proof
		} else {
			ring.Proofs.Others = append(ring.Proofs.Others, proof)
		}
	}
	return ring
}

// Network returns the tag of an address's network.
func (k *Keyring) Network(addr netip.Addr) (tag Network) {
	full := k.Lookup.TagAddr("network\x00", clientip.Network(addr).Addr())
	copy(tag[:], full[:])
	return tag
}
