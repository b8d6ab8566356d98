package demo

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
)

// MinFill is the shortest time in which a person fills one of the forms.
const MinFill = 3 * time.Second

// form is one of the site's forms: its fields, its limits and its action.
type form struct {
	Name   string
	Title  string
	Intro  string
	Button string
	Done   string
	Try    string // an attack that a user can try
	Fields []field
	Limits []palisade.Limit

	Ceiling palisade.Limit // of one address, with the hardest step too

	JSON     bool           // a script submits it, to a path of its own
	Sessions bool           // the script sends by itself, with a session
	Count    palisade.Count // what the limits count

	accept func(*world, values) problems
	gate   *palisade.Form // nil on the unprotected site
}

// field is one input. Kind is the type attribute, or "textarea" or "radio".
type field struct {
	Name, Label, Kind, Autocomplete string
	MaxLength                       int
	Options                         []string
}

// trees are the choices of the vote.
var trees = []string{"Oak", "Larch", "Robinia", "Chestnut"}

func newForms() []*form {
	return []*form{
		{
			Name: "signup", Title: "Sign up", Button: "Create account",
			Intro: "An account that is forgotten when the demo stops.",
			Done:  "The account was made.",
			Try:   "Take the name “admin”, or leave the dot out of the e-mail address. The form comes back with what you typed, and you can send it again without waiting.",
			Fields: []field{
				{Name: "username", Label: "User name", Kind: "text", Autocomplete: "username", MaxLength: 32},
				{Name: "email", Label: "E-mail", Kind: "email", Autocomplete: "email", MaxLength: 254},
			},
			Limits:  []palisade.Limit{{Rate: 5, Per: 10 * time.Minute, By: palisade.ByIP}, {Rate: 20, Per: 10 * time.Minute, By: palisade.ByNetwork}},
			Ceiling: palisade.Limit{Rate: 2, Per: 10 * time.Minute, Burst: 10}, // little, for the table of attacks
			accept:  (*world).signUp,
		},
		{
			Name: "contact", Title: "Contact", Button: "Send message",
			Intro: "A message to nobody: it is counted and dropped.",
			Done:  "The message was accepted.",
			Try:   "Send four messages with one e-mail address, with plus tags and capitals as you like. From the fourth on the form asks for more proof. A refusal would let anybody lock that address out.",
			Fields: []field{
				{Name: "email", Label: "Your e-mail", Kind: "email", Autocomplete: "email", MaxLength: 254},
				{Name: "message", Label: "Message", Kind: "textarea", MaxLength: 2000},
			},
			Limits: []palisade.Limit{
				{Rate: 10, Per: 10 * time.Minute, By: palisade.ByIP},
				{Rate: 3, Per: time.Hour, By: palisade.ByField("email")},
			},
			accept: (*world).contact,
		},
		{
			Name: "comments", Title: "Comments", Button: "Post comment",
			Intro: "What visitors of this demo had to say.",
			Done:  "The comment was posted.",
			Try:   "Paste a comment and send it at once. Faster than people type is suspicious, so the page's script waits with you; switch JavaScript off and you are asked to confirm, with the comment still there.",
			Fields: []field{
				{Name: "name", Label: "Name", Kind: "text", Autocomplete: "nickname", MaxLength: 40},
				{Name: "comment", Label: "Comment", Kind: "textarea", MaxLength: 500},
			},
			Limits: []palisade.Limit{{Rate: 10, Per: 10 * time.Minute, By: palisade.ByIP}},
			accept: (*world).comment,
		},
		{
			Name: "vote", Title: "Vote", Button: "Vote",
			Intro: "Which wood makes the best palisade?",
			Done:  "The vote was counted.",
			Try:   "Click the button twice, quickly: that is one vote. Go back and vote again: that is another one, with a ticket of its own, until the limit of three holds.",
			Fields: []field{
				{Name: "option", Label: "Wood", Kind: "radio", Options: trees},
			},
			Limits:  []palisade.Limit{{Rate: 3, Per: time.Hour, By: palisade.ByIP}},
			Ceiling: palisade.Limit{Rate: 3, Per: time.Hour}, // no step buys a fourth vote
			accept:  (*world).vote,
		},
		{
			Name: "api", Title: "API", Button: "Send JSON", JSON: true,
			Intro: "The same protection for programs: this page posts JSON to /api/submit with fetch.",
			Done:  "The note was accepted.",
			Try:   "Post to /api/submit with curl. The answer is a 403 that holds a ticket and a challenge; solve it, wait as long as it says, and post again.",
			Fields: []field{
				{Name: "message", Label: "Note", Kind: "text", MaxLength: 500},
			},
			Limits: []palisade.Limit{{Rate: 10, Per: time.Minute, By: palisade.ByIP}},
			accept: (*world).note,
		},
		{
			Name: "autosave", Title: "Notes", Button: "Save now", JSON: true, Sessions: true,
			Intro: "A note that saves itself while you type. Each save is counted, and nothing is kept.",
			Done:  "The note was saved.",
			Try:   "Type, and pause now and then: each pause is a save, and the session lets it through without a ticket of its own. Save more than 30 times in ten minutes, and the limit of your address holds, however many sessions you open.",
			Fields: []field{
				{Name: "note", Label: "Note", Kind: "textarea", MaxLength: 2000},
			},
			// As for the routes of "protect: auto" at the gateway.
			Limits:  []palisade.Limit{{Rate: 30, Per: 10 * time.Minute, By: palisade.ByIP}, {Rate: 300, Per: 10 * time.Minute, By: palisade.ByNetwork}},
			Ceiling: palisade.Limit{Rate: 30, Per: 10 * time.Minute},
			Count:   palisade.CountAttempts,
			accept:  (*world).save,
		},
	}
}

// Action is the path to which the form is submitted.
func (f *form) Action() string {
	if f.JSON {
		return "/" + f.Name + "/submit"
	}
	return "/" + f.Name
}

// read takes the form's fields from the body, not from the URL.
func (f *form) read(r *http.Request) values {
	v := make(values, len(f.Fields))
	for _, field := range f.Fields {
		v[field.Name] = r.PostFormValue(field.Name)
	}
	return v
}

// Says describes the form's limits in words.
func (f *form) Says() []string {
	var lines []string
	for _, l := range f.Limits {
		lines = append(lines, says(l, whose(l.By)))
	}
	if f.Name == "signup" {
		lines = append(lines, says(f.Ceiling, "address")+", with the hardest step")
	}
	return lines
}

func says(l palisade.Limit, who string) string {
	return fmt.Sprintf("%d at once for one %s, then one every %s", cmp.Or(l.Burst, l.Rate), who, length(l.Per/time.Duration(l.Rate)))
}

func whose(by palisade.By) string {
	kind, name, _ := strings.Cut(by.String(), ":")
	switch {
	case kind == "ip":
		return "address"
	case name == "email":
		return "e-mail address, whoever sends it"
	}
	return by.String()
}

func length(d time.Duration) string {
	if d == time.Minute {
		return "minute"
	}
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
