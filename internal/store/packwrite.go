package store

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// writePack writes a pack of whole objects (gitformat-pack, version 2), each
// stored without deflating, one after the other.
func writePack(w io.Writer, src reader, objects []Hash) error {
	digest := sha1.New()
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := io.MultiWriter(buffered, digest)
	head := append([]byte("PACK"), 0, 0, 0, 2)
	head = binary.BigEndian.AppendUint32(head, uint32(len(objects)))
	if _, err := out.Write(head); err != nil {
		return err
	}
	for _, h := range objects {
		if err := packObject(out, src, h); err != nil {
			return fmt.Errorf("pack object %s: %w", h, err)
		}
	}
	if _, err := buffered.Write(digest.Sum(nil)); err != nil {
		return err
	}
	return buffered.Flush()
}

func packObject(out io.Writer, src reader, h Hash) error {
	o, err := src.openObject(h)
	if err != nil {
		return err
	}
	if _, err = out.Write(entryHead(o.kind, o.size)); err == nil {
		z := newStoredWriter(out)
		if _, err = io.Copy(z, o); err == nil {
			err = z.Close()
		}
	}
	return errors.Join(err, o.Close())
}

// entryHead is the head of an object in a pack: four bits of the size beside
// the type, then seven a byte.
func entryHead(k kind, size int64) []byte {
	c := byte(k)<<4 | byte(size&15)
	size >>= 4
	var head []byte
	for size > 0 {
		head = append(head, c|0x80)
		c = byte(size & 0x7f)
		size >>= 7
	}
	return append(head, c)
}
