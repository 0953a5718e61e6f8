package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestMain puts this program on the path of scripts and of tests that start it
// as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(tidyM{m}, map[string]func(){"docket": docketMain, "gh": ghMain})
}

// tidyM runs the tests with their files in memory, and removes what they have
// made together.
type tidyM struct{ *testing.M }

func (m tidyM) Run() int {
	peer.Plain()
	defer peer.InMemory()()
	leanDocket()
	code := m.M.Run()
	for _, made := range []string{honest.made, source.root} {
		if made != "" {
			os.RemoveAll(made)
		}
	}
	return code
}

// TestScript plays the scripts in testdata/script: what a person types, and
// what must come of it. Their first comment names the lines of the programmes'
// policies that they show.
//
// Each begins in an empty directory with DOCKET_KEYS naming keys/ in it and
// $C1, $C2 … standing for the IDs of the first cases of this year; $INSP1 … and
// $IMEN1 … for those of the other programmes, $G1 … with the prefix GATE. Beside docket and the commands of
// testscript they have:
//
//	ago DURATION            from here on all happens so long ago (60d, 12h; 0h is now)
//	exits CODE COMMAND…     the command ends with exactly this code
//	json FILE PATH [VALUE]  a value in a JSON file, see jsonCommand
//	pgpmail … IN OUT        the mail that a reporter's mail program would send
//	reply … DIR ADDRESS WORDS OUT   the reporter's answer to the newest mail
//	readmail … DIR ADDRESS  the newest mail, opened with the reporter's key
//	mails DIR N             so many mails are in the Maildir
//	samenotes DIR N         so many notes in clear are there, all the same
//	github …                a GitHub to work with, see githubCommand
func TestScript(t *testing.T) {
	t.Parallel()
	peer.Need(t, "gpg")
	p := scriptParams()
	p.Dir = "testdata/script"
	p.Cmds["github"] = githubCommand(t)
	testscript.Run(t, p)
}

// scriptParams say how scripts are played, whichever they are.
func scriptParams() testscript.Params {
	return testscript.Params{
		RequireUniqueNames: true,
		Setup:              setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exitsCommand, "json": jsonCommand, "pgpmail": pgpmailCommand, "reply": replyCommand,
			"readmail": readmailCommand, "mails": mailsCommand, "samenotes": samenotesCommand, "ago": agoCommand,
		},
	}
}

func setUpScript(env *testscript.Env) error {
	people, err := newPeople()
	if err != nil {
		return err
	}
	env.Defer(people.leave)
	env.Values["people"] = people
	env.Setenv("HOME", filepath.Join(env.WorkDir, ".home"))
	env.Setenv("DOCKET_STATE", filepath.Join(env.WorkDir, ".state"))
	env.Setenv("DOCKET_KEYS", filepath.Join(env.WorkDir, "keys"))
	env.Setenv("NOW", time.Now().UTC().Format(time.RFC3339))
	examples, err := filepath.Abs("../../cases")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	for n := 1; n <= 5; n++ {
		env.Setenv("C"+strconv.Itoa(n), caseNumber(n))
		for _, prefix := range []string{"INSP", "IMEN"} {
			env.Setenv(prefix+strconv.Itoa(n), strings.Replace(caseNumber(n), "INGP", prefix, 1))
		}
		env.Setenv("G"+strconv.Itoa(n), strings.Replace(caseNumber(n), "INGP", "GATE", 1))
	}
	return os.Mkdir(filepath.Join(env.WorkDir, ".home"), 0o700)
}

// caseNumber is the ID of the nth case of this year.
func caseNumber(n int) string { return fmt.Sprintf("INGP-%d-%04d", time.Now().UTC().Year(), n) }

var requirementLine = regexp.MustCompile(`\bI[GSM]-[0-9][0-9]\b`)

// TestScriptsNameTheirLines holds that each script says what it is about: its
// first comment names lines of a policy, or that it is about none.
func TestScriptsNameTheirLines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(raw), "\n\n")
		if !strings.HasPrefix(first, "# ") || !requirementLine.MatchString(first) && !strings.Contains(first, "No line of a policy") {
			t.Errorf("%s: the first comment names no line of a policy (IG-01 …), nor says that it shows none", name)
		}
	}
}

// exitsCommand runs a command that must end with an exit code.
func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// jsonCommand looks at a value in a JSON document:
//
//	json FILE PATH VALUE   it is this one
//	json FILE PATH         it is there
//	json -env NAME FILE PATH   remember it as $NAME
//
// FILE may be stdout. PATH has keys and indexes with dots between them; "*"
// stands for any entry of a list and "length" for how many it has; "." is the whole.
// With "!" before it the value must be another one, or not be there.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	keep := ""
	if len(args) > 2 && args[0] == "-env" {
		keep, args = args[1], args[2:]
	}
	if len(args) != 2 && (len(args) != 3 || keep != "") {
		ts.Fatalf("usage: json [-env NAME] FILE PATH [VALUE]")
	}
	var doc any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc); err != nil {
		ts.Fatalf("%s is not JSON: %v", args[0], err)
	}
	found := lookUp(doc, strings.Split(strings.Trim(args[1], "."), "."))
	if keep != "" {
		if len(found) != 1 {
			ts.Fatalf("%s has %d values, want one", args[1], len(found))
		}
		ts.Setenv(keep, found[0])
		return
	}
	ok := len(found) > 0
	if len(args) == 3 {
		ok = false
		for _, v := range found {
			ok = ok || v == args[2]
		}
	}
	if ok == neg {
		ts.Fatalf("%s is %q", args[1], found)
	}
}

// lookUp lists the values at a path: text as it is, all else as JSON.
func lookUp(doc any, path []string) []string {
	if len(path) == 0 || path[0] == "" {
		if s, ok := doc.(string); ok {
			return []string{s}
		}
		raw, err := json.Marshal(doc)
		if err != nil {
			return nil
		}
		return []string{string(raw)}
	}
	switch v := doc.(type) {
	case map[string]any:
		if item, ok := v[path[0]]; ok {
			return lookUp(item, path[1:])
		}
	case []any:
		if path[0] == "length" {
			return []string{strconv.Itoa(len(v))}
		}
		if path[0] == "*" {
			var out []string
			for _, item := range v {
				out = append(out, lookUp(item, path[1:])...)
			}
			return out
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return lookUp(v[i], path[1:])
		}
	}
	return nil
}
