package main_test

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// TestWalls holds the walls of this project.
func TestWalls(t *testing.T) {
	t.Parallel()
	complaints, err := inspect(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range complaints {
		t.Error(c)
	}
}

// goodHouse is a small project with nothing to complain about.
func goodHouse() fstest.MapFS {
	return fstest.MapFS{
		".ci/run":                           {Data: []byte("#!/bin/sh\n"), Mode: 0o755},
		".github/x.go":                      {Data: []byte("not Go\n")},
		"go.mod":                            {Data: []byte("module x\n")},
		"schema/schema.go":                  goFile("// Package schema …\npackage schema", "github.com/santhosh-tekuri/jsonschema/v5", "os"),
		"internal/psirt/doc.go":             goFile("// Package psirt …\npackage psirt", "time"),
		"internal/psirt/a.go":               goFile("package psirt", "strings"),
		"internal/psirt/a_test.go":          goFile("package psirt", "os", "testing", "example.org/oracle", module+"/internal/peer", module+"/internal/desk"),
		"internal/mail/a.go":                goFile("// Package mail …\npackage mail", module+"/internal/psirt", "github.com/emersion/go-smtp", module+"/internal/mail/extract"),
		"internal/mail/extract/a.go":        goFile("// Package extract …\npackage extract"),
		"internal/peer/peer.go":             goFile("// Package peer …\npackage peer", "testing", "os"),
		"internal/forge/forgetest/a.go":     goFile("// Package forgetest …\npackage forgetest", "testing", module+"/internal/forge"),
		"internal/forge/githubtest/a.go":    goFile("// Package githubtest …\npackage githubtest", "testing", module+"/internal/peer", "github.com/getkin/kin-openapi/openapi3"),
		"internal/audit/a.go":               goFile("// Package audit …\npackage audit", "io", module+"/internal/store"),
		"cmd/docket/main.go":                goFile("// Docket …\npackage main", "os", "github.com/spf13/cobra", "golang.org/x/term"),
		"cmd/docket/testdata/bad.go":        {Data: []byte("not Go\n")},
		"cases/ingroupe/program.yaml":       {Data: []byte("docket: 1\n"), Mode: 0o644},
		"cases/ingroupe/testdata/a.yaml":    {Data: []byte("docket: 1\n"), Mode: 0o644},
		"internal/desk/templates/a.html":    {Data: []byte("<p>\n")},
		"internal/store/store_test.go":      goFile("package store_test", module+"/internal/desk"),
		"internal/store/fs_windows.go":      goFile("// Package store …\npackage store", "golang.org/x/sys/windows"),
		"internal/advisory/doc.go":          goFile("// Package advisory …\npackage advisory", "github.com/gocsaf/csaf/v3/csaf"),
		"internal/advisory/data/name.local": {Data: []byte("x\n")},
	}
}

func goFile(head string, imports ...string) *fstest.MapFile {
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, path := range imports {
		b.WriteString("import _ \"" + path + "\"\n")
	}
	return &fstest.MapFile{Data: []byte(b.String()), Mode: 0o644}
}

func code(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }

// TestWallsComplain: each adds one fault to a good house, and the walls name
// the file and the rule.
func TestWallsComplain(t *testing.T) {
	t.Parallel()
	if complaints, err := inspect(goodHouse()); err != nil || len(complaints) > 0 {
		t.Fatalf("a good house is not accepted: %v, %q", err, complaints)
	}
	const psirt, audit = "package psirt\n", "package audit\n"
	for _, fault := range []struct {
		name string
		file *fstest.MapFile
		want string
	}{
		{"docs/guide.md", code("x"), "top level"},
		{"tools.go", code("package tools\n"), "top level"},
		{"internal/psirt/b.go", goFile(psirt, module+"/internal/seal"), "internal/seal is not on a floor below internal/psirt"},
		{"internal/psirt/b.go", goFile(psirt, "gopkg.in/yaml.v3"), "no room owns gopkg.in/yaml.v3"},
		{"internal/psirt/b.go", goFile(psirt, "os/exec"), "may not import os/exec"},
		{"internal/psirt/b.go", goFile(psirt, "net/http"), "may not import net/http"},
		{"internal/psirt/b.go", code(psirt + "import \"time\"\nvar now = time.Now\n"), "may not use Now"},
		{"internal/psirt/b.go", goFile(psirt, module+"/schema/test"), "for tests only"},
		{"internal/seal/b.go", goFile("// Package seal …\npackage seal", "github.com/go-git/go-git/v5"), "belongs to internal/store"},
		{"internal/desk/b.go", goFile("// Package desk …\npackage desk", "go.yaml.in/yaml/v3"), "belongs to internal/casefile"},
		{"internal/desk/b.go", goFile("// Package desk …\npackage desk", module+"/cmd/docket"), "cmd/docket is not on a floor below"},
		{"internal/desk/b.go", goFile("// Package desk …\npackage desk", module+"/internal/peer"), "internal/peer is for tests only"},
		{"internal/desk/b.go", goFile("// Package desk …\npackage desk", module+"/internal/forge/forgetest"), "forgetest is for tests only"},
		{"internal/desk/b.go", goFile("// Package desk …\npackage desk", "testing"), "testing is for tests only"},
		{"internal/desk/b.go", goFile("package desk"), "no page"},
		{"internal/forge/forgetest/b.go", goFile("package forgetest", module+"/internal/desk"), "internal/desk is not on a floor below internal/forge"},
		{"internal/peer/b.go", goFile("package peer", module+"/internal/psirt"), "imports none of them"},
		{"internal/peer/b.go", goFile("package peer", module+"/internal/forge/forgetest"), "for tests only"},
		{"internal/forge/b.go", goFile("// Package forge …\npackage forge", "github.com/getkin/kin-openapi/openapi3"), "no room owns github.com/getkin/kin-openapi/openapi3"},
		{"internal/peer/b.go", goFile("package peer", "github.com/emersion/go-smtp"), "belongs to internal/mail"},
		{"internal/util/b.go", goFile("// Package util …\npackage util"), "no room of the house"},
		{"internal/audit/b.go", code(audit + "func f(r repo) { r.x.Publish() }\n"), "may not use Publish"},
		{"internal/audit/b.go", code(audit + "func f(r repo) { r.NewBatch() }\n"), "may not use NewBatch"},
		{"internal/audit/b.go", code(audit + "func f(r repo) { g(r.SetLocalRef) }\n"), "may not use SetLocalRef"},
		{"internal/audit/b.go", goFile(audit, "os"), "may not import os"},
		{"internal/advisory/b.go", code("package advisory\nfunc f(c psirt.Case) {}\n"), "may not use Case"},
		{"cases/ingroupe/hook.go", goFile("package hook"), "no Go"},
		{"cases/ingroupe/hook.yaml", code("#!/bin/sh\n"), "no script"},
		{"cases/ingroupe/hook.txt", &fstest.MapFile{Mode: 0o755}, "not executable"},
		{"cases/ingroupe/link.yaml", &fstest.MapFile{Data: []byte("program.yaml"), Mode: fs.ModeSymlink | 0o644}, "plain files"},
	} {
		house := maps.Clone(goodHouse())
		house[fault.name] = fault.file
		complaints, err := inspect(house)
		if err != nil {
			t.Errorf("%s: %v", fault.name, err)
			continue
		}
		name := strings.Split(fault.name, "/")[0]
		if len(complaints) != 1 || !strings.Contains(complaints[0], fault.want) || !strings.HasPrefix(complaints[0], name) {
			t.Errorf("%s: the complaints are %q, want one with %q", fault.name, complaints, fault.want)
		}
	}
}
