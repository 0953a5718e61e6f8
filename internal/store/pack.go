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
	buckets [256]bucket // by the first byte of names

	once    sync.Once
	data    *os.File
	size    int64 // of data, without the checksum at the end
	openErr error
}

// bucket is the part of an index for names that begin with one byte.
type bucket struct {
	names   []byte // 20 bytes each
	offsets []byte // 4 bytes each
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
	b, err := p.bucket(h[0])
	if err != nil {
		return 0, false, err
	}
	n := len(b.names) / 20
	i := sort.Search(n, func(i int) bool { return bytes.Compare(b.names[20*i:20*i+20], h[:]) >= 0 })
	if i == n || !bytes.Equal(b.names[20*i:20*i+20], h[:]) {
		return 0, false, nil
	}
	offset, err = p.offset(binary.BigEndian.Uint32(b.offsets[4*i:]))
	return offset, err == nil, err
}

// bucket reads a part of the index, once.
func (p *pack) bucket(first byte) (bucket, error) {
	start := int64(0)
	if first > 0 {
		start = int64(p.fanout[first-1])
	}
	n := int64(p.fanout[first]) - start
	p.mu.RLock()
	b := p.buckets[first]
	p.mu.RUnlock()
	if b.names != nil || n == 0 {
		return b, nil
	}
	b = bucket{make([]byte, 20*n), make([]byte, 4*n)}
	total := int64(p.fanout[255])
	_, err := p.idx.ReadAt(b.names, idxNames+20*start)
	if err == nil {
		_, err = p.idx.ReadAt(b.offsets, idxNames+24*total+4*start)
	}
	if err != nil {
		return bucket{}, fmt.Errorf("%s.idx: %w", p.path, err)
	}
	p.mu.Lock()
	p.buckets[first] = b
	p.mu.Unlock()
	return b, nil
}

// offset looks into the table of 8-byte offsets that packs above 2 GiB have.
func (p *pack) offset(short uint32) (int64, error) {
	if short&0x80000000 == 0 {
		return int64(short), nil
	}
	var buf [8]byte
	if _, err := p.idx.ReadAt(buf[:], idxNames+28*int64(p.fanout[255])+8*int64(short&0x7fffffff)); err != nil {
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

// packEntry is an object in a pack, whose head has been read.
type packEntry struct {
	kind     kind
	size     int64 // inflated
	data     int64 // where the zlib stream begins
	base     int64 // of an ofsDelta
	baseHash Hash  // of a refDelta
	in       *inflater
}

const maxEntryHead = 40 // ten bytes of type and size, a hash, and room

// entry reads the head of an object. The caller inflates or releases it.
func (p *pack) entry(offset int64) (packEntry, error) {
	if err := p.open(); err != nil {
		return packEntry{}, err
	}
	bad := fmt.Errorf("%s.pack: no object at offset %d: %w", p.path, offset, ErrCorrupt)
	if offset < 12 || offset >= p.size {
		return packEntry{}, bad
	}
	in := openAt(p.data, offset)
	head, err := in.buffer.Peek(maxEntryHead)
	e, ok := parseEntry(head, offset)
	if !ok || (err != nil && !errors.Is(err, io.EOF)) {
		in.release()
		return packEntry{}, bad
	}
	if _, err := in.buffer.Discard(int(e.data - offset)); err != nil {
		in.release()
		return packEntry{}, bad
	}
	e.in = in
	return e, nil
}

func parseEntry(head []byte, offset int64) (e packEntry, ok bool) {
	if len(head) == 0 {
		return e, false
	}
	c := head[0]
	e.kind, e.size = kind(c>>4&7), int64(c&15)
	i := 1
	for shift := 4; c&0x80 != 0; i, shift = i+1, shift+7 {
		if i >= len(head) || shift > 53 {
			return e, false
		}
		c = head[i]
		e.size |= int64(c&0x7f) << shift
	}
	switch {
	case e.kind == ofsDelta:
		back, length := ofsDistance(head[i:])
		e.base = offset - back
		if i += length; length == 0 || back <= 0 || e.base < 12 {
			return e, false
		}
	case e.kind == refDelta:
		if len(head) < i+20 {
			return e, false
		}
		i += copy(e.baseHash[:], head[i:])
	case e.kind < kindCommit || e.kind > kindTag:
		return e, false
	}
	e.data = offset + int64(i)
	return e, true
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

// inflate reads and releases an entry whose size the caller has judged.
func (p *pack) inflate(e packEntry) ([]byte, error) {
	defer e.in.release()
	// Deflate gains at most a factor of 1032: what claims more is a lie that
	// must not cost memory.
	if e.size/1032 > p.size-e.data+64 {
		return nil, fmt.Errorf("%s.pack: an object claims more bytes than the pack can hold: %w", p.path, ErrCorrupt)
	}
	err := e.in.begin()
	var data []byte
	if err == nil {
		data, err = e.in.full(e.size)
	}
	if err != nil {
		return nil, fmt.Errorf("%s.pack: %w: %w", p.path, err, ErrCorrupt)
	}
	return data, nil
}
