package main

import (
	"strings"
	"testing"
	"time"
)

// badEntries are rows of a tree that have no place in a case repository: each
// is put beside the files of a case, or in the place of its first mail record.
func badEntries(r *badRepo, blob string) map[string]row {
	tree, missing := r.tree(row{"100644", "inside", blob}), strings.Repeat("ab", 20)
	return map[string]row{
		"symbolic link":        {"120000", "mail-1.yaml", r.blob("../../../program.yaml")},
		"submodule":            {"160000", "mail-1.yaml", missing},
		"executable":           {"100755", "mail-1.yaml", blob},
		"writable by group":    {"100664", "mail-1.yaml", blob},
		"mode of nothing":      {"170000", "mail-1.yaml", blob},
		"leading zero":         {"0100644", "mail-1.yaml", blob},
		"no mode":              {"", "mail-1.yaml", blob},
		"not octal":            {"10064x", "mail-1.yaml", blob},
		"mode without end":     {strings.Repeat("7", 5000), "mail-1.yaml", blob},
		"folder that is file":  {"40000", "mail-1.yaml", blob},
		"file that is folder":  {"100644", "mail-1.yaml", tree},
		"folder for file":      {"40000", "mail-1.yaml", tree},
		"missing":              {"100644", "mail-1.yaml", missing},
		"missing folder":       {"40000", "mail-1.yaml", missing},
		"of zeros":             {"100644", "mail-1.yaml", strings.Repeat("0", 40)},
		"no name":              {"100644", "", blob},
		"dot":                  {"40000", ".", tree},
		"dot dot":              {"40000", "..", tree},
		"git's own":            {"40000", ".git", tree},
		"git's own, in short":  {"40000", "git~1", tree},
		"git's own, otherwise": {"40000", ".GiT ", tree},
		"slash":                {"100644", "../../x.yaml", blob},
		"backslash":            {"100644", `..\..\x.yaml`, blob},
		"absolute":             {"100644", "/etc/passwd", blob},
		"device":               {"100644", "aux.yaml", blob},
		"stream":               {"100644", "mail-1.yaml:x", blob},
		"line feed":            {"100644", "mail-1.yaml\n", blob},
		"for the terminal":     {"100644", "\x1b]0;x\x07\x1b[2J\u202email", blob},
		"not UTF-8":            {"100644", "mail-\xff\xfe", blob},
		"long":                 {"100644", strings.Repeat("x", 70_000), blob},
		"in between":           {"100644", "mail-01.yaml", blob},
		"many digits":          {"100644", "mail-" + strings.Repeat("9", 300) + ".yaml", blob},
	}
}

// TestBadTrees: nothing that can stand in a tree makes a command crash, hang,
// or pass it over in silence; and it hides no other case.
func TestBadTrees(t *testing.T) {
	t.Parallel()
	r := newBadRepo(t)
	refs := r.refs()
	blob := strings.TrimSpace(r.git("rev-parse", "main:"+casePath(2)+"/mail-1.yaml"))
	for name, e := range badEntries(r, blob) {
		dir := strings.Split(casePath(2)+"/x", "/")
		rows := []row{e}
		for _, old := range r.rows(strings.TrimSpace(r.git("rev-parse", "main:"+casePath(2)))) {
			if old.name != e.name {
				rows = append(rows, old)
			}
		}
		sortRows(rows)
		head := strings.TrimSpace(r.git("rev-parse", "main^{tree}"))
		r.commit("main", r.with(head, dir[:len(dir)-1], row{mode: "40000", hash: r.tree(rows...)}))
		r.told(t, name, caseNumber(2), true)
		r.reset(refs)
	}
}

