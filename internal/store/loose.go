package store

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const maxLooseHead = 32 // "commit ", 18 digits, NUL

func loosePath(dir string, h Hash) string {
	hex := h.String()
	return filepath.Join(dir, hex[:2], hex[2:])
}

// openLoose starts to read a loose object; the stream stands behind its header.
func openLoose(f *os.File, h Hash) (in *inflater, k kind, size int64, err error) {
	in, err = newInflater(f, 0)
	if err != nil {
		return nil, 0, 0, corrupt(h, "%v", err)
	}
	var head [maxLooseHead]byte
	for i := range head {
		if _, err := io.ReadFull(in.stream, head[i:i+1]); err != nil {
			in.release()
			return nil, 0, 0, corrupt(h, "%v", unexpected(err))
		}
		if head[i] != 0 {
			continue
		}
		if k, size, ok := looseHead(head[:i]); ok {
			return in, k, size, nil
		}
		break
	}
	in.release()
	return nil, 0, 0, corrupt(h, "a malformed header")
}

func readLoose(f *os.File, h Hash, limit int64) (object, error) {
	in, k, size, err := openLoose(f, h)
	if err != nil {
		return object{}, err
	}
	defer in.release()
	if size > limit {
		return object{}, tooLarge(h, size, limit)
	}
	info, err := f.Stat()
	if err != nil {
		return object{}, err
	}
	if size/1032 > info.Size()+64 { // as in pack.inflate
		return object{}, corrupt(h, "it claims more bytes than it can hold")
	}
	data, err := in.full(size)
	if err != nil {
		return object{}, corrupt(h, "%v", err)
	}
	return object{k, data}, nil
}

// looseWriter writes loose objects so that they are on the disk before
// anything names them: files are synced, renamed into place in the order in
// which they were given, and then so are the folders. Waiting for the disk is
// most of the cost of a commit; it is less when all files are written before
// the first is synced, and was not less with several goroutines.
type looseWriter struct {
	dir     string
	pending []looseTemp
	touched map[string]bool
}

// looseTemp is a finished loose object that has its place not yet.
type looseTemp struct {
	hash Hash
	path string
	file *os.File // to sync and close; nil when that is done
}

const maxPending = 128 // open files of one writer

func newLooseWriter(dir string) *looseWriter {
	return &looseWriter{dir: dir, touched: map[string]bool{}}
}

// known reports whether the object has a loose file already, and marks that
// file as used now, so that no gc takes it for old garbage.
func (w *looseWriter) known(h Hash) bool {
	return freshen(loosePath(w.dir, h))
}

func (w *looseWriter) write(h Hash, o object) error {
	if w.known(h) {
		return nil
	}
	f, err := os.CreateTemp(w.dir, "tmp_obj_") // git's prune knows the name
	if err != nil {
		return err
	}
	z := newStoredWriter(f)
	_, err = z.Write(objectHeader(o.kind, int64(len(o.data))))
	if err == nil {
		_, err = z.Write(o.data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return w.add(looseTemp{h, f.Name(), f})
}

// add takes over a temporary file.
func (w *looseWriter) add(t looseTemp) error {
	if w.pending = append(w.pending, t); len(w.pending) < maxPending {
		return nil
	}
	return w.flush()
}

// flush syncs what is pending and gives it its place.
func (w *looseWriter) flush() error {
	pending := w.pending
	w.pending = nil
	var err error
	for _, t := range pending {
		if t.file != nil {
			err = errors.Join(err, t.file.Sync(), t.file.Close())
		}
	}
	for _, t := range pending {
		if err != nil {
			err = errors.Join(err, os.Remove(t.path))
			continue
		}
		err = w.place(t.path, t.hash)
	}
	return err
}

// discard removes what has no place yet.
func (w *looseWriter) discard() {
	for _, t := range w.pending {
		if t.file != nil {
			_ = t.file.Close()
		}
		_ = os.Remove(t.path) // what stays is git prune's
	}
	w.pending = nil
}

// place renames a finished, synced file to where the object belongs.
func (w *looseWriter) place(temp string, h Hash) error {
	err := os.Chmod(temp, 0o444)
	if err == nil {
		err = w.rename(temp, loosePath(w.dir, h))
	}
	if err == nil {
		return nil
	}
	if _, there := os.Stat(loosePath(w.dir, h)); there == nil {
		return os.Remove(temp) // somebody else wrote the same object, and Windows minds
	}
	return errors.Join(err, os.Remove(temp))
}

// rename makes the folder too; a gc may remove it, being empty, at any moment.
func (w *looseWriter) rename(temp, target string) error {
	folder := filepath.Dir(target)
	for try := 0; ; try++ {
		err := os.Mkdir(folder, 0o777)
		if err == nil {
			w.touched[w.dir] = true
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
		err = os.Rename(temp, target)
		if err == nil {
			w.touched[folder] = true
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) || try == 100 {
			return err
		}
	}
}

// finish makes everything that was written durable.
func (w *looseWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	dirs := slices.Collect(maps.Keys(w.touched))
	clear(w.touched)
	return syncDirs(dirs)
}

// syncDirs makes renames durable. A folder that is gone has been emptied by a
// gc, which packed what was in it, or by the removal of its last ref.
func syncDirs(dirs []string) error {
	for _, dir := range dirs {
		if err := syncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
