package demo

import (
	"net/mail"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// world is the data that the site's forms change. Everything in it is bounded.
type world struct {
	mu       sync.Mutex
	effects  map[string]int  // accepted submissions, by form
	users    map[string]bool // names in use
	comments []comment       // newest first
	votes    map[string]int
}

type comment struct{ Name, Text string }

const (
	maxUsers    = 10_000 // further names are counted but not stored
	maxComments = 20
)

func newWorld() *world {
	return &world{
		effects: make(map[string]int),
		users:   map[string]bool{"admin": true, "root": true, "palisade": true},
		votes:   make(map[string]int),
	}
}

// counts returns the number of accepted submissions of each form, also if it is 0.
func (w *world) counts(forms []*form) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := make(map[string]int, len(forms))
	for _, f := range forms {
		counts[f.Name] = w.effects[f.Name]
	}
	return counts
}

// values are the typed values; problems are their mistakes, by field.
type (
	values   map[string]string
	problems map[string]string
)

// Each of these functions is the action of one form. It returns problems and changes
// nothing, or counts one effect.

func (w *world) signUp(v values) problems {
	p := problems{}
	checkText(p, v, "username", 3, 32)
	checkMail(p, v)
	w.mu.Lock()
	defer w.mu.Unlock()
	name := strings.ToLower(v["username"])
	if w.users[name] {
		p["username"] = "This name is taken. Please choose another one."
	}
	if len(p) > 0 {
		return p
	}
	if len(w.users) < maxUsers {
		w.users[name] = true
	}
	w.effects["signup"]++
	return nil
}

func (w *world) contact(v values) problems {
	p := problems{}
	checkMail(p, v)
	checkText(p, v, "message", 5, 2000)
	return w.count("contact", p)
}

func (w *world) comment(v values) problems {
	p := problems{}
	checkText(p, v, "name", 1, 40)
	checkText(p, v, "comment", 2, 500)
	if p = w.count("comments", p); p != nil {
		return p
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.comments = slices.Insert(w.comments, 0, comment{v["name"], v["comment"]})
	w.comments = w.comments[:min(len(w.comments), maxComments)]
	return nil
}

func (w *world) vote(v values) problems {
	p := problems{}
	if !slices.Contains(trees, v["option"]) {
		p["option"] = "Please choose one of the trees."
	}
	if p = w.count("vote", p); p != nil {
		return p
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.votes[v["option"]]++
	return nil
}

func (w *world) note(v values) problems {
	p := problems{}
	checkText(p, v, "message", 2, 500)
	return w.count("api", p)
}

// save accepts an empty note too: what was deleted is saved as well.
func (w *world) save(v values) problems {
	p := problems{}
	checkText(p, v, "note", 0, 2000)
	return w.count("autosave", p)
}

// count notes one effect, unless there are problems.
func (w *world) count(form string, p problems) problems {
	if len(p) > 0 {
		return p
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.effects[form]++
	return nil
}

// latest returns the newest comments.
func (w *world) latest() []comment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.comments)
}

// tally is the number of votes for one choice.
type tally struct {
	Option string
	Votes  int
}

func (w *world) tallies() []tally {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []tally
	for _, tree := range trees {
		list = append(list, tally{tree, w.votes[tree]})
	}
	return list
}

func checkText(p problems, v values, name string, least, most int) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(v[name])); {
	case n == 0 && least > 0:
		p[name] = "Please fill this in."
	case n < least:
		p[name] = "This is too short."
	case n > most:
		p[name] = "This is too long."
	}
}

// checkMail is a little stricter than browsers: the domain needs a dot.
func checkMail(p problems, v values) {
	address, err := mail.ParseAddress(v["email"])
	if err != nil || address.Address != v["email"] || len(v["email"]) > 254 {
		p["email"] = "Please give an e-mail address, such as ada@example.org."
		return
	}
	_, domain, _ := strings.Cut(address.Address, "@")
	if !strings.Contains(domain, ".") {
		p["email"] = "The part after the @ needs a dot, as in example.org."
	}
}
