package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// This file is also built into the docket of whole runs, see buildLean: it
// imports nothing that is for tests.

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
