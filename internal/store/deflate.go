package store

import (
	"encoding/binary"
	"hash"
	"hash/adler32"
	"io"
	"os"
	"time"
)

// storedWriter writes a zlib stream (RFC 1950) of stored blocks (RFC 1951,
// section 3.2.4). What is written here is mostly ciphertext, which does not
// shrink, and deflating would cost more than all other work on an object; a
// later gc compresses the rest.
type storedWriter struct {
	w     io.Writer
	sum   hash.Hash32
	block []byte // the five bytes of a block's head, then its bytes
	begun bool
}

const (
	storedHead = 5
	storedMax  = 1<<16 - 1
)

func newStoredWriter(w io.Writer) *storedWriter {
	return &storedWriter{w: w, sum: adler32.New(), block: make([]byte, storedHead, 16<<10)}
}

// Write adds data to the stream.
func (z *storedWriter) Write(data []byte) (int, error) {
	z.sum.Write(data)
	for rest := data; len(rest) > 0; {
		room := storedHead + storedMax - len(z.block)
		if room == 0 {
			if err := z.flush(0); err != nil {
				return 0, err
			}
			continue
		}
		n := min(room, len(rest))
		z.block, rest = append(z.block, rest[:n]...), rest[n:]
	}
	return len(data), nil
}

func (z *storedWriter) flush(final byte) error {
	if !z.begun {
		z.begun = true
		// Deflate, 32 KiB window, fastest; the two bytes are a multiple of 31.
		if _, err := z.w.Write([]byte{0x78, 0x01}); err != nil {
			return err
		}
	}
	size := uint16(len(z.block) - storedHead)
	z.block[0] = final
	binary.LittleEndian.PutUint16(z.block[1:], size)
	binary.LittleEndian.PutUint16(z.block[3:], ^size)
	_, err := z.w.Write(z.block)
	z.block = z.block[:storedHead]
	return err
}

// Close ends the stream; it does not close the writer below.
func (z *storedWriter) Close() error {
	if err := z.flush(1); err != nil {
		return err
	}
	_, err := z.w.Write(z.sum.Sum(nil))
	return err
}

// freshen reports whether a file exists, and marks it as used now.
func freshen(path string) bool {
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}
