package desk_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
)

// What one mail may cost, whatever is in it.
const (
	mostCPU    = 2 * time.Second
	mostMemory = 256 << 20
)

// metered is a source that measures what each mail costs between its coming
// and the next one's.
type metered struct {
	mail.Source
	costs []cost
	cpu   time.Duration
	base  uint64
	peak  atomic.Uint64
	stop  chan struct{}
}

type cost struct {
	cpu    time.Duration
	memory uint64
}

func (m *metered) Next(ctx context.Context) (mail.Item, error) {
	if m.stop != nil {
		close(m.stop)
		m.costs = append(m.costs, cost{cpuTime() - m.cpu, m.peak.Load() - m.base})
		m.stop = nil
	}
	item, err := m.Source.Next(ctx)
	if err == nil {
		m.begin()
	}
	return item, err
}

func (m *metered) begin() {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.base = s.HeapAlloc
	m.peak.Store(s.HeapAlloc)
	stop := make(chan struct{})
	m.stop = stop
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			if s.HeapAlloc > m.peak.Load() {
				m.peak.Store(s.HeapAlloc)
			}
		}
	}()
	m.cpu = cpuTime()
}

// once is what a mail costs that is taken in by itself, in a copy of a
// repository that has not seen it.
func (m badMail) once(t *testing.T, untouched string) cost {
	t.Helper()
	home, raw := t.TempDir(), filepath.Join(t.TempDir(), "mail")
	data, err := os.ReadFile(m.file)
	if err = errors.Join(err, os.CopyFS(home, os.DirFS(untouched)), os.WriteFile(raw, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, dir: filepath.Join(home, "cases.git"), keys: filepath.Join(home, "cases.git-keys")}
	src, err := mail.Maildir(mailbox(t, []string{raw}))
	if err != nil {
		t.Fatal(err)
	}
	source := &metered{Source: src}
	if _, err := c.as("").Intake(t.Context(), source, nil); err != nil || len(source.costs) != 1 {
		t.Fatal(len(source.costs), err)
	}
	return source.costs[0]
}

// holdCost holds what a mail may cost at most. A busy machine, and a collector
// of garbage that comes late, only ever add to it: so what seems too much is
// measured again, and the least counts.
func holdCost(t *testing.T, m badMail, have cost, untouched string) {
	t.Helper()
	for tries := 0; tries < 5 && (have.cpu > slower*mostCPU || have.memory > slower*mostMemory); tries++ {
		t.Logf("%s: %v of CPU, %d MiB: once more", m.name, have.cpu.Round(time.Millisecond), have.memory>>20)
		again := m.once(t, untouched)
		have = cost{min(have.cpu, again.cpu), min(have.memory, again.memory)}
	}
	if have.cpu > mostCPU/4 || have.memory > mostMemory/4 {
		t.Logf("%s: %v of CPU, %d MiB", m.name, have.cpu.Round(time.Millisecond), have.memory>>20)
	}
	if have.cpu > slower*mostCPU {
		t.Errorf("%s: %v of CPU", m.name, have.cpu)
	}
	if have.memory > slower*mostMemory {
		t.Errorf("%s: %d MiB", m.name, have.memory>>20)
	}
}
