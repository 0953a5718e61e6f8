package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the project's own import path.
const module = "github.com/docket-psirt/docket"

// room is a folder of packages behind one wall.
type room struct {
	dir    string
	vendor []string // beginnings of import paths, ending in a slash
	denied []string // standard library packages, with all below them
	words  []string // selectors that its code may not name
	why    string   // for denied and words
}

// rooms, ground floor first: a room imports only from floors below it, and a
// vendor library is imported by one room.
var rooms = []room{
	{dir: "schema", vendor: []string{"github.com/santhosh-tekuri/jsonschema/"}},
	{
		dir:    "internal/psirt",
		denied: []string{"os", "net", "io/fs", "io/ioutil", "log", "syscall", "crypto/rand", "math/rand", "path/filepath"},
		words:  []string{"time.Now", "time.Since", "time.Until", "time.After", "time.Sleep"},
		why:    "it is pure: no I/O, and time is an argument",
	},
	{dir: "internal/seal", vendor: []string{"github.com/ProtonMail/", "github.com/cloudflare/circl/", "golang.org/x/crypto/"}},
	{dir: "internal/forge", vendor: []string{"github.com/google/go-github/", "github.com/bradleyfalzon/ghinstallation/"}},
	{dir: "internal/casefile", vendor: []string{"go.yaml.in/yaml/"}},
	{dir: "internal/mail", vendor: []string{"github.com/emersion/", "golang.org/x/text/", "golang.org/x/net/"}},
	{
		dir:    "internal/advisory",
		vendor: []string{"github.com/gocsaf/csaf/", "github.com/ossf/osv-schema/", "github.com/openvex/go-vex/"},
		words:  []string{"psirt.Case", "psirt.Document", "psirt.Reported", "psirt.Contact"},
		why:    "it never receives a case",
	},
	{dir: "internal/store", vendor: []string{"github.com/go-git/", "github.com/sergi/go-diff/", "golang.org/x/sys/"}},
	{
		dir:    "internal/audit",
		denied: []string{"os", "net", "io/ioutil", "syscall", "path/filepath"},
		words:  []string{"*.Publish", "*.NewBatch", "*.SetLocalRef", "store.Init"},
		why:    "it judges, and can write nothing",
	},
	{dir: "internal/desk", vendor: []string{"github.com/pandatix/go-cvss/"}},
	{dir: "internal/bot", vendor: []string{"github.com/prometheus/"}},
	{dir: "cmd/docket", vendor: []string{"github.com/spf13/", "golang.org/x/term/"}},
}

// helperVendor are libraries that helpers of tests may import besides those of
// their room: no room owns them, and what ships does not contain them.
var helperVendor = []string{"github.com/getkin/kin-openapi/"}

// topLevel is all that may stand at the top of the project, besides dot files
// and what `go build ./cmd/docket` leaves behind.
var topLevel = []string{
	"cmd", "internal", "schema", "cases", "go.mod", "go.sum", "README.md", "LICENSE",
	"docket", "docket.exe",
}

// isHelper says whether a package exists for tests only.
func isHelper(dir string) bool {
	return dir == "internal/peer" || strings.HasSuffix(path.Base(dir), "test")
}

// roomOf gives the floor that a folder is on, or -1.
func roomOf(dir string) int {
	return slices.IndexFunc(rooms, func(r room) bool { return within(dir, r.dir) })
}

// within says whether dir is parent or below it.
func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

// inspector collects what breaks a rule.
type inspector struct {
	tree       fs.FS
	complaints []string
	documented map[string]bool // by folder: a package in it says what it promises
}

func (in *inspector) complain(name, format string, args ...any) {
	in.complaints = append(in.complaints, name+": "+fmt.Sprintf(format, args...))
}

