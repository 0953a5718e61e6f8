package psirt

import (
	"strings"
	"testing"
)

func TestTransition(t *testing.T) {
	t.Parallel()
	valid := Document{"description": "x", "analysis": map[string]any{"verdict": "valid"}}
	for _, x := range []struct {
		what     string
		from, to string
		outcome  Outcome
		report   Document
		facts    []string
		want     Result
		update   string   // of the rule that was found
		reasons  []string // part of each
		text     []string // part of the tree
	}{
		{"clear guard, no key", "received", "evaluating", "", nil, []string{"complete"}, Pass, "evaluating", nil,
			[]string{"yes  ACME-2026-0001 may move from received to evaluating", "  yes  the programme knows this move", "  yes  complete (All is there)\n"}},
		{"clear guard that fails", "received", "evaluating", "", nil, nil, Fail, "evaluating", []string{"complete (All is there): ask for it"},
			[]string{"no   ACME-2026-0001", "  no   complete (All is there): ask for it"}},
		{"sealed guard, no key", "evaluating", "closed", "fixed", nil, []string{"complete"}, Sealed, "closed", []string{"valid (There is an issue): somebody whose key"},
			[]string{"key  ACME-2026-0001 may move from evaluating to closed (fixed)", "  key  valid"}},
		{"sealed and failing", "evaluating", "closed", "fixed", nil, nil, Fail, "closed", []string{"complete (All is there): ask for it"}, []string{"key  valid"}},
		{"sealed guard, with the key", "evaluating", "closed", "mitigated", valid, nil, Pass, "closed", nil, nil},
		{"rule by outcome", "evaluating", "closed", "not-a-vulnerability", valid, nil, Fail, "closed", []string{"not valid (There is an issue): it must not hold"}, nil},
		{"outcome of another rule", "waiting", "closed", "not-a-vulnerability", valid, nil, Fail, "", []string{"does not know this move: say which with --outcome: fixed, mitigated"}, nil},
		{"unknown outcome", "evaluating", "closed", "wontfix", valid, nil, Fail, "", []string{"does not know this move: say which with --outcome: fixed, mitigated, not-a-vulnerability"}, nil},
		{"closing without outcome", "evaluating", "closed", "", valid, nil, Fail, "", []string{"an outcome goes with closing, and with nothing else: say which with --outcome: fixed, mitigated, not-a-vulnerability"}, nil},
		{"closing from where it cannot", "received", "closed", "", valid, nil, Fail, "", []string{"from received a case can move to evaluating"}, nil},
		{"outcome without closing", "received", "evaluating", "fixed", nil, []string{"complete"}, Fail, "", []string{"leave the outcome out"}, nil},
		{"unknown state", "evaluating", "solved", "", nil, nil, Fail, "", []string{"the programme has no state solved: from evaluating a case can move to closed, waiting"}, nil},
		{"unknown move", "received", "waiting", "", nil, nil, Fail, "", []string{"does not know this move: from received a case can move to evaluating"}, nil},
		{"no move leaves", "closed", "evaluating", "", nil, nil, Fail, "", []string{"no move leaves closed"}, nil},
		{"case in an unknown state", "lost", "evaluating", "", nil, nil, Fail, "", []string{"no move leaves lost"}, nil},
	} {
		c := in(x.from)
		c.Facts = x.facts
		rule, v := small().Transition(World{Case: c, Report: x.report, Now: noon}, x.to, x.outcome)
		if v.Result != x.want || rule.Update != x.update {
			t.Errorf("%s: %v with rule %+v\n%s", x.what, v.Result, rule, v.Text())
		}
		reasons := v.Reasons()
		if len(reasons) != len(x.reasons) {
			t.Errorf("%s: reasons are %q", x.what, reasons)
			continue
		}
		for i, part := range x.reasons {
			contain(t, reasons[i], part)
		}
		contain(t, v.Text(), x.text...)
	}
}

