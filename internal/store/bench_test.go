package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

var benchSizes = []int{1000, 10000, 100000}

// archive is a repository with n cases in one pack, each of about size bytes.
func archive(b *testing.B, n, size int) *Repo {
	b.Helper()
	r := newRepo(b)
	batch := r.NewBatch()
	spec := CommitSpec{Author: someone, Committer: someone, Message: "Archive\n"}
	for i := range n {
		spec.Edits = append(spec.Edits, Edit{Path: benchPath(i), Data: noise(uint64(i), size)})
		copy(spec.Edits[i].Data, benchPath(i))
	}
	h, err := batch.Commit(spec)
	if err != nil {
		b.Fatal(err)
	}
	var pack bytes.Buffer
	if err := writePack(&pack, batch, batch.needed([]Hash{h})); err != nil {
		b.Fatal(err)
	}
	gitIn(b, r.Dir(), pack.Bytes(), "index-pack", "--stdin")
	git(b, r.Dir(), "update-ref", mainRef, h.String())
	return reopen(b, r.Dir())
}

func benchPath(i int) string {
	return fmt.Sprintf("cases/ingroupe/2026/%02d/%02d/INGP-2026-%06d.yaml", i/10000, i/100%100, i)
}

// addCase is what one mail costs: case file, mail and its record, and two
// lines of "seen", in one commit.
func addCase(b *testing.B, r *Repo, i int) Hash {
	b.Helper()
	i += 500000
	base := strings.TrimSuffix(benchPath(i), ".yaml")
	seen := BlobHash([]byte(base)).String()
	batch := r.NewBatch()
	u := propose(b, r, batch, mainRef, "Open a case", Edit{Path: base + ".yaml", Data: noise(uint64(i), 9000)},
		Edit{Path: base + "/mail-1.pgp", Data: noise(uint64(i)+1, 6000)}, Edit{Path: base + "/mail-1.yaml", Data: noise(uint64(i)+2, 600)},
		Edit{Path: fmt.Sprintf("cases/ingroupe/seen/%c/%c/%c/%s", seen[0], seen[1], seen[2], seen), Data: []byte("INGP-2026-0001\n")})
	if err := r.Publish(context.Background(), batch, u); err != nil {
		b.Fatal(err)
	}
	return u.New
}

func BenchmarkCommitOneCase(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := archive(b, n, 100)
			addCase(b, r, -1)
			i := 0
			for b.Loop() {
				addCase(b, r, i)
				i++
			}
		})
	}
}

// BenchmarkOpen is what a process pays before its first read.
func BenchmarkOpen(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := archive(b, n, 100)
			for b.Loop() {
				fresh, err := Open(r.Dir())
				if err != nil {
					b.Fatal(err)
				}
				s := must(fresh.At(must(fresh.Ref(mainRef))))
				if _, err := s.Read(benchPath(n/2), 1<<20); err != nil {
					b.Fatal(err)
				}
				_ = fresh.Close()
			}
		})
	}
}

func BenchmarkReadAll(b *testing.B) {
	r := archive(b, 10000, 4000)
	b.Run("docket", func(b *testing.B) {
		for b.Loop() {
			fresh := reopen(b, r.Dir())
			s := must(fresh.At(must(fresh.Ref(mainRef))))
			err := s.Walk("", func(e Entry) error {
				_, err := fresh.Blob(e.Hash, 1<<20)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("git", func(b *testing.B) {
		names := git(b, r.Dir(), "ls-tree", "-r", "--object-only", "main") + "\n"
		for b.Loop() {
			gitIn(b, r.Dir(), []byte(names), "cat-file", "--batch", "--buffer")
		}
	})
}

func BenchmarkNames(b *testing.B) {
	r := archive(b, 100000, 10)
	b.Run("docket", func(b *testing.B) {
		for b.Loop() {
			n := 0
			fresh := reopen(b, r.Dir())
			s := must(fresh.At(must(fresh.Ref(mainRef))))
			if err := s.Walk("cases", func(Entry) error { n++; return nil }); err != nil || n != 100000 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("git", func(b *testing.B) {
		for b.Loop() {
			git(b, r.Dir(), "ls-tree", "-r", "main")
		}
	})
}

// BenchmarkPush sends one new case to the origin.
func BenchmarkPush(b *testing.B) {
	for _, n := range benchSizes[:2] {
		origin := archive(b, n, 100)
		clone := newClone(b, origin)
		b.Run(fmt.Sprintf("docket/%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				addCase(b, clone, i)
				i++
			}
		})
		b.Run(fmt.Sprintf("fetch/%d", n), func(b *testing.B) {
			i := 1000
			for b.Loop() {
				b.StopTimer()
				addCase(b, origin, i)
				i++
				b.StartTimer()
				if err := clone.Fetch(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("git/%d", n), func(b *testing.B) {
			bare := filepath.Join(b.TempDir(), "bare.git")
			git(b, origin.Dir(), "clone", "-q", "--bare", origin.Dir(), bare)
			git(b, bare, "remote", "remove", "origin")
			local := reopen(b, bare)
			i := 2000
			for b.Loop() {
				b.StopTimer()
				tip := addCase(b, local, i)
				i++
				b.StartTimer()
				git(b, bare, "push", "-q", origin.Dir(), tip.String()+":refs/heads/other")
			}
		})
	}
}

// BenchmarkHistory finds what each of 2000 commits touched.
func BenchmarkHistory(b *testing.B) {
	r := archive(b, 1000, 100)
	for i := range 2000 {
		addCase(b, r, i)
	}
	git(b, r.Dir(), "repack", "-adq")
	b.Run("docket", func(b *testing.B) {
		for b.Loop() {
			fresh := reopen(b, r.Dir())
			newer := Hash{}
			for c, err := range fresh.FirstParents(must(fresh.Ref(mainRef)), Hash{}) {
				if err != nil {
					b.Fatal(err)
				}
				if !newer.IsZero() {
					must(fresh.Changes(c.Tree, newer))
				}
				newer = c.Tree
			}
		}
	})
	b.Run("git", func(b *testing.B) {
		for b.Loop() {
			git(b, r.Dir(), "log", "--raw", "--no-renames", "--format=%H", "main")
		}
	})
}

// BenchmarkLargeBlob stores 25 MiB that come as a stream.
func BenchmarkLargeBlob(b *testing.B) {
	const size = 25 << 20
	r := newRepo(b)
	data := noise(1, size)
	b.SetBytes(size)
	n := byte(0)
	for b.Loop() {
		batch := r.NewBatch()
		n++
		data[0] = n
		u := propose(b, r, batch, mainRef, "Large", Edit{Path: "a", Size: size, From: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(data)), nil
		}})
		if err := r.Publish(context.Background(), batch, u); err != nil {
			b.Fatal(err)
		}
	}
}
