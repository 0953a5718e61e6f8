package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// objectStore finds and reads objects in packs and loose files, here and in
// alternates (gitrepository-layout, objects/info/alternates).
type objectStore struct {
	dirs  []string // the first is the repository's own, which is written to
	bases *cache[packPlace, object]

	mu    sync.RWMutex
	packs []*pack
}

type packPlace struct {
	pack   *pack
	offset int64
}

// object is an object in memory; its bytes must not be changed.
type object struct {
	kind kind
	data []byte
}

const (
	baseCacheBytes = 32 << 20
	maxAlternates  = 16
	maxDeltaChain  = 4096     // git makes 50, and at most 4095
	deltaSlack     = 64 << 20 // what deltas and their bases may take beyond the limit for the object itself
)

func openObjects(dir string) (*objectStore, error) {
	s := &objectStore{dirs: []string{dir}, bases: newCache[packPlace, object](baseCacheBytes)}
	for i := 0; i < len(s.dirs); i++ {
		text, err := os.ReadFile(filepath.Join(s.dirs[i], "info", "alternates"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || len(s.dirs) == maxAlternates {
				continue
			}
			if other := resolve(s.dirs[i], line); !slices.Contains(s.dirs, other) {
				s.dirs = append(s.dirs, other)
			}
		}
	}
	return s, s.scan()
}

// scan looks which packs there are now. A pack that vanished is let go without
// closing it, since somebody may be reading; its files close when the last
// reader is done.
func (s *objectStore) scan() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]*pack{}
	for _, p := range s.packs {
		known[p.path] = p
	}
	var packs []*pack
	for _, dir := range s.dirs {
		entries, err := os.ReadDir(filepath.Join(dir, "pack"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			base, isIndex := strings.CutSuffix(entry.Name(), ".idx")
			if !isIndex || !strings.HasPrefix(base, "pack-") {
				continue
			}
			path := filepath.Join(dir, "pack", base)
			if p := known[path]; p != nil {
				packs = append(packs, p)
				continue
			}
			p, err := openPack(path + ".idx")
			if errors.Is(err, fs.ErrNotExist) {
				continue // a repack took it away just now
			}
			if err != nil {
				return err
			}
			packs = append(packs, p)
		}
	}
	s.packs = packs
	return nil
}

func (s *objectStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, p := range s.packs {
		err = errors.Join(err, p.close())
	}
	s.packs = nil
	return err
}

// findPacked looks in the packs that are known.
func (s *objectStore) findPacked(h Hash) (*pack, int64, error) {
	s.mu.RLock()
	packs := s.packs
	s.mu.RUnlock()
	for _, p := range packs {
		if offset, ok, err := p.find(h); ok || err != nil {
			return p, offset, err
		}
	}
	return nil, 0, nil
}

// source says where an object is: in a pack, or in a loose file.
type source struct {
	pack   *pack
	offset int64
	loose  *os.File
}

// locate finds an object. What a gc moved from a loose file or one pack to
// another meanwhile is found at the second look.
func (s *objectStore) locate(h Hash) (source, error) {
	for again := range 2 {
		if again == 1 {
			if err := s.scan(); err != nil {
				return source{}, err
			}
		}
		p, offset, err := s.findPacked(h)
		if err != nil {
			return source{}, err
		}
		if p != nil {
			if err := p.open(); err == nil {
				return source{pack: p, offset: offset}, nil
			} else if again == 1 || !errors.Is(err, fs.ErrNotExist) {
				return source{}, err
			}
			continue
		}
		for _, dir := range s.dirs {
			f, err := os.Open(loosePath(dir, h))
			if err == nil {
				return source{loose: f}, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return source{}, err
			}
		}
	}
	return source{}, missing(h)
}

// has reports whether the object is here.
func (s *objectStore) has(h Hash) (bool, error) {
	src, err := s.locate(h)
	if errors.Is(err, ErrMissing) {
		return false, nil
	}
	if src.loose != nil {
		err = errors.Join(err, src.loose.Close())
	}
	return err == nil, err
}

