package psirt

import "slices"

// Commitments are what a policy promises a reporter whose report is valid and
// who kept to it. Once every fact of When holds, each of Names is on the case's
// list, to be looked at before it is closed.
type Commitments struct {
	When  []string `yaml:"when"` // facts; "not NAME" for must not hold
	Names []string `yaml:"names"`
}

// DueCommitments lists the commitments that belong on a case's list and are not
// there, in the order of the programme.
func (p *Program) DueCommitments(w World) []string {
	if p.Commitments == nil || slices.ContainsFunc(p.Commitments.When, func(guard string) bool { return !p.Judge(guard, w).OK() }) {
		return nil
	}
	have := w.Report.Values("commitments.name")
	return slices.DeleteFunc(slices.Clone(p.Commitments.Names), func(name string) bool { return slices.Contains(have, any(name)) })
}

// promises judges what the programme says of commitments, and of texts that put
// something on record.
func (c *checker) promises() {
	if x := c.p.Commitments; x != nil {
		c.known("commitments.when", x.When)
	}
	for _, kind := range names(c.p.Stamps) {
		if kind != c.p.Intake.Update && !slices.ContainsFunc(c.p.Standing, func(s Standing) bool { return s.Kind == kind }) {
			c.add("stamps."+kind, "only the acknowledgement (intake.update) and standing texts put something on record")
		}
	}
}
