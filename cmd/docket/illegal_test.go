package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// TestIG29IllegalMove: a move that the process does not have is refused by the
// check, whoever has signed and approved it; and found, should somebody merge it
// all the same: IG-29. That everything else of it is in order shows by the same
// steps with a move that the process has.
func TestIG29IllegalMove(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	for _, to := range []string{"evaluating", "solving", "communicating"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			branch := "case/" + caseNumber(3) + "/next"
			moved := v.commit(v.tree("main", map[string]string{casePath(3) + ".yaml": v.moved(3, "lead", to)}),
				fmt.Sprintf("%s: received to %s\n\nCase: %[1]s\nMove: received to %[2]s\nRevision: 2\nUpdate: 2 %[2]s\n", caseNumber(3), to), "lead", "main")
			head := v.commit(moved+"^{tree}", fmt.Sprintf(approves, caseNumber(3), v.digest(moved, 3)), "triage", moved)
			v.git("update-ref", "refs/heads/"+branch, head)
			want := exitRefused
			if to == "evaluating" {
				want = exitDone
			}
			out := v.docket(want, "check", "--head", branch)
			if said := strings.Contains(out, "the programme does not know this move"); said == (want == exitDone) {
				t.Errorf("the check says:\n%s", out)
			}
			v.setMain(v.commit(head+"^{tree}", "Merge\n\nCase: "+caseNumber(3)+"\n", "", "main", head))
			if want == exitDone {
				v.docket(exitDone, "audit", "--no-memory")
				return
			}
			v.names("check", v.findings("check"), "", 3)
			v.names("audit", v.findings("audit", "--no-memory"), "", 3)
			v.deliversNothing(3)
		})
	}
}

// moved is a case's next revision in another state, with the letter that belongs
// to it, signed by somebody.
func (v *vandal) moved(n int, by, to string) string {
	v.t.Helper()
	must := func(err error) {
		v.t.Helper()
		if err != nil {
			v.t.Fatal(err)
		}
	}
	file := v.file(n)
	c, err := casefile.Parse([]byte(file))
	must(err)
	raw, err := os.ReadFile(v.path("keys/" + by + ".asc"))
	must(err)
	key, err := seal.ReadKey(raw, nil)
	must(err)
	p, err := casefile.ParseProgram([]byte(v.git("show", "main:cases/ingroupe/program.yaml")))
	must(err)
	at := time.Now().UTC().Truncate(time.Second)
	v.when = at // of the commit too, however long it takes until it is made
	c.Previous, c.Revision, c.State = psirt.SHA256([]byte(file)), c.Revision+1, to
	c.Log = append(slices.Clone(c.Log), psirt.Entry{Revision: c.Revision, At: at, From: "received", To: to, By: key.Cert().Fingerprint()})
	template := "main:cases/ingroupe/templates/" + to + ".txt"
	subject, text, err := psirt.Render(v.git("show", template), p.TextData(c))
	must(err)
	c.Updates = append(slices.Clone(c.Updates), psirt.Update{N: 2, Kind: to, Revision: c.Revision,
		MessageID: fmt.Sprintf("%s.2.aaaaaaaaaaaaaaaa@%s", strings.ToLower(string(c.ID)), p.Intake.Domain),
		Template:  psirt.ObjectID("git:" + strings.TrimSpace(v.git("rev-parse", template))), Text: psirt.TextDigest(subject, text)})
	signed, err := casefile.Sign(c, key, at)
	must(err)
	return string(signed)
}
