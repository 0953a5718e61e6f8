package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/mail"
)

// edit lets a person change a JSON document in their editor.
func (a *app) edit(text string) (string, error) { return a.editAs("document.json", text) }

// editAs lets a person change a text in their editor, which may tell by the
// file's name what it is. The text may be plaintext of a report, so the file lies
// in a directory of its own that only they can read, in memory where the system
// has such a place, and is gone afterwards.
func (a *app) editAs(name, text string) (string, error) {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" {
		return "", &usageError{errors.New("no editor is set: name one in VISUAL or EDITOR, or give a file")}
	}
	base := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "docket-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	words := append(strings.Fields(editor), file)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, mail.PasswordVariable+"=") })
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the editor %s: %w", words[0], err)
	}
	raw, err := os.ReadFile(file)
	return string(raw), err
}
