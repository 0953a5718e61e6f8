package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
)

// TestIG02Overdue: a case that nobody looks at becomes overdue, is listed so,
// gets a label, and its handlers get an alarm that says nothing in clear; a
// audit says so: IG-02.
func TestIG02Overdue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	name := b.mail("m.eml", "From: dana@example.org\nTo: psirt@ingroupe.com\nSubject: Lamp\nContent-Type: text/plain; charset=utf-8\n\nIt blinks.\n",
		outgoing{sign: true, attachKey: true})
	b.as("lead", "intake", name)

	// Two days later. The clock of this desk is ahead; nothing else is.
	later := func() time.Time { return time.Now().Add(48 * time.Hour) }
	d, err := desk.Open(b.path("cases.git"), desk.Options{Keys: b.path("keys"), Now: later})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rows, err := d.List(desk.Filter{Overdue: true})
	if err != nil || len(rows) != 1 || !rows[0].Overdue || rows[0].Due == nil {
		t.Fatalf("the overdue cases are %+v: %v", rows, err)
	}
	due, err := d.Clock(context.Background())
	if err != nil || len(due) < 2 || due[0].Clock != "acknowledge" && due[0].Clock != "first-look" {
		t.Fatalf("the clocks are %+v: %v", due, err)
	}
	if board := b.git("log", "-p", "--format=%s", "refs/docket/forge"); !strings.Contains(board, "due/overdue") {
		t.Errorf("the tracking issue has no label due/overdue:\n%s", board)
	}
	sender, err := mail.NewMaildirSender(b.path("alarms"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // once is enough
		if _, err := d.NotifyOverdue(context.Background(), due, sender, b.path("state")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := maildir(b.path("alarms"), "")
	if err != nil || len(list) != 2 {
		t.Fatalf("%d alarms: %v", len(list), err)
	}
	for _, m := range list {
		if m.sealed == nil || strings.Contains(string(m.raw), "first-look") {
			t.Errorf("the alarm to %s is not sealed", m.to)
		}
	}
	r, err := d.Audit(context.Background(), desk.AuditOptions{})
	if err != nil || len(r.Findings) > 0 {
		t.Fatalf("the audit: %+v, %v", r, err)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "OVERDUE") {
		t.Errorf("the audit does not say that a clock is overdue:\n%s", text.String())
	}
}
