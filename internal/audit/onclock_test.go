package audit_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// asked has the third case wait for its reporter, since the time that it
// answers.
func asked(t *testing.T) (*yard, time.Time) {
	t.Helper()
	y := newYard(t)
	y.move(third, "needs-info")
	y.approve("triage")
	c, _ := y.load(y.main(), third)
	return y, c.Log[len(c.Log)-1].At
}

// does brings a revision of the third case to main as it is.
func (y *yard) does(name string, fn func(*psirt.Case)) {
	y.t.Helper()
	y.merge(y.revise(name, y.main(), third, fn), third)
}

func (y *yard) lapses(name string) func(*psirt.Case) {
	return func(c *psirt.Case) {
		y.to(name, "closed")(c)
		c.Outcome = "insufficient-information"
		y.told(c, "closed-insufficient-information")
	}
}

func (y *yard) text(kind string) func(*psirt.Case) {
	return func(c *psirt.Case) { y.told(c, kind) }
}

func clean(t *testing.T, list []audit.Finding) {
	t.Helper()
	for _, f := range list {
		t.Errorf("expected no finding, got %s", f)
	}
}

const day = 24 * time.Hour

// Two reminders and the end of waiting, each when its clock has run out: the
// bot needs nobody for them.
func TestTheBotActsOnClocks(t *testing.T) {
	t.Parallel()
	y, since := asked(t)
	y.now = since.Add(15 * day)
	y.does("bot", y.text("reminder"))
	y.now = since.Add(29 * day)
	y.does("bot", y.text("last-reminder"))
	y.now = since.Add(43 * day)
	y.does("bot", y.lapses("bot"))
	y.deliver()
	clean(t, y.audit(false))
	clean(t, y.audit(true))
}

// What the bot does before a clock has run out, or twice, is found, and so is
// what people do in its place.
func TestNobodyActsBeforeTheClock(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		what, kind string
		do         func(y *yard, since time.Time)
		says       string
	}{
		{"a reminder too early", "update", func(y *yard, since time.Time) {
			y.now = since.Add(10 * day)
			y.does("bot", y.text("reminder"))
		}, "has not run out"},
		{"the second reminder at the time of the first", "update", func(y *yard, since time.Time) {
			y.now = since.Add(15 * day)
			y.does("bot", y.text("last-reminder"))
		}, "has not run out"},
		{"a reminder twice", "update", func(y *yard, since time.Time) {
			y.now = since.Add(15 * day)
			y.does("bot", y.text("reminder"))
			y.does("bot", y.text("reminder"))
		}, "was sent in this run"},
		{"two texts at once", "role", func(y *yard, since time.Time) {
			y.now = since.Add(29 * day)
			y.does("bot", func(c *psirt.Case) { y.told(c, "reminder"); y.told(c, "last-reminder") })
		}, "one at a time"},
		{"a reminder after an answer", "update", func(y *yard, since time.Time) {
			y.now = since.Add(10 * day)
			y.intake(y.report("answer@example.org", "three@example.org", "nothing to add\n")) // moves the case on, too
			y.now = since.Add(15 * day)
			y.does("bot", y.text("reminder"))
		}, "has not run out"},
		{"the end too early", "clock", func(y *yard, since time.Time) {
			y.now = since.Add(41 * day)
			y.does("bot", y.lapses("bot"))
		}, "has not run out"},
		{"the end by a person alone", "unapproved", func(y *yard, since time.Time) {
			y.now = since.Add(43 * day)
			y.does("lead", y.lapses("lead"))
		}, "docket approve"},
		{"a text that no clock calls for", "update", func(y *yard, since time.Time) {
			y.now = since.Add(43 * day)
			y.does("bot", y.text("language"))
		}, "a member of the team must send it"},
		{"the text of a move without one", "update", func(y *yard, since time.Time) {
			y.now = since.Add(43 * day)
			y.does("bot", y.text("solving"))
		}, "may not send"},
		{"a text that takes an approval", "unapproved", func(y *yard, since time.Time) {
			y.does("lead", y.text("embargo-lifted"))
		}, "docket approve"},
	} {
		t.Run(x.what, func(t *testing.T) {
			t.Parallel()
			y, since := asked(t)
			x.do(y, since)
			list := y.audit(false)
			found(t, list, x.kind, third)
			said := ""
			for _, f := range list {
				said += f.Text + "\n"
			}
			if !strings.Contains(said, x.says) {
				t.Errorf("nothing says %q:\n%s", x.says, said)
			}
		})
	}
}

// People send a standing text without anybody's approval where the programme
// asks for none, and with it where it does.
func TestPeopleSendStandingTexts(t *testing.T) {
	t.Parallel()
	y, _ := asked(t)
	y.does("lead", y.text("language"))
	h := y.revise("lead", y.main(), third, y.text("embargo-lifted"))
	y.merge(y.approved("triage", h, third, y.digest(h, third)), third)
	y.deliver()
	clean(t, y.audit(false))
}

// The guards of a standing text hold, whatever else goes out with it.
func TestGuardsOfStandingTexts(t *testing.T) {
	t.Parallel()
	for what, kinds := range map[string][]string{"alone": {"language"}, "with another": {"language", "deletion"}} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.changeProgram("lead", "triage", edit(policy, y.replaced("{kind: language, by: team}", "{kind: language, by: team, guards: [in-scope]}")))
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) {
				for _, kind := range kinds {
					y.told(c, kind)
				}
			})
			y.merge(y.approved("triage", h, third, y.digest(h, third)), third)
			var found []audit.Finding
			for _, f := range y.audit(false) {
				if f.Kind == "update" {
					found = append(found, f)
				}
			}
			if len(found) != 1 || !strings.Contains(found[0].Text, "The product is one of ours") {
				t.Errorf("findings are %v", found)
			}
		})
	}
}

