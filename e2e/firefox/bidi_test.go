package firefox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// browser is a running Firefox.
type browser struct {
	conn net.Conn

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	hear    map[string]func(message) // by the id of a window
	broken  error
}

// message is what the browser says: the answer to a command, or an event.
type message struct {
	Type    string          `json:"type"`
	ID      int             `json:"id"`
	Method  string          `json:"method"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
}

type object = map[string]any

var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// start starts a Firefox with settings in addition to those that it takes itself for tests.
func start(settings ...string) (b *browser, stop func(), err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	profile, err := os.MkdirTemp("", "palisade-firefox-")
	if err != nil {
		return nil, nil, err
	}
	settings = append(settings, `"network.proxy.type", 0`, `"dom.confirm_repost.testing.always_accept", true`)
	text := "user_pref(" + strings.Join(settings, ");\nuser_pref(") + ");\n"
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "--remote-allow-system-access", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts child processes
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		for range 100 { // its child processes may still write
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	address, err := announced(said)
	if err == nil {
		b, err = connect(address)
	}
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	return b, stop, nil
}

// find finds the browser.
func find() (string, error) {
	if path := os.Getenv("FIREFOX"); path != "" {
		return path, nil
	}
	for _, name := range []string{"firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("missing: Firefox (Debian package firefox-esr; scripts/tools.sh firefox installs it), or set FIREFOX to its path")
}

// announced waits for the address in the browser's output, and reads on so that the browser
// can write.
func announced(said io.Reader) (string, error) {
	address, all := make(chan string, 1), new(strings.Builder)
	ended := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if found := listening.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
				_, _ = io.Copy(io.Discard, said)
				return
			}
			fmt.Fprintln(all, lines.Text())
		}
		ended <- fmt.Errorf("it ended: %s", all)
	}()
	select {
	case found := <-address:
		return found, nil
	case err := <-ended:
		return "", err
	case <-time.After(3 * time.Minute):
		return "", errors.New("it does not listen")
	}
}

func connect(address string) (*browser, error) {
	conn, _, _, err := ws.Dial(context.Background(), address+"/session")
	if err != nil {
		return nil, err
	}
	b := &browser{conn: conn, waiting: make(map[int]chan message), hear: make(map[string]func(message))}
	go b.read()
	if err := b.call(nil, "session.new", object{"capabilities": object{}}); err != nil {
		return nil, err
	}
	return b, b.call(nil, "session.subscribe", object{"events": []string{"log.entryAdded", "network.responseCompleted"}})
}

func (b *browser) read() {
	for {
		text, err := wsutil.ReadServerText(b.conn)
		var m message
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		b.mu.Lock()
		if err != nil {
			b.broken = err
			for id, answer := range b.waiting {
				delete(b.waiting, id)
				close(answer)
			}
			b.mu.Unlock()
			return
		}
		if m.Type == "event" {
			var about struct {
				Context string
				Source  struct{ Context string }
			}
			_ = json.Unmarshal(m.Params, &about) // other events have no window
			if hear := b.hear[about.Context+about.Source.Context]; hear != nil {
				hear(m)
			}
		} else if answer := b.waiting[m.ID]; answer != nil {
			delete(b.waiting, m.ID)
			answer <- m
		}
		b.mu.Unlock()
	}
}

// call gives a command, and reads its result.
func (b *browser) call(result any, method string, params object) error {
	answer := make(chan message, 1)
	b.mu.Lock()
	if b.broken != nil {
		b.mu.Unlock()
		return b.broken
	}
	b.last++
	id := b.last
	text, err := json.Marshal(object{"id": id, "method": method, "params": params})
	if err == nil {
		b.waiting[id] = answer
		err = wsutil.WriteClientText(b.conn, text)
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: the browser is gone", method)
		case m.Type == "error":
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer", method)
	}
}

// window is one window of the browser.
type window struct {
	in *browser
	id string

	mu      sync.Mutex
	errors  []string // of the console
	refused []string // requests that were answered with an error
}

// open opens an empty window. Pages in the background of another page would be slowed down.
func (b *browser) open() (*window, error) {
	var made struct{ Context string }
	if err := b.call(&made, "browsingContext.create", object{"type": "window"}); err != nil {
		return nil, err
	}
	w := &window{in: b, id: made.Context}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hear[w.id] = w.heard
	return w, nil
}

func (w *window) close() {
	w.in.mu.Lock()
	delete(w.in.hear, w.id)
	w.in.mu.Unlock()
	_ = w.in.call(nil, "browsingContext.close", object{"context": w.id}) // it may be gone
}

func (w *window) heard(m message) {
	var event struct {
		Level    string
		Text     string
		Response struct {
			URL    string
			Status int
		}
	}
	_ = json.Unmarshal(m.Params, &event) // other events have other fields
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case m.Method == "log.entryAdded" && event.Level == "error":
		w.errors = append(w.errors, event.Text)
	case event.Response.Status >= 400:
		w.refused = append(w.refused, fmt.Sprintf("%d %s", event.Response.Status, event.Response.URL))
	}
}

// said returns the errors of the console, and the requests that were answered with an error.
func (w *window) said() (errors, refused []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.errors), slices.Clone(w.refused)
}

func (w *window) goTo(url string) error {
	return w.in.call(nil, "browsingContext.navigate", object{"context": w.id, "url": url, "wait": "complete"})
}

func (w *window) reload() error {
	return w.in.call(nil, "browsingContext.reload", object{"context": w.id, "wait": "complete"})
}

// set changes a setting of the running browser. A script in the browser's own window does so.
func (b *browser) set(setting string) error {
	var tree struct{ Contexts []struct{ Context string } }
	if err := b.call(&tree, "browsingContext.getTree", object{"moz:scope": "chrome", "maxDepth": 0}); err != nil {
		return err
	}
	if len(tree.Contexts) == 0 {
		return errors.New("the browser has no window of its own")
	}
	_, err := (&window{in: b, id: tree.Contexts[0].Context}).evaluate("Services.prefs.setBoolPref(" + setting + ")")
	return err
}

// value is a value of a script.
type value struct {
	Type     string
	Value    json.RawMessage
	SharedID string
}

func (w *window) evaluate(script string) (value, error) {
	var out struct {
		Type             string
		Result           value
		ExceptionDetails struct{ Text string }
	}
	err := w.in.call(&out, "script.evaluate", object{
		"expression": script, "target": object{"context": w.id}, "awaitPromise": true, "resultOwnership": "none",
	})
	if err == nil && out.Type != "success" {
		err = errors.New(out.ExceptionDetails.Text)
	}
	return out.Result, err
}

// eval reads what an expression comes to, or what it promises. Where scripts are forbidden, no
// promise is kept, so it makes none itself.
func (w *window) eval(result any, expression string) error {
	v, err := w.evaluate("(it => it instanceof Promise ? it.then(JSON.stringify) : JSON.stringify(it) ?? 'null')(" + expression + ")")
	if err != nil {
		return fmt.Errorf("%s: %w", expression, err)
	}
	var text string
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return fmt.Errorf("%s: %w", expression, err)
	}
	return json.Unmarshal([]byte(text), result)
}

// click clicks on the middle of an element, several times in a row.
func (w *window) click(id string, times int) error {
	element := object{"sharedId": id}
	actions := []object{{"type": "pointerMove", "x": 0, "y": 0, "origin": object{"type": "element", "element": element}}}
	for range times {
		actions = append(actions, object{"type": "pointerDown", "button": 0}, object{"type": "pointerUp", "button": 0})
	}
	return w.in.call(nil, "input.performActions", object{"context": w.id, "actions": []object{{"type": "pointer", "id": "mouse", "actions": actions}}})
}

const tabKey, enter, space = "\ue004", "\ue007", " "

// keys presses keys one after the other.
func (w *window) keys(text string) error {
	var actions []object
	for _, key := range text {
		actions = append(actions, object{"type": "keyDown", "value": string(key)}, object{"type": "keyUp", "value": string(key)})
	}
	return w.in.call(nil, "input.performActions", object{"context": w.id, "actions": []object{{"type": "key", "id": "keys", "actions": actions}}})
}
