package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
)

// pack reads one pack file in place (gitformat-pack, versions 2 and 3, index
// version 2). Opening costs one kilobyte; a part of the index is read when a
// hash that would be in it is first looked for.
type pack struct {
	path   string // without extension
	idx    *os.File
	fanout [256]uint32

	mu      sync.RWMutex
	buckets [256][]byte // names by their first byte

	once    sync.Once
	data    *os.File
	size    int64 // of data, without the checksum at the end
	openErr error
}

const (
	idxNames  = 8 + 256*4 // where the names begin
	idxMagic  = "\xfftOc\x00\x00\x00\x02"
	packCheck = 20 // bytes of checksum at the end of a pack
)

func openPack(idxPath string) (*pack, error) {
	f, err := os.Open(idxPath)
	if err != nil {
		return nil, err
	}
	p := &pack{path: strings.TrimSuffix(idxPath, ".idx"), idx: f}
	if err := p.readFanout(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", idxPath, err), f.Close())
	}
	return p, nil
}

func (p *pack) readFanout() error {
	var head [idxNames]byte
	if _, err := p.idx.ReadAt(head[:], 0); err != nil || string(head[:8]) != idxMagic {
		return fmt.Errorf("not a pack index of version 2: %w", ErrCorrupt)
	}
	for i := range p.fanout {
		p.fanout[i] = binary.BigEndian.Uint32(head[8+4*i:])
		if i > 0 && p.fanout[i] < p.fanout[i-1] {
			return fmt.Errorf("its fan-out table is not sorted: %w", ErrCorrupt)
		}
	}
	info, err := p.idx.Stat()
	if err != nil {
		return err
	}
	if n := int64(p.fanout[255]); info.Size() < idxNames+n*28+2*packCheck {
		return fmt.Errorf("shorter than its %d objects need: %w", n, ErrCorrupt)
	}
	return nil
}

// find returns where the object begins.
func (p *pack) find(h Hash) (offset int64, ok bool, err error) {
	first := uint32(0)
	if h[0] > 0 {
		first = p.fanout[h[0]-1]
	}
	names, err := p.bucket(h[0], first)
	if err != nil {
		return 0, false, err
	}
	n := len(names) / 20
	i := sort.Search(n, func(i int) bool { return bytes.Compare(names[20*i:20*i+20], h[:]) >= 0 })
	if i == n || !bytes.Equal(names[20*i:20*i+20], h[:]) {
		return 0, false, nil
	}
	offset, err = p.offset(int64(first) + int64(i))
	return offset, err == nil, err
}

func (p *pack) bucket(b byte, first uint32) ([]byte, error) {
	p.mu.RLock()
	names := p.buckets[b]
	p.mu.RUnlock()
	if names != nil || p.fanout[b] == first {
		return names, nil
	}
	names = make([]byte, 20*int64(p.fanout[b]-first))
	if _, err := p.idx.ReadAt(names, idxNames+20*int64(first)); err != nil {
		return nil, fmt.Errorf("%s.idx: %w", p.path, err)
	}
	p.mu.Lock()
	p.buckets[b] = names
	p.mu.Unlock()
	return names, nil
}

// offset reads the table of 4-byte offsets, and the one of 8-byte offsets that
// it points into for packs above 2 GiB.
func (p *pack) offset(i int64) (int64, error) {
	total := int64(p.fanout[255])
	var buf [8]byte
	if _, err := p.idx.ReadAt(buf[:4], idxNames+24*total+4*i); err != nil {
		return 0, fmt.Errorf("%s.idx: %w", p.path, err)
	}
	short := binary.BigEndian.Uint32(buf[:4])
	if short&0x80000000 == 0 {
		return int64(short), nil
	}
	if _, err := p.idx.ReadAt(buf[:], idxNames+28*total+8*int64(short&0x7fffffff)); err != nil {
		return 0, fmt.Errorf("%s.idx: %w", p.path, err)
	}
	return int64(binary.BigEndian.Uint64(buf[:]) & (1<<63 - 1)), nil
}

