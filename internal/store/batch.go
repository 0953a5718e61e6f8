package store

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// spoolAbove is the size in bytes above which a streamed blob waits on the
// disk, already in the form of a loose object, and not in memory.
const spoolAbove = 1 << 20

// Batch holds objects that were made and are not yet published. Its own reads
// see them on top of the repository; nobody else does. After a lost race the
// same batch may make another commit: only what the published commits need is
// written. A Batch must not be used by two goroutines at once.
type Batch struct {
	r       *Repo
	objects map[Hash]object
	trees   map[Hash][]Entry
	spooled map[Hash]spool
}

// spool is a blob that waits on the disk.
type spool struct {
	path string
	size int64
}

// NewBatch returns an empty batch.
func (r *Repo) NewBatch() *Batch {
	return &Batch{r: r, objects: map[Hash]object{}, trees: map[Hash][]Entry{}, spooled: map[Hash]spool{}}
}

// Close removes what the batch kept on the disk. It is needed only when From
// was used, and does no harm after Publish.
func (b *Batch) Close() error {
	var err error
	for h, s := range b.spooled {
		err = errors.Join(err, os.Remove(s.path))
		delete(b.spooled, h)
	}
	return err
}

// Commit makes blobs, the trees on the way to them, and a commit.
func (b *Batch) Commit(spec CommitSpec) (Hash, error) {
	edits := make([]treeEdit, 0, len(spec.Edits))
	for _, e := range spec.Edits {
		if err := checkWritePath(e.Path); err != nil {
			return Hash{}, err
		}
		names, err := splitPath(e.Path)
		if err != nil {
			return Hash{}, err
		}
		h, err := b.blob(e)
		if err != nil {
			return Hash{}, fmt.Errorf("%s: %w", e.Path, err)
		}
		edits = append(edits, treeEdit{names, Entry{Mode: ModeFile, Hash: h}})
	}
	tree, err := treeWriter{b}.apply(spec.Base, edits)
	if err != nil {
		return Hash{}, err
	}
	if tree.IsZero() {
		tree = b.putTree(nil)
	}
	data, err := spec.encode(tree)
	if err != nil {
		return Hash{}, err
	}
	return b.put(kindCommit, data), nil
}

// blob stores the bytes of an edit; a zero Hash is a removal.
func (b *Batch) blob(e Edit) (Hash, error) {
	switch {
	case e.Delete:
		return Hash{}, nil
	case e.From == nil:
		return b.put(kindBlob, bytes.Clone(e.Data)), nil
	}
	in, err := e.From()
	if err != nil {
		return Hash{}, err
	}
	h, err := b.stream(in, e.Size)
	return h, errors.Join(err, in.Close())
}

var errStreamSize = errors.New("the stream does not have the size that was announced")

func (b *Batch) stream(in io.Reader, size int64) (Hash, error) {
	if size < 0 {
		return Hash{}, errStreamSize
	}
	if size > spoolAbove {
		return b.spool(in, size)
	}
	data, err := io.ReadAll(io.LimitReader(in, size+1))
	if err == nil && int64(len(data)) != size {
		err = errStreamSize
	}
	if err != nil {
		return Hash{}, err
	}
	return b.put(kindBlob, data), nil
}

