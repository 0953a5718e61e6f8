package psirt

import (
	"testing"
	"time"
)

// lawful is a programme with the clocks of Article 14 of Regulation (EU)
// 2024/2847.
func lawful() *Program {
	p := small()
	p.Facts["exploited"] = Fact{Means: "m", Do: "d", Is: Test{Equals: &Equals{"exploited", "yes"}}}
	law := func(name, start, stop string, within time.Duration, months int) Clock {
		return Clock{Name: name, Means: "m", Starts: []string{start}, Stops: []string{stop}, Within: Duration(within), Months: months,
			When: []string{"exploited"}, Statutory: true, Evidence: "cra.evidence|awareness.evidence"}
	}
	p.Clocks = []Clock{
		law("warning", "report:exploitation.aware_at|aware_at", "report:cra.warning.filed_at", day, 0),
		law("final", "report:remediation.available_at", "report:cra.final.filed_at", 14*day, 0),
		law("incident", "report:cra.notification.filed_at", "report:cra.incident.filed_at", 0, 1),
		{Name: "target", Means: "m", Starts: []string{"enter:evaluating"}, Stops: []string{"leave:evaluating"}, Paused: []string{"waiting"},
			Within: Duration(90 * day), WithinBy: &WithinBy{"priority", map[string]Duration{"critical": Duration(7 * day), "high": Duration(30 * day)}}},
		{Name: "embargo", Means: "m", Starts: []string{"opened"}, Stops: []string{"report:lifted_at", "enter:closed"}, Until: "embargo_until", Ahead: Duration(14 * day)},
	}
	return p
}