func TestApproved(t *testing.T) {
	t.Parallel()
	signed := func(who ...Fingerprint) (out []Approval) {
		for _, f := range who {
			out = append(out, Approval{f, KindSigned})
		}
		return out
	}
	attested := func(f Fingerprint) []Approval { return []Approval{{f, KindAttested}} }
	team := func(n int, kind string) ApprovalRule { return ApprovalRule{Count: n, Role: RoleTeam, Kind: kind} }
	byAnna := []Fingerprint{anna}
	for _, x := range []struct {
		what      string
		rule      ApprovalRule
		approvals []Approval
		not       []Fingerprint
		sealed    bool
		want      Result
		text      []string
	}{
		{"none asked for", ApprovalRule{}, nil, byAnna, true, Pass, []string{"no approval is asked for"}},
		{"nobody yet", team(1, KindSigned), nil, byAnna, false, Fail, []string{"0 of 1 approvals are there: 1 more by bert or carl: docket approve"}},
		{"another", team(1, KindSigned), signed(bert), byAnna, false, Pass, []string{"approved by bert, signed"}},
		{"the mover", team(1, KindSigned), signed(anna), byAnna, false, Fail, []string{"the approval by anna counts nothing: whoever made or asked", "0 of 1"}},
		{"mover and another", team(1, KindSigned), signed(anna, bert), byAnna, false, Pass, []string{"anna counts nothing", "approved by bert"}},
		{"mover and requester", team(1, KindSigned), signed(anna, bert), []Fingerprint{anna, bert}, false, Fail, []string{"1 more by carl"}},
		{"twice the same", team(2, KindSigned), signed(bert, bert), byAnna, false, Fail, []string{"1 of 2 approvals are there: 1 more by carl"}},
		{"two", team(2, KindSigned), signed(bert, carl), byAnna, false, Pass, nil},
		{"a stranger", team(1, KindSigned), signed(guest), byAnna, false, Fail, []string{"an approval by " + string(guest) + " counts nothing: only people of the programme"}},
		{"the bot", team(1, KindSigned), signed(key('2')), byAnna, false, Fail, []string{"only people of the programme"}},
		{"an auditor", team(1, KindSigned), signed(dora), byAnna, false, Fail, []string{"dora counts nothing: it takes the role team"}},
		{"the team for a lead", ApprovalRule{Count: 1, Role: RoleLead, Kind: KindSigned}, signed(bert), byAnna, false, Fail, []string{"it takes the role lead", "1 more by carl"}},
		{"a lead", ApprovalRule{Count: 1, Role: RoleLead}, signed(carl), byAnna, false, Pass, []string{"1 approval(s) by lead, signed"}},
		{"the only lead", ApprovalRule{Count: 1, Role: RoleLead}, signed(carl), []Fingerprint{carl}, false, Fail, []string{"somebody else with the role lead (the programme has nobody: docket keys add)"}},
		{"no role named", ApprovalRule{Count: 1}, signed(dora), nil, false, Fail, []string{"it takes the role team"}},
		{"review for a signature", team(1, KindSigned), attested(bert), byAnna, false, Fail, []string{"the review by bert counts nothing here: it must be signed"}},
		{"review where no kind is named", team(1, ""), attested(bert), byAnna, false, Fail, []string{"it must be signed"}},
		{"review for a review", team(1, KindAttested), attested(bert), byAnna, false, Pass, []string{"approved by bert, attested"}},
		{"review of what is sealed", team(1, KindAttested), attested(bert), byAnna, true, Fail, []string{"it must be signed"}},
		{"signature for a review", team(1, KindAttested), signed(bert), byAnna, true, Pass, []string{"approved by bert, signed"}},
		{"review and signature", team(1, KindAttested), append(attested(bert), signed(bert)...), byAnna, true, Pass, nil},
		{"unknown kind of approval", team(1, KindAttested), []Approval{{bert, ""}}, byAnna, false, Fail, []string{"it must be signed"}},
		{"unknown kind of rule", team(1, "oral"), attested(bert), byAnna, false, Fail, []string{"it must be signed"}},
	} {
		v := small().Approved(x.rule, x.approvals, x.not, x.sealed)
		if v.Result != x.want || (len(v.Reasons()) == 0) != v.OK() {
			t.Errorf("%s: %v, reasons %q", x.what, v.Result, v.Reasons())
		}
		contain(t, v.Text(), x.text...)
	}
}

