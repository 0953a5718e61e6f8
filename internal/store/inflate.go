package store

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"sync"
)

// inflater reads zlib streams (RFC 1950) out of a file, and is reused: setting
// one up costs more than most objects.
type inflater struct {
	section *io.SectionReader
	buffer  *bufio.Reader
	stream  io.ReadCloser
}

var inflaters = sync.Pool{New: func() any {
	return &inflater{buffer: bufio.NewReaderSize(nil, 8<<10)}
}}

// openAt starts to read src at an offset; begin starts the stream.
func openAt(src io.ReaderAt, offset int64) *inflater {
	in := inflaters.Get().(*inflater)
	const toTheEnd = 1<<63 - 1
	in.section = io.NewSectionReader(src, offset, toTheEnd-offset)
	in.buffer.Reset(in.section)
	return in
}

func (in *inflater) begin() (err error) {
	if in.stream == nil {
		in.stream, err = zlib.NewReader(in.buffer)
	} else {
		err = in.stream.(zlib.Resetter).Reset(in.buffer, nil)
	}
	return unexpected(err)
}

// newInflater starts to read the stream at an offset of src.
func newInflater(src io.ReaderAt, offset int64) (*inflater, error) {
	in := openAt(src, offset)
	if err := in.begin(); err != nil {
		in.release()
		return nil, err
	}
	return in, nil
}

func (in *inflater) release() {
	in.section = nil
	in.buffer.Reset(nil)
	inflaters.Put(in)
}

// full reads exactly size bytes and then the end, whose checksum tells that
// nothing is wrong with them.
func (in *inflater) full(size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(in.stream, data); err != nil {
		return nil, unexpected(err)
	}
	var more [1]byte
	if n, err := in.stream.Read(more[:]); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errors.New("longer than it says")
	}
	return data, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
