package service

import (
	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow"
)

// CheapProofs makes the embedded captcha require hardly any work, so that a test can make
// many proofs. The tests of e2e do the real work in a browser.
func (s *Service) CheapProofs() error {
	for _, t := range s.byKey {
		cheap, err := pow.New(pow.Config{
			Keys:   pow.Keys{Current: mac.Secret([]byte(t.Secret), "a test")},
			Levels: []pow.Work{{Cost: 1, Prefix: "0"}, {Cost: 1, Counters: 2}, {Cost: 2, Counters: 2}},
		})
		if err != nil {
			return err
		}
		t.pow = cheap
	}
	return nil
}
