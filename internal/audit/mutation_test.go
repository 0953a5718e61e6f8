package audit_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/store"
)

// TestEveryByte changes bytes of what stands in case folders, one at a time:
// the tree by itself must show it, without a key and without history. The
// normal run takes every 199th byte; DOCKET_LONG=1 takes each, in two ways.
func TestEveryByte(t *testing.T) {
	y := newYard(t)
	at, err := y.repo.At(y.main())
	if err != nil {
		t.Fatal(err)
	}
	step, flips := 199, []byte{1}
	if os.Getenv("DOCKET_LONG") != "" {
		step, flips = 1, []byte{1, 0x20}
	}
	tried := 0
	err = at.Walk("cases/ingroupe", func(e store.Entry) error {
		if !strings.Contains(e.Path, "/2026/") && !strings.Contains(e.Path, "/seen/") {
			return nil
		}
		raw, err := at.Read(e.Path, 1<<20)
		if err != nil {
			return err
		}
		for i := tried % step; i < len(raw); i += step {
			for _, flip := range flips {
				tried++
				changed := slices.Clone(raw)
				changed[i] ^= flip
				if n := len(y.treeFindings(edit(e.Path, changed))); n == 0 {
					t.Errorf("%s: byte %d changed from %q to %q, and nobody noticed", e.Path, i, raw[i], changed[i])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if tried < 100 {
		t.Errorf("only %d changes were tried", tried)
	}
}

// treeFindings judges main's tree with edits, by itself.
func (y *yard) treeFindings(edits ...store.Edit) []audit.Finding {
	y.t.Helper()
	main := y.commitOf(y.main())
	batch := y.repo.NewBatch()
	who := store.Ident{Name: "x", Mail: "x@example.org", When: y.now}
	h, err := batch.Commit(store.CommitSpec{Base: main.Tree, Edits: edits, Author: who, Committer: who, Message: "x\n"})
	if err == nil {
		err = y.repo.Keep(batch, h)
	}
	if err != nil {
		y.t.Fatal(err)
	}
	list, _, err := y.judge().Tree(h)
	if err != nil {
		y.t.Fatal(err)
	}
	return list
}

// TestDropAndSwap writes main's history anew, without one of its merges or with
// two of them the other way round, as somebody with the right to push could:
// merges need no signature. Of the newest ones only the remembered heads tell.
func TestDropAndSwap(t *testing.T) {
	y := newYard(t)
	honestMain := y.main()
	line := y.line()
	for i := 1; i < len(line); i++ {
		y.rewrite(slices.Delete(slices.Clone(line), i, i+1))
		list := y.remember(honestMain)
		if !slices.ContainsFunc(list, func(f audit.Finding) bool { return f.Kind == "rewritten" }) {
			t.Errorf("the merge %q was dropped, and the remembered head does not tell", line[i].Message)
		}
		if i < len(line)-1 && len(list) < 2 {
			t.Errorf("the merge %q was dropped, and only the remembered head tells", line[i].Message)
		}
		if i == len(line)-1 {
			continue
		}
		swapped := slices.Clone(line)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		y.rewrite(swapped)
		if list := y.remember(honestMain); len(list) < 2 {
			t.Errorf("the merges %q and %q were swapped, and only the remembered head tells", line[i].Message, line[i+1].Message)
		}
	}
}

// line is main's first-parent line, oldest first.
func (y *yard) line() []*store.Commit {
	y.t.Helper()
	var line []*store.Commit
	for c, err := range y.repo.FirstParents(y.main(), store.Hash{}) {
		if err != nil {
			y.t.Fatal(err)
		}
		line = append(line, c)
	}
	slices.Reverse(line)
	return line
}

// rewrite makes main anew of merges, each bringing what it brought at first as
// far as that can be.
func (y *yard) rewrite(line []*store.Commit) {
	y.t.Helper()
	batch := y.repo.NewBatch()
	head, tree := line[0].Hash, line[0].Tree
	for _, m := range line[1:] {
		before := y.commitOf(m.Parents[0])
		merged, conflicts, err := y.repo.MergeTree(before.Tree, tree, m.Tree, batch)
		if err != nil {
			y.t.Fatal(err)
		}
		if len(conflicts) > 0 {
			merged = m.Tree
		}
		if head, err = batch.Commit(store.CommitSpec{Base: merged, Parents: []store.Hash{head, m.Parents[1]}, Author: m.Author, Committer: m.Committer, Message: m.Message}); err != nil {
			y.t.Fatal(err)
		}
		tree = merged
	}
	if err := y.repo.Publish(y.t.Context(), batch, store.RefUpdate{Name: "refs/heads/main", Old: y.main(), New: head}); err != nil {
		y.t.Fatal(err)
	}
}

// remember audits against the head that main had.
func (y *yard) remember(main store.Hash) []audit.Finding {
	y.t.Helper()
	r, err := y.judge().Audit(audit.Options{Main: y.main(), Deliveries: y.head("refs/heads/deliveries"), Now: y.now,
		Remembered: map[string]store.Hash{"main": main}})
	if err != nil {
		y.t.Fatal(err)
	}
	return r.Findings
}
