package psirt

import (
	"strings"
	"testing"
	"time"
)

// The keys of the people and roles in the tests.
var (
	anna  = key('A')
	bert  = key('B')
	carl  = key('C')
	dora  = key('D')
	guest = key('9')
)

func key(digit byte) Fingerprint {
	return Fingerprint("openpgp4fpr:" + strings.Repeat(string(digit), 40))
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

const day = 24 * time.Hour

// small is a programme without faults: anna and bert are the team, carl leads,
// dora audits.
func small() *Program {
	signed := ApprovalRule{Count: 1, Role: RoleTeam, Kind: KindSigned}
	return &Program{
		Docket: 1, Program: "acme", Name: "ACME PSIRT", Prefix: "ACME", Language: "en",
		Intake: Intake{Addresses: []string{"psirt@acme.example"}, Domain: "acme.example", Clear: "flag", NoteLimit: 3, Update: "acknowledge", Note: "note"},
		Texts:  map[string]string{"policy": "https://acme.example/psirt"},
		Facts: map[string]Fact{
			"complete": {Clear: true, Means: "All is there.", Do: "ask for it", Is: Test{Present: "description"}},
			"valid":    {Means: "There is an issue.", Do: "write the verdict", Is: Test{Equals: &Equals{"analysis.verdict", "valid"}}},
		},
		States: []State{
			{"received", "Reporting", PhaseReceived, "It arrived."},
			{"evaluating", "Evaluating", PhaseEvaluating, "We look."},
			{"waiting", "Waiting", PhaseNeedsInfo, "We asked."},
			{"closed", "Closed", PhaseClosed, "It ended."},
		},
		Transitions: []Transition{
			{From: []string{"received"}, To: "evaluating", Guards: []string{"complete"}, Approvals: ApprovalRule{Count: 1, Role: RoleTeam, Kind: KindAttested}, Update: "evaluating", Label: true},
			{From: []string{"evaluating"}, To: "waiting", Update: "ask", Words: "required", Approvals: signed},
			{From: []string{"waiting"}, To: "evaluating", Update: Silent, Words: "forbidden", On: "reply"},
			{From: []string{"evaluating", "waiting"}, To: "closed", Outcomes: []Outcome{"fixed", "mitigated"}, Guards: []string{"complete", "valid"}, Approvals: signed, Update: "closed"},
			{From: []string{"evaluating"}, To: "closed", Outcomes: []Outcome{"not-a-vulnerability"}, Guards: []string{"not valid"}, Approvals: ApprovalRule{Count: 1, Role: RoleLead}, Update: "closed"},
		},
		Clocks: []Clock{
			{Name: "triage", Means: "A verdict.", Starts: []string{"enter:evaluating"}, Stops: []string{"enter:closed"}, Paused: []string{"waiting"}, Within: Duration(14 * day)},
			{Name: "answer", Means: "An answer.", Starts: []string{"update:ask"}, Stops: []string{"mail:*"}, Within: Duration(7 * day), Party: "reporter"},
		},
		Messages: signed, Changes: signed,
		Renamed: map[string]string{"verifying": "evaluating"},
		Keys:    RoleKeys{Intake: key('1'), Bot: key('2'), Mailer: key('3'), Escrow: key('4')},
		People: []Person{
			{Handle: "anna", Login: "Anna-A", Key: anna, Mail: "anna@acme.example", Roles: []string{RoleTeam}},
			{Handle: "bert", Login: "bert", Key: bert, Mail: "bert@acme.example", Roles: []string{RoleTeam}},
			{Handle: "carl", Login: "carl", Key: carl, Mail: "carl@acme.example", Roles: []string{RoleTeam, RoleLead}},
			{Handle: "dora", Key: dora, Mail: "dora@acme.example", Roles: []string{RoleAuditor}},
		},
	}
}

func in(state string) *Case {
	return &Case{Docket: 1, ID: "ACME-2026-0001", Program: "acme", State: state, Opened: noon, Revision: 1}
}

func contain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// holds asks one test of a programme.
func (p *Program) holds(t Test, w World, depth int) bool {
	return (&asking{p: p, w: w, left: maxValues}).ask(t, depth) == Pass
}
