package main

import "testing"

func TestOnlyMoreThanAMinorReleaseIsFar(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		want     bool
	}{
		"the same":                        {"v1.2.3", "v1.2.3", false},
		"patches":                         {"v1.2.3", "v1.2.9", false},
		"one minor release":               {"v1.2.3", "v1.3.0", false},
		"two minor releases":              {"v1.2.3", "v1.4.0", true},
		"two, by number and not by text":  {"v0.9.0", "v0.11.0", true},
		"older than what is used":         {"v1.4.0", "v1.2.0", false},
		"a commit, and a release of late": {"v0.0.0-20250724212937-08a3db8b4327", "v0.160.1", true},
	} {
		if got := far(c.from, c.to); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