// Whether the reporter has heard nothing for long follows from receipts: a
// check of one proposal does not have them, and the audit does.
func TestTheBotBreaksTheSilence(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		what string
		days []int
		late int // findings
	}{{"in time", []int{15, 30}, 0}, {"too early", []int{10}, 1}, {"again at once", []int{15, 16}, 1}} {
		t.Run(x.what, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			text, err := os.ReadFile("../desk/templates/progress.txt")
			if err != nil {
				t.Fatal(err)
			}
			const silence = "    paused: [needs-info, deferred]\n    within: 14d\n"
			y.changeProgram("lead", "triage", edit(policy, y.replaced(silence, silence+"    remind: progress\n")), edit("cases/ingroupe/templates/progress.txt", text))
			start := y.now
			for _, days := range x.days {
				y.now = start.Add(time.Duration(days) * day)
				y.merge(y.revise("bot", y.main(), first, y.text("progress")), first)
				y.deliver()
			}
			var late []audit.Finding
			for _, f := range y.audit(false) {
				if f.Kind == "clock" {
					late = append(late, f)
				} else {
					t.Errorf("another finding: %s", f)
				}
			}
			if len(late) != x.late || x.late > 0 && (late[0].Case != first || late[0].Commit == "" || !strings.Contains(late[0].Text, "silence has not run out")) {
				t.Errorf("findings are %v, want %d", late, x.late)
			}
		})
	}
}

// A record that somebody wrote in another's name opens no way: whoever holds a
// key sees who signed the revision that brought it, even when the other one
// approves the move by mistake.
func TestARecordInAnothersNameIsFound(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		author string
		sealed bool
	}{{"lead", true}, {"triage", false}} {
		y := newYard(t)
		set := func(who string, list ...desk.Assignment) {
			y.as(who, func(d *desk.Desk) {
				if _, err := d.Set(t.Context(), first, list); err != nil {
					t.Fatal(err)
				}
				if _, err := d.Push(t.Context(), first); err != nil {
					t.Fatal(err)
				}
			})
		}
		set("lead", desk.Assignment{Path: "analysis.by", Value: "lead"}, desk.Assignment{Path: "analysis.verdict", Value: "valid"},
			desk.Assignment{Path: "priority", Value: "high"}, desk.Assignment{Path: "owner", Value: "lead"},
			desk.Assignment{Path: "products[]", Value: `{"name":"p","type":"software","versions":["1"]}`},
			desk.Assignment{Path: "assessment.ssvc.decision", Value: "scheduled"},
			desk.Assignment{Path: "assessment.cvss[]", Value: `{"version":"4.0","vector":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}`})
		set(x.author, desk.Assignment{Path: "analysis.reviews[]", Value: `{"by":"triage","text":"I see it too."}`})
		h := y.revise("lead", y.main(), first, func(c *psirt.Case) { y.to("lead", "solving")(c); y.told(c, "solving") })
		y.merge(y.approved("triage", h, first, y.digest(h, first)), first)
		y.deliver()
		clean(t, y.audit(false))
		list := y.audit(true)
		if !x.sealed {
			clean(t, list)
			continue
		}
		found(t, list, "sealed", first)
		if !strings.Contains(list[0].Text, "reviewed") {
			t.Errorf("it says %q", list[0].Text)
		}
	}
}

// Somebody with a role that handles cases signs edits of those that name them,
// and of no others; moves are the team's.
func TestHandlersByRole(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	text := string(y.replaced("\nkeys: #", "\nroles:\n  product: {means: Speaks for a product team., handles: true}\n\nkeys: #"))
	at := strings.Index(text, "{handle: third,")
	text = text[:at] + strings.Replace(text[at:], "roles: [team]", "roles: [product]", 1)
	y.changeProgram("lead", "triage", edit(policy, []byte(text)))
	hands := []psirt.Fingerprint{y.cert("lead").Fingerprint(), y.cert("third").Fingerprint()}
	slices.Sort(hands)
	y.does("third", func(*psirt.Case) {})
	found(t, y.audit(false), "role", third)

	y = newYard(t)
	y.changeProgram("lead", "triage", edit(policy, []byte(text)))
	named := func(c *psirt.Case) {
		c.Handlers = hands
		c.Sealed = y.sealFor(y.key("lead"), third, "lead", "third", "escrow")
		c.Contact = y.contactFor(y.key("lead"), third, "lead", "third", "escrow", "mailer", "intake")
	}
	h := y.revise("lead", y.main(), third, named)
	y.merge(y.approved("triage", h, third, y.digest(h, third)), third)
	y.does("third", func(*psirt.Case) {})
	clean(t, y.audit(false))
	y.does("third", func(c *psirt.Case) { y.to("third", "needs-info")(c); y.told(c, "needs-info") })
	found(t, y.audit(false), "unapproved", third)
}

// contactFor seals a contact of a case to named keys.
func (y *yard) contactFor(by *seal.Key, id psirt.CaseID, to ...string) string {
	y.t.Helper()
	var certs []*seal.Cert
	for _, name := range to {
		certs = append(certs, y.cert(name))
	}
	sealed, err := by.Seal([]byte(`{"docket":1,"id":"`+string(id)+`"}`), certs, casefile.ContextOf(casefile.PartContact, id), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	return sealed.Armor
}
