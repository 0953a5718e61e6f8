package desk

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Where a breach of the policy is on record, evidence is frozen
// (legal.frozen): it may grow, but nothing of it is changed or taken out before
// somebody who decides on legal questions lifts that. History would show it in
// any case; this keeps it from happening by mistake.

// frozenPaths are what counts as evidence. Lists may grow.
var frozenPaths = []string{"description", "steps", "attachments", "mails", "evidence", "conduct.evidence", "conduct.methods", "conduct.reviews",
	"legal.breach", "legal.history", "legal.decisions", "legal.notes", "disclosure.breach", "source_ip", "reporter"}

// roleLegal is the role whose people decide on legal questions, where a
// programme declares it; else a lead does.
const roleLegal = "legal"

// thawed refuses an edit that changes frozen evidence.
func thawed(p *psirt.Program, who *actor, before, after psirt.Document) error {
	if len(before.Values("legal.frozen")) == 0 || before.Values("legal.frozen")[0] != true {
		return nil
	}
	var parts []psirt.Verdict
	for _, path := range frozenPaths {
		if !grown(frozenAt(before, path), frozenAt(after, path)) {
			parts = append(parts, psirt.Failed("the evidence is frozen, and "+path+" would change", "add to it instead; only a legal decision lifts that"))
		}
	}
	if frozen := after.Values("legal.frozen"); len(frozen) == 0 || frozen[0] != true {
		role := roleLegal
		if _, ok := p.Roles[role]; !ok {
			role = psirt.RoleLead
		}
		if person, ok := p.ByHandle(who.handle); !ok || !person.HasRole(role) {
			parts = append(parts, psirt.Failed("the evidence is frozen", fmt.Sprintf("somebody with the role %s must lift that", role)))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return &Refused{What: "nothing was changed", Verdict: psirt.All("the evidence stays as it is", parts...)}
}

// frozenAt is the value at a path that goes through no list.
func frozenAt(doc psirt.Document, path string) any {
	var v any = map[string]any(doc)
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// grown reports whether all of a value is still there: a list may have got
// further entries, and a section further fields.
func grown(before, after any) bool {
	switch b := before.(type) {
	case nil:
		return true
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) < len(b) {
			return false
		}
		for i := range b {
			if !grown(b[i], a[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return false
		}
		for name := range b {
			if !grown(b[name], a[name]) {
				return false
			}
		}
		return true
	}
	x, err1 := json.Marshal(before)
	y, err2 := json.Marshal(after)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
