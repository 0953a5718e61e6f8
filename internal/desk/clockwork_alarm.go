package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// NotifyOverdue sends the handlers of each late case an alarm, sealed to their
// own keys: clocks that have run out, and those that the law sets as soon as
// they run. It answers how many cases that were.
//
// remember names a directory of this machine's in which it is noted what was
// told already, so that each run of a clock gives one alarm when it begins to
// matter and one when it has run out. Empty: everything is told.
func (d *Desk) NotifyOverdue(ctx context.Context, list []Due, to mail.Sender, remember string) (int, error) {
	memory, err := d.alarms(remember)
	if err != nil {
		return 0, err
	}
	news := map[psirt.CaseID][]Due{}
	var order []psirt.CaseID
	for _, due := range list {
		if !due.alarming() || memory.told(due) {
			continue
		}
		if news[due.ID] == nil {
			order = append(order, due.ID)
		}
		news[due.ID] = append(news[due.ID], due)
	}
	var errs []error
	sent := 0
	for _, id := range order {
		c, err := d.onMain(id)
		if err == nil {
			err = d.tell(ctx, c, string(id)+": "+headline(news[id]), alarmText(news[id]), to)
		}
		if err == nil {
			sent++
			memory.note(news[id])
		}
		errs = append(errs, err)
	}
	return sent, errors.Join(append(errs, memory.write(list))...)
}

// alarming: it has run out, or the law sets it.
func (r Due) alarming() bool {
	return r.Status == psirt.ClockOverdue || r.Status == psirt.ClockRunning && r.Statutory
}

func headline(list []Due) string {
	if slices.ContainsFunc(list, func(r Due) bool { return r.Status == psirt.ClockOverdue }) {
		return "overdue"
	}
	return "due soon"
}

func alarmText(list []Due) string {
	var b strings.Builder
	for _, due := range list {
		was := "is due"
		if due.Status == psirt.ClockOverdue {
			was = "was due"
		}
		fmt.Fprintf(&b, "%s %s at %s: %s\n", due.Clock, was, due.Local(), due.Means)
		if due.Evidence != "" {
			fmt.Fprintf(&b, "  It began at %s, shown by: %s\n", due.Started.Format(time.RFC3339), due.Evidence)
		}
	}
	return b.String()
}

// Local is when it is due, in the time zone of its calendar or else in UTC.
func (r Due) Local() string {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil || r.Zone == "" {
		return r.Due.UTC().Format(time.RFC3339)
	}
	return r.Due.In(zone).Format(time.RFC3339) + " " + r.Zone
}

// alarms is what was told, by digest: what a case is about stands nowhere, and
// neither does a clock's name.
type alarms struct {
	file string
	have map[string]bool
}

func (d *Desk) alarms(dir string) (*alarms, error) {
	out := &alarms{have: map[string]bool{}}
	if dir == "" {
		return out, nil
	}
	abs, err := filepath.Abs(d.repo.Dir())
	if err != nil {
		return nil, err
	}
	out.file = filepath.Join(dir, strings.TrimPrefix(string(psirt.SHA256([]byte(abs))), "sha256:")[:32]+".alarms")
	raw, err := os.ReadFile(out.file)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	for _, line := range strings.Fields(string(raw)) {
		out.have[line] = true
	}
	return out, err
}

func alarmKey(r Due) string {
	return strings.TrimPrefix(string(psirt.SHA256(fmt.Appendf(nil, "%s %s %s %s %s", r.ID, r.Clock, r.Started.Format(time.RFC3339), r.Due.Format(time.RFC3339), r.Status))), "sha256:")
}

func (a *alarms) told(r Due) bool { return a.have[alarmKey(r)] }

func (a *alarms) note(list []Due) {
	for _, r := range list {
		a.have[alarmKey(r)] = true
	}
}

// write keeps what still matters: what is in no list any more is forgotten.
func (a *alarms) write(list []Due) error {
	if a.file == "" {
		return nil
	}
	var keys []string
	for _, r := range list {
		if a.told(r) {
			keys = append(keys, alarmKey(r))
		}
	}
	slices.Sort(keys)
	if err := os.MkdirAll(filepath.Dir(a.file), 0o700); err != nil {
		return err
	}
	tmp := a.file + ".new"
	if err := os.WriteFile(tmp, []byte(strings.Join(slices.Compact(keys), "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, a.file)
}
