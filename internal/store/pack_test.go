package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedPacks flips bytes in packs and their indexes: reading gives the
// right bytes or an error, and never panics.
func TestDamagedPacks(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 8 {
		commit(t, r, mainRef, "Again", "log", strings.Repeat("a line of a log\n", 200+i), casePath(i), casePath(i))
	}
	git(t, r.Dir(), "repack", "-adfq", "--depth=10")
	git(t, r.Dir(), "prune")
	objects := map[Hash]string{}
	for line := range strings.Lines(git(t, r.Dir(), "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")) {
		name, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		objects[must(ParseHash(name))] = kind
	}
	dice := rand.New(rand.NewPCG(1, 2))
	noticed := 0
	for _, extension := range []string{"idx", "pack"} {
		paths := must(filepath.Glob(filepath.Join(r.Dir(), "objects", "pack", "*."+extension)))
		path := paths[0]
		whole := must(os.ReadFile(path))
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
		for range 150 {
			damaged := bytes.Clone(whole)
			damaged[dice.IntN(len(damaged))] ^= byte(1 + dice.IntN(255))
			if dice.IntN(10) == 0 {
				damaged = damaged[:dice.IntN(len(damaged))]
			}
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			bad, err := Open(r.Dir())
			if err != nil {
				noticed++
				continue
			}
			for h, kind := range objects {
				o, err := bad.objects.read(h, 1<<20)
				if err != nil {
					noticed++
				} else if o.kind.String() != kind || hashObject(o.kind, o.data) != h {
					t.Fatalf("%s: other bytes came back", h)
				}
			}
			_ = bad.Close()
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
}

func FuzzDelta(f *testing.F) {
	f.Add([]byte("a base of some bytes"), []byte{20, 5, 0x90, 3, 2, 'x', 'y'})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		if checkDelta(delta, 1<<20, true) != nil {
			return
		}
		if out, err := applyDelta(base, delta); err == nil && len(out) > 1<<20 {
			t.Error("larger than the limit")
		}
	})
}
