package audit

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// What a path holds.
type placeKind int

const (
	placeProgram placeKind = iota // anything that is not of a case: a change of it is a programme change
	placeCase                     // <ID>.yaml
	placeMail                     // <ID>/mail-<n>.pgp
	placeRecord                   // <ID>/mail-<n>.yaml
	placeUpdate                   // <ID>/update-<n>.asc
	placeSeen                     // seen/<a>/<b>/<c>/<keyed hash>
	placeStray                    // in a case folder, and nothing that belongs there
)

type place struct {
	kind    placeKind
	program string
	id      psirt.CaseID
	n       int
}

var (
	yearForm = regexp.MustCompile(`^[0-9]{4}$`)
	itemForm = regexp.MustCompile(`^(mail|update)-([1-9][0-9]{0,5})\.(pgp|yaml|asc)$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// placeOf tells what a path of the repository holds. Whatever lies among cases
// and is not exactly where its name says is placeStray, which nobody may
// bring.
func placeOf(p string) place {
	parts := strings.Split(p, "/")
	if len(parts) < 3 || parts[0] != "cases" {
		return place{kind: placeProgram}
	}
	program := parts[1]
	switch {
	case parts[2] == "seen":
		return seenPlace(program, parts)
	case !yearForm.MatchString(parts[2]):
		return place{kind: placeProgram, program: program}
	}
	base := path.Base(p)
	if id := psirt.CaseID(strings.TrimSuffix(base, ".yaml")); id.Valid() && psirt.CasePath(program, id) == p {
		return place{kind: placeCase, program: program, id: id}
	}
	id := psirt.CaseID(path.Base(path.Dir(p)))
	if !id.Valid() || psirt.CaseDir(program, id)+"/"+base != p {
		return place{kind: placeStray, program: program}
	}
	m := itemForm.FindStringSubmatch(base)
	if m == nil {
		return place{kind: placeStray, program: program, id: id} // findings name the case
	}
	n, _ := strconv.Atoi(m[2])
	out := place{program: program, id: id, n: n, kind: placeStray}
	switch m[1] + "." + m[3] {
	case "mail.pgp":
		out.kind = placeMail
	case "mail.yaml":
		out.kind = placeRecord
	case "update.asc":
		out.kind = placeUpdate
	}
	return out
}

func seenPlace(program string, parts []string) place {
	last := parts[len(parts)-1]
	if len(parts) == 7 && hashForm.MatchString(last) && parts[3] == last[0:1] && parts[4] == last[1:2] && parts[5] == last[2:3] {
		return place{kind: placeSeen, program: program}
	}
	return place{kind: placeStray, program: program}
}
