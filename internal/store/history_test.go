package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestHistoryAsGit compares walks over a random history with git's.
func TestHistoryAsGit(t *testing.T) {
	t.Parallel()
	peer.Need(t, "git")
	for _, skew := range []int64{0, 500} {
		r := newRepo(t)
		dice := rand.New(rand.NewPCG(7, uint64(skew)))
		b := r.NewBatch()
		var all []Hash
		var updates []RefUpdate
		for i := range 120 {
			who := someone
			who.When = who.When.Add(time.Duration(int64(i)*10+dice.Int64N(skew+1)) * time.Second)
			spec := CommitSpec{Author: who, Committer: who, Message: fmt.Sprintf("%d\n", i)}
			for range dice.IntN(3) {
				if p := len(all) - 1 - dice.IntN(10); p >= 0 && !slices.Contains(spec.Parents, all[p]) {
					spec.Parents = append(spec.Parents, all[p])
				}
			}
			if len(spec.Parents) == 0 && i > 3 {
				spec.Parents = []Hash{all[len(all)-1]}
			}
			all = append(all, must(b.Commit(spec)))
			updates = append(updates, RefUpdate{Name: fmt.Sprintf("refs/heads/c%d", i), New: all[i]})
		}
		if err := r.Keep(b, all...); err != nil {
			t.Fatal(err)
		}
		if err := r.moveRefs(context.Background(), updates, false); err != nil {
			t.Fatal(err)
		}
		git(t, r.Dir(), "gc", "-q")
		ancestors := map[Hash]map[Hash]bool{} // the truth, from git
		for _, h := range all {
			ancestors[h] = map[Hash]bool{}
			for a := range strings.FieldsSeq(git(t, r.Dir(), "rev-list", h.String())) {
				ancestors[h][must(ParseHash(a))] = true
			}
		}
		for range 400 {
			x, y := all[dice.IntN(len(all))], all[dice.IntN(len(all))]
			if got, err := r.IsAncestor(x, y); err != nil || got != ancestors[y][x] {
				t.Fatalf("skew %d: IsAncestor(%s, %s) = %v, %v", skew, x, y, got, err)
			}
			list, err := r.Between(x, y)
			if err != nil {
				t.Fatal(err)
			}
			checkBetween(t, list, ancestors[x], ancestors[y], skew > 0)
		}
	}
}

func checkBetween(t *testing.T, list []*Commit, of, not map[Hash]bool, skewed bool) {
	t.Helper()
	seen := map[Hash]bool{}
	for _, c := range list {
		for _, p := range c.Parents {
			if !seen[p] && of[p] && !not[p] {
				t.Fatalf("%s comes before its parent", c.Hash)
			}
		}
		if !of[c.Hash] || (not[c.Hash] && !skewed) {
			t.Fatalf("%s does not belong there", c.Hash)
		}
		seen[c.Hash] = true
	}
	for h := range of {
		if !not[h] && !seen[h] {
			t.Fatalf("%s is missing", h)
		}
	}
}

func TestFirstParents(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	var all []Hash
	for i := range 5 {
		all = append(all, commit(t, r, mainRef, fmt.Sprint(i), "a", fmt.Sprint(i)))
	}
	var got []string
	for c, err := range r.FirstParents(all[4], all[1]) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(c.Message))
	}
	if s := strings.Join(got, " "); s != "4 3 2" {
		t.Errorf("walked %s", s)
	}
	for c, err := range r.FirstParents(Hash{9}, Hash{}) {
		if c != nil || !errors.Is(err, ErrMissing) {
			t.Errorf("from nowhere: %v, %v", c, err)
		}
	}
}

// TestChangesAsGit compares random changes with git diff-tree, and merges with
// git merge-tree's idea of a clean merge.
func TestChangesAsGit(t *testing.T) {
	t.Parallel()
	peer.Need(t, "git")
	r := newRepo(t)
	dice := rand.New(rand.NewPCG(3, 4))
	names := []string{"a", "a-b", "a.b", "a0", "b/a", "b/c/d", "b/c/e", "b.c", "c/x", "c/y/z", "d"}
	var tips []Hash
	for i := range 14 {
		b := r.NewBatch()
		spec := CommitSpec{Author: someone, Committer: someone, Message: "x\n"}
		for _, name := range names {
			if dice.IntN(3) > 0 {
				spec.Edits = append(spec.Edits, Edit{Path: name, Data: fmt.Append(nil, dice.IntN(3))})
			}
		}
		h := must(b.Commit(spec))
		if err := r.Publish(t.Context(), b, RefUpdate{Name: fmt.Sprintf("refs/heads/c%d", i), New: h}); err != nil {
			t.Fatal(err)
		}
		tips = append(tips, h)
	}
	for _, x := range tips {
		for _, y := range tips[:5] {
			var got strings.Builder
			list := must(r.Changes(must(r.Commit(x)).Tree, must(r.Commit(y)).Tree))
			for _, c := range list {
				fmt.Fprintf(&got, ":%06o %06o %s %s\t%s\n", c.Old.Mode, c.New.Mode, c.Old.Hash, c.New.Hash, c.Path)
			}
			var want strings.Builder
			for line := range strings.Lines(git(t, r.Dir(), "diff-tree", "-r", "--no-renames", x.String(), y.String())) {
				f := strings.Fields(line)
				fmt.Fprintf(&want, "%s %s %s %s\t%s\n", f[0], f[1], f[2], f[3], f[5])
			}
			if got.String() != want.String() {
				t.Fatalf("got\n%swant\n%s", got.String(), want.String())
			}
		}
	}
	if list := must(r.Changes(Hash{}, must(r.Commit(tips[0])).Tree)); len(list) == 0 || !list[0].Old.Hash.IsZero() {
		t.Errorf("changes from nothing: %v", list)
	}
}

