package psirt

// What becomes of mail that comes in clear (Intake.Clear).
const (
	ClearFlag       = "flag"
	ClearQuarantine = "quarantine"
	ClearReject     = "reject"
)

// Released is the fact that holds of every case that nothing holds back.
const Released = "released"

// Hold makes a programme hold what came in clear where its intake says so: it
// declares the fact Released, unless the file does, and makes it a guard of
// every transition but those that close. The fact is clear, so that no label
// and no check without a key lets such a case go on.
func (p *Program) Hold() {
	if p.Intake.Clear != ClearQuarantine && p.Intake.Clear != ClearReject {
		return
	}
	if p.Facts == nil {
		p.Facts = map[string]Fact{}
	}
	if _, own := p.Facts[Released]; !own {
		p.Facts[Released] = Fact{Clear: true,
			Means: "The report came encrypted, or a person released it.",
			Do:    "look at it, then docket set ID arrival.released_at=TIME arrival.released_by=HANDLE; or close the case",
			Is:    Test{Any: []Test{{Not: &Test{Present: "arrival.held"}}, {Present: "arrival.released_at"}}},
		}
	}
	for i, t := range p.Transitions {
		to, _ := p.State(t.To)
		if to.Phase != PhaseClosed && !contains(t.Guards, Released) {
			p.Transitions[i].Guards = append(append([]string{}, t.Guards...), Released)
		}
	}
}
