package bot

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// remembered is how many deliveries are known again, at least; the file of them
// grows to twice that. GitHub delivers again within days, if somebody asks.
const remembered = 10_000

// deliveryForm is a GUID as GitHub makes them, with room.
var deliveryForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// memory knows deliveries again, also after a restart: those that are done stand
// in a file, one a line. Those that wait do not: after a kill they may come again.
type memory struct {
	mu      sync.Mutex
	waiting map[string]bool
	done    map[string]bool
	order   []string // of done, oldest first
	path    string
	file    *os.File
	lines   int // of the file
}

// remember opens the file in a directory, which is made where it is missing.
func remember(dir string) (*memory, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m := &memory{waiting: map[string]bool{}, done: map[string]bool{}, path: filepath.Join(dir, "deliveries")}
	if err := m.load(); err != nil {
		return nil, err
	}
	return m, m.rewrite()
}

// load reads the file. Lines that are no delivery (a kill may cut one) count
// nothing.
func (m *memory) load() error {
	f, err := os.Open(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	const most = 4 * remembered * 65
	lines := bufio.NewScanner(io.LimitReader(f, most))
	for lines.Scan() {
		if id := lines.Text(); deliveryForm.MatchString(id) {
			m.keep(id)
		}
	}
	if err := lines.Err(); !errors.Is(err, bufio.ErrTooLong) {
		return err
	}
	return nil // it is not what was written here: what could be read is enough
}

// keep puts a delivery among those that are done, and lets go of the oldest.
func (m *memory) keep(id string) {
	if m.done[id] {
		return
	}
	m.done[id] = true
	if m.order = append(m.order, id); len(m.order) > remembered {
		delete(m.done, m.order[0])
		m.order = m.order[1:]
	}
}

// rewrite makes the file anew, with what is known, and leaves it open at its end.
func (m *memory) rewrite() error {
	text := strings.Join(m.order, "\n")
	if text != "" {
		text += "\n"
	}
	next := m.path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	if m.file != nil {
		m.file.Close() // what it could not write, the new one has
		m.file = nil
	}
	if err := os.Rename(next, m.path); err != nil {
		return err
	}
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND, 0o600)
	m.file, m.lines = f, len(m.order)
	return err
}

// take marks a delivery as waiting. It says false for one that waits or is done.
func (m *memory) take(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[id] || m.done[id] {
		return false
	}
	m.waiting[id] = true
	return true
}

// drop forgets a delivery that waits: it may come again.
func (m *memory) drop(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.waiting, id)
}

// finish puts a delivery that waits among those that are done.
func (m *memory) finish(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.waiting, id)
	m.keep(id)
	if m.file == nil || m.lines >= 2*remembered {
		return m.rewrite()
	}
	m.lines++
	_, err := m.file.WriteString(id + "\n")
	return err
}

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return nil
	}
	err := m.file.Close()
	m.file = nil
	return err
}
