// Package work makes kinds of challenge of the embedded proof of work, which every
// submission carries in its silent form.
package work

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
)

// The kinds, by how much work they ask for.
var (
	// Silent is done in the background.
	Silent = challenge.Kind{Name: "silent", ID: 0, Rung: challenge.Silent, Work: challenge.LightWork}
	// Visible is the step that a visitor sees.
	Visible = challenge.Kind{Name: "work", ID: 1, Rung: challenge.Visible, Work: challenge.VisibleWork}
	// Hard is the most that can be asked for without anybody else.
	Hard = challenge.Kind{Name: "hard-work", ID: 2, Rung: challenge.Hard, Work: challenge.HardWork}
	// StandIn is Hard in the place of a kind that is out of reach.
	StandIn = challenge.Kind{Name: "stand-in", ID: 3, Rung: challenge.Hard, Work: challenge.HardWork, StandIn: true}
)

// Proofs issues embedded proofs.
type Proofs struct {
	*pow.Captcha
	puzzles pow.Puzzles
}

// New returns an issuer of proofs.
func New(c *pow.Captcha) *Proofs { return &Proofs{Captcha: c} }

// Ask describes the proof to be made.
type Ask struct {
	Work            challenge.Work // not NoWork
	Binding         [20]byte       // of the ticket
	Issued, Expires time.Time
	Now             time.Time
	Shared          bool // the puzzle of the visitor's network is good enough
}

// Issue returns the JSON of a challenge for a visitor. One that shares its puzzle, or that finds no
// place to make one, gets that of its network.
func (p *Proofs) Issue(ctx context.Context, a Ask, remote func() netip.Addr) ([]byte, error) {
	challenge := pow.Challenge{Binding: a.Binding[:], Level: a.Work.Level(), Issued: a.Issued, Expires: a.Expires}
	if !a.Shared {
		made, err := p.AppendChallenge(nil, challenge)
		if !errors.Is(err, pow.ErrBusy) {
			return made, err
		}
	}
	network := clientip.Network(remote()).Addr().As16()
	puzzle, err := p.puzzles.Shared(ctx, p.Captcha, network, a.Work.Level(), a.Now)
	if err != nil {
		return nil, err
	}
	return p.AppendPuzzle(nil, challenge, puzzle)
}
