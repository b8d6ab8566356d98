package signals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// browser is a browser that people have. It runs without any option of automation and without
// a port for debugging, with a new profile.
type browser struct {
	name    string
	command func(r *running, m manner, more []string) ([]string, error)
}

var chromium = browser{"Chromium", func(r *running, m manner, more []string) ([]string, error) {
	// Without the sandbox, because tests run as root in containers. No page can see that.
	args := []string{
		browsers.chromium, "--no-sandbox", "--no-first-run", "--no-default-browser-check", "--password-store=basic",
		"--user-data-dir=" + r.home, "--window-position=40,20", "--window-size=1400,1040",
	}
	if m.private {
		args = append(args, "--incognito")
	}
	if m.scaled { // as the settings of a desktop do
		args = append(args, "--force-device-scale-factor=1.25")
	}
	return append(append(args, more...), r.lane.base+"/signup"), nil
}}

var firefox = browser{"Firefox", func(r *running, m manner, more []string) ([]string, error) {
	// No pages and questions that a new profile opens with.
	lines := []string{
		`"browser.aboutwelcome.enabled", false`, `"browser.preonboarding.enabled", false`, `"termsofuse.bypassNotification", true`,
		`"browser.shell.checkDefaultBrowser", false`, `"browser.startup.homepage_override.mstone", "ignore"`, `"browser.startup.page", 0`,
		`"datareporting.policy.dataSubmissionEnabled", false`, `"app.normandy.enabled", false`, `"browser.translations.enable", false`,
		`"app.update.enabled", false`, `"devtools.selfxss.count", 5`,
	}
	if m.scaled {
		lines = append(lines, `"layout.css.devPixelsPerPx", "1.25"`)
	}
	var prefs strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&prefs, "user_pref(%s);\n", line)
	}
	if err := os.WriteFile(filepath.Join(r.home, "user.js"), []byte(prefs.String()), 0o600); err != nil {
		return nil, err
	}
	args := []string{browsers.firefox, "--no-remote", "--profile", r.home, "--width", "1400", "--height", "1040"}
	if m.private {
		return append(args, "--private-window", r.lane.base+"/signup"), nil
	}
	return append(args, r.lane.base+"/signup"), nil
}}

// manner is how a person fills the form in.
type manner struct {
	private bool
	scaled  bool    // the desktop has small pixels, five for four of CSS
	slow    float64 // how many times slower
	options func(*running) ([]string, error)
	act     func(*hand) error
}

var (
	mouse     = manner{act: (*hand).byMouse}
	slow      = manner{slow: 3, act: (*hand).byMouse}
	scaled    = manner{scaled: true, act: (*hand).byMouse}
	incognito = manner{private: true, act: (*hand).byMouse}
	keyboard  = manner{act: (*hand).byKeyboard}
	paste     = manner{act: (*hand).byPaste}
	devtools  = manner{act: (*hand).withDevTools}
	again     = manner{act: (*hand).again}
	selection = manner{act: (*hand).bySelection}
	enter     = manner{act: (*hand).byEnter}

	extensionFills   = manner{options: extension(false), act: (*hand).afterExtension}
	extensionSubmits = manner{options: extension(true), act: func(h *hand) error { return h.pause(1500, 2500) }}
)

// hand is a person's hand on the mouse and on the keyboard of a screen.
type hand struct {
	ctx    context.Context
	r      *running
	in     io.Writer // of xdotool, a command a line
	window string
	pace   float64
	x, y   float64 // the pointer
	view   view
	still  bool // the page stays where it is on the screen
}

// view is what the title of the window says.
type view struct {
	x, y    float64 // of the page, in pixels of the screen
	w, h    float64 // of the page, in pixels of CSS
	scale   float64 // how many of the screen's are one of CSS
	focused bool
	field   string // the field that has the focus
}

