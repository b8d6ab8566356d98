package service

import (
	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow"
)

// CheapProofs makes the embedded captcha ask for hardly any work, so that a test can
// afford many. The real work is done in a browser, in the tests of e2e.
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
