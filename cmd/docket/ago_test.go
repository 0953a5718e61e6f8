package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/docket-psirt/docket/internal/psirt"
)

// What the docket of scripts is told by its environment.
const (
	agoVariable      = "DOCKET_TEST_AGO"      // how long ago it runs
	programsVariable = "DOCKET_TEST_PROGRAMS" // directory of programmes that stand in for the shipped ones
)

// docketMain is this program as scripts run it: main, but for its clock and for
// where docket init finds the shipped programmes.
func docketMain() {
	ago, err := time.ParseDuration(os.Getenv(agoVariable))
	if dir := os.Getenv(programsVariable); dir != "" && slices.Contains(os.Args, "init") {
		standIn(dir, os.Args)
	}
	if err != nil || ago == 0 {
		main()
		return
	}
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: func() time.Time { return time.Now().Add(-ago) }}
	os.Exit(execute(newRoot(a), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// standIn makes the names of programmes in arguments paths of those in dir.
func standIn(dir string, args []string) {
	for i, arg := range args {
		if i == 0 || args[i-1] != "--program" {
			continue
		}
		names := strings.Split(arg, ",")
		for k, name := range names {
			file := filepath.Join(dir, name, "program.yaml")
			if _, err := os.Stat(file); err == nil {
				names[k] = file
			}
		}
		args[i] = strings.Join(names, ",")
	}
}

// agoCommand moves a script in time: whatever follows happens so long before
// now, for docket and for those who write mail. Time that was passed does not
// come back: a script begins in the past and goes forward. Its cases have the
// number of the year in which it begins.
func agoCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ago DURATION")
	}
	var d psirt.Duration
	if args[0] != "0h" {
		ts.Check(d.UnmarshalText([]byte(args[0])))
	}
	ago, p := time.Duration(d), peopleOf(ts)
	if p.ago != 0 && ago > p.ago {
		ts.Fatalf("it is %s ago already", p.ago)
	}
	first := p.ago == 0
	p.ago = ago
	for n := 1; first && n <= 5; n++ {
		for prefix, name := range map[string]string{"INGP": "C", "INSP": "INSP", "IMEN": "IMEN"} {
			ts.Setenv(name+strconv.Itoa(n), fmt.Sprintf("%s-%d-%04d", prefix, p.now().UTC().Year(), n))
		}
	}
	ts.Setenv(agoVariable, fmt.Sprint(ago))
	ts.Setenv("TODAY", p.now().UTC().Format(time.DateOnly))
	ts.Setenv("NOW", p.now().UTC().Format(time.RFC3339))
}
