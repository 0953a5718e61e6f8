package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Need to know: a case is sealed to its handlers, or to the team where it names
// none. Naming others seals it anew, and asks for a reason and for a second
// person where somebody comes in who could not read it before.

// Handler is who may open a case.
type Handler struct {
	Handle string   `json:"handle"`
	Roles  []string `json:"roles"`
	Why    string   `json:"why"` // handler, team, auditor or escrow
}

// Handlers lists who may open a case: those whom it names or the team, auditors
// and escrow. No key is needed.
func (d *Desk) Handlers(ctx context.Context, id psirt.CaseID) ([]Handler, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	p := c.setting.Program
	var out []Handler
	for _, f := range p.SealedReaders(c.Handlers) {
		x, _ := p.ByKey(f)
		h := Handler{Handle: c.setting.Name(f), Roles: x.Roles, Why: "team"}
		switch {
		case f == p.Keys.Escrow:
			h.Why, h.Roles = "escrow", []string{"escrow"}
		case slices.Contains(c.Handlers, f):
			h.Why = "handler"
		case len(c.Handlers) > 0 || !x.HasRole(psirt.RoleTeam):
			h.Why = "auditor"
		}
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Handler) int { return strings.Compare(a.Why+a.Handle, b.Why+b.Handle) })
	return out, nil
}

// How handlers change.
const (
	HandlersSet    = "set"
	HandlersAdd    = "add"
	HandlersRemove = "remove"
	HandlersReseal = "reseal"
)

// SetHandlers names the handlers of a case: instead of those that it has (set;
// "team" stands for the whole team), beside them, or without some of them; or
// seals it anew for those whom it has (reseal). The reason is sealed with the
// report.
func (d *Desk) SetHandlers(ctx context.Context, id psirt.CaseID, how string, handles []string, reason string) (*Proposed, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	s := t.c.setting
	list, err := handlersAfter(s, t.c.Handlers, how, handles)
	if err != nil {
		return nil, err
	}
	came := audit.Comers(s.Program, t.c.Handlers, list)
	if len(came) > 0 && strings.TrimSpace(reason) == "" {
		return nil, usage(fmt.Sprintf("%s could not read %s before", strings.Join(namesIn(s, came), ", "), id), "say why they need to know: --reason WORDS; it is sealed with the case")
	}
	right, err := rightlySealed(t.c)
	if err != nil {
		return nil, err
	}
	if slices.Equal(list, t.c.Handlers) && right {
		return nil, &Problem{Text: fmt.Sprintf("nothing changes: %s is sealed to exactly those already", id), Do: "docket handlers " + string(id) + " lists them"}
	}
	r := d.revise(t.c, who, open)
	r.now.Handlers, r.reseal, r.recontact = list, true, true
	if reason = strings.TrimSpace(reason); reason != "" {
		note := fmt.Sprintf("Handlers: %s. %s", handlersText(s, list), reason)
		notes, _ := open.report["notes"].([]any)
		open.report["notes"] = append(notes, map[string]any{"at": r.at.Format(time.RFC3339), "by": who.handle, "text": note})
	}
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	p, err := d.propose(ctx, r, t, audit.KindEdit, fmt.Sprintf("%s: who handles it", id), "Edit", "handlers")
	if owner := firstOf(open.report, "owner"); err == nil && owner != "" {
		if x, ok := s.Program.ByHandle(owner); !ok || !slices.Contains(s.Program.SealedReaders(list), x.Key) {
			p.Next = append(p.Next, fmt.Sprintf("%s answers for %s, and is no handler of it: docket take %[2]s --for HANDLE", owner, id))
		}
	}
	return p, err
}

// handlersAfter are the handlers after a change, sorted; none stands for the team.
func handlersAfter(s *audit.Setting, have []psirt.Fingerprint, how string, handles []string) ([]psirt.Fingerprint, error) {
	p := s.Program
	var keys []psirt.Fingerprint
	for _, h := range handles {
		if how == HandlersSet && h == psirt.RoleTeam && len(handles) == 1 {
			return nil, nil
		}
		x, ok := p.ByHandle(h)
		if !ok {
			return nil, usage(fmt.Sprintf("%s has nobody called %s", p.Program, h), "docket keys list shows the people")
		}
		if !p.MayHandle(x) {
			return nil, &Refused{What: "nothing was changed", Verdict: psirt.Failed(h+" has no role that handles cases", "name people of the team, or with a role that the programme declares so")}
		}
		keys = append(keys, x.Key)
	}
	if len(keys) == 0 && how != HandlersReseal {
		return nil, usage("name the people", "docket handlers ID "+how+" HANDLE…")
	}
	// Those who have left the programme, or may not handle cases any more, go.
	out := slices.DeleteFunc(slices.Clone(have), func(f psirt.Fingerprint) bool { x, ok := p.ByKey(f); return !ok || !p.MayHandle(x) })
	switch how {
	case HandlersSet:
		out = keys
	case HandlersAdd:
		if len(have) == 0 {
			out = p.With(psirt.RoleTeam)
		}
		out = append(out, keys...)
	case HandlersRemove:
		if len(have) == 0 {
			out = p.With(psirt.RoleTeam)
		}
		out = slices.DeleteFunc(out, func(f psirt.Fingerprint) bool { return slices.Contains(keys, f) })
	case HandlersReseal:
	default:
		return nil, usage(fmt.Sprintf("%q is nothing to do with handlers", how), "say set, add, remove or reseal")
	}
	if len(out) == 0 && (how == HandlersRemove || len(have) > 0) {
		return nil, &Refused{What: "nothing was changed", Verdict: psirt.Failed("nobody would be left who handles the case", "name others with set; the whole team is: set team")}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if slices.Equal(out, p.With(psirt.RoleTeam)) {
		return nil, nil // what nobody names follows the team
	}
	return out, nil
}

func namesIn(s *audit.Setting, list []psirt.Fingerprint) []string {
	var out []string
	for _, f := range list {
		out = append(out, s.Name(f))
	}
	slices.Sort(out)
	return out
}

func handlersText(s *audit.Setting, list []psirt.Fingerprint) string {
	if len(list) == 0 {
		return "the team"
	}
	return strings.Join(namesIn(s, list), ", ")
}

// rightlySealed reports whether both parts of a case claim to be for exactly
// those who may read it, so that sealing it anew would change nothing.
func rightlySealed(c *one) (bool, error) {
	p := c.setting.Program
	for _, part := range []struct {
		armor   string
		readers []psirt.Fingerprint
	}{{c.Sealed, p.SealedReaders(c.Handlers)}, {c.Contact, p.ContactReaders(c.Handlers)}} {
		certs, err := c.setting.CertsOf(part.readers)
		if err != nil {
			return false, err
		}
		ids, err := seal.Recipients([]byte(part.armor))
		if err != nil {
			return false, err
		}
		for _, cert := range certs {
			if !slices.ContainsFunc(cert.EncryptionKeyIDs(), func(id uint64) bool { return slices.Contains(ids, id) }) {
				return false, nil
			}
		}
		if len(ids) != len(certs) {
			return false, nil
		}
	}
	return true, nil
}
