package desk

import (
	"os"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

const (
	leadKey  = psirt.Fingerprint("openpgp4fpr:8819F256596195ABB191259A001CB3C92B9654A6")
	cemKey   = psirt.Fingerprint("openpgp4fpr:0000000000000000000000000000000000000001")
	otherKey = psirt.Fingerprint("openpgp4fpr:0000000000000000000000000000000000000002")
)

// laidOut is a programme whose people stand in other ways than docket init
// writes them, with comments everywhere.
func laidOut(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../cases/ingroupe/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(raw), "\npeople:")
	return head + `
roles:
  dev: {means: builds it, handles: true} # people: [dora] is no list
teams: # who looks after what
  gates:
    people: [dora, "erik"] # the gate team
    mail: [gates@example.com]
  bridges:
    people:
      - erik # alone
      - dora
people: # "who" is here
- handle: lead # the boss
  key: ` + string(leadKey) + ` # of 2026
  # she has two
  roles: [team, lead]

- {handle: dora, key: ` + string(otherKey) + `, roles: [dev]} # handle: lead
- {handle: "erik", key: openpgp4fpr:0000000000000000000000000000000000000003, roles: [team]}
# the end
`
}

func parse(t *testing.T, text string) *psirt.Program {
	t.Helper()
	p, err := casefile.ParseProgram([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPeopleAreEditedLineByLine(t *testing.T) {
	t.Parallel()
	text := laidOut(t)
	parse(t, text)
	cem := psirt.Person{Handle: "cem", Login: "on", Key: cemKey, Mail: "cem@example.com", Roles: []string{"team", "dev"}}
	added, p, err := editPeople("x", []byte(text), func(l *policyLines) bool { return l.add(cem) }, func(p *psirt.Program) { p.People = append(p.People, cem) })
	if err != nil {
		t.Fatal(err)
	}
	row := `- {handle: cem, login: "on", key: ` + string(cemKey) + `, mail: cem@example.com, roles: [team, dev]}` + "\n"
	if want := strings.Replace(text, "# the end\n", row+"# the end\n", 1); string(added) != want {
		t.Errorf("got %s", added[len(added)-400:])
	}
	if x, ok := p.ByHandle("cem"); !ok || x.Login != "on" {
		t.Errorf("got %v", x)
	}

	removed, _, err := editPeople("x", []byte(text), func(l *policyLines) bool { l.leave("erik"); return l.remove("erik") }, func(p *psirt.Program) {
		p.People = p.People[:2]
		for name, team := range p.Teams {
			team.People = []string{"dora"}
			p.Teams[name] = team
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(text, `[dora, "erik"] # the`, `[dora] # the`, 1)
	want = strings.Replace(want, "      - erik # alone\n", "", 1)
	from, _, _ := strings.Cut(want, `- {handle: "erik"`)
	if want = from + "# the end\n"; string(removed) != want {
		t.Errorf("got %s", removed[len(removed)-900:])
	}

	swapped, _, err := editPeople("x", []byte(text), func(l *policyLines) bool { return l.swap(leadKey, cemKey) }, func(p *psirt.Program) { p.People[0].Key = cemKey })
	if err != nil || string(swapped) != strings.Replace(text, string(leadKey), string(cemKey), 1) {
		t.Error(err)
	}
}

// A file with Windows' line ends keeps them.
func TestPeopleAreEditedWithLineEnds(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(laidOut(t), "\n", "\r\n")
	cem := psirt.Person{Handle: "cem", Login: "cem", Key: cemKey, Mail: "cem@example.com", Roles: []string{"team"}}
	added, _, err := editPeople("x", []byte(text), func(l *policyLines) bool { return l.add(cem) }, func(p *psirt.Program) { p.People = append(p.People, cem) })
	if err != nil || strings.Count(string(added), "\n") != strings.Count(string(added), "\r\n") {
		t.Error(err)
	}
	_, _, err = editPeople("x", added, func(l *policyLines) bool { return l.remove("cem") }, func(p *psirt.Program) { p.People = p.People[:3] })
	if err != nil {
		t.Error(err)
	}
}

// What the lines do not say, or say otherwise than meant, is left to people; so
// is what the programme could not be.
func TestPeopleInALayoutOfTheirOwn(t *testing.T) {
	t.Parallel()
	text := laidOut(t)
	from, _, _ := strings.Cut(text, "\npeople:")
	flow := from + "\npeople: [{handle: lead, key: " + string(leadKey) + ", roles: [team, lead]}, {handle: dora, key: " + string(otherKey) +
		", roles: [dev]}, {handle: erik, key: openpgp4fpr:0000000000000000000000000000000000000003, roles: [team]}]\n"
	parse(t, flow)
	cem := psirt.Person{Handle: "cem", Login: "cem", Key: cemKey, Mail: "cem@example.com", Roles: []string{"team"}}
	for name, edit := range map[string]func() error{
		"people in one line": func() error {
			_, _, err := editPeople("x", []byte(flow), func(l *policyLines) bool { return l.add(cem) }, func(p *psirt.Program) { p.People = append(p.People, cem) })
			return err
		},
		"another effect than meant": func() error {
			_, _, err := editPeople("x", []byte(text), func(l *policyLines) bool { return l.remove("dora") }, func(*psirt.Program) {})
			return err
		},
	} {
		if err := edit(); err == nil || !strings.Contains(err.Error(), "policy edit") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := editPeople("x", []byte(text), func(l *policyLines) bool { return l.remove("lead") }, func(p *psirt.Program) { p.People = p.People[1:] })
	if err == nil || !strings.Contains(err.Error(), "nobody is lead") {
		t.Error(err)
	}
}

func FuzzPolicyLines(f *testing.F) {
	raw, err := os.ReadFile("../../cases/inspur/program.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add("people:\n- handle: a\nteams:\n  x: {people: [a, b]}\n")
	f.Add("people:\r\n  -\r\n    handle: a # b\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := newPolicyLines(text)
		l.leave("a")
		l.remove("a")
		l.add(psirt.Person{Handle: "a"})
		l.swap(leadKey, cemKey)
		if newPolicyLines(text).text() != text {
			t.Error("lines change a text by themselves")
		}
	})
}

func TestExcerpts(t *testing.T) {
	t.Parallel()
	report := psirt.Document{
		"title":       "Radio of maren ODDSDOTTIR, May",
		"description": "Maren says:\r\n\tgo to https://a.example.com/x?y and http://b.example\n\nMay it help. \x1b[2J 192.0.2.7",
		"products":    []any{map[string]any{"name": "radio", "versions": []any{"1.2", "1.3"}, "by": "ada"}},
		"exploited":   "no",
		"source_ip":   "192.0.2.7",
		"reporter":    map[string]any{"name": "Maren May Oddsdottir", "email": "m@example.org", "organisation": "Radio"},
	}
	contact := psirt.Contact{Address: "m@example.org"}
	x := newExcerpt(report, contact, []string{"title", "description", "products", "reporter"})
	if err := x.write(); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"Maren", "Oddsdottir", "m@example.org", "192.0.2.7", "\x1b", "\r", "https://", "a.example.com", "ada"} {
		if strings.Contains(x.text(), secret) {
			t.Errorf("%q is in %s", secret, x.text())
		}
	}
	for _, kept := range []string{"hxxps://a[.]example[.]com/x?y", "Versions 2: 1.3", "Reporter: the reporter"} {
		if !strings.Contains(x.text(), kept) {
			t.Errorf("%q is not in %s", kept, x.text())
		}
	}
	if got := strings.Join(x.disclosed, " "); got != "title description products[0].name products[0].versions[0] products[0].versions[1] reporter.pseudonym" {
		t.Errorf("got %s", got)
	}
	// With consent to the name, the name is there.
	x = newExcerpt(report, contact, []string{"title", "reporter.name"})
	if err := x.write(); err != nil || !strings.Contains(x.text(), "Maren May Oddsdottir") {
		t.Error(x.text(), err)
	}
	// A pseudonym stands for the name everywhere.
	report["permissions"] = map[string]any{"pseudonym": "$1nightbird"}
	x = newExcerpt(report, contact, []string{"description"})
	if err := x.write(); err != nil || !strings.Contains(x.text(), "[$1nightbird] says") {
		t.Error(x.text(), err)
	}
}
