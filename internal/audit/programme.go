package audit

import (
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// programme judges a commit that changes anything outside case folders: a
// lead's move, by the rules of the programme as it was before.
func (d *delta) programme() error {
	if len(d.items) > 0 || len(d.seen) > 0 || d.file != nil {
		d.s.add("mixed", "a change of a programme brings nothing into case folders")
	}
	if len(d.g.Resealed) > 0 {
		d.s.add("mixed", "a programme is changed before cases are sealed anew by it")
	}
	name, err := d.responsible()
	if err != nil {
		return err
	}
	if name == "" || !d.set(name, "") {
		d.s.add("programme", "no programme is responsible for the change")
		return nil
	}
	d.g.Kind = KindProgram
	program := d.setting.Program
	by, err := d.setting.signer(d.c)
	if err != nil {
		d.s.add("signature", "%v", err)
	} else if person, ok := program.ByKey(by); !ok || !person.HasRole(psirt.RoleLead) {
		d.s.add("role", "the programme is changed by its leads, not by %s", d.setting.Name(by))
	}
	d.s.says(d.c, nil)
	d.g.Changers = append(d.g.Changers, by)
	d.newest = "git:" + d.c.Tree.String()
	d.readableAfter(d.after, name)
	return nil
}

// responsible names the programme whose leads decide: the one whose folder
// changes, or, for what all share, the first. Two folders at once are mixed.
func (d *delta) responsible() (string, error) {
	name := ""
	for _, ch := range d.program {
		of := placeOf(ch.Path).program
		if of != "" && name != "" && of != name {
			d.s.add("mixed", "one proposal changes one programme")
		}
		if of != "" {
			name = of
		}
	}
	if name == "" {
		names, err := d.j.Programs(d.base)
		if err != nil || len(names) == 0 {
			return "", err
		}
		return names[0], nil
	}
	if _, err := d.base.Entry(psirt.ProgramPath(name)); err != nil {
		d.s.add("programme", "there is no programme %s yet: a new one begins in a repository of its own (docket init)", name)
		return "", nil
	}
	return name, nil
}

// readableAfter holds that the programme can still be read after the change,
// and that every key it names is there.
func (d *delta) readableAfter(at *store.Snapshot, name string) {
	after, err := d.j.Setting(at, name)
	if err != nil {
		d.s.add("programme", "%v", err)
		return
	}
	for _, text := range after.faults() {
		d.s.add("programme", "%s", text)
	}
}

// faults lists what a setting lacks as a whole: certificates for its roles,
// templates for its updates.
func (s *Setting) faults() (out []string) {
	k := s.Program.Keys
	need := []psirt.Fingerprint{k.Intake, k.Bot, k.Mailer, k.Escrow}
	for _, person := range s.Program.People {
		need = append(need, person.Key)
	}
	for _, f := range need {
		if _, err := s.Cert(f); err != nil {
			out = append(out, err.Error())
		}
	}
	for _, kind := range s.Program.StandardTexts() {
		if _, ok := s.templates[kind]; !ok {
			out = append(out, "there is no template "+kind)
		}
	}
	return out
}

// Faults lists what is wrong with a programme as a whole in a tree.
func (s *Setting) Faults() []string { return s.faults() }

// trailersAgree holds that a merge names the case that it merges, and nothing
// that its commits say themselves.
func trailersAgree(m *store.Commit, g *Judgement) bool {
	for _, t := range m.Trailers() {
		if t.Key == "Case" && !strings.EqualFold(t.Value, string(g.Case)) {
			return false
		}
	}
	return true
}