// person drives a browser as a person does.
func person(b browser, m manner) func(context.Context, *running) error {
	return func(ctx context.Context, r *running) error {
		var more []string
		if m.options != nil {
			var err error
			if more, err = m.options(r); err != nil {
				return err
			}
		}
		command, err := b.command(r, m, more)
		if err != nil {
			return err
		}
		desktop := exec.Command(command[0], command[1:]...)
		desktop.Env = r.env()
		p, err := begin(desktop)
		if err != nil {
			return err
		}
		defer p.stop()

		xdotool := exec.Command("xdotool", "-")
		xdotool.Env = r.env()
		in, err := xdotool.StdinPipe()
		if err != nil {
			return err
		}
		tool, err := begin(xdotool)
		if err != nil {
			return err
		}
		defer tool.stop()
		defer in.Close()

		h := &hand{ctx: ctx, r: r, in: in, pace: cmp.Or(m.slow, 1)}
		if err := h.sit(); err != nil {
			return h.shot(err)
		}
		if err := m.act(h); err != nil {
			return h.shot(err)
		}
		if err := r.wait(ctx, "the gateway decides", func() bool { return r.decided() > r.ignored }); err != nil {
			return h.shot(err)
		}
		return h.sleep(time.Second) // nobody closes the browser at once
	}
}

// shot adds to an error what is on the screen, for who looks after it.
func (h *hand) shot(err error) error {
	if err == nil {
		return nil
	}
	names, _ := h.ask("search", "--onlyvisible", "--name", ".")
	for id := range strings.FieldsSeq(names) {
		name, _ := h.ask("getwindowname", id)
		err = fmt.Errorf("%w; a window is %q", err, strings.TrimSpace(name))
	}
	return err
}

// ask runs xdotool for an answer.
func (h *hand) ask(args ...string) (string, error) {
	cmd := exec.CommandContext(h.ctx, "xdotool", args...)
	cmd.Env = h.r.env()
	out, err := cmd.Output()
	return string(out), err
}

// sit waits until the browser has opened the page, and looks where it is.
func (h *hand) sit() error {
	err := h.r.wait(h.ctx, "the browser opens the page", func() bool {
		out, _ := h.ask("search", "--onlyvisible", "--name", "^Sign up at") // fails while there is none
		h.window, _, _ = strings.Cut(out, "\n")
		return h.window != ""
	})
	if err != nil {
		return err
	}
	// A window manager would give a new window the focus.
	h.do("windowfocus " + h.window)
	if err := h.until("the window has the focus", func(v view) bool { return v.focused }); err != nil {
		return err
	}
	h.x, h.y = h.between(400, 1000), h.between(300, 800)
	h.do(fmt.Sprintf("mousemove %.0f %.0f", h.x, h.y))
	return h.pause(900, 2500) // reading
}

var title = regexp.MustCompile(`^Sign up at (-?\d+) (-?\d+) (\d+) (\d+) scale ([0-9.]+) (focused|unfocused) (\S+)`)

func (h *hand) look() (v view, ok bool) {
	text, err := h.ask("getwindowname", h.window)
	m := title.FindStringSubmatch(text)
	if err != nil || m == nil {
		return v, false
	}
	for i, at := range []*float64{&v.x, &v.y, &v.w, &v.h, &v.scale} {
		*at, _ = strconv.ParseFloat(m[i+1], 64) // it is a number
	}
	v.focused, v.field = m[6] == "focused", m[7]
	if h.still {
		v.x, v.y = h.view.x, h.view.y
	}
	return v, true
}

// until looks until something is so.
func (h *hand) until(what string, is func(view) bool) error {
	return h.within(h.ctx, what, is)
}

func (h *hand) within(ctx context.Context, what string, is func(view) bool) error {
	return h.r.wait(ctx, what, func() bool {
		v, ok := h.look()
		if ok {
			h.view = v
		}
		return ok && is(v)
	})
}

// soon is until for what is at once if it is at all.
func (h *hand) soon(what string, is func(view) bool) error {
	ctx, cancel := context.WithTimeout(h.ctx, 20*time.Second)
	defer cancel()
	return h.within(ctx, what, is)
}

func (h *hand) do(command string) { fmt.Fprintln(h.in, command) }

func (h *hand) between(low, high float64) float64 { return low + h.r.rng.Float64()*(high-low) }

// around returns a number whose logarithm has a normal distribution, as times of people have.
func (h *hand) around(middle, spread float64) float64 {
	return middle * math.Exp(spread*h.r.rng.NormFloat64())
}

func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// pause waits for some milliseconds.
func (h *hand) pause(low, high float64) error { return h.sleep(ms(h.between(low, high) * h.pace)) }