func TestMergeTree(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	b := r.NewBatch()
	tree := func(files ...string) Hash {
		spec := CommitSpec{Author: someone, Committer: someone, Message: "x\n"}
		for _, f := range files {
			path, text, _ := strings.Cut(f, "=")
			spec.Edits = append(spec.Edits, Edit{Path: path, Data: []byte(text)})
		}
		return must(b.CommitObject(must(b.Commit(spec)))).Tree
	}
	base := tree("a=1", "b/c=1", "b/d=1", "e=1")
	for name, c := range map[string]struct {
		ours, theirs, want Hash
		conflicts          string
	}{
		"both sides":           {tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("a=1", "b/c=2", "b/d=1", "e=1", "n/m=1"), tree("a=2", "b/c=2", "b/d=1", "e=1", "n/m=1"), ""},
		"the same":             {tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("a=2", "b/c=1", "b/d=1", "e=1"), ""},
		"same removal":         {tree("a=1", "e=1"), tree("a=1", "b/d=1", "e=1"), tree("a=1", "e=1"), ""},
		"removal":              {tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("a=1", "e=1"), tree("a=2", "e=1"), ""},
		"different":            {tree("a=2", "b/c=3", "b/d=1", "e=1"), tree("a=3", "b/c=2", "b/d=1", "e=1"), Hash{}, "a b/c"},
		"changed and removed":  {tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("b/c=1", "b/d=1", "e=1"), Hash{}, "a"},
		"removed and changed":  {tree("b/c=1", "b/d=1", "e=1"), tree("a=2", "b/c=1", "b/d=1", "e=1"), Hash{}, "a"},
		"added twice":          {tree("a=1", "b/c=1", "b/d=1", "e=1", "n=1"), tree("a=1", "b/c=1", "b/d=1", "e=1", "n=2"), Hash{}, "n"},
		"file into folder":     {tree("a=1", "b/c=1", "b/d=1", "e=1"), tree("a/x=1", "b/c=1", "b/d=1", "e=1"), tree("a/x=1", "b/c=1", "b/d=1", "e=1"), ""},
		"folder into file":     {tree("a=2", "b/c=1", "b/d=1", "e=1"), tree("a=1", "b=1", "e=1"), tree("a=2", "b=1", "e=1"), ""},
		"folder grew":          {tree("a=1", "b/c=1", "b/d=1", "b/n=1", "e=1"), tree("a=1", "b=1", "e=1"), Hash{}, "b"},
		"file against folder":  {tree("a=1", "b/c=1", "b/d=1", "e=1", "n=1"), tree("a=1", "b/c=1", "b/d=1", "e=1", "n/m=1"), Hash{}, "n/m"},
		"folder against file":  {tree("a=1", "b/c=1", "b/d=1", "e=1", "n/m=1"), tree("a=1", "b/c=1", "b/d=1", "e=1", "n=1"), Hash{}, "n"},
		"removed, now folder":  {tree("a/x=1", "b/c=1", "b/d=1", "e=1"), tree("b/c=1", "b/d=1", "e=1"), Hash{}, "a"},
		"nothing from them":    {tree("a=2"), base, tree("a=2"), ""},
		"nothing from us":      {base, tree("a=2"), tree("a=2"), ""},
		"everything goes away": {base, tree(), tree(), ""},
	} {
		got, conflicts, err := r.MergeTree(base, c.ours, c.theirs, b)
		if err != nil || got != c.want || strings.Join(conflicts, " ") != c.conflicts {
			t.Errorf("%s: %s %v %v", name, got, conflicts, err)
		}
	}
	if _, _, err := newRepo(t).MergeTree(base, base, base, b); err == nil {
		t.Error("a batch of another repository was taken")
	}
	h := must(b.Commit(CommitSpec{Base: base, Author: someone, Committer: someone, Message: "x\n"}))
	if c := must(b.CommitObject(h)); c.Tree != base {
		t.Error("a commit without edits has another tree")
	}
	if _, err := must(b.At(h)).Entry("zzz"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
