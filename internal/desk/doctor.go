package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/store"
)

// Condition is one thing that a case repository needs, and whether it is so.
type Condition struct {
	What     string `json:"what"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"`
	Why      string `json:"why,omitempty"` // what was found
	Do       string `json:"do,omitempty"`  // where it is not so
}

// Diagnosis is what a live repository has of what Docket needs.
type Diagnosis struct {
	Repository string      `json:"repository"`
	GitHub     bool        `json:"github"`
	Checks     []Condition `json:"checks"`
}

// OK reports whether nothing is missing that is required.
func (d *Diagnosis) OK() bool {
	for _, c := range d.Checks {
		if c.Required && !c.OK {
			return false
		}
	}
	return true
}

// DoctorOptions say what is looked at.
type DoctorOptions struct {
	Keys      string // directory of secret keys: looked at when it is there, and named in commands
	NoActions bool   // a daemon does what the workflows would: they and their secrets are not needed
}

// examination collects conditions.
type examination struct {
	d    *Desk
	o    DoctorOptions
	at   *store.Snapshot
	head store.Hash
	all  []*audit.Setting
	out  []Condition

	blind bool // this token may not see who may bypass rulesets
}

func (x *examination) add(c Condition) {
	if c.OK {
		c.Do = ""
	}
	x.out = append(x.out, c)
}

// need adds a condition that must hold, by an error of looking or a fault.
func (x *examination) need(what string, ok bool, why, do string) {
	x.add(Condition{What: what, OK: ok, Required: true, Why: why, Do: do})
}

// advise adds a condition that should hold.
func (x *examination) advise(what string, ok bool, why, do string) {
	x.add(Condition{What: what, OK: ok, Why: why, Do: do})
}

// Doctor compares a live repository with what Docket needs. It changes
// nothing. An error means that it could not look at all.
func (d *Desk) Doctor(ctx context.Context, o DoctorOptions) (*Diagnosis, error) {
	out := &Diagnosis{Repository: d.repo.Dir(), GitHub: d.OnGitHub()}
	if origin := d.repo.Origin(); origin != "" {
		out.Repository = origin
	}
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err // origin was reached a moment ago, when it was opened
	}
	x := &examination{d: d, o: o}
	if err := x.begin(out.Repository); err != nil {
		return nil, err
	}
	x.programmes()
	x.keys()
	x.secretFiles()
	if err := x.refs(ctx); err != nil {
		return nil, err
	}
	if d.OnGitHub() {
		if err := x.github(ctx); err != nil {
			return nil, err
		}
	}
	out.Checks = x.out
	return out, nil
}

func (x *examination) begin(where string) (err error) {
	if x.head, x.at, err = x.d.main(); err != nil {
		return err
	}
	x.need("repository", true, where+" can be read", "")
	x.need("main", true, "at "+x.head.String(), "")
	if local, err := x.d.repo.LocalRef(mainRef); err == nil && local != x.head {
		behind, err := x.d.repo.IsAncestor(local, x.head)
		x.need("main here", err == nil && behind, "this clone's own main is at "+local.String(),
			"main was rewritten on the server, or this clone has commits of its own: compare them (docket audit --root names the first commit) before anything else")
	}
	root, err := x.d.root()
	do := "fetch all of history: git fetch --unshallow"
	if err != nil {
		x.need("trust root", false, err.Error(), do)
		return nil
	}
	x.need("trust root", true, root.String()+" (hold it against what docket init printed)", do)
	return nil
}

func (x *examination) programmes() {
	names, err := x.d.judge.Programs(x.at)
	x.need("programmes", err == nil && len(names) > 0, strings.Join(names, ", "), "main needs a cases/<program>/program.yaml: make the repository with docket init")
	for _, name := range names {
		s, err := x.d.judge.Setting(x.at, name)
		if err != nil {
			x.need("programme "+name, false, err.Error(), "a lead corrects it: docket policy edit, or a proposal program/"+name)
			continue
		}
		x.all = append(x.all, s)
	}
}

// keys: every certificate that a programme names can be read, and lasts.
func (x *examination) keys() {
	for _, s := range x.all {
		for _, k := range named(s) {
			row := x.d.keyRow(s, k)
			what := "key " + s.Program.Program + " " + k.name
			why := "never expires"
			if row.Expires != nil {
				why = "expires " + row.Expires.Format("2006-01-02")
			}
			do := "a lead puts a certificate that lasts in its place: docket keys rotate " + k.name
			switch row.Problem {
			case "":
				x.need(what, true, why, do)
			case "expires within 30 days":
				x.advise(what, false, why, do)
			default:
				x.need(what, false, row.Problem, do)
			}
		}
	}
}

// secretFiles: nobody else on this machine reads the secret keys.
func (x *examination) secretFiles() {
	entries, err := os.ReadDir(x.o.Keys)
	if x.o.Keys == "" || err != nil || runtime.GOOS == "windows" {
		return
	}
	var open []string
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			open = append(open, e.Name())
		}
	}
	x.need("secret keys", len(open) == 0, fmt.Sprintf("%d file(s) in %s, %d of them open to others %s", len(entries), x.o.Keys, len(open), strings.Join(open, ", ")),
		"chmod 600 "+shellWord(filepath.ToSlash(x.o.Keys))+"/*")
}

// refs: what Docket keeps beside main can be read.
func (x *examination) refs(ctx context.Context) error {
	h, err := x.d.repo.Ref(deliveriesRef)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.need("deliveries", true, "no receipt yet: the mailer makes the branch", "")
	case err != nil:
		return err
	default:
		x.need("deliveries", true, "at "+h.String(), "")
	}
	if x.d.OnGitHub() {
		return nil
	}
	open, err := x.d.forge.List(ctx, forge.Filter{State: forge.StateOpen})
	x.need("pull requests", err == nil, fmt.Sprintf("%d open in %s%s", len(open), forgeRef, because(err)),
		"the local forge's records are damaged: move "+forgeRef+" back to its parent, which git log "+forgeRef+" shows")
	return nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
