package desk

import (
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// termsOf is what the policy asked of reports when a case was submitted: a
// change of the policy asks nothing more of those who reported before it. Where
// that policy cannot be read any more, it is what the policy asks now; the audit
// says then what is wrong.
func (d *Desk) termsOf(c *one) psirt.ReportForm {
	now := c.setting.Program.Report
	if c.Policy == c.setting.Blob {
		return now
	}
	if form, ok := d.terms.Load(c.Policy); ok {
		return form.(psirt.ReportForm)
	}
	h, err := store.ParseHash(c.Policy.Hex())
	if err != nil {
		return now
	}
	raw, err := d.repo.Blob(h, maxProgramFile)
	if err != nil {
		return now
	}
	p, err := casefile.ParseProgram(raw)
	if err != nil {
		return now
	}
	d.terms.Store(c.Policy, p.Report)
	return p.Report
}
