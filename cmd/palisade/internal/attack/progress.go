package attack

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// progress shows the state of the attack: on a terminal in one line that it overwrites,
// elsewhere with one line for each step.
type progress struct {
	mu          sync.Mutex
	w           io.Writer
	overwrite   bool
	done, total int
	now         string
}

func newProgress(w io.Writer, total int) *progress {
	p := &progress{w: w, total: total}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		p.overwrite = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) say(now string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == now {
		return
	}
	p.now = now
	if p.overwrite {
		p.write()
	} else {
		fmt.Fprintf(p.w, "attacking: %s\n", now)
	}
}

func (p *progress) add() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.overwrite {
		p.write()
	}
}

func (p *progress) write() { fmt.Fprintf(p.w, "\r\x1b[Kattacking %d/%d: %s", p.done, p.total, p.now) }

func (p *progress) end() {
	if p.overwrite {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