func TestSealedReadings(t *testing.T) {
	t.Parallel()
	p := lawful()
	if faults := p.Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	c := in("evaluating")
	c.Log = []Entry{{Revision: 1, At: noon, To: "received"}, {Revision: 2, At: at(day), From: "received", To: "evaluating"}}
	for _, x := range []struct {
		what, clock, report string
		now                 time.Duration
		due                 string // RFC 3339, or empty for no reading
		status              ClockStatus
		evidence            string
	}{
		{"not exploited", "warning", `{"aware_at": "2026-11-22T12:00:00Z"}`, 0, "", "", ""},
		{"from awareness", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z", "awareness": {"evidence": "mail 1"}}`, 0, "2026-11-23T12:00:00Z", ClockRunning, "mail 1"},
		{"from awareness of the exploitation", "warning", `{"exploited": "yes", "aware_at": "2026-11-01T12:00:00Z", "exploitation": {"aware_at": "2026-11-22T14:00:00+02:00"}, "cra": {"evidence": "log"}}`, 0, "2026-11-23T12:00:00Z", ClockRunning, "log"},
		{"late", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z"}`, 25 * time.Hour, "2026-11-23T12:00:00Z", ClockOverdue, ""},
		{"filed", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z", "cra": {"warning": {"filed_at": "2026-11-23T11:00:00Z"}}}`, 2 * day, "2026-11-23T12:00:00Z", ClockKept, ""},
		{"filed late", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z", "cra": {"warning": {"filed_at": "2026-11-23T13:00:00Z"}}}`, 2 * day, "2026-11-23T12:00:00Z", ClockBroken, ""},
		{"filed before awareness was corrected", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z", "cra": {"warning": {"filed_at": "2026-11-22T11:00:00Z"}}}`, 2 * day, "2026-11-23T12:00:00Z", ClockKept, ""},
		{"filed at once", "warning", `{"exploited": "yes", "aware_at": "2026-11-22T12:00:00Z", "cra": {"warning": {"filed_at": "2026-11-22T12:00:00Z"}}}`, 2 * day, "2026-11-23T12:00:00Z", ClockKept, ""},
		{"no time", "warning", `{"exploited": "yes", "aware_at": "yesterday"}`, 0, "", "", ""},
		{"14 days from the first measure", "final", `{"exploited": "yes", "remediation": [{"available_at": "2026-11-25"}, {"available_at": "2026-11-20"}]}`, 0, "2026-12-04T00:00:00Z", ClockRunning, ""},
		{"what is planned has not begun", "final", `{"exploited": "yes", "remediation": [{"available_at": "2026-12-24"}]}`, 0, "", "", ""},
		{"a calendar month", "incident", `{"exploited": "yes", "cra": {"notification": {"filed_at": "2026-11-22T10:00:00Z"}}}`, 0, "2026-12-22T10:00:00Z", ClockRunning, ""},
		{"a short month", "incident", `{"exploited": "yes", "cra": {"notification": {"filed_at": "2026-01-31T10:00:00Z"}}}`, 0, "2026-02-28T10:00:00Z", ClockOverdue, ""},
		{"by priority", "target", `{"priority": "critical"}`, 2 * day, "2026-11-30T12:00:00Z", ClockRunning, ""},
		{"another priority", "target", `{"priority": "low"}`, 2 * day, "2027-02-21T12:00:00Z", ClockRunning, ""},
		{"no priority", "target", `{"title": "t"}`, 2 * day, "2027-02-21T12:00:00Z", ClockRunning, ""},
		{"no embargo", "embargo", `{"title": "t"}`, 0, "", "", ""},
		{"ahead of the end", "embargo", `{"embargo_until": "2027-01-31T12:00:00Z"}`, 0, "2027-01-17T12:00:00Z", ClockRunning, ""},
		{"near the end", "embargo", `{"embargo_until": "2027-01-31T12:00:00Z"}`, 60 * day, "2027-01-17T12:00:00Z", ClockOverdue, ""},
		{"lifted in time", "embargo", `{"embargo_until": "2027-01-31T12:00:00Z", "lifted_at": "2026-12-31T12:00:00Z"}`, 60 * day, "2027-01-17T12:00:00Z", ClockKept, ""},
		{"lifted late", "embargo", `{"embargo_until": "2026-12-31T12:00:00Z", "lifted_at": "2026-12-31T12:00:00Z"}`, 60 * day, "2026-12-17T12:00:00Z", ClockBroken, ""},
	} {
		w := World{Case: c, Report: doc(t, x.report), Now: at(x.now)}
		var found []Reading
		for _, r := range p.SealedReadings(w) {
			if r.Clock == x.clock {
				found = append(found, r)
			}
		}
		if x.due == "" {
			if len(found) > 0 {
				t.Errorf("%s: %+v", x.what, found)
			}
			continue
		}
		if len(found) != 1 || found[0].Due.Format(time.RFC3339) != x.due || found[0].Status != x.status || found[0].Evidence != x.evidence {
			t.Errorf("%s: %+v", x.what, found)
		}
	}
}

// What is due on a day is not late while that day lasts; what is due ahead of one
// counts from its beginning.
func TestDueOnADay(t *testing.T) {
	t.Parallel()
	c := in("evaluating")
	c.Log = []Entry{{Revision: 1, At: noon, To: "evaluating"}}
	clock := Clock{Name: "review-date", Starts: []string{"enter:evaluating"}, Stops: []string{"leave:evaluating"}, Until: "review_at"}
	ahead := clock
	ahead.Name, ahead.Ahead = "soon", Duration(2*day)
	p := &Program{Clocks: []Clock{clock, ahead}}
	for _, x := range []struct {
		report    string
		now       string
		due, soon string
		status    ClockStatus
	}{
		{`{"review_at": "2026-12-20"}`, "2026-12-20T00:00:01Z", "2026-12-20T23:59:59Z", "2026-12-18T00:00:00Z", ClockRunning},
		{`{"review_at": "2026-12-20"}`, "2026-12-20T23:59:59Z", "2026-12-20T23:59:59Z", "2026-12-18T00:00:00Z", ClockRunning},
		{`{"review_at": "2026-12-20"}`, "2026-12-21T00:00:00Z", "2026-12-20T23:59:59Z", "2026-12-18T00:00:00Z", ClockOverdue},
		{`{"review_at": "2026-12-20T00:00:00Z"}`, "2026-12-20T00:00:01Z", "2026-12-20T00:00:00Z", "2026-12-18T00:00:00Z", ClockOverdue},
		{`{"review_at": "2026-12-20T01:00:00+01:00"}`, "2026-12-19T23:00:01Z", "2026-12-20T00:00:00Z", "2026-12-18T00:00:00Z", ClockRunning},
		{`{"review_at": ["2026-12-21", "2026-12-20T12:00:00Z"]}`, "2026-12-20T09:00:00Z", "2026-12-20T12:00:00Z", "2026-12-18T12:00:00Z", ClockRunning},
	} {
		now, err := time.Parse(time.RFC3339, x.now)
		if err != nil {
			t.Fatal(err)
		}
		got := p.SealedReadings(World{Case: c, Report: doc(t, x.report), Now: now})
		if len(got) != 2 || got[0].Due.Format(time.RFC3339) != x.due || got[0].Status != x.status || got[1].Due.Format(time.RFC3339) != x.soon {
			t.Errorf("%s at %s: %+v", x.report, x.now, got)
		}
	}
}

// Nothing of a sealed clock shows without a key, and nothing of it is read by
// those who derive the others.
func TestSealedClocksAreNotProjected(t *testing.T) {
	t.Parallel()
	p := lawful()
	c := in("evaluating")
	c.Log = []Entry{{Revision: 1, At: noon, To: "evaluating"}}
	if got := p.SealedReadings(World{Case: c, Now: at(day)}); got != nil {
		t.Errorf("without a report: %+v", got)
	}
	if got := p.Readings(c.Events(), at(day)); got != nil {
		t.Errorf("derived: %+v", got)
	}
	p.Clocks[3].Remind = "hurry"
	if got := p.DueReminders(World{Case: c, Now: at(900 * day)}); got != nil {
		t.Errorf("the bot reminds: %+v", got)
	}
}
