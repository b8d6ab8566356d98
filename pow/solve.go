package pow

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Solve does the work of a challenge from [Captcha.AppendChallenge] and returns the
// payload to send. It is for API clients, for tests, and for measuring an attacker's cost.
// It runs on one core until it is done or ctx ends.
func Solve(ctx context.Context, challengeJSON []byte) (string, error) {
	c, err := parseChallenge(challengeJSON)
	if err != nil {
		return "", err
	}
	begin := time.Now()
	for counter := range int64(math.MaxUint32 + 1) {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		derived, err := derive(c.nonce, c.salt, c.Cost, uint32(counter))
		if err != nil {
			return "", err
		}
		if text := hex.EncodeToString(derived); strings.HasPrefix(text, c.KeyPrefix) {
			return c.payload(counter, text, time.Since(begin))
		}
	}
	return "", errors.New("pow: no counter solves the challenge")
}

// challenge holds the parts of an issued challenge that a solver needs.
type challenge struct {
	Algorithm string `json:"algorithm"`
	Cost      int    `json:"cost"`
	KeyLength int    `json:"keyLength"`
	KeyPrefix string `json:"keyPrefix"`
	Nonce     string `json:"nonce"`
	Salt      string `json:"salt"`

	nonce, salt []byte
	parameters  json.RawMessage
	signature   string
}

func parseChallenge(text []byte) (*challenge, error) {
	var envelope struct {
		Parameters json.RawMessage `json:"parameters"`
		Signature  string          `json:"signature"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return nil, fmt.Errorf("pow: challenge: %w", err)
	}
	c := &challenge{parameters: envelope.Parameters, signature: envelope.Signature}
	if err := json.Unmarshal(envelope.Parameters, c); err != nil {
		return nil, fmt.Errorf("pow: challenge parameters: %w", err)
	}
	var errs [2]error
	c.nonce, errs[0] = hex.DecodeString(c.Nonce)
	c.salt, errs[1] = hex.DecodeString(c.Salt)
	switch {
	case errors.Join(errs[:]...) != nil:
		return nil, fmt.Errorf("pow: challenge nonce or salt: %w", errors.Join(errs[:]...))
	case c.Algorithm != algorithm || c.KeyLength != keySize:
		return nil, fmt.Errorf("pow: challenge asks for %q with %d bytes; only %s with %d is solved", c.Algorithm, c.KeyLength, algorithm, keySize)
	case c.Cost < 1 || c.Cost > MaxCost:
		return nil, fmt.Errorf("pow: challenge asks for cost %d; at most %d is solved", c.Cost, MaxCost)
	}
	return c, nil
}

func (c *challenge) payload(counter int64, derivedKey string, took time.Duration) (string, error) {
	type object = map[string]any
	text, err := json.Marshal(object{
		"challenge": object{"parameters": c.parameters, "signature": c.signature},
		"solution": object{
			"counter":    counter,
			"derivedKey": derivedKey,
			"time":       float64(took.Microseconds()) / 1000,
		},
	})
	if err != nil {
		return "", fmt.Errorf("pow: payload: %w", err)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}