// open opens the pack itself, at the first object that is read from it.
func (p *pack) open() error {
	p.once.Do(func() {
		f, err := os.Open(p.path + ".pack")
		if err != nil {
			p.openErr = err
			return
		}
		var head [8]byte
		info, err := f.Stat()
		if err == nil {
			_, err = f.ReadAt(head[:], 0)
		}
		if version := binary.BigEndian.Uint32(head[4:]); err != nil || string(head[:4]) != "PACK" || version < 2 || version > 3 {
			p.openErr = errors.Join(fmt.Errorf("%s.pack: not a pack of version 2: %w", p.path, ErrCorrupt), err, f.Close())
			return
		}
		p.data, p.size = f, info.Size()-packCheck
	})
	return p.openErr
}

func (p *pack) close() error {
	err := p.idx.Close()
	p.once.Do(func() { p.openErr = os.ErrClosed })
	if p.data != nil {
		err = errors.Join(err, p.data.Close())
	}
	return err
}

// packEntry is the head of an object in a pack.
type packEntry struct {
	kind     kind
	size     int64 // inflated
	data     int64 // where the zlib stream begins
	base     int64 // of an ofsDelta
	baseHash Hash  // of a refDelta
}

func (p *pack) entry(offset int64) (packEntry, error) {
	var e packEntry
	bad := func() (packEntry, error) {
		return e, fmt.Errorf("%s.pack: no object at offset %d: %w", p.path, offset, ErrCorrupt)
	}
	if err := p.open(); err != nil {
		return e, err
	}
	var buf [48]byte
	n, err := p.data.ReadAt(buf[:], offset)
	if offset < 12 || offset >= p.size || n == 0 || (err != nil && !errors.Is(err, io.EOF)) {
		return bad()
	}
	head := buf[:n]
	c := head[0]
	e.kind, e.size = kind(c>>4&7), int64(c&15)
	i := 1
	for shift := 4; c&0x80 != 0; i, shift = i+1, shift+7 {
		if i >= n || shift > 53 {
			return bad()
		}
		c = head[i]
		e.size |= int64(c&0x7f) << shift
	}
	switch {
	case e.kind == ofsDelta:
		back, length := ofsDistance(head[i:])
		e.base = offset - back
		if i += length; length == 0 || back <= 0 || e.base < 12 {
			return bad()
		}
	case e.kind == refDelta && i+20 <= n:
		i += copy(e.baseHash[:], head[i:])
	case e.kind < kindCommit || e.kind > kindTag:
		return bad()
	}
	e.data = offset + int64(i)
	return e, nil
}

// ofsDistance reads how far before a delta its base begins; length 0 when that
// cannot be read.
func ofsDistance(b []byte) (back int64, length int) {
	for i, c := range b {
		if i > 8 {
			return 0, 0
		}
		if i > 0 {
			back = (back + 1) << 7
		}
		back |= int64(c & 0x7f)
		if c&0x80 == 0 {
			return back, i + 1
		}
	}
	return 0, 0
}

// inflate reads the stream of an entry whose size the caller has judged.
func (p *pack) inflate(e packEntry) ([]byte, error) {
	// Deflate gains at most a factor of 1032: what claims more is a lie that
	// must not cost memory.
	if e.size/1032 > p.size-e.data+64 {
		return nil, fmt.Errorf("%s.pack: an object claims more bytes than the pack can hold: %w", p.path, ErrCorrupt)
	}
	in, err := newInflater(p.data, e.data)
	if err != nil {
		return nil, fmt.Errorf("%s.pack: %w: %w", p.path, err, ErrCorrupt)
	}
	defer in.release()
	data, err := in.full(e.size)
	if err != nil {
		return nil, fmt.Errorf("%s.pack: %w: %w", p.path, err, ErrCorrupt)
	}
	return data, nil
}
