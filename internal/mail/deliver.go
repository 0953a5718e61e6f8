package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MaildirSender delivers into one Maildir, whoever the recipient is.
type MaildirSender struct{ dir string }

var _ Sender = (*MaildirSender)(nil)

// NewMaildirSender makes the Maildir when it is not there yet.
func NewMaildirSender(dir string) (*MaildirSender, error) {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("make a Maildir: %w", err)
		}
	}
	return &MaildirSender{dir}, nil
}

// deliveredName is the file name of a mail: it follows from the Message-ID, so
// that a mail can stand there only once.
func deliveredName(messageID string) string {
	sum := sha256.Sum256([]byte(messageID))
	return "docket." + hex.EncodeToString(sum[:])
}

// Send delivers a mail exactly once: one with the same Message-ID that is in
// new or cur, under any flags, is the same mail, and stays as it is. When Send
// returns Sent, the mail is on the disk.
func (s *MaildirSender) Send(ctx context.Context, from, to, messageID string, data []byte) (Result, error) {
	if !validID(messageID) {
		return fail("check", Result{Permanent, "5.6.0"}, errors.New("there is no Message-ID to deliver by"))
	}
	if err := checkEnvelope(from, to, data); err != nil {
		return fail("check", Result{Permanent, "5.6.0"}, err)
	}
	if err := ctx.Err(); err != nil {
		return fail("delivery", Result{Temporary, "4.3.0"}, err)
	}
	if err := s.deliver(deliveredName(messageID), data); err != nil {
		r := Result{Temporary, "4.3.0"}
		return r, &SendError{Step: "delivery", Result: r, Err: err}
	}
	return Result{Sent, "2.0.0"}, nil
}

func (s *MaildirSender) deliver(name string, data []byte) error {
	target := filepath.Join(s.dir, "new", name)
	if s.isThere(name) {
		return nil
	}
	temporary, err := writeSynced(filepath.Join(s.dir, "tmp"), name, data)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	// A link, unlike a rename, never replaces what another process delivered.
	err = os.Link(temporary, target)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil { // a file system without links
		if s.isThere(name) {
			return nil
		}
		if err := os.Rename(temporary, target); err != nil {
			return err
		}
	}
	if _, seen := findInCur(s.dir, name); seen {
		// A reader moved it on already: ours, which is then gone from new, or
		// the one that another process delivered after we looked.
		if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Join(s.dir, "new"))
}

func (s *MaildirSender) isThere(name string) bool {
	if _, err := os.Lstat(filepath.Join(s.dir, "new", name)); err == nil {
		return true
	}
	_, ok := findInCur(s.dir, name)
	return ok
}

// writeSynced writes a file of its own into dir, and has it on the disk.
func writeSynced(dir, name string, data []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