func TestMayMove(t *testing.T) {
	t.Parallel()
	bot := key('2')
	byLabel, byReply, byClock, plain := Transition{Label: true}, Transition{On: "reply"}, Transition{On: "clock:triage"}, Transition{}
	for _, x := range []struct {
		what  string
		rule  Transition
		entry Entry
		own   bool
		want  Result
		text  string
	}{
		{"the team", plain, Entry{By: anna}, false, Pass, "signed by anna (team)"},
		{"the team, own words", plain, Entry{By: anna}, true, Pass, "signed by anna"},
		{"an auditor", plain, Entry{By: dora}, false, Fail, "signed by dora, who is not of the team: a member"},
		{"a stranger", byLabel, Entry{By: guest}, false, Fail, "a key without a role: " + string(guest)},
		{"the mailer", byLabel, Entry{By: key('3')}, false, Fail, "without a role"},
		{"the bot alone", plain, Entry{By: bot}, false, Fail, "the bot may not make this move by itself"},
		{"the bot alone, by label", byLabel, Entry{By: bot}, false, Fail, "the bot may not make this move by itself"},
		{"the bot on a reply", byReply, Entry{By: bot}, false, Pass, "made by the bot on reply"},
		{"the bot on a clock", byClock, Entry{By: bot}, false, Pass, "made by the bot on clock:triage"},
		{"the bot with own words", byReply, Entry{By: bot}, true, Fail, "standard texts only"},
		{"the bot for anna", byLabel, Entry{By: bot, RequestedBy: "Anna-A"}, false, Pass, "made by the bot for Anna-A"},
		{"the bot for ANNA-A", byLabel, Entry{By: bot, RequestedBy: "ANNA-A"}, false, Pass, "made by the bot for ANNA-A"},
		{"the bot for anna, own words", byLabel, Entry{By: bot, RequestedBy: "anna-a"}, true, Fail, "standard texts only"},
		{"the bot for a stranger", byLabel, Entry{By: bot, RequestedBy: "mallory"}, false, Fail, "asked for by mallory, who is not of the team"},
		{"a label that may not", byReply, Entry{By: bot, RequestedBy: "bert"}, false, Fail, "a label cannot ask for this move: run docket move"},
	} {
		v := small().MayMove(x.rule, x.entry, x.own)
		if v.Result != x.want || (len(v.Reasons()) == 0) != v.OK() {
			t.Errorf("%s: %v", x.what, v)
		}
		contain(t, v.Text(), x.text)
	}
	// Someone with a login who is not of the team; a person without login.
	p := small()
	p.People[3].Login = "dora"
	if v := p.MayMove(byLabel, Entry{By: bot, RequestedBy: "dora"}, false); v.Result != Fail {
		t.Errorf("for an auditor: %v", v)
	}
	if _, ok := small().ByLogin(""); ok {
		t.Error("somebody has no login and is found by it")
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	p := small()
	if x, ok := p.ByHandle("bert"); !ok || x.Key != bert {
		t.Errorf("bert is %+v", x)
	}
	if x, ok := p.ByHandle("nobody"); ok {
		t.Errorf("nobody is %+v", x)
	}
	join := func(list []Fingerprint) string {
		var b strings.Builder
		for _, f := range list {
			b.WriteByte(f.Hex()[0])
		}
		return b.String()
	}
	for what, x := range map[string][2]string{
		"team":                     {join(p.With(RoleTeam)), "ABC"},
		"leads":                    {join(p.With(RoleLead)), "C"},
		"nobody":                   {join(p.With("boss")), ""},
		"readers":                  {join(p.SealedReaders(nil)), "4ABCD"},
		"readers of handlers":      {join(p.SealedReaders([]Fingerprint{bert})), "4BD"},
		"an auditor who handles":   {join(p.SealedReaders([]Fingerprint{dora, dora})), "4D"},
		"contact":                  {join(p.ContactReaders([]Fingerprint{bert})), "134BD"},
		"addressed":                {join(p.AddressedReaders(nil)), "3ABCD"},
		"addressed of handlers":    {join(p.AddressedReaders([]Fingerprint{bert})), "3BD"},
		"no escrow, no empty name": {join((&Program{}).SealedReaders([]Fingerprint{bert})), "B"},
	} {
		if x[0] != x[1] {
			t.Errorf("%s: %s, want %s", what, x[0], x[1])
		}
	}
	handlers := []Fingerprint{carl, anna}
	p.SealedReaders(handlers)
	p.AddressedReaders(handlers)
	if handlers[0] != carl {
		t.Error("the caller's list was sorted")
	}
	if s := (&Program{}).Initial(); s != (State{}) {
		t.Errorf("the first of no states is %+v", s)
	}
}
