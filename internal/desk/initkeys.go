package desk

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// roleKeys makes the keys of a programme's roles, and the people's, once.
func (m *maker) roleKeys(p *psirt.Program) (map[string]*seal.Key, error) {
	program, domain := p.Program, p.Intake.Domain
	published, err := m.published(p)
	if err != nil {
		return nil, err
	}
	keys := map[string]*seal.Key{"intake": published.Intake}
	for role, k := range map[string]*seal.Key{"intake": published.Intake, "sender": published.Sender, "primary": published.Primary} {
		if k == nil {
			continue // an export without its primary key
		}
		if err := m.secret(program, role, k); err != nil {
			return nil, err
		}
	}
	for _, role := range []string{"bot", "mailer", "escrow"} {
		k, err := seal.NewKey(p.Name+" "+role, role+"@"+domain, m.at)
		if err != nil {
			return nil, err
		}
		if err := m.secret(program, role, k); err != nil {
			return nil, err
		}
		keys[role] = k
	}
	for _, h := range m.o.Team {
		if m.people[h] != nil {
			continue
		}
		k, err := seal.NewKey(h, h+"@"+domain, m.at)
		if err != nil {
			return nil, err
		}
		m.people[h] = k
		if m.secrets[h+".asc"], err = k.Export(m.o.Passphrase); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (m *maker) published(p *psirt.Program) (*seal.Published, error) {
	if m.o.IntakeKey == nil {
		return seal.NewPublished(p.Name, p.Intake.Addresses[0], m.at)
	}
	if len(m.o.Programs) > 1 {
		return nil, usage("--intake-key is one programme's", "make the repository with that programme")
	}
	adopted, err := seal.AdoptPublished(m.o.IntakeKey, m.o.IntakePass, m.at)
	if err != nil {
		return nil, &Problem{Text: "the published key cannot be taken over", Err: err,
			Do: "it must be the secret export (gpg --export-secret-keys) with its decryption subkey; a missing signing subkey is added when the primary key is there"}
	}
	if err := refuseExampleCert("--intake-key", adopted.Intake.Cert()); err != nil {
		return nil, err
	}
	if adopted.Republish {
		m.out.Republish = append(m.out.Republish, p.Program)
	}
	return adopted, nil
}

// secret exports a role's key; with several programmes its name carries the
// programme's.
func (m *maker) secret(program, role string, k *seal.Key) error {
	raw, err := k.Export(m.o.Passphrase)
	m.secrets[m.prefixed(program, role)+".asc"] = raw
	return err
}

func (m *maker) prefixed(program, role string) string {
	if len(m.o.Programs) > 1 {
		return program + "-" + role
	}
	return role
}

func (m *maker) keysSection(keys map[string]*seal.Key) string {
	var b strings.Builder
	b.WriteString("keys: # intake is the published certificate, which signs mail to reporters too\n")
	for _, role := range []string{"intake", "bot", "mailer", "escrow"} {
		fmt.Fprintf(&b, "  %s: %s\n", role, keys[role].Cert().Fingerprint())
	}
	return b.String() + "\n"
}

// peopleSection lists those of the team who have a role in the programme. Its
// first is lead, and has the roles that the programme declares and that nobody
// was given by name.
func (m *maker) peopleSection(p *psirt.Program) string {
	var b strings.Builder
	b.WriteString("people: # login is the name on the forge; roles are team, lead, auditor, and those above\n")
	for i, h := range m.o.Team {
		roles := m.rolesOf(i, p)
		if len(roles) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  - {handle: %s, login: %s, key: %s, mail: %s@%s, roles: [%s]}\n", h, m.logins[h], m.people[h].Cert().Fingerprint(), h, p.Intake.Domain, strings.Join(roles, ", "))
	}
	return b.String()
}

// rolesOf is what a person of the team is in a programme. Roles that another
// programme declares are left out.
func (m *maker) rolesOf(i int, p *psirt.Program) []string {
	out := []string{psirt.RoleTeam}
	if given := m.roles[m.o.Team[i]]; given != nil {
		out = slices.Clone(given)
		if len(m.o.Programs) > 1 {
			out = slices.DeleteFunc(out, func(role string) bool { return !p.KnowsRole(role) })
		}
	}
	if i > 0 {
		return slices.Compact(out)
	}
	for _, role := range append([]string{psirt.RoleLead}, slices.Sorted(maps.Keys(p.Roles))...) {
		taken := role != psirt.RoleLead && slices.ContainsFunc(m.o.Team, func(h string) bool { return slices.Contains(m.roles[h], role) })
		if !slices.Contains(out, role) && !taken {
			out = append(out, role)
		}
	}
	return out
}

// rolesUsed refuses a role that was given and that none of the programmes has.
func (m *maker) rolesUsed() error {
	for _, given := range slices.Sorted(maps.Keys(m.unused)) {
		handle, role, _ := strings.Cut(given, ":")
		return usage(fmt.Sprintf("no programme has the role %s of %s", role, handle), "it is team, lead, auditor, or declared under roles")
	}
	return nil
}

// intakeSecret makes the secret that intake hosts share: as a file, and sealed
// to escrow in the repository.
func (m *maker) intakeSecret(program string, escrow *seal.Key) error {
	raw, err := seal.NewHMACSecret()
	if err != nil {
		return err
	}
	text := hex.EncodeToString(raw)
	m.secrets[m.prefixed(program, secretFile)] = []byte(text + "\n")
	doc, err := casefile.Encode(map[string]any{"docket": casefile.FormatVersion, "program": program, "secret": text})
	if err != nil {
		return err
	}
	lead := m.people[m.o.Team[0]]
	sealed, err := lead.Seal(doc, []*seal.Cert{escrow.Cert()}, casefile.ContextOf(casefile.PartSecret, psirt.CaseID(program)), m.at)
	m.add("cases/"+program+"/keys/"+secretFile+".pgp", []byte(sealed.Armor))
	return err
}

// writeSecrets writes the secret files, readable by their owner only.
func (m *maker) writeSecrets() error {
	if err := os.MkdirAll(m.o.Keys, 0o700); err != nil {
		return err
	}
	for name, raw := range m.secrets {
		m.out.Files = append(m.out.Files, name)
		f, err := os.OpenFile(filepath.Join(m.o.Keys, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(raw)
		err = errors.Join(err, f.Sync(), f.Close())
		if err != nil {
			return err
		}
	}
	sort.Strings(m.out.Files)
	return nil
}
