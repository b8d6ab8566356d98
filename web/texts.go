package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed texts/*.json
var textFiles embed.FS

// texts are the texts of the pages in one language: short plain sentences that say what
// to do. A language is one file of the folder texts, named by its tag. A tag in braces, such as
// {name}, stands for a value.
type texts struct {
	Lang string `json:"-"`

	Title    string `json:"title"` // of the challenge page
	Check    string `json:"check"` // by Why
	Expired  string `json:"expired"`
	Spent    string `json:"spent"`
	Down     string `json:"down"`
	Kept     string `json:"kept"`
	Tick     string `json:"tick"`  // of the embedded step
	Files    string `json:"files"` // before the files to choose again
	File     string `json:"file"`  // label of one file; {name}
	Send     string `json:"send"`
	Sending  string `json:"sending"`
	Wait     string `json:"wait"` // {n} seconds
	NoScript string `json:"no_script"`
	Stuck    string `json:"stuck"`
	Insecure string `json:"insecure"`

	Back      string `json:"back"` // link to the page with the form
	Home      string `json:"home"` // the same, if that page is not known
	Reference string `json:"reference"`

	Later   string `json:"later"`   // {time}
	Seconds string `json:"seconds"` // {n}
	Minute  string `json:"minute"`
	Minutes string `json:"minutes"` // {n}
	While   string `json:"while"`   // if the time is not known

	Notices map[string]notice `json:"notices"` // by name of the kind
}

// notice is the text of one notice.
type notice struct {
	Title string `json:"title"`
	What  string `json:"what"`
	Do    string `json:"do"`
}

// wait returns the text about how long to wait: in seconds up to a minute, then in
// minutes, always rounded up.
func (t *texts) wait(d time.Duration) string {
	amount, n := t.Seconds, math.Ceil(d.Seconds())
	switch minutes := math.Ceil(d.Minutes()); {
	case d <= 0:
		amount = t.While
	case n > 1 && n < 60:
	case minutes <= 1:
		amount = t.Minute
	default:
		amount, n = t.Minutes, minutes
	}
	amount = strings.ReplaceAll(amount, "{n}", strconv.Itoa(int(n)))
	return strings.ReplaceAll(t.Later, "{time}", amount)
}

// Label returns the label for a file to choose again.
func (t *texts) Label(name string) string { return strings.ReplaceAll(t.File, "{name}", name) }

const defaultLang = "en"

func textsOf(lang string) *texts {
	if t, spoken := languages()[lang]; spoken {
		return t
	}
	return languages()[defaultLang]
}

// languages are read when the first page is written. They are part of the program, so a
// mistake in them is a mistake of ours, as in a template.
var languages = sync.OnceValue(func() map[string]*texts {
	all := map[string]*texts{}
	files, err := fs.Glob(textFiles, "texts/*.json")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		t, err := readTexts(file)
		if err != nil {
			panic(fmt.Sprintf("web: %s: %v", file, err))
		}
		all[t.Lang] = t
	}
	return all
})

func readTexts(file string) (*texts, error) {
	text, err := textFiles.Open(file)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	t := &texts{Lang: strings.TrimSuffix(path.Base(file), ".json")}
	d := json.NewDecoder(text)
	d.DisallowUnknownFields()
	return t, d.Decode(t)
}
