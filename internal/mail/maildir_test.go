package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// marked writes Maildir names as this system can have them.
func marked(names string) string { return strings.ReplaceAll(names, ":", infoMark) }

func newMaildir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "box")
	if _, err := NewMaildirSender(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMaildirOnce(t *testing.T) {
	t.Parallel()
	dir := newMaildir(t)
	s, err := NewMaildirSender(dir) // a second time on what is there
	if err != nil {
		t.Fatal(err)
	}
	data := lines("From: a@example.org", "", "x")
	send := func() {
		t.Helper()
		r, err := s.Send(t.Context(), "a@example.org", "b@example.org", "id@example.org", data)
		if err != nil || r != (Result{Sent, "2.0.0"}) {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	send()
	name := names(t, filepath.Join(dir, "new"))
	got, err := os.ReadFile(filepath.Join(dir, "new", name))
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%q: %v", got, err)
	}
	send()
	for _, flags := range []string{"", infoMark + "2,", infoMark + "2,S", infoMark + "2,FRS", ";2,S"} {
		if err := os.Rename(filepath.Join(dir, "new", name), filepath.Join(dir, "cur", name+flags)); err != nil {
			t.Fatal(err)
		}
		send()
		if all := names(t, filepath.Join(dir, "new")) + names(t, filepath.Join(dir, "tmp")); all != "" {
			t.Errorf("delivered again beside %q: %s", flags, all)
		}
		if err := os.Rename(filepath.Join(dir, "cur", name+flags), filepath.Join(dir, "new", name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Send(t.Context(), "a@example.org", "b@example.org", "other@example.org", data); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(names(t, filepath.Join(dir, "new")))); n != 2 {
		t.Errorf("%d mails, expected two", n)
	}
}

// TestMaildirRace: many senders, and a reader that moves what it finds.
func TestMaildirRace(t *testing.T) {
	t.Parallel()
	dir := newMaildir(t)
	data := lines("From: a@example.org", "", "x")
	stop := make(chan struct{})
	var reader, senders sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			found, _ := filepath.Glob(filepath.Join(dir, "new", "*"))
			for _, f := range found {
				os.Rename(f, filepath.Join(dir, "cur", withFlag(filepath.Base(f), 'S')))
			}
		}
	})
	for range 8 {
		senders.Go(func() {
			s, err := NewMaildirSender(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for _, id := range []string{"a@x", "b@x", "c@x", "d@x", "e@x"} {
				if r, err := s.Send(context.Background(), "a@example.org", "b@example.org", id, data); err != nil || r.State != Sent {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
	senders.Wait()
	close(stop)
	reader.Wait()
	left := strings.Fields(names(t, filepath.Join(dir, "new")) + " " + names(t, filepath.Join(dir, "cur")))
	if len(left) != 5 || names(t, filepath.Join(dir, "tmp")) != "" {
		t.Errorf("%d mails, expected five: %v; tmp: %s", len(left), left, names(t, filepath.Join(dir, "tmp")))
	}
}

func TestMaildirRefuses(t *testing.T) {
	t.Parallel()
	s, err := NewMaildirSender(newMaildir(t))
	if err != nil {
		t.Fatal(err)
	}
	good := string(lines("From: a@example.org", "", "x"))
	for name, c := range map[string]struct{ to, id, data string }{
		"no address": {"nobody", "a@b", good}, "no identifier": {"a@b.example", "", good}, "bare line ends": {"a@b.example", "a@b", "a: b\n\nx\n"},
		"a bare CR": {"a@b.example", "a@b", "a: b\rc\r\n"}, "no end": {"a@b.example", "a@b", "a: b\r\n\r\nx"},
		"a long line": {"a@b.example", "a@b", strings.Repeat("x", 999) + "\r\n"}, "NUL": {"a@b.example", "a@b", "a\x00\r\n"},
		"two recipients": {"a@b.example,c@d.example", "a@b", good}, "parameters": {"a@b.example> NOTIFY=NEVER", "a@b", good},
	} {
		if r, err := s.Send(t.Context(), "a@example.org", c.to, c.id, []byte(c.data)); err == nil || r.State != Permanent || r.Code == "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.dir, "tmp")); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Send(t.Context(), "a@example.org", "b@example.org", "a@b", []byte(good)); err == nil || r.State != Temporary {
		t.Errorf("nowhere to write: %+v, %v", r, err)
	}
}

func TestMaildirSource(t *testing.T) {
	t.Parallel()
	dir := newMaildir(t)
	for file, text := range map[string]string{
		"new/1700000002.b": "two", "new/1700000001.a": "one", "new/.hidden": "no", "cur/1600000000.c:2,": "three",
		"cur/1600000001.d:2,S": "seen", "cur/1600000002.e:2,FT": "trashed", "cur/1600000003.f:2,FR": "four",
	} {
		write(t, filepath.Join(dir, marked(file)), text)
	}
	src, err := Maildir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for {
		item, err := src.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := item.Read(0)
		if err != nil {
			t.Fatalf("%s: %v", item.Name(), err)
		}
		texts = append(texts, string(data))
		for range 2 { // a second time does nothing
			if err := item.Done(t.Context()); err != nil {
				t.Fatalf("%s: %v", item.Name(), err)
			}
		}
	}
	if got := strings.Join(texts, " "); got != "one two three four" {
		t.Errorf("read %s", got)
	}
	if got := names(t, filepath.Join(dir, "new")); got != ".hidden" {
		t.Errorf("left in new: %s", got)
	}
	want := "1600000000.c:2,S 1600000001.d:2,S 1600000002.e:2,FT 1600000003.f:2,FRS 1700000001.a:2,S 1700000002.b:2,S"
	if got := names(t, filepath.Join(dir, "cur")); got != marked(want) {
		t.Errorf("cur:\n%s\nexpected\n%s", got, want)
	}
	again, err := Maildir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Next(t.Context()); err != io.EOF {
		t.Errorf("more mail: %v", err)
	}
}

// TestMaildirSourceBesideAReader: another program changes flags, or deletes.
func TestMaildirSourceBesideAReader(t *testing.T) {
	t.Parallel()
	dir := newMaildir(t)
	write(t, filepath.Join(dir, "new", "1.a"), "moved")
	write(t, filepath.Join(dir, "new", "2.b"), "deleted")
	src, err := Maildir(dir)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := src.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deleted, err := src.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "new", "1.a"), filepath.Join(dir, "cur", marked("1.a:2,F"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "new", "2.b")); err != nil {
		t.Fatal(err)
	}
	if data, err := moved.Read(0); err != nil || string(data) != "moved" {
		t.Errorf("%q, %v", data, err)
	}
	if err := os.Rename(filepath.Join(dir, "cur", marked("1.a:2,F")), filepath.Join(dir, "cur", marked("1.a:2,"))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(moved.Done(t.Context()), deleted.Done(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := deleted.Read(0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("read what was deleted: %v", err)
	}
	if got := names(t, filepath.Join(dir, "cur")); got != marked("1.a:2,S") {
		t.Errorf("cur: %s", got)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.eml"), "mail a")
	src := Files([]string{filepath.Join(dir, "a.eml"), "-", filepath.Join(dir, "none.eml"), dir}, strings.NewReader("mail b"))
	for i, want := range []string{"mail a", "mail b", "", ""} {
		item, err := src.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		data, err := item.Read(6)
		if string(data) != want || (err != nil) != (want == "") {
			t.Errorf("%d: %q, %v", i, data, err)
		}
		if err := item.Done(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := src.Next(t.Context()); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
	item, err := Files([]string{filepath.Join(dir, "a.eml")}, nil).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if data, err := item.Read(5); !errors.Is(err, ErrLimit) || string(data) != "mail " {
		t.Errorf("a mail that is too long: %q, %v", data, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Files([]string{"x"}, nil).Next(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := Maildir(dir); err == nil {
		t.Error("a directory without new and cur was taken for a Maildir")
	}
}
