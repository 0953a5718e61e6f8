package mail

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// Source gives mails one after the other. Next returns io.EOF when there are
// no more.
type Source interface {
	Next(ctx context.Context) (Item, error)
}

// Item is one mail in a Source.
type Item interface {
	// Name says where the mail is, for a person.
	Name() string

	// Read returns the mail as it is there. When it is longer than limit
	// octets (0: as DefaultLimits), Read returns its beginning and an error
	// that is ErrLimit.
	Read(limit int64) ([]byte, error)

	// Done tells the source that the mail is on record and may leave the
	// mailbox. It may be called again.
	Done(ctx context.Context) error
}

// Files gives the files of these paths; "-" is stdin. Done does nothing: files
// are not ours to remove.
func Files(paths []string, stdin io.Reader) Source {
	return &files{paths: paths, stdin: stdin}
}

type files struct {
	paths []string
	stdin io.Reader
}

func (f *files) Next(ctx context.Context) (Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(f.paths) == 0 {
		return nil, io.EOF
	}
	path := f.paths[0]
	f.paths = f.paths[1:]
	return &file{path, f.stdin}, nil
}

type file struct {
	path  string
	stdin io.Reader
}

func (f *file) Name() string               { return f.path }
func (f *file) Done(context.Context) error { return nil }

func (f *file) Read(limit int64) ([]byte, error) {
	if f.path == "-" {
		return readLimited(f.stdin, limit, "standard input")
	}
	return readFile(f.path, limit)
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a mail: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read a mail: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read a mail: %s is a directory; name the files in it, or read it as a Maildir", path)
	}
	return readSized(f, limit, info.Size(), path)
}

func readLimited(r io.Reader, limit int64, name string) ([]byte, error) {
	return readSized(r, limit, 0, name)
}

// readSized is readLimited for what should have size octets: it has its memory
// at once, where growing would take several times as much.
func readSized(r io.Reader, limit, size int64, name string) ([]byte, error) {
	if limit <= 0 {
		limit = DefaultLimits().Size
	}
	var buf bytes.Buffer
	buf.Grow(int(min(size, limit)) + 2*bytes.MinRead)
	_, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	data := buf.Bytes()
	if err != nil {
		return data, fmt.Errorf("read a mail: %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return data[:limit], fmt.Errorf("read a mail: %s: %w: more than %d octets", name, ErrLimit, limit)
	}
	return data, nil
}
