package psirt

import (
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

func office(t *testing.T, zone, hours string, holidays ...string) *Program {
	t.Helper()
	p := small()
	p.Calendars = map[string]*Calendar{"office": {Zone: zone, Hours: hours, Days: []string{"mon", "tue", "wed", "thu", "fri"}, Holidays: holidays}}
	if faults := p.Locate(time.LoadLocation); len(faults) > 0 {
		t.Fatal(faults)
	}
	if faults := p.Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	return p
}

func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Working time in Paris: nine to six there, an hour later in UTC by winter than
// by summer. 2026-11-23 is a Monday.
func TestWorkingTime(t *testing.T) {
	t.Parallel()
	p := office(t, "Europe/Paris", "09:00-18:00", "2026-11-26", "--12-25")
	for _, x := range []struct {
		what, from, due string
		within          time.Duration
	}{
		{"within a day", "2026-11-23 09:00", "2026-11-23 11:00", 2 * time.Hour},
		{"before opening", "2026-11-23 02:00", "2026-11-23 10:00", 2 * time.Hour},
		{"over the evening", "2026-11-23 16:30", "2026-11-24 09:30", 2 * time.Hour},
		{"to the last minute", "2026-11-23 15:00", "2026-11-23 17:00", 2 * time.Hour},
		{"after closing", "2026-11-23 20:00", "2026-11-24 10:00", 2 * time.Hour},
		{"over the weekend", "2026-11-27 16:30", "2026-11-30 09:30", 2 * time.Hour},
		{"over a holiday", "2026-11-25 16:30", "2026-11-27 09:30", 2 * time.Hour},
		{"over a yearly holiday", "2026-12-24 16:30", "2026-12-28 09:30", 2 * time.Hour},
		{"a working day", "2026-11-23 10:00", "2026-11-24 10:00", day},
		{"three working days", "2026-11-23 10:00", "2026-11-27 10:00", 3 * day}, // Thursday is a holiday
		{"a day and an hour", "2026-11-23 10:00", "2026-11-24 11:00", 25 * time.Hour},
		{"into winter time", "2026-10-23 15:30", "2026-10-26 09:30", 2 * time.Hour},
		{"into summer time", "2026-03-27 16:30", "2026-03-30 08:30", 2 * time.Hour},
		{"many days", "2026-11-23 08:00", "2027-04-12 16:00", 99 * day},
	} {
		clock := Clock{Name: "c", Starts: []string{"opened"}, Stops: []string{"enter:closed"}, Within: Duration(x.within), Calendar: "office"}
		got := clock.due(run{started: utc(t, x.from)}, noon, p.timer(clock))
		if !got.Equal(utc(t, x.due)) {
			t.Errorf("%s: due %s, want %s", x.what, got.Format("2006-01-02 15:04"), x.due)
		}
		cal := p.Calendars["office"]
		if sum := cal.between(utc(t, x.from), got); sum != cal.length(x.within) {
			t.Errorf("%s: %v lie between, want %v", x.what, sum, cal.length(x.within))
		}
	}
}

// A pause stops working time, and what lies outside of it is none anyway.
func TestWorkingTimeWithPauses(t *testing.T) {
	t.Parallel()
	p := office(t, "UTC", "09:00-17:00")
	clock := Clock{Name: "c", Starts: []string{"opened"}, Stops: []string{"enter:closed"}, Paused: []string{"waiting"}, Within: Duration(day), Calendar: "office"}
	events := []Event{{utc(t, "2026-11-23 13:00"), "opened"}, {utc(t, "2026-11-23 15:00"), "enter:waiting"}, {utc(t, "2026-11-28 03:00"), "leave:waiting"}}
	got := clock.readings(events, utc(t, "2026-11-28 04:00"), p.timer(clock))
	if len(got) != 1 || !got[0].Due.Equal(utc(t, "2026-11-30 15:00")) || got[0].Status != ClockRunning {
		t.Errorf("readings are %+v", got)
	}
	got = clock.readings(events[:2], utc(t, "2026-11-25 10:00"), p.timer(clock))
	if len(got) != 1 || !got[0].Due.Equal(utc(t, "2026-11-25 16:00")) || got[0].Status != ClockPaused {
		t.Errorf("in the pause they are %+v", got)
	}
}

// A calendar of the whole day, and one that never opens again, both end.
func TestCalendarEdges(t *testing.T) {
	t.Parallel()
	p := office(t, "Europe/Paris", "00:00-24:00")
	clock := Clock{Within: Duration(2 * day), Calendar: "office"}
	if got := clock.due(run{started: utc(t, "2026-11-23 10:00")}, noon, p.timer(clock)); !got.Equal(utc(t, "2026-11-25 10:00")) {
		t.Errorf("due %s", got)
	}
	p.Calendars["office"].Days = nil
	took := peer.Took(func() {
		if got := clock.due(run{started: noon}, noon, p.timer(clock)); !got.After(noon) {
			t.Errorf("due %s", got)
		}
		if got := p.Calendars["office"].between(noon, noon.AddDate(9000, 0, 0)); got != 0 {
			t.Errorf("a calendar without days has %v", got)
		}
	})
	if took > time.Second {
		t.Errorf("a calendar without days took %v", took)
	}
	clock.Calendar = "absent" // Check refuses it; every hour counts then
	if got := clock.due(run{started: noon}, noon, p.timer(clock)); !got.Equal(at(2 * day)) {
		t.Errorf("due %s", got)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"", "Local", "Europe/Atlantis", "../etc/passwd"} {
		p := small()
		p.Calendars = map[string]*Calendar{"office": {Zone: zone, Hours: "09:00-18:00", Days: []string{"mon"}}}
		if faults := p.Locate(time.LoadLocation); len(faults) != 1 || faults[0].Path != "calendars.office.zone" {
			t.Errorf("%q: %v", zone, faults)
		}
	}
}
