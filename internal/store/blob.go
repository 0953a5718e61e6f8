package store

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"hash"
	"io"
	"os"
)

// maxWhole is the size up to which objects that cannot be streamed, because
// they are stored as a difference to another one, are taken into memory.
const maxWhole = 64 << 20

// Blob returns the bytes of a blob of at most limit bytes.
func (r *Repo) Blob(h Hash, limit int64) ([]byte, error) { return r.object(h, kindBlob, limit) }

// OpenBlob streams a blob; the second result is its size in bytes. A read that
// reaches the end without an error has seen exactly the bytes that h names:
// use nothing before. Memory does not grow with the blob, except when git
// stored it as a delta (at most 64 MiB then; larger is ErrTooLarge).
func (r *Repo) OpenBlob(h Hash) (io.ReadCloser, int64, error) { return openBlob(r, h) }

func openBlob(src reader, h Hash) (io.ReadCloser, int64, error) {
	stream, err := src.openObject(h)
	if err != nil {
		return nil, 0, err
	}
	if stream.kind != kindBlob {
		return nil, 0, errors.Join(corrupt(h, "it is a %s, and a blob is expected", stream.kind), stream.Close())
	}
	return stream, stream.size, nil
}

// objectStream is an object that is read piece by piece.
type objectStream struct {
	kind kind
	size int64
	io.ReadCloser
}

func (r *Repo) openObject(h Hash) (objectStream, error) {
	src, err := r.objects.locate(h)
	if err != nil {
		return objectStream{}, r.explain(err)
	}
	if src.loose != nil {
		return streamLoose(src.loose, h)
	}
	e, err := src.pack.entry(src.offset)
	if err != nil {
		return objectStream{}, err
	}
	if e.kind >= ofsDelta {
		e.in.release()
		o, err := r.objects.read(h, maxWhole)
		if err != nil {
			return objectStream{}, err
		}
		return o.stream(), nil
	}
	if err := e.in.begin(); err != nil {
		e.in.release()
		return objectStream{}, corrupt(h, "%v", err)
	}
	return objectStream{e.kind, e.size, newCheckedStream(e.in, nil, h, e.kind, e.size)}, nil
}

func (o object) stream() objectStream {
	return objectStream{o.kind, int64(len(o.data)), io.NopCloser(bytes.NewReader(o.data))}
}

func streamLoose(f *os.File, h Hash) (objectStream, error) {
	in, k, size, err := openLoose(f, h)
	if err != nil {
		return objectStream{}, errors.Join(err, f.Close())
	}
	return objectStream{k, size, newCheckedStream(in, f, h, k, size)}, nil
}

// checkedStream hands out an object's bytes and, at the end, an error unless
// they hash to its name.
type checkedStream struct {
	in     *inflater
	file   *os.File // to close, or nil
	hash   Hash
	digest hash.Hash
	left   int64
}

func newCheckedStream(in *inflater, f *os.File, h Hash, k kind, size int64) *checkedStream {
	digest := sha1.New()
	digest.Write(objectHeader(k, size))
	return &checkedStream{in, f, h, digest, size}
}

func (c *checkedStream) Read(p []byte) (int, error) {
	if c.in == nil {
		return 0, os.ErrClosed
	}
	n, err := c.in.stream.Read(p)
	c.digest.Write(p[:n])
	c.left -= int64(n)
	switch {
	case c.left < 0:
		return 0, corrupt(c.hash, "longer than it says")
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return 0, corrupt(c.hash, "%v", err)
	case c.left > 0 || Hash(c.digest.Sum(nil)) != c.hash:
		return 0, corrupt(c.hash, "its bytes hash to another name")
	}
	return n, io.EOF
}

func (c *checkedStream) Close() error {
	if c.in == nil {
		return nil
	}
	c.in.release()
	c.in = nil
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}
