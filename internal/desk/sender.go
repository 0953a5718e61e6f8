package desk

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// reporterOf is the reporter's certificate in the contact of a case.
func (d *Desk) reporterOf(in *inbound, id psirt.CaseID) *seal.Cert {
	c, err := d.onMain(id)
	if err != nil {
		return nil
	}
	key, err := d.ring.role(in.setting, "intake", in.setting.Program.Keys.Intake)
	if err != nil {
		return nil
	}
	contact, err := d.openContact(c, []seal.Opener{key})
	if err != nil {
		return nil
	}
	cert, err := seal.ParseCert([]byte(contact.Key))
	if err != nil {
		return nil
	}
	return cert
}

// judgeSignature finds whose good signature is inside the mail. For a new
// report that is a key which came with the mail and bears the sender's
// address; for a follow-up it is the reporter's key.
// inside checks the signature within the encryption by a certificate; nil says
// that there is none.
// Without such a key nothing verifies a follow-up: anybody can make a key that
// bears an address.
func judgeSignature(in *inbound, inside func(*seal.Cert) error, known *seal.Cert, followUp bool, at time.Time) {
	detached := in.content.Signed
	if inside == nil && detached == nil {
		return
	}
	candidates := candidateCerts(in)
	if known != nil {
		candidates = append([]*seal.Cert{known}, candidates...)
	}
	in.signed = psirt.SignedUnknownKey
	for _, cert := range candidates {
		var err error
		if detached != nil {
			err = seal.VerifyDetached(detached.Data, detached.Signature, cert, at)
		} else {
			err = inside(cert)
		}
		switch {
		case err == nil:
			in.signer = cert
			in.signed = psirt.SignedOtherKey
			if followUp && known != nil && cert.Fingerprint() == known.Fingerprint() || !followUp && bearsFrom(in.m.From, cert) {
				in.signed = psirt.SignedGood
			}
			return
		case errors.Is(err, seal.ErrBadSignature):
			in.signed = psirt.SignedBad
		}
	}
}

func bearsFrom(a *mail.Address, cert *seal.Cert) bool {
	return a != nil && has(cert.Addresses(), strings.ToLower(a.Addr))
}

// candidateCerts are the certificates that came with a mail, a few at most.
func candidateCerts(in *inbound) []*seal.Cert {
	keys := in.content.Keys
	if in.m.AutocryptKey != nil {
		keys = append(keys[:len(keys):len(keys)], in.m.AutocryptKey)
	}
	const most = 5
	var out []*seal.Cert
	for _, raw := range keys {
		if len(out) == most {
			break
		}
		if certs, err := seal.ParseCerts(raw); err == nil {
			out = append(out, certs...)
		}
	}
	return out[:min(len(out), most)]
}

// from is the address that a mail is from, or empty.
func (in *inbound) from() string {
	if in.m.From == nil {
		return ""
	}
	return in.m.From.Addr
}

// answerable says whether the mail may be answered at all.
// What claims to come from the team itself is not: the answer would come back
// as a mail.
func (in *inbound) answerable() bool {
	own := slices.ContainsFunc(in.setting.Program.Intake.Addresses, func(a string) bool { return strings.EqualFold(a, in.from()) })
	return !in.m.Automatic && in.m.Bounce == nil && in.from() != "" && !own
}

// trusted says whether text that depends on what the mail contained may go
// out: only to a key whose good signature inside matches From.
func (in *inbound) trusted(at time.Time) bool {
	return in.opened && !in.clear && in.signed == psirt.SignedGood && in.signer != nil && in.signer.UsableForEncryption(at) == nil
}