func (h *hand) sleep(d time.Duration) error {
	select {
	case <-h.ctx.Done():
		return h.ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// to moves the pointer to a point of the screen: quickly to its neighbourhood, and then onto it.
func (h *hand) to(x, y, width float64) error {
	length := math.Hypot(x-h.x, y-h.y)
	if length > 60 { // a long way ends beside its aim
		along, aside := h.r.rng.NormFloat64()*0.05-0.02, h.r.rng.NormFloat64()*0.025
		nx, ny := (x-h.x)/length, (y-h.y)/length
		err := h.stroke(x+length*(along*nx-aside*ny), y+length*(along*ny+aside*nx), width)
		if err != nil {
			return err
		}
		if err := h.pause(20, 110); err != nil {
			return err
		}
	}
	return h.stroke(x, y, width)
}

// stroke is one movement of the arm: a bent line, slow at both ends, that trembles.
func (h *hand) stroke(x, y, width float64) error {
	x0, y0 := h.x, h.y
	length := math.Hypot(x-x0, y-y0)
	if length < 1 {
		return nil
	}
	took := ms((90 + 130*math.Log2(length/max(width, 8)+1.5)) * h.between(0.85, 1.3) * h.pace)
	bend := h.r.rng.NormFloat64() * 0.07 * length
	waves, wavesAt := h.between(1.5, 3.5), h.between(0, 6)
	sway, skew := h.between(0.4, 2), h.between(0.75, 1.05) // the way to the peak of the speed is shorter than the way back
	begin := time.Now()
	for done := false; !done; {
		if err := h.sleep(ms(h.between(6, 10))); err != nil { // mice report 125 times a second
			return err
		}
		u := float64(time.Since(begin)) / float64(took)
		if u >= 1 {
			u, done = 1, true
		}
		v := math.Pow(u, skew)
		s := v * v * v * (10 - 15*v + 6*v*v)
		off := bend*math.Sin(math.Pi*s) + sway*math.Sin(waves*2*math.Pi*u+wavesAt)*math.Sin(math.Pi*u)
		px := x0 + s*(x-x0) - off*(y-y0)/length + h.r.rng.NormFloat64()*0.3*math.Sin(math.Pi*u)
		py := y0 + s*(y-y0) + off*(x-x0)/length + h.r.rng.NormFloat64()*0.3*math.Sin(math.Pi*u)
		if math.Round(px) != math.Round(h.x) || math.Round(py) != math.Round(h.y) {
			h.do(fmt.Sprintf("mousemove %.0f %.0f", px, py))
		}
		h.x, h.y = px, py
	}
	return nil
}

// click clicks somewhere on a box of the page.
func (h *hand) click(b box) error { return h.clickWith(1, b) }

func (h *hand) clickWith(button int, b box) error {
	if v, ok := h.look(); ok {
		h.view = v
	}
	spot := func(size float64) float64 { // not the middle, and not the rim
		return size * min(max(0.45+h.r.rng.NormFloat64()*0.17, 0.08), 0.92)
	}
	x, y := b.x+spot(min(b.w, 200)), b.y+spot(b.h)
	if err := h.to(h.view.x+x*h.view.scale, h.view.y+y*h.view.scale, min(b.w, b.h)*h.view.scale); err != nil {
		return err
	}
	if err := h.pause(60, 260); err != nil {
		return err
	}
	h.do(fmt.Sprint("mousedown ", button))
	if err := h.sleep(ms(min(max(h.around(95, 0.25), 60), 150))); err != nil {
		return err
	}
	h.do(fmt.Sprint("mouseup ", button))
	return nil
}

// focus clicks into a field and sees that the caret is in it.
func (h *hand) focus(b box, name string) error {
	if err := h.click(b); err != nil {
		return err
	}
	return h.focused(name)
}

func (h *hand) focused(name string) error {
	if err := h.soon("the caret is in the field "+name, func(v view) bool { return v.focused && v.field == name }); err != nil {
		return err
	}
	return h.pause(120, 450)
}

// keysyms are the names that X has for keys, where they are not the characters themselves.
var keysyms = map[rune]string{' ': "space", '.': "period", ',': "comma", '-': "minus", '/': "slash", '\b': "BackSpace"}

// shifted are characters that take the shift key, on an American keyboard.
var shifted = map[rune]string{'@': "2", ':': "semicolon"}

// write types a text. The next key often goes down before the last one is up.
func (h *hand) write(text string) error {
	type event struct {
		at      float64 // milliseconds
		command string
	}
	var events []event
	at := 0.0
	up := make(map[string]float64) // when a key is free again
	for _, char := range h.mistakes(text) {
		key, shift := cmp.Or(shifted[char], keysyms[char], string(char)), shifted[char] != ""
		dwell := min(max(h.around(92, 0.25), 60), 150)
		at = max(at, up[key]+15)
		if shift {
			for _, free := range up {
				at = max(at, free+20)
			}
			at += h.between(40, 110)
			events = append(events, event{at, "keydown Shift_L"})
			at += h.between(60, 140)
		}
		events = append(events, event{at, "keydown " + key}, event{at + dwell, "keyup " + key})
		up[key] = at + dwell
		if shift {
			at += dwell + h.between(20, 70)
			events = append(events, event{at, "keyup Shift_L"})
		}
		gap := h.around(125, 0.4)
		switch char {
		case ' ', '.', '@':
			gap = h.around(210, 0.5)
		case '\b':
			gap = h.around(240, 0.4)
		}
		at += min(max(gap, 35), 1500) * h.pace
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	begin := time.Now()
	for _, e := range events {
		if err := h.sleep(ms(e.at) - time.Since(begin)); err != nil {
			return err
		}
		h.do(e.command)
	}
	return nil
}

// mistakes adds a wrong key that is taken back, now and then.
func (h *hand) mistakes(text string) string {
	var b strings.Builder
	for _, char := range text {
		if char >= 'a' && char <= 'z' && h.r.rng.Float64() < 0.02 {
			b.WriteRune('a' + (char-'a'+1)%26)
			b.WriteRune('\b')
		}
		b.WriteRune(char)
	}
	return b.String()
}

// press presses a key, or keys that are held together.
func (h *hand) press(keys ...string) error {
	for i, key := range keys {
		if i > 0 {
			if err := h.sleep(ms(h.between(40, 110))); err != nil {
				return err
			}
		}
		h.do("keydown " + key)
	}
	for _, key := range slices.Backward(keys) {
		if err := h.sleep(ms(min(max(h.around(80, 0.25), 45), 150))); err != nil {
			return err
		}
		h.do("keyup " + key)
	}
	return nil
}

// texts are what a person types, and expects to reach the app.
func (h *hand) texts() []string {
	names := []string{"anna", "bernd", "chloe", "dmitri", "elif", "farid", "grace", "hana"}
	name := names[h.r.rng.IntN(len(names))] + strconv.Itoa(h.r.rng.IntN(900)+100)
	abouts := []string{"i like long walks, and cooking.", "retired teacher from the north.", "just looking around.", "my garden, my bees and my old car."}
	h.r.typed = []string{name, name + "@example.org", abouts[h.r.rng.IntN(len(abouts))]}
	return h.r.typed
}

var boxes = []struct {
	box  box
	name string
}{{userBox, "username"}, {emailBox, "email"}, {aboutBox, "about"}}

func (h *hand) byMouse() error {
	for i, text := range h.texts() {
		if err := errors.Join(h.focus(boxes[i].box, boxes[i].name), h.write(text), h.pause(250, 900)); err != nil {
			return err
		}
	}
	return h.click(submitBox)
}

func (h *hand) byKeyboard() error {
	for i, text := range h.texts() {
		if err := errors.Join(h.press("Tab"), h.soon("Tab leads to "+boxes[i].name, func(v view) bool { return v.field == boxes[i].name })); err != nil {
			return err
		}
		if err := errors.Join(h.pause(150, 500), h.write(text), h.pause(250, 900)); err != nil {
			return err
		}
	}
	return errors.Join(h.press("Tab"), h.pause(200, 600), h.press("Return"))
}

// byPaste takes what another program has copied.
func (h *hand) byPaste() error {
	for i, text := range h.texts() {
		if err := h.copied("clipboard", text); err != nil {
			return err
		}
		if err := errors.Join(h.pause(600, 1400), h.focus(boxes[i].box, boxes[i].name), h.press("Control_L", "v"), h.pause(300, 900)); err != nil {
			return err
		}
	}
	return h.click(submitBox)
}

// bySelection pastes with the middle button what is selected in another program. No key goes
// down.
func (h *hand) bySelection() error {
	for i, text := range h.texts() {
		if err := h.copied("primary", text); err != nil {
			return err
		}
		if err := errors.Join(h.pause(600, 1400), h.clickWith(2, boxes[i].box), h.focused(boxes[i].name), h.pause(300, 900)); err != nil {
			return err
		}
	}
	return h.click(submitBox)
}

func (h *hand) copied(to, text string) error {
	program := exec.CommandContext(h.ctx, "xclip", "-selection", to)
	program.Env, program.Stdin = h.r.env(), strings.NewReader(text)
	if err := program.Run(); err != nil {
		return fmt.Errorf("xclip: %w", err)
	}
	return nil
}

// byEnter clicks on labels instead of fields, fills the last field in before the second, and
// submits with the enter key there.
func (h *hand) byEnter() error {
	texts := h.texts()
	for _, i := range []int{0, 2, 1} {
		label := box{boxes[i].box.x, boxes[i].box.y - 22, 40, 14}
		if err := errors.Join(h.click(label), h.focused(boxes[i].name), h.write(texts[i]), h.pause(250, 900)); err != nil {
			return err
		}
	}
	return h.press("Return")
}

func (h *hand) withDevTools() error {
	before := h.view
	h.still = true // the tools open right of the page or below it
	if err := h.press("F12"); err != nil {
		return err
	}
	// They take the focus when they are ready, which is later.
	if err := h.soon("the tools are open", func(v view) bool { return !v.focused && (v.w < before.w-100 || v.h < before.h-100) }); err != nil {
		return err
	}
	if err := h.pause(1200, 2500); err != nil {
		return err
	}
	return h.byMouse()
}

// again signs up twice. The second time the browser offers what was typed before.
func (h *hand) again() error {
	if err := h.byMouse(); err != nil {
		return err
	}
	if err := h.r.wait(h.ctx, "the first sign-up is through", func() bool { n, _ := h.ask("getwindowname", h.window); return strings.HasPrefix(n, "Done") }); err != nil {
		return err
	}
	h.r.ignored = 1
	if err := errors.Join(h.pause(900, 1800), h.press("Control_L", "l"), h.pause(250, 500), h.write(h.r.lane.base+"/signup"), h.pause(200, 500), h.press("Delete"), h.pause(100, 200), h.press("Return")); err != nil {
		return err
	}
	if err := errors.Join(h.soon("the page is open again", func(v view) bool { return v.focused }), h.pause(900, 1800)); err != nil {
		return err
	}
	for i, text := range h.r.typed {
		if err := h.focus(boxes[i].box, boxes[i].name); err != nil {
			return err
		}
		var err error
		if boxes[i].name == "about" { // no choices for long texts
			err = h.write(text)
		} else {
			err = errors.Join(h.press("Down"), h.pause(700, 1200), h.press("Down"), h.pause(300, 700), h.press("Return"))
		}
		if err := errors.Join(err, h.pause(300, 900)); err != nil {
			return err
		}
	}
	return h.click(submitBox)
}

// extension is an extension that fills forms in, as password managers are, and may submit.
func extension(submits bool) func(*running) ([]string, error) {
	return func(r *running) ([]string, error) {
		dir := filepath.Join(r.home, "extension")
		r.typed = []string{"erika", "erika@example.org", "filled in"}
		script := `setTimeout(() => {
  for (const [name, value] of [['username', 'erika'], ['email', 'erika@example.org'], ['about', 'filled in']]) {
    const field = document.querySelector('[name=' + name + ']');
    field.focus();
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new Event('change', {bubbles: true}));
  }
  SUBMIT
}, 1600);
`
		act := ""
		if submits {
			act = "setTimeout(() => document.querySelector('#submit').click(), 700);"
		}
		manifest := `{"manifest_version": 3, "name": "Fill", "version": "1", "content_scripts": [{"matches": ["http://localhost/*"], "js": ["fill.js"]}]}`
		return []string{"--load-extension=" + dir, "--disable-features=DisableLoadExtensionCommandLineSwitch"}, errors.Join(
			os.Mkdir(dir, 0o700),
			os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(manifest), 0o600),
			os.WriteFile(filepath.Join(dir, "fill.js"), []byte(strings.Replace(script, "SUBMIT", act, 1)), 0o600))
	}
}

func (h *hand) afterExtension() error {
	if err := h.soon("the extension has filled the form in", func(v view) bool { return v.field == "about" }); err != nil {
		return err
	}
	return errors.Join(h.pause(700, 1800), h.click(submitBox))
}