// read returns an object of at most limit bytes whose bytes hash to its name.
func (s *objectStore) read(h Hash, limit int64) (object, error) {
	src, err := s.locate(h)
	if err != nil {
		return object{}, err
	}
	var o object
	if src.loose != nil {
		o, err = readLoose(src.loose, h, limit)
		err = errors.Join(err, src.loose.Close())
	} else {
		o, err = s.unpack(src.pack, src.offset, limit)
		if err != nil {
			err = fmt.Errorf("object %s: %w", h, err)
		}
	}
	if err != nil {
		return object{}, err
	}
	if hashObject(o.kind, o.data) != h {
		return object{}, corrupt(h, "its bytes hash to another name")
	}
	return o, nil
}

// deltaStep is one difference on the way from an object to its base.
type deltaStep struct {
	place packPlace
	delta []byte
}

// unpack reads an object out of a pack, following its deltas to their base.
func (s *objectStore) unpack(p *pack, offset, limit int64) (object, error) {
	base, steps, err := s.chain(p, offset, limit)
	if err != nil {
		return base, err
	}
	for i, st := range slices.Backward(steps) {
		if err := checkDelta(st.delta, limit, i == 0); err != nil {
			return base, err
		}
		data, err := applyDelta(base.data, st.delta)
		if err != nil {
			return base, fmt.Errorf("%s.pack: %w: %w", p.path, err, ErrCorrupt)
		}
		base = object{base.kind, data}
		s.bases.put(st.place, base, int64(len(data))+64)
	}
	if int64(len(base.data)) > limit {
		return base, fmt.Errorf("%d bytes, at most %d are allowed: %w", len(base.data), limit, ErrTooLarge)
	}
	return base, nil
}

// chain reads the deltas from an object to its base, and that base.
func (s *objectStore) chain(p *pack, offset, limit int64) (base object, steps []deltaStep, err error) {
	for held := int64(0); ; {
		place := packPlace{p, offset}
		if o, ok := s.bases.get(place); ok {
			return o, steps, nil
		}
		e, err := p.entry(offset)
		if err != nil {
			return base, nil, err
		}
		allowed := limit
		if e.kind >= ofsDelta || len(steps) > 0 {
			allowed = limit + deltaSlack - held
		}
		if e.size > allowed {
			e.in.release()
			return base, nil, fmt.Errorf("%d bytes, at most %d are allowed: %w", e.size, limit, ErrTooLarge)
		}
		data, err := p.inflate(e)
		if err != nil {
			return base, nil, err
		}
		if e.kind < ofsDelta {
			base = object{e.kind, data}
			if len(steps) > 0 || base.kind != kindBlob { // a blob is rarely read twice
				s.bases.put(place, base, int64(len(data))+64)
			}
			return base, steps, nil
		}
		held += e.size
		if len(steps) == maxDeltaChain {
			return base, nil, fmt.Errorf("%s.pack: a chain of deltas without end: %w", p.path, ErrCorrupt)
		}
		steps = append(steps, deltaStep{place, data})
		if e.kind == ofsDelta {
			offset = e.base
		} else if offset, err = p.baseOffset(e.baseHash); err != nil {
			return base, nil, err
		}
	}
}

// baseOffset finds the base of a refDelta, which is always in the same pack:
// only packs on the wire may be thin.
func (p *pack) baseOffset(h Hash) (int64, error) {
	offset, ok, err := p.find(h)
	if err == nil && !ok {
		err = fmt.Errorf("%s.pack: the base %s of a delta is not in it: %w", p.path, h, ErrCorrupt)
	}
	return offset, err
}

// checkDelta judges the size of what a delta will make before it is made.
func checkDelta(delta []byte, limit int64, last bool) error {
	_, rest, err := deltaSize(delta)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrCorrupt)
	}
	size, _, err := deltaSize(rest)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrCorrupt)
	}
	if !last {
		limit += deltaSlack
	}
	if size > limit {
		return fmt.Errorf("%d bytes, at most %d are allowed: %w", size, limit, ErrTooLarge)
	}
	return nil
}

// looseHead takes the header of a loose object apart.
func looseHead(head []byte) (k kind, size int64, ok bool) {
	name, digits, found := bytes.Cut(head, []byte{' '})
	if !found || len(digits) == 0 || len(digits) > 18 || (digits[0] == '0' && len(digits) > 1) {
		return 0, 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		size = size*10 + int64(c-'0')
	}
	for candidate, text := range kindNames {
		if text == string(name) {
			return candidate, size, true
		}
	}
	return 0, 0, false
}
