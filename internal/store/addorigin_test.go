package store_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/store"
)

// TestAddOrigin: git reads the remote as it was meant; nothing but an address
// is taken, and no second one.
func TestAddOrigin(t *testing.T) {
	t.Parallel()
	git := peer.Need(t, "git")
	dir := filepath.Join(t.TempDir(), "r.git")
	r, err := store.Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	for _, bad := range []string{"https://x/a b", "https://x/a\n[core]", `https://x/"a`, "https://x/a#b", "gopher://x/a"} {
		if err := store.AddOrigin(dir, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	const address = "https://github.example/acme/cases.git"
	if err := store.AddOrigin(dir, address); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(git, "-C", dir, "remote", "get-url", "origin").Output()
	if err != nil || strings.TrimSpace(string(out)) != address {
		t.Errorf("git reads %q, %v", out, err)
	}
	if err := store.AddOrigin(dir, address); err == nil {
		t.Error("a second origin was added")
	}
	if r, err = store.Open(dir); err != nil || r.Origin() != address {
		t.Errorf("origin %v, %v", r.Origin(), err)
	}
	r.Close()
}