// spool writes a blob to a temporary loose object while hashing it.
func (b *Batch) spool(in io.Reader, size int64) (Hash, error) {
	f, err := os.CreateTemp(b.r.objects.dirs[0], "tmp_obj_") // git's prune knows the name
	if err != nil {
		return Hash{}, err
	}
	digest := sha1.New()
	z := newStoredWriter(f)
	out := io.MultiWriter(digest, z)
	_, err = out.Write(objectHeader(kindBlob, size))
	if err == nil {
		var n int64
		n, err = io.Copy(out, io.LimitReader(in, size+1))
		if err == nil && n != size {
			err = errStreamSize
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = f.Sync()
	}
	h := Hash(digest.Sum(nil))
	_, twice := b.spooled[h]
	if err = errors.Join(err, f.Close()); err != nil || twice {
		return h, errors.Join(err, os.Remove(f.Name()))
	}
	path, err := filepath.Abs(f.Name())
	b.spooled[h] = spool{path, size}
	return h, err
}

func (b *Batch) put(k kind, data []byte) Hash {
	h := hashObject(k, data)
	if _, known := b.objects[h]; !known {
		b.objects[h] = object{k, data}
	}
	return h
}

func (b *Batch) putTree(entries []Entry) Hash {
	h := b.put(kindTree, encodeTree(entries))
	b.trees[h] = entries
	return h
}

// At returns the snapshot of a commit of the batch or the repository.
func (b *Batch) At(commit Hash) (*Snapshot, error) { return snapshot(b, commit) }

// CommitObject reads a commit of the batch or the repository.
func (b *Batch) CommitObject(h Hash) (*Commit, error) { return readCommit(b, h) }

// IsAncestor is as the repository's, over the batch's commits too.
func (b *Batch) IsAncestor(ancestor, of Hash) (bool, error) { return isAncestor(b, ancestor, of) }

// Changes is as the repository's, over the batch's trees too.
func (b *Batch) Changes(oldTree, newTree Hash) ([]Change, error) {
	return changes(b, oldTree, newTree)
}

func (b *Batch) object(h Hash, want kind, limit int64) ([]byte, error) {
	o, ok := b.objects[h]
	if !ok && b.spooled[h].path != "" {
		s, err := b.openObject(h)
		if err != nil {
			return nil, err
		}
		if s.size > limit {
			return nil, errors.Join(tooLarge(h, s.size, limit), s.Close())
		}
		data, err := io.ReadAll(s)
		if err = errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
		return object{s.kind, data}.want(h, want)
	}
	if !ok {
		return b.r.object(h, want, limit)
	}
	if int64(len(o.data)) > limit {
		return nil, tooLarge(h, int64(len(o.data)), limit)
	}
	return o.want(h, want)
}

func (b *Batch) entries(tree Hash) ([]Entry, error) {
	if found, ok := b.trees[tree]; ok {
		return found, nil
	}
	return b.r.entries(tree)
}

func (b *Batch) openObject(h Hash) (objectStream, error) {
	if o, ok := b.objects[h]; ok {
		return o.stream(), nil
	}
	s, ok := b.spooled[h]
	if !ok {
		return b.r.openObject(h)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return objectStream{}, err
	}
	return streamLoose(f, h)
}

// own reports whether the batch holds the object itself.
func (b *Batch) own(h Hash) bool {
	if _, ok := b.objects[h]; ok {
		return true
	}
	_, ok := b.spooled[h]
	return ok
}

// needed lists the batch's own objects that a tip needs, blobs before trees
// before commits, so that a kill on the way leaves no object whose parts are
// missing.
func (b *Batch) needed(tips []Hash) []Hash {
	var order []Hash
	seen := map[Hash]bool{}
	var visit func(h Hash)
	visit = func(h Hash) {
		if seen[h] || !b.own(h) {
			return
		}
		seen[h] = true
		o := b.objects[h]
		switch o.kind {
		case kindTree:
			for _, e := range b.trees[h] {
				visit(e.Hash)
			}
		case kindCommit:
			if c, err := parseCommit(h, o.data); err == nil { // made here, so it parses
				visit(c.Tree)
				for _, p := range c.Parents {
					visit(p)
				}
			}
		}
		order = append(order, h)
	}
	for _, tip := range tips {
		visit(tip)
	}
	return order
}

// store writes objects of the batch into the repository, durably.
func (b *Batch) store(hashes []Hash) error {
	w := newLooseWriter(b.r.objects.dirs[0])
	defer w.discard()
	for _, h := range hashes {
		o, inMemory := b.objects[h]
		var err error
		switch s := b.spooled[h]; {
		case inMemory:
			err = w.write(h, o)
		case w.known(h):
			err = os.Remove(s.path)
			delete(b.spooled, h)
		default:
			err = w.add(looseTemp{h, s.path, nil})
			delete(b.spooled, h)
		}
		if err != nil {
			return err
		}
	}
	return w.finish()
}
