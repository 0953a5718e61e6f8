package store

import (
	"fmt"
	"strings"
)

const (
	maxPath  = 4096 // bytes of a whole path
	maxName  = 255  // bytes of one name, what common file systems hold
	maxDepth = 64   // folders below each other
)

// splitPath takes a path apart, and refuses what names nothing in a tree.
func splitPath(path string) ([]string, error) {
	if len(path) > maxPath {
		return nil, &BadPathError{path[:64] + "…", "longer than 4096 bytes"}
	}
	names := strings.Split(path, "/")
	if len(names) > maxDepth {
		return nil, &BadPathError{path, "more than 64 folders deep"}
	}
	for _, name := range names {
		switch name {
		case "":
			return nil, &BadPathError{path, "empty, absolute, or with an empty name in it"}
		case ".", "..":
			return nil, &BadPathError{path, "\".\" and \"..\" name nothing in git"}
		}
	}
	return names, nil
}

// checkWritePath refuses every path that a check-out on some system would take
// for another one, or for git's own folder.
func checkWritePath(path string) error {
	names, err := splitPath(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if why := badName(name); why != "" {
			return &BadPathError{path, why}
		}
	}
	return nil
}

// badName says why a name must not be written; empty when it may be. Only
// printable ASCII passes, which also ends the tricks with characters that
// HFS+ ignores.
func badName(name string) string {
	if len(name) > maxName {
		return "a name longer than 255 bytes"
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c < 0x20 || c > 0x7e:
			return fmt.Sprintf("byte 0x%02x; only printable ASCII is allowed", c)
		case strings.IndexByte(`\:*?"<>|`, c) >= 0:
			return fmt.Sprintf("the character %q, which some systems give a meaning", c)
		}
	}
	switch last := name[len(name)-1]; {
	case last == '.' || last == ' ':
		return "a name that ends with a dot or a space, which Windows drops"
	case isDotGit(name):
		return "git's own folder"
	case isDevice(name):
		return "the name of a device on Windows"
	}
	return ""
}

// isDotGit reports whether a file system that ignores case, or the short names
// of NTFS, would take name for ".git".
func isDotGit(name string) bool {
	if name == "" || (name[0] != '.' && name[0]|0x20 != 'g') {
		return false // nearly all names of a large tree end here
	}
	lower := strings.ToLower(name)
	if short, ok := strings.CutPrefix(lower, "git~"); ok {
		return strings.Trim(short, "0123456789") == ""
	}
	return strings.TrimRight(lower, ". ") == ".git"
}

// isDevice reports whether Windows reserves the name, with any extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch stem = strings.TrimRight(stem, " "); stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	if len(stem) != 4 || stem[3] < '1' || stem[3] > '9' {
		return false
	}
	return stem[:3] == "com" || stem[:3] == "lpt"
}

// checkRefName holds git-check-ref-format's rules for full names below refs/.
func checkRefName(name string) error {
	bad := func(why string) error {
		return fmt.Errorf("ref %q: %s: %w", name, why, ErrBadRef)
	}
	parts := strings.Split(name, "/")
	if len(parts) < 3 || parts[0] != "refs" {
		return bad("a full name such as refs/heads/main is expected")
	}
	if len(name) > maxPath || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return bad("too long, or with \"..\" or \"@{\" in it")
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= 0x20 || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return bad(fmt.Sprintf("the character %q is not allowed", c))
		}
	}
	for _, part := range parts {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad("a part is empty, begins or ends with a dot, or ends with .lock")
		}
	}
	return nil
}
