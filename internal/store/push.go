package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// push publishes to the remote. A ref that the server cannot lock, because
// somebody else is just moving it, is tried again.
func (r *Repo) push(ctx context.Context, b *Batch, updates []RefUpdate) error {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := r.pushOnce(ctx, b, updates)
		var refused *RefusedError
		if wait > time.Second || !errors.As(err, &refused) || !refused.locked() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// pushOnce makes one request with the old hashes, which the server compares
// under its own locks, and a pack of exactly the objects that it lacks.
func (r *Repo) pushOnce(ctx context.Context, b *Batch, updates []RefUpdate) error {
	session, adv, err := r.origin.receiver(ctx)
	if err != nil {
		return err
	}
	err = r.pushSession(ctx, session, adv, b, updates)
	// Closing after a request that failed reports the same failure once more.
	if closeErr := session.Close(); err == nil && closeErr != nil && !errors.Is(closeErr, io.ErrClosedPipe) {
		err = r.origin.fail("push to", closeErr)
	}
	if err != nil {
		return r.afterwards(ctx, updates, err)
	}
	return r.remember(ctx, b, updates)
}

func (r *Repo) pushSession(ctx context.Context, session transport.ReceivePackSession, adv *packp.AdvRefs, b *Batch, updates []RefUpdate) error {
	there := advertised(adv)
	if err := compareAll(there, updates); err != nil {
		return err
	}
	objects, err := missingThere(b, there, updates)
	if err != nil {
		return err
	}
	moves := slices.DeleteFunc(slices.Clone(updates), func(u RefUpdate) bool { return u.Old == u.New })
	if len(moves) == 0 {
		return nil
	}
	words := &refusal{}
	request, err := newRequest(adv, moves, words)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(moves, func(u RefUpdate) bool { return !u.New.IsZero() }) {
		in, out := io.Pipe()
		defer in.Close() // ends the writer when nobody reads to the end
		go func() { out.CloseWithError(writePack(out, b, objects)) }()
		request.Packfile = in
	}
	report, err := session.ReceivePack(ctx, request)
	if report == nil {
		return r.origin.fail("push to", err)
	}
	return r.judge(report, moves, words, err)
}

// judge turns the server's report into an error.
func (r *Repo) judge(report *packp.ReportStatus, moves []RefUpdate, words *refusal, err error) error {
	for _, status := range report.CommandStatuses {
		if status.Error() != nil {
			return &RefusedError{Ref: status.ReferenceName.String(), Reason: words.add(status.Status)}
		}
	}
	if report.UnpackStatus != "ok" {
		return &RefusedError{Ref: moves[0].Name, Reason: words.add("unpack: " + report.UnpackStatus)}
	}
	return r.origin.fail("push to", err)
}

func compareAll(there map[string]Hash, updates []RefUpdate) error {
	for _, u := range updates {
		if have := there[u.Name]; have != u.Old {
			return &LostError{Ref: u.Name, Want: u.Old, Have: have}
		}
	}
	return nil
}

func newRequest(adv *packp.AdvRefs, moves []RefUpdate, words *refusal) (*packp.ReferenceUpdateRequest, error) {
	request := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	if !adv.Capabilities.Supports(capability.ReportStatus) {
		return nil, errors.New("the remote does not report whether it moved a ref (report-status), so no update can be trusted")
	}
	wish := []capability.Capability{capability.Sideband64k}
	if len(moves) > 1 {
		wish = append(wish, capability.Atomic)
	}
	for _, u := range moves {
		request.Commands = append(request.Commands, &packp.Command{
			Name: plumbing.ReferenceName(u.Name), Old: toPlumbing(u.Old), New: toPlumbing(u.New),
		})
		if u.New.IsZero() && !adv.Capabilities.Supports(capability.DeleteRefs) {
			return nil, &RefusedError{Ref: u.Name, Reason: "the remote does not let refs be deleted"}
		}
	}
	for _, c := range wish {
		if adv.Capabilities.Supports(c) {
			if err := request.Capabilities.Set(c); err != nil {
				return nil, err
			}
		}
	}
	request.Progress = words
	return request, nil
}

// refusal keeps what the server says while it works (hooks explain themselves
// there), up to a limit.
type refusal struct{ said bytes.Buffer }

const maxRefusal = 4 << 10

func (w *refusal) Write(p []byte) (int, error) {
	if room := maxRefusal - w.said.Len(); room > 0 {
		w.said.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (w *refusal) add(status string) string {
	said := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.TrimSpace(w.said.String()))
	if said == "" {
		return status
	}
	return status + " (" + said + ")"
}

// afterwards finds out what became of a push that failed: whether somebody
// else was first, or the refs moved although the answer got lost.
func (r *Repo) afterwards(ctx context.Context, updates []RefUpdate, failed error) error {
	if errors.Is(failed, ErrLost) || ctx.Err() != nil {
		return failed
	}
	session, adv, err := r.origin.receiver(ctx)
	if err != nil {
		return failed
	}
	_ = session.Close() // nothing was asked for beyond the refs
	there := advertised(adv)
	waiting := slices.DeleteFunc(slices.Clone(updates), func(u RefUpdate) bool { return there[u.Name] == u.New })
	var refused *RefusedError
	switch {
	case errors.As(failed, &refused):
		// What was refused, this push did not move: a ref that is where it should
		// be was brought there by somebody else (a branch removed twice).
		waiting = slices.DeleteFunc(slices.Clone(updates), func(u RefUpdate) bool {
			return u.Name != refused.Ref && !adv.Capabilities.Supports(capability.Atomic)
		})
	case len(waiting) == 0:
		return nil
	}
	if lost := compareAll(there, waiting); lost != nil {
		return lost
	}
	return failed
}

// remember keeps in the clone what is now on the remote, so that it need not
// be fetched.
func (r *Repo) remember(ctx context.Context, b *Batch, updates []RefUpdate) error {
	if err := b.store(b.needed(tips(updates))); err != nil {
		return fmt.Errorf("the push is done, but the clone could not keep it (fetch again): %w", err)
	}
	for _, u := range updates {
		if err := r.track(ctx, u.Name, u.New); err != nil {
			return fmt.Errorf("the push is done, but the clone could not note it (fetch again): %w", err)
		}
	}
	return nil
}

// track notes where a ref of the remote is now, whatever was noted before.
func (r *Repo) track(ctx context.Context, name string, h Hash) error {
	local := r.tracked(name)
	for {
		old, err := r.readRef(local)
		if err != nil && !isNotExist(err) {
			return err
		}
		if old == h {
			return nil
		}
		err = r.moveRefs(ctx, []RefUpdate{{local, old, h}}, false)
		if !errors.Is(err, ErrLost) {
			return err
		}
	}
}

// missingThere lists the objects that the remote lacks: those of the commits
// that no advertised ref reaches, each compared with its parents.
func missingThere(b *Batch, there map[string]Hash, updates []RefUpdate) ([]Hash, error) {
	var heads, known []Hash
	for _, u := range updates {
		if !u.New.IsZero() {
			heads = append(heads, u.New)
		}
	}
	seen := map[Hash]bool{}
	for _, h := range there {
		if seen[h] {
			continue
		}
		seen[h] = true
		// What is not here cannot be compared with; sending a little too much
		// does no harm.
		if _, err := b.object(h, kindCommit, maxCommit); err == nil {
			known = append(known, h)
		}
	}
	// A shallow clone may push: git, too, takes what lies behind its end as
	// known to the remote it was cloned from.
	commits, err := between(b, heads, known, b.r.shallow)
	if err != nil {
		return nil, err
	}
	g := gatherer{src: b, seen: map[Hash]bool{}}
	for _, h := range commits {
		if err := g.commit(h); err != nil {
			return nil, err
		}
	}
	return g.out, nil
}

// gatherer collects the objects that commits bring.
type gatherer struct {
	src  reader
	seen map[Hash]bool
	out  []Hash
}

func (g *gatherer) add(h Hash) bool {
	if g.seen[h] {
		return false
	}
	g.seen[h] = true
	g.out = append(g.out, h)
	return true
}

func (g *gatherer) commit(h Hash) error {
	c, err := readCommit(g.src, h)
	if err != nil {
		return err
	}
	var before []Hash
	for _, p := range c.Parents {
		parent, err := readCommit(g.src, p)
		if err != nil {
			return err
		}
		before = append(before, parent.Tree)
	}
	g.add(h)
	return g.tree(c.Tree, before, 0)
}

// tree adds what no parent has at the same place.
func (g *gatherer) tree(tree Hash, before []Hash, depth int) error {
	if slices.Contains(before, tree) || !g.add(tree) {
		return nil
	}
	if depth > maxDepth {
		return corrupt(tree, "folders more than %d deep", maxDepth)
	}
	entries, err := treeEntries(g.src, tree)
	if err != nil {
		return err
	}
	var sides [][]Entry
	for _, h := range before {
		side, err := treeEntries(g.src, h)
		if err != nil {
			return err
		}
		sides = append(sides, side)
	}
	for _, e := range entries {
		var olds []Hash
		for _, side := range sides {
			if old, ok := findEntry(side, e.Name); ok && old.IsDir() == e.IsDir() {
				olds = append(olds, old.Hash)
			}
		}
		switch {
		case e.Mode == ModeGitlink:
		case e.IsDir():
			err = g.tree(e.Hash, olds, depth+1)
		case !slices.Contains(olds, e.Hash):
			g.add(e.Hash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