// told runs the commands that judge and list: they say no and name the place.
func (r *badRepo) told(t *testing.T, name, place string, one bool) {
	t.Helper()
	for _, args := range [][]string{{"check"}, {"audit", "--no-memory"}, {"list"}, {"clock"}, {"show", caseNumber(2)}, {"deliver", "--maildir", r.path("out")}, {"show", caseNumber(1)}} {
		s := r.run(args...)
		all := s.out + s.err
		switch what := args[0]; {
		case s.took > 2*time.Second:
			t.Errorf("%s, %s: took %v", name, what, s.took)
		case strings.Contains(all, faultWords):
			t.Errorf("%s, %s: it crashed: %s", name, what, all)
		case strings.ContainsAny(all, "\x1b\x07\r"):
			t.Errorf("%s, %s: the terminal is told what to do: %.300q", name, what, all)
		case len(all) > 1<<20:
			t.Errorf("%s, %s: %d bytes are said", name, what, len(all))
		case (what == "check" || what == "audit") && (s.code != exitRefused || !strings.Contains(all, place)):
			t.Errorf("%s, %s: exit code %d, and the place is not named\n%.600s", name, what, s.code, all)
		case one && what == "list" && !strings.Contains(s.out, caseNumber(1)):
			t.Errorf("%s, %s: another case is hidden\n%.600s", name, what, all)
		case one && what == "show" && args[1] == caseNumber(1) && s.code != exitDone:
			t.Errorf("%s, %s: another case suffers\n%.600s", name, what, all)
		}
	}
}

func sortRows(rows []row) {
	for i := 1; i < len(rows); i++ {
		for k := i; k > 0 && gitName(rows[k]) < gitName(rows[k-1]); k-- {
			rows[k], rows[k-1] = rows[k-1], rows[k]
		}
	}
}

// TestBadFolders: folders that are no folders, or more than anybody can walk.
func TestBadFolders(t *testing.T) {
	t.Parallel()
	r := newBadRepo(t)
	refs, blob := r.refs(), r.blob("x\n")
	program := strings.TrimSpace(r.git("rev-parse", "main:cases/ingroupe"))
	year := caseNumber(1)[5:9]
	deep := r.tree(row{"100644", "x", blob})
	for range 300 {
		deep = r.tree(row{"40000", "d", deep})
	}
	bomb := r.tree(row{"100644", "x", blob})
	for range 12 {
		var rows []row
		for n := range 100 {
			rows = append(rows, row{"40000", string(rune('0'+n/10)) + string(rune('0'+n%10)), bomb})
		}
		bomb = r.tree(rows...)
	}
	wide := make([]row, 250_000)
	for i := range wide {
		name := []byte("a000000")
		for k, n := len(name)-1, i; n > 0; k, n = k-1, n/10 {
			name[k] += byte(n % 10)
		}
		wide[i] = row{"100644", string(name), blob}
	}
	broad := r.tree(wide...)
	for name, c := range map[string]struct {
		path, place string
		e           row
	}{
		"deep":                    {year + "/99", "99/d/d", row{mode: "40000", hash: deep}},
		"deep among the keys":     {"keys", "keys/d/d", row{mode: "40000", hash: deep}},
		"bomb":                    {year + "/99", "99", row{mode: "40000", hash: bomb}},
		"bomb among what is seen": {"seen/z", "seen/z", row{mode: "40000", hash: bomb}},
		"wide":                    {year + "/99", "99", row{mode: "40000", hash: broad}},
		"wide keys":               {"keys", "keys", row{mode: "40000", hash: broad}},
		"cut off":                 {year + "/99", "99", row{mode: "40000", hash: r.object("tree", 20, strings.NewReader("100644 x\x00 0123456789"))}},
		"a commit":                {year + "/99", "99", row{mode: "40000", hash: strings.TrimSpace(r.git("rev-parse", "main"))}},
		"the year is a file":      {year, year, row{mode: "100644", hash: blob}},
	} {
		r.commit("main", r.with(strings.TrimSpace(r.git("rev-parse", "main^{tree}")), strings.Split("cases/ingroupe/"+c.path, "/"), c.e))
		r.told(t, name, c.place, false)
		r.reset(refs)
	}
	// Two of the same name, in both orders.
	for name, double := range map[string][]row{"twice": {{"100644", "program.yaml", blob}}, "out of order": {{"100644", "aaa", blob}}} {
		rows := append(r.rows(program), double...)
		tree := r.with(strings.TrimSpace(r.git("rev-parse", "main^{tree}")), []string{"cases", "ingroupe"}, row{mode: "40000", hash: r.tree(rows...)})
		r.commit("main", tree)
		r.told(t, name, "cases/ingroupe", false)
		r.reset(refs)
	}
}
