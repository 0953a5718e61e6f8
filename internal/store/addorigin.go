package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/config"
)

// AddOrigin makes the repository in dir a clone of the one at the address: its
// own branches stay where they are, and from the next Open on the branches of
// the remote are those that count. An origin that is there already is an error.
func AddOrigin(dir, address string) error {
	if strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`"\#;`, c) }) {
		return errors.New("the address of a remote has no white space, quotes, backslashes, # or ;")
	}
	if _, err := newOrigin(address, dir); err != nil {
		return err
	}
	gitDir, _, err := findGitDir(dir)
	if err != nil {
		return err
	}
	name := filepath.Join(gitDir, "config")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	settings := config.NewConfig()
	if err := settings.Unmarshal(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if settings.Remotes["origin"] != nil {
		return fmt.Errorf("%s has a remote origin already", dir)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	text = fmt.Appendf(text, "[remote \"origin\"]\n\turl = %s\n\tfetch = +%s*:%s*\n", address, headsPrefix, trackedHeads)
	// As git does: the lock file is the new file.
	if err := writeSynced(name+".lock", text); err != nil {
		return err
	}
	if err := os.Rename(name+".lock", name); err != nil {
		return errors.Join(err, os.Remove(name+".lock"))
	}
	return syncDir(gitDir)
}
