package desk

import "github.com/docket-psirt/docket/internal/psirt"

// WithoutKeys is for the test that holds the shipped programmes.
var WithoutKeys = withoutKeys

// FirstMove is where the programme lets a label move a new case.
func FirstMove(d *Desk, id psirt.CaseID) string {
	c, err := d.onMain(id)
	if err != nil {
		return ""
	}
	for _, t := range c.setting.Program.Transitions {
		if t.Label && has(t.From, c.State) && len(t.Outcomes) == 0 {
			return t.To
		}
	}
	return ""
}

// CasePathFor is where a case of a number stands.
func CasePathFor(program, prefix string, year, n int) string {
	return psirt.CasePath(program, psirt.NewCaseID(prefix, year, n))
}
