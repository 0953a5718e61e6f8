package psirt

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Roles of people.
const (
	RoleTeam    = "team"
	RoleLead    = "lead"
	RoleAuditor = "auditor"
)

// Kinds of approval.
const (
	KindSigned   = "signed"
	KindAttested = "attested"
)

// ByKey finds the person who signs with the key.
func (p *Program) ByKey(f Fingerprint) (Person, bool) {
	return p.person(func(x Person) bool { return x.Key == f })
}

// ByHandle finds a person by handle.
func (p *Program) ByHandle(handle string) (Person, bool) {
	return p.person(func(x Person) bool { return x.Handle == handle })
}

// ByLogin finds a person by forge login.
func (p *Program) ByLogin(login string) (Person, bool) {
	return p.person(func(x Person) bool { return x.Login != "" && strings.EqualFold(x.Login, login) })
}

func (p *Program) person(is func(Person) bool) (Person, bool) {
	for _, x := range p.People {
		if is(x) {
			return x, true
		}
	}
	return Person{}, false
}

// With lists the keys of the people with a role, sorted.
func (p *Program) With(role string) []Fingerprint {
	var out []Fingerprint
	for _, x := range p.People {
		if x.HasRole(role) {
			out = append(out, x.Key)
		}
	}
	return sorted(out)
}

// SealedReaders lists who may open the report of a case: its handlers (or the
// team), auditors and escrow; sorted, each once.
func (p *Program) SealedReaders(handlers []Fingerprint) []Fingerprint {
	if len(handlers) == 0 {
		handlers = p.With(RoleTeam)
	}
	out := append([]Fingerprint{}, handlers...)
	out = append(out, p.With(RoleAuditor)...)
	return sorted(append(out, p.Keys.Escrow))
}

// ContactReaders lists who may open the contact part: the readers of the
// report, the mailer and intake.
func (p *Program) ContactReaders(handlers []Fingerprint) []Fingerprint {
	return sorted(append(p.SealedReaders(handlers), p.Keys.Mailer, p.Keys.Intake))
}

// AddressedReaders lists who may open the outer layer of an update in own
// words: handlers, auditors and the mailer. Escrow reads the inner one.
func (p *Program) AddressedReaders(handlers []Fingerprint) []Fingerprint {
	if len(handlers) == 0 {
		handlers = p.With(RoleTeam)
	}
	out := append([]Fingerprint{}, handlers...)
	return sorted(append(append(out, p.With(RoleAuditor)...), p.Keys.Mailer))
}

func sorted(in []Fingerprint) []Fingerprint {
	sort.Slice(in, func(i, j int) bool { return in[i] < in[j] })
	out := in[:0]
	for _, f := range in {
		if f != "" && (len(out) == 0 || out[len(out)-1] != f) {
			out = append(out, f)
		}
	}
	return out
}

// Current is the name that a state has now: programmes may rename states while
// cases stand in them.
func (p *Program) Current(state string) string {
	if now, ok := p.Renamed[state]; ok {
		return now
	}
	return state
}

// State finds a state by its name of today or an earlier one.
func (p *Program) State(name string) (State, bool) {
	name = p.Current(name)
	for _, s := range p.States {
		if s.Name == name {
			return s, true
		}
	}
	return State{}, false
}

// Initial is the state in which cases begin.
func (p *Program) Initial() State {
	if len(p.States) == 0 {
		return State{}
	}
	return p.States[0]
}

// MarshalText writes a duration as program.yaml has it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the duration in its largest whole unit: 14d, 24h, 90m.
func (d Duration) String() string {
	t := time.Duration(d)
	switch {
	case t%(24*time.Hour) == 0 && t >= 48*time.Hour:
		return fmt.Sprintf("%dd", t/(24*time.Hour))
	case t%time.Hour == 0:
		return fmt.Sprintf("%dh", t/time.Hour)
	}
	return fmt.Sprintf("%dm", t/time.Minute)
}

// UnmarshalText reads 90m, 24h or 14d.
func (d *Duration) UnmarshalText(text []byte) error {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	var n int
	var unit byte
	s := string(text)
	if _, err := fmt.Sscanf(s, "%d%c", &n, &unit); err != nil || units[unit] == 0 || n <= 0 || n > 100000 ||
		s != fmt.Sprintf("%d%c", n, unit) {
		return fmt.Errorf("a length of time is written 90m, 24h or 14d, not %q", text)
	}
	*d = Duration(time.Duration(n) * units[unit])
	return nil
}

// MayHandle reports whether a person may be named among the handlers of a case:
// those of the team, and those with a role that says so. Handlers open the case
// and sign edits of it; moves take the role team.
func (p *Program) MayHandle(x Person) bool {
	if x.HasRole(RoleTeam) {
		return true
	}
	for _, role := range x.Roles {
		if p.Roles[role].Handles {
			return true
		}
	}
	return false
}

// TeamOf names the team that looks after a product: the first route that names
// it, or a family that its name holds as whole words, whatever the case of the
// letters; empty when none does.
func (p *Program) TeamOf(product string) string {
	words := " " + strings.Join(strings.Fields(strings.ToLower(product)), " ") + " "
	for _, r := range p.Routing {
		for _, name := range r.Products {
			if name == "*" || strings.Contains(words, " "+strings.Join(strings.Fields(strings.ToLower(name)), " ")+" ") {
				return r.Team
			}
		}
	}
	return ""
}
