package audit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// sampleAt is when sample reports were made.
var sampleAt = time.Date(2026, 11, 22, 9, 14, 0, 0, time.UTC)

// sampleProgram is a lifecycle with labels of its own.
var sampleProgram = &Setting{Program: &psirt.Program{
	Program: "ingroupe",
	Renamed: map[string]string{"analysis": "evaluating"},
	States: []psirt.State{
		{Name: "received", Label: "Reporting", Phase: psirt.PhaseReceived},
		{Name: "evaluating", Label: "Evaluating", Phase: psirt.PhaseEvaluating},
		{Name: "solving", Label: "Solving", Phase: psirt.PhaseSolving},
		{Name: "communicating", Label: "Communicating", Phase: psirt.PhaseCommunicating},
		{Name: "needs-info", Label: "Waiting for information", Phase: psirt.PhaseNeedsInfo},
		{Name: "deferred", Label: "Deferred", Phase: psirt.PhaseDeferred},
		{Name: "closed", Label: "Closed", Phase: psirt.PhaseClosed},
	},
	Clocks: []psirt.Clock{
		{Name: "acknowledge", Starts: []string{"opened"}, Stops: []string{"update:*"}, Within: psirt.Duration(24 * time.Hour)},
		{Name: "first-look", Starts: []string{"opened"}, Stops: []string{"leave:received"}, Within: psirt.Duration(24 * time.Hour)},
		{Name: "triage", Starts: []string{"enter:evaluating"}, Stops: []string{"leave:evaluating"}, Within: psirt.Duration(14 * 24 * time.Hour)},
		{Name: "solution", Starts: []string{"enter:solving"}, Stops: []string{"leave:solving"}, Within: psirt.Duration(90 * 24 * time.Hour)},
		{Name: "answer", Party: "reporter", Starts: []string{"enter:needs-info"}, Stops: []string{"leave:needs-info"}, Within: psirt.Duration(30 * 24 * time.Hour)},
	},
}}

// sample is a report of n cases that went through their lives, the same for the
// same n.
func sample(n int) *Report {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	r := &Report{Root: sampleHash(1), RootSigner: "openpgp4fpr:9F2C1D7E5A40B3886C11D90E4F7A2B6638D0E5C1", Head: sampleHash(2), Deliveries: sampleHash(3),
		At: sampleAt, Commits: 1 + 9*n, Revisions: 4 * n, Cases: n, Findings: []Finding{}}
	for i := range n {
		opened := sampleAt.Add(-time.Duration(float64(400*24*time.Hour) * float64(n-i) / float64(n+1)))
		r.Stories = append(r.Stories, sampleStory(random, psirt.NewCaseID("INGP", opened.Year(), i+1), opened.Truncate(time.Second)))
	}
	return r
}

func sampleHash(n int) string { return string(psirt.SHA256(fmt.Append(nil, n)))[7:47] }

// sampleStory is a case that moved on at random until now.
func sampleStory(random *rand.Rand, id psirt.CaseID, opened time.Time) *Story {
	s := &Story{Case: id, Program: "ingroupe", Opened: opened, setting: sampleProgram, Revision: 1, now: &psirt.Case{Opened: opened}}
	at, from, updates := opened, "", 0
	wait := func(hours int) { at = at.Add(time.Duration(random.IntN(hours*3600)+60) * time.Second) }
	add := func(kind, name, by, format string, args ...any) *Event {
		s.Events = append(s.Events, Event{At: at, Kind: kind, Name: name, By: by, Text: fmt.Sprintf(format, args...), Commit: sampleHash(random.Int())})
		return &s.Events[len(s.Events)-1]
	}
	update := func(kind, status string) {
		updates++
		add("update", "", "amelie", "update %d (%s) is to go to the reporter", updates, kind)
		at = at.Add(2 * time.Minute)
		add("receipt", "", "mailer", "update %d: sending", updates)
		add("receipt", map[string]string{"sent": "update:" + kind}[status], "mailer", "update %d: %s", updates, status)
	}
	move := func(to string) {
		label, phase := s.state(to)
		e := add("move", "", "amelie", "%s → %s", s.Label, label)
		e.State = to
		s.now.Log = append(s.now.Log, psirt.Entry{At: at, From: from, To: to})
		from, s.State, s.Label, s.Phase = to, to, label, phase
	}
	move("received")
	s.Events[0].Text, s.Events[0].By = "opened as Reporting", "bot"
	update("acknowledge", "sent")
	for _, to := range strings.Fields("evaluating needs-info evaluating solving communicating closed")[2*random.IntN(2):] {
		hours := map[string]int{"received": 30, "evaluating": 24 * 16, "needs-info": 24 * 35, "solving": 24 * 110, "communicating": 24 * 20}[from]
		wait(hours)
		if at.After(sampleAt) {
			break
		}
		switch from {
		case "needs-info":
			add("mail", "mail:follow-up", "bot", "mail %d came in: follow-up, signature good", 1)
		case "evaluating", "solving":
			add("edit", "", "bruno", "revision %d", s.Revision+1)
			s.Revision++
			wait(20)
		}
		move(to)
		s.Revision++
		update(to, []string{"sent", "sent", "sent", "sent", "sent", "refused"}[random.IntN(6)])
		add("approval", "", "bruno", "approved").Attested = random.IntN(4) == 0
	}
	if s.Phase == psirt.PhaseClosed {
		s.Outcome = psirt.Outcomes[random.IntN(len(psirt.Outcomes))]
	}
	s.finish(sampleAt)
	return s
}

// hostile is text that must not act anywhere it is shown.
const hostile = "=cmd|' /C calc'!A0</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'\x1b]0;owned\a\u202egnp.exe\u2028\xff"

// sampleHostile is a report whose every text is hostile.
func sampleHostile() *Report {
	r := sample(3)
	r.Root, r.RootSigner, r.Head, r.Deliveries, r.Since = hostile, hostile, hostile, hostile, hostile
	r.Findings = []Finding{
		{Severity: SeverityError, Kind: "stray", Case: r.Stories[0].Case, Commit: hostile, Text: hostile},
		{Severity: hostile, Kind: hostile, Case: psirt.CaseID(hostile), Commit: hostile, Text: strings.Repeat(hostile, 1000)},
	}
	s := r.Stories[1]
	s.Case, s.Program, s.State, s.Label, s.Phase, s.Outcome, s.setting = hostile, hostile, hostile, hostile, hostile, hostile, nil
	for i := range s.Events {
		e := &s.Events[i]
		e.Kind, e.Text, e.By, e.Commit, e.State = []string{hostile, "move", "mail"}[i%3], hostile, hostile, hostile, hostile
	}
	for i := range s.Clocks {
		s.Clocks[i].Clock, s.Clocks[i].Party, s.Clocks[i].Status = hostile, hostile, psirt.ClockStatus(hostile)
	}
	return r
}
