package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// infoMark stands between a Maildir file's name and its flags
// (https://cr.yp.to/proto/maildir.html). Windows allows no colon in names.
var infoMark = func() string {
	if runtime.GOOS == "windows" {
		return ";"
	}
	return ":"
}()

// splitInfo takes "name:2,FS" apart.
func splitInfo(file string) (name, flags string) {
	i := strings.IndexAny(file, ":;")
	if i < 0 {
		return file, ""
	}
	flags, _ = strings.CutPrefix(file[i+1:], "2,")
	return file[:i], flags
}

// withFlag is the file name with one more flag; flags stand in ASCII order.
func withFlag(file string, flag rune) string {
	name, flags := splitInfo(file)
	letters := []rune(flags)
	if !slices.Contains(letters, flag) {
		letters = append(letters, flag)
	}
	slices.Sort(letters)
	return name + infoMark + "2," + string(letters)
}

// Maildir gives the mails of a Maildir that nobody has dealt with: those in
// new, and those in cur that are neither seen (S) nor trashed (T), each by name
// and so by time of arrival. Done moves a mail to cur and marks it as seen.
func Maildir(dir string) (Source, error) {
	for _, sub := range []string{"new", "cur"} {
		info, err := os.Stat(filepath.Join(dir, sub))
		if err != nil {
			return nil, fmt.Errorf("open a Maildir: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("open a Maildir: %s is no directory", filepath.Join(dir, sub))
		}
	}
	return &maildir{dir: dir}, nil
}

type maildir struct {
	dir    string
	listed bool
	items  []*maildirItem
}

func (m *maildir) Next(ctx context.Context) (Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !m.listed {
		if err := m.list(); err != nil {
			return nil, err
		}
	}
	if len(m.items) == 0 {
		return nil, io.EOF
	}
	item := m.items[0]
	m.items = m.items[1:]
	return item, nil
}

func (m *maildir) list() error {
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(m.dir, sub)) // sorted by name
		if err != nil {
			return fmt.Errorf("read a Maildir: %w", err)
		}
		for _, e := range entries {
			_, flags := splitInfo(e.Name())
			if strings.HasPrefix(e.Name(), ".") || e.IsDir() || sub == "cur" && strings.ContainsAny(flags, "ST") {
				continue
			}
			m.items = append(m.items, &maildirItem{dir: m.dir, sub: sub, file: e.Name()})
		}
	}
	m.listed = true
	return nil
}

type maildirItem struct{ dir, sub, file string }

func (i *maildirItem) Name() string { return filepath.Join(i.dir, i.sub, i.file) }

func (i *maildirItem) Read(limit int64) ([]byte, error) {
	data, err := readFile(i.Name(), limit)
	if errors.Is(err, fs.ErrNotExist) && i.find() {
		data, err = readFile(i.Name(), limit) // another program moved it meanwhile
	}
	return data, err
}

// Done is a rename and two syncs. A mail that is gone has left the mailbox.
func (i *maildirItem) Done(ctx context.Context) error {
	const tries = 3 // against another program that changes flags meanwhile
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		target := withFlag(i.file, 'S')
		if i.sub == "cur" && target == i.file {
			return nil
		}
		err := os.Rename(i.Name(), filepath.Join(i.dir, "cur", target))
		if err == nil {
			from := i.sub
			i.sub, i.file = "cur", target
			return errors.Join(syncDir(filepath.Join(i.dir, "cur")), syncDir(filepath.Join(i.dir, from)))
		}
		if !errors.Is(err, fs.ErrNotExist) || n == tries {
			return fmt.Errorf("mark a mail as seen: %w", err)
		}
		if !i.find() {
			return nil
		}
	}
}

// find looks for the mail under other flags.
func (i *maildirItem) find() bool {
	name, _ := splitInfo(i.file)
	file, ok := findInCur(i.dir, name)
	if ok {
		i.sub, i.file = "cur", file
	}
	return ok
}

// findInCur looks for a mail in cur, whatever its flags. It holds a thousand
// names at a time, however many are there.
func findInCur(dir, name string) (file string, ok bool) {
	d, err := os.Open(filepath.Join(dir, "cur"))
	if err != nil {
		return "", false
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1000)
		for _, f := range names {
			if n, _ := splitInfo(f); n == name {
				return f, true
			}
		}
		if err != nil || len(names) == 0 {
			return "", false
		}
	}
}

// syncDir makes a rename last through a power failure. Windows has no such
// call, and needs none for NTFS.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
