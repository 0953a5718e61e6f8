package desk

import (
	"context"
	"errors"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Due is one clock that runs, or what the bot did because it ran out.
type Due struct {
	ID psirt.CaseID `json:"id"`
	psirt.Reading
	Means    string `json:"means"`
	Calendar string `json:"calendar,omitempty"` // whose working time counts
	Zone     string `json:"zone,omitempty"`     // IANA time zone of that calendar
	Sealed   bool   `json:"sealed,omitempty"`   // read from the report: for those whose key opens the case
	Lacks    string `json:"lacks,omitempty"`    // path of the report where nothing shows yet when it began, of clocks that ask for that
	Did      string `json:"did,omitempty"`      // what the bot did just now
	Waits    string `json:"waits,omitempty"`    // what the bot would do, and what it waits for
}

// afterClosing is how long sealed clocks of a closed case are still watched:
// what the law asks for may fall due after a case has ended (the longest is a
// month after a notification). Older ones are opened by name only, since the
// cost of a look must not grow with the archive.
const afterClosing = 90 * 24 * time.Hour

// timeline is what clocks read of a case without its report: log, mails and the
// receipts of its updates, now.
func (d *Desk) timeline(c *one) (psirt.World, error) {
	w := psirt.World{Case: c.Case, Now: d.now(), Events: c.Events(), Sent: map[int]time.Time{}}
	records, err := d.records(c)
	if err != nil {
		return w, err
	}
	for _, r := range records {
		if !r.At.Equal(c.Opened) { // the one that opened the case is no answer
			w.Events = append(w.Events, psirt.Event{At: r.At, Name: "mail:" + string(r.Kind)})
		}
	}
	receipts, _, err := d.receiptsOf(c)
	if err != nil {
		return w, err
	}
	for _, r := range receipts {
		if r.Status == psirt.ReceiptSent && r.Update >= 1 && r.Update <= len(c.Updates) {
			w.Events = append(w.Events, psirt.Event{At: r.At, Name: "update:" + c.Updates[r.Update-1].Kind})
			w.Sent[r.Update] = r.At
		}
	}
	return w, nil
}

// Clocks lists the clocks that run, the most urgent first: of open cases those
// that anyone can derive and, where a key at hand opens the case, the sealed
// ones, also for a while after it was closed. It changes nothing. A case that
// cannot be read stops no other's clocks: the error names it, and comes with
// the rest.
func (d *Desk) Clocks(ctx context.Context) ([]Due, error) {
	r := &round{d: d, with: map[string][]seal.Opener{}}
	err := d.each(r.look)
	r.sort()
	return r.out, errors.Join(err, r.locked, ctx.Err())
}

// Clock does what clocks call for, where the bot's key is at hand: it makes the
// moves and sends the reminders that are due, and brings the label due/overdue
// of tracking issues up to date. It lists the clocks that run, as Clocks does,
// and what was done. The second time it finds nothing to do; what a killed
// process left is finished.
func (d *Desk) Clock(ctx context.Context) ([]Due, error) {
	did, failed := d.wind(ctx)
	r := &round{d: d, with: map[string][]seal.Opener{}, late: map[psirt.CaseID]bool{}}
	err := d.each(r.look)
	for _, done := range did {
		r.add(done)
	}
	r.sort()
	return r.out, errors.Join(failed, err, r.locked, d.labelLate(ctx, r.open, r.late))
}

// round is one look at the clocks of all cases.
type round struct {
	d      *Desk
	with   map[string][]seal.Opener // by programme
	locked error                    // a key at hand could not be unlocked; said once
	out    []Due
	open   []*one                // cases that are not closed
	late   map[psirt.CaseID]bool // of which the team is late, by what anyone can derive
}

func (r *round) sort() {
	if r.out == nil {
		r.out = []Due{}
	}
	sort.SliceStable(r.out, func(i, j int) bool { return r.out[i].Due.Before(r.out[j].Due) })
}

// add puts what was done, or waits, to the clock that called for it; a clock
// that stopped by it is listed for that.
func (r *round) add(done Due) {
	for i := range r.out {
		if r.out[i].ID == done.ID && r.out[i].Clock == done.Clock {
			r.out[i].Did, r.out[i].Waits = done.Did, done.Waits
			return
		}
	}
	r.out = append(r.out, done)
}

func (r *round) look(c *one) error {
	state, _ := c.setting.Program.State(c.State)
	closed := state.Phase == psirt.PhaseClosed
	if closed && r.d.now().Sub(c.Log[len(c.Log)-1].At) > afterClosing {
		return nil
	}
	w, err := r.d.timeline(c)
	if err != nil {
		return err
	}
	if !closed {
		r.open = append(r.open, &one{Case: c.Case, setting: c.setting})
		for _, reading := range c.setting.Program.Readings(w.Events, w.Now) {
			if r.note(c, reading, false) && r.late != nil {
				r.late[c.ID] = r.late[c.ID] || reading.Status == psirt.ClockOverdue && reading.Party == "team"
			}
		}
	}
	list, err := r.sealed(c, w)
	for _, reading := range list {
		r.note(c, reading, true)
	}
	return err
}

// note lists a clock that runs.
func (r *round) note(c *one, reading psirt.Reading, sealed bool) bool {
	if reading.Status != psirt.ClockRunning && reading.Status != psirt.ClockOverdue {
		return false
	}
	r.out = append(r.out, dueOf(c, reading, sealed))
	return true
}

func dueOf(c *one, reading psirt.Reading, sealed bool) Due {
	p := c.setting.Program
	out := Due{ID: c.ID, Reading: reading, Means: meansOf(p, reading.Clock), Sealed: sealed}
	clock, ok := p.Clock(reading.Clock)
	if ok && p.Calendars[clock.Calendar] != nil {
		out.Calendar, out.Zone = clock.Calendar, p.Calendars[clock.Calendar].Zone
	}
	if ok && reading.Evidence == "" {
		out.Lacks, _, _ = strings.Cut(clock.Evidence, "|")
	}
	return out
}

// sealed reads the clocks that stand in the report, where a key at hand opens
// it. What no key here may open is no fault.
func (r *round) sealed(c *one, w psirt.World) ([]psirt.Reading, error) {
	if r.locked != nil {
		return nil, nil
	}
	with, ok := r.with[c.Program]
	if !ok {
		if with, r.locked = r.d.readers(c.setting); r.locked != nil {
			return nil, nil
		}
		r.with[c.Program] = with
	}
	return r.d.sealedReadings(c, w, with)
}

// sealedReadings reads the clocks of one case that its report makes.
func (d *Desk) sealedReadings(c *one, w psirt.World, with []seal.Opener) ([]psirt.Reading, error) {
	if len(with) == 0 {
		return nil, nil
	}
	open, err := d.open(c, with)
	if errors.Is(err, seal.ErrNoKey) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w.Report = open.report
	return c.setting.Program.SealedReadings(w), nil
}