// inspect holds the walls of a project tree and returns what breaks them,
// sorted.
func inspect(tree fs.FS) ([]string, error) {
	in := &inspector{tree: tree, documented: map[string]bool{}}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if !strings.Contains(name, "/") {
			if strings.HasPrefix(name, ".") {
				return skip(d)
			}
			if !slices.Contains(topLevel, name) {
				in.complain(name, "it does not belong at the top level, which holds %s and dot files", strings.Join(topLevel[:8], " "))
				return skip(d)
			}
		}
		switch {
		case within(name, "cases"):
			return in.data(name, d)
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			return in.source(name)
		}
		return nil
	})
	for dir, ok := range in.documented {
		if !ok {
			in.complain(dir, "the package has no page (doc.go) that says what it promises")
		}
	}
	slices.Sort(in.complaints)
	return in.complaints, err
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// data holds that cases/ has nothing that runs.
func (in *inspector) data(name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil || d.IsDir() {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 != 0 {
		in.complain(name, "cases/ holds data only: plain files that are not executable")
		return nil
	}
	if strings.HasSuffix(name, ".go") {
		in.complain(name, "cases/ holds data only, and no Go")
	}
	data, err := fs.ReadFile(in.tree, name)
	if bytes.HasPrefix(data, []byte("#!")) {
		in.complain(name, "cases/ holds data only, and no script")
	}
	return err
}

// source holds the rules for one Go file.
func (in *inspector) source(name string) error {
	data, err := fs.ReadFile(in.tree, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir, isTest := path.Dir(name), strings.HasSuffix(name, "_test.go")
	floor := roomOf(dir)
	if floor < 0 && !isHelper(dir) {
		in.complain(name, "no room of the house is here: add it to the table of rooms")
		return nil
	}
	if !isTest {
		in.documented[dir] = in.documented[dir] || file.Doc != nil
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if isTest {
			continue // tests may look over the walls: what ships does not contain them
		}
		in.imports(name, dir, floor, imported)
	}
	if floor >= 0 && !isTest {
		in.selectors(name, rooms[floor], file)
	}
	return nil
}

// imports holds the rules for one import of a file that is no test.
func (in *inspector) imports(name, dir string, floor int, imported string) {
	own, isOwn := strings.CutPrefix(imported, module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case isOwn && isHelper(own) && isHelper(dir) && floor >= 0:
		// helpers help each other
	case isOwn && isHelper(own):
		in.complain(name, "%s is for tests only", own)
	case isOwn && isHelper(dir) && floor < 0:
		in.complain(name, "a helper of all rooms' tests imports none of them, but it imports %s", own)
	case isOwn:
		if target := roomOf(own); target < 0 || target > floor {
			in.complain(name, "%s is not on a floor below %s", own, rooms[floor].dir)
		}
	case isHelper(dir) && slices.ContainsFunc(helperVendor, func(p string) bool { return strings.HasPrefix(imported, p) }):
	case strings.Contains(first, "."):
		in.vendor(name, floor, imported)
	case imported == "testing" && !isHelper(dir):
		in.complain(name, "testing is for tests only")
	case floor >= 0:
		r := rooms[floor]
		if slices.ContainsFunc(r.denied, func(p string) bool { return within(imported, p) }) {
			in.complain(name, "%s may not import %s: %s", r.dir, imported, r.why)
		}
	}
}

// vendor holds that the library is the room's own.
func (in *inspector) vendor(name string, floor int, imported string) {
	owner := slices.IndexFunc(rooms, func(r room) bool {
		return slices.ContainsFunc(r.vendor, func(p string) bool { return strings.HasPrefix(imported+"/", p) })
	})
	switch {
	case owner < 0:
		in.complain(name, "no room owns %s: add it to the table of rooms, or do without", imported)
	case owner != floor:
		in.complain(name, "%s belongs to %s", imported, rooms[owner].dir)
	}
}

// selectors holds that the code names nothing that its room may not.
func (in *inspector) selectors(name string, r room, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from := "*"
		if id, ok := s.X.(*ast.Ident); ok {
			from = id.Name
		}
		if slices.Contains(r.words, from+"."+s.Sel.Name) || slices.Contains(r.words, "*."+s.Sel.Name) {
			in.complain(name, "%s may not use %s: %s", r.dir, s.Sel.Name, r.why)
		}
		return true
	})
}
