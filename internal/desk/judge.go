package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Checked is the result of docket check.
type Checked struct {
	Head     string          `json:"head"`
	Cases    int             `json:"cases,omitempty"`
	Findings []audit.Finding `json:"findings"`
	Verdict  *psirt.Verdict  `json:"verdict,omitempty"` // of a proposal
}

// OK reports whether nothing was found and nothing is missing.
func (c *Checked) OK() bool {
	return len(c.Findings) == 0 && (c.Verdict == nil || c.Verdict.Result != psirt.Fail)
}

// Check judges a proposal (head onto base), or, when both are empty, the whole
// tree of main and the merge that made it. It needs no key.
func (d *Desk) Check(ctx context.Context, base, head string) (*Checked, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	if base == "" && head == "" {
		return d.checkTree()
	}
	from, err := d.resolve(orMain(base))
	if err != nil {
		return nil, err
	}
	to, err := d.resolve(orMain(head))
	if err != nil {
		return nil, err
	}
	// What is on main already is judged as the merges that brought it.
	on, err := d.repo.IsAncestor(from, to)
	if err != nil {
		return nil, err
	}
	main, _, err := d.main()
	if err != nil {
		return nil, err
	}
	merged, err := d.repo.IsAncestor(to, main)
	if err != nil {
		return nil, err
	}
	if on && merged && from != to {
		return d.checkMerges(from, to)
	}
	g, err := d.judge.Proposal(from, to)
	if err != nil {
		return nil, err
	}
	v := g.Verdict.Public()
	return &Checked{Head: to.String(), Findings: orEmpty(g.Findings), Verdict: &v}, nil
}

func orMain(rev string) string {
	if rev == "" {
		return "main"
	}
	return rev
}

func orEmpty(f []audit.Finding) []audit.Finding {
	if f == nil {
		return []audit.Finding{}
	}
	return f
}

func (d *Desk) checkMerges(from, to store.Hash) (*Checked, error) {
	out := &Checked{Head: to.String(), Findings: []audit.Finding{}}
	for c, err := range d.repo.FirstParents(to, from) {
		if err != nil {
			return nil, err
		}
		g, err := d.judge.Merge(c)
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, g.Findings...)
	}
	return out, nil
}

func (d *Desk) checkTree() (*Checked, error) {
	main, _, err := d.main()
	if err != nil {
		return nil, err
	}
	findings, cases, err := d.judge.Tree(main)
	if err != nil {
		return nil, err
	}
	c, err := d.repo.Commit(main)
	if err != nil {
		return nil, err
	}
	if len(c.Parents) > 0 {
		g, err := d.judge.Merge(c)
		if err != nil {
			return nil, err
		}
		findings = append(findings, g.Findings...)
	}
	return &Checked{Head: main.String(), Cases: cases, Findings: orEmpty(findings)}, nil
}

// resolve finds a commit by branch name, full ref or 40 digits; "~" and "^"
// step back along first parents.
func (d *Desk) resolve(rev string) (store.Hash, error) {
	name, back := rev, 0
	for {
		if s, ok := strings.CutSuffix(name, "^"); ok {
			name, back = s, back+1
			continue
		}
		var n int
		if i := strings.LastIndex(name, "~"); i > 0 {
			if _, err := fmt.Sscanf(name[i:], "~%d", &n); err != nil {
				n = 1
			}
			name, back = name[:i], back+n
			continue
		}
		break
	}
	h, err := store.ParseHash(name)
	for _, ref := range []string{name, heads + name} {
		if err == nil {
			break
		}
		if strings.HasPrefix(ref, "refs/") {
			h, err = d.repo.Ref(ref)
		}
	}
	if err != nil {
		return h, usage(fmt.Sprintf("%q is no branch or commit here", rev), "name a branch, or a commit by its 40 digits")
	}
	for ; back > 0; back-- {
		c, err := d.repo.Commit(h)
		if err != nil {
			return h, err
		}
		if len(c.Parents) == 0 {
			return h, usage(fmt.Sprintf("%q goes back before the first commit", rev), "")
		}
		h = c.Parents[0]
	}
	return h, nil
}

// AuditOptions say what to audit.
type AuditOptions struct {
	Root, Since string // revisions, or empty
	Remember    string // directory in which heads are remembered from one audit to the next; empty: not at all
}

// Audit replays history without a key; where a key at hand opens cases, it
// opens, validates and judges them too.
func (d *Desk) Audit(ctx context.Context, o AuditOptions) (*audit.Report, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	main, at, err := d.main()
	if err != nil {
		return nil, err
	}
	opts := audit.Options{Main: main, Now: d.now()}
	if opts.Deliveries, err = d.branch("deliveries"); err != nil {
		return nil, err
	}
	if o.Root != "" {
		if opts.Root, err = d.resolve(o.Root); err != nil {
			return nil, err
		}
	}
	if o.Since != "" {
		if opts.Since, err = d.resolve(o.Since); err != nil {
			return nil, err
		}
	}
	memory, err := d.memory(o.Remember)
	if err != nil {
		return nil, err
	}
	if opts.Remembered, err = memory.read(); err != nil {
		return nil, err
	}
	sealed, err := d.sealedHistory(at)
	if err != nil {
		return nil, err
	}
	if sealed != nil {
		opts.Sealed = sealed.judge
	}
	r, err := d.judge.Audit(opts)
	if err != nil {
		return nil, err
	}
	if sealed != nil && sealed.stop != nil {
		return nil, sealed.stop
	}
	if sealed != nil {
		r.Opened = len(sealed.tried)
	}
	if err := d.judge.Explain(main, r.Findings); err != nil {
		return nil, err
	}
	// What else was found does not matter here: the memory holds that branches
	// only grow, and must not stay behind because of an older finding.
	shrunk := slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Kind == "rewritten" && f.Accepted == "" })
	if !shrunk {
		err = memory.write(main, opts.Deliveries)
	}
	return r, err
}

// memory keeps the heads of an audit for the next one, outside the repository:
// whoever rewrites history there cannot rewrite this.
type memory struct{ file string }

func (d *Desk) memory(dir string) (memory, error) {
	if dir == "" {
		return memory{}, nil
	}
	abs, err := filepath.Abs(d.repo.Dir())
	if err != nil {
		return memory{}, err
	}
	// Named by the repository's place: a rewritten history may have another
	// root, and must still be held to what this one was.
	name := strings.TrimPrefix(string(psirt.SHA256([]byte(abs))), "sha256:")[:32]
	return memory{file: filepath.Join(dir, name+".heads")}, nil
}

func (m memory) read() (map[string]store.Hash, error) {
	out := map[string]store.Hash{}
	if m.file == "" {
		return out, nil
	}
	raw, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		name, hash, _ := strings.Cut(line, " ")
		h, err := store.ParseHash(hash)
		if err != nil {
			return nil, &Problem{Text: "the remembered heads in " + m.file + " cannot be read", Do: "find out why before you remove the file"}
		}
		out[name] = h
	}
	return out, nil
}

func (m memory) write(main, deliveries store.Hash) error {
	if m.file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(m.file), 0o700); err != nil {
		return err
	}
	text := "main " + main.String() + "\n"
	if !deliveries.IsZero() {
		text += "deliveries " + deliveries.String() + "\n"
	}
	tmp := m.file + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, m.file)
}
