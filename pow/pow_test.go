package pow_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

func TestNewReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := pow.New(pow.Config{
		Keys: pow.Keys{Current: []byte("short"), Others: [][]byte{testKey, nil}},
		Levels: []pow.Work{
			{Cost: 0, Prefix: "00"},
			{Cost: pow.MaxCost + 1, Prefix: "00"},
			{Cost: 1},
			{Cost: 1, Prefix: "0", Counters: 1},
			{Cost: 1, Prefix: "0000000"},
			{Cost: 1, Prefix: "0A"},
			{Cost: 1, Counters: -1},
			{Cost: 1, Counters: pow.MaxCounters + 1},
		},
		Derivations: -1,
		Wait:        -time.Second,
	})
	if err == nil {
		t.Fatal("an invalid configuration was accepted")
	}
	for _, want := range []string{
		"Keys.Current", "Keys.Others[1]", "Levels[0]", "Levels[1]", "Levels[2]", "Levels[3]", "Levels[4]",
		"Levels[5]", "Levels[6]", "Levels[7]", "Derivations", "Wait",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in:\n%v", want, err)
		}
	}
	for _, not := range []string{"Others[0]", "short"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("%q in:\n%v", not, err)
		}
	}
}

func TestNewRefusesTheZeroConfigAndTooManyLevels(t *testing.T) {
	if _, err := pow.New(pow.Config{}); err == nil {
		t.Error("zero Config accepted")
	}
	many := make([]pow.Work, 257)
	for i := range many {
		many[i] = cheap[0]
	}
	if _, err := pow.New(pow.Config{Keys: pow.Keys{Current: testKey}, Levels: many}); err == nil {
		t.Error("257 levels accepted")
	}
	if _, err := pow.New(pow.Config{Keys: pow.Keys{Current: testKey}, Levels: []pow.Work{}}); err == nil {
		t.Error("no levels accepted")
	}
}

func TestDefaultLevelsBelongToTheCaller(t *testing.T) {
	pow.DefaultLevels()[0].Cost = 1
	if got := pow.DefaultLevels()[0]; got != (pow.Work{Cost: 1000, Prefix: "00"}) {
		t.Errorf("level 0 became %+v", got)
	}
	if _, err := pow.New(pow.Config{Keys: pow.Keys{Current: testKey}, Levels: pow.DefaultLevels()}); err != nil {
		t.Error(err)
	}
}

func TestKeysNeverShow(t *testing.T) {
	keys := pow.Keys{Current: testKey, Others: [][]byte{otherKey}}
	config := pow.Config{Keys: keys}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "keys", keys)
	shown := fmt.Sprint(keys) + fmt.Sprintf("%+v %#v %+v", keys, keys, config) + log.String()
	for _, secret := range []string{string(testKey), string(otherKey), fmt.Sprint(testKey)} {
		if strings.Contains(shown, secret) {
			t.Errorf("a key shows in %s", shown)
		}
	}
}
