package desk

import (
	"fmt"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// intact refuses to build on a case whose file on main is not as its signer left
// it. Whoever may push past every proposal can put such a file there; a signed
// revision on top of it would make what they wrote look agreed on.
func intact(c *one) error {
	_, _, when, err := seal.SignerOf(c.Signature)
	if err == nil {
		var cert *seal.Cert
		if cert, err = c.setting.Cert(c.By); err == nil {
			err = casefile.Verify(c.file, c.Case, cert, when)
		}
	}
	if err == nil {
		return nil
	}
	return &Refused{What: fmt.Sprintf("nothing was changed in %s", c.ID), Verdict: psirt.All(string(c.ID)+" is as it was signed",
		psirt.Failed(fmt.Sprintf("revision %d on main is not as %s signed it: %v", c.Revision, c.setting.Name(c.By), err),
			"docket audit says when it was changed; put the file back as it was before, with git, and let docket audit accept explain it"))}
}
