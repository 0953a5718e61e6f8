package psirt

import "strings"

// signers counts the people who signed a record of their own. Without history
// the answer is open, unless there are too few records whoever signed them.
func (a *asking) signers(s *Signers, depth int) Result {
	if a.w.Report == nil {
		return Sealed
	}
	found, _ := a.values(s.Path)
	var not []any
	if s.Not != "" {
		not, _ = a.values(s.Not)
	}
	by := s.By
	if by == "" {
		by = "by"
	}
	said, signed := map[string]bool{}, map[string]bool{}
	for _, record := range found {
		handles := collect(record, strings.Split(by, "."), nil, &a.left)
		if len(handles) != 1 || contained(not, handles[0]) {
			continue
		}
		handle, _ := handles[0].(string)
		person, known := a.p.ByHandle(handle)
		if !known || s.Role != "" && !person.HasRole(s.Role) || s.Team != "" && !a.speaks(s.Team, handle) || a.of(record, s.Where, depth) != Pass {
			continue
		}
		said[handle] = true
		if a.w.History != nil && a.signed(s, record, person.Key) {
			signed[handle] = true
		}
	}
	least := max(1, s.Min)
	if a.w.History == nil && len(said) >= least {
		return Sealed
	}
	return result(len(signed) >= least)
}

// speaks reports whether a person is of a team that is named at a path. For a
// team of which the programme lists nobody it is anybody; for one that it does
// not know, nobody.
func (a *asking) speaks(path, handle string) bool {
	named, _ := a.values(path)
	for _, v := range named {
		name, _ := v.(string)
		if team, ok := a.p.Teams[name]; ok && (len(team.People) == 0 || contains(team.People, handle)) {
			return true
		}
	}
	return false
}

// signed reports whether somebody signed a record themself: the revision in
// which it came to stand. Where the test says what the records are of, that
// stood there before, in a revision that somebody else signed: who wrote a thing
// is known by the signature, whomever the report names, and nobody has looked at
// what was changed since. What cannot be told, since no key here opens an older
// revision, counts for nobody.
func (a *asking) signed(s *Signers, record any, key Fingerprint) bool {
	at := a.since(s.Path, canonical(record))
	if at < 0 || a.w.History[at].By != key {
		return false
	}
	if s.Of == "" {
		return true
	}
	of, _ := a.values(s.Of)
	for _, v := range of {
		began := a.since(s.Of, canonical(v))
		if began < 0 || began >= at || a.w.History[began].By == key || a.w.History[began].By == "" {
			return false
		}
	}
	return len(of) > 0
}

// since is the place in History of the revision in which a value came to stand
// at a path and has stood since: a record that its author took back does not
// count for them when somebody else puts it there again. It is negative when
// nobody here can tell.
func (a *asking) since(path, value string) int {
	past := a.past(path)
	at := -1
	for i := len(past) - 1; i >= 0; i-- {
		if past[i] == nil {
			return -1 // it may have stood there before
		}
		if !past[i][value] {
			break
		}
		at = i
	}
	return at
}

// past is what stood at a path in each revision of History; nil where that
// cannot be told.
func (a *asking) past(path string) []map[string]bool {
	if a.records == nil {
		a.records = map[string][]map[string]bool{}
	}
	past, known := a.records[path]
	if known {
		return past
	}
	for _, rev := range a.w.History {
		if rev.Report == nil {
			past = append(past, nil)
			continue
		}
		there := map[string]bool{}
		for _, v := range collect(map[string]any(rev.Report), strings.Split(path, "."), nil, &a.left) {
			there[canonical(v)] = true
		}
		past = append(past, there)
	}
	a.records[path] = past
	return past
}

// Remember keeps of a report what tests of signers read: all that History needs
// of it.
func (p *Program) Remember(report Document) Document {
	out := Document{}
	if v, ok := report["conduct"]; ok { // whoever looked at it counts in every programme
		out["conduct"] = v
	}
	for _, fact := range p.Facts {
		fact.Is.each(func(t Test) {
			if t.Signers == nil {
				return
			}
			for _, path := range []string{t.Signers.Path, t.Signers.Of} {
				top, _, _ := strings.Cut(path, ".")
				if v, ok := report[top]; ok {
					out[top] = v
				}
			}
		})
	}
	return out
}

// NeedsHistory reports whether some rule for a move asks who signed a record,
// so that it takes World.History to judge the move.
func (p *Program) NeedsHistory(from, to string) bool {
	for _, t := range p.Transitions {
		if t.To != to || !contains(t.From, p.Current(from)) {
			continue
		}
		for _, guard := range t.Guards {
			if p.asksSigners(Test{Fact: strings.TrimPrefix(guard, "not ")}, 0) {
				return true
			}
		}
	}
	return false
}

// AsksSigners reports whether any fact of the programme asks who signed a
// record.
func (p *Program) AsksSigners() bool {
	for _, fact := range p.Facts {
		if p.asksSigners(fact.Is, 0) {
			return true
		}
	}
	return false
}

func (p *Program) asksSigners(t Test, depth int) bool {
	if depth > maxFactDepth {
		return false
	}
	asks := false
	t.each(func(t Test) {
		asks = asks || t.Signers != nil || t.Fact != "" && p.asksSigners(p.Facts[t.Fact].Is, depth+1)
	})
	return asks
}
