package main

import (
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// ourCode is what the names of this project's functions begin with.
const ourCode = "github.com/docket-psirt/docket/"

// faultMessage is all that is said of a panic: where in the code it happened.
// What a panic says, and the stack, may quote a report. It is called by the
// deferred function that recovers.
func faultMessage() string {
	return "docket: a fault of Docket itself, at " + faultPlace() +
		"; nothing was said of what it was working on, since that could quote a report. What was under way may be half done: run the same command again. Please report the place"
}

// faultPlace names the innermost places of a panic: file and line, no values.
func faultPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var places []string
	for panicked := false; len(places) < 3; {
		f, more := frames.Next()
		own, ours := strings.CutPrefix(f.Function, ourCode)
		switch {
		case f.Function == "runtime.gopanic":
			panicked, places = true, nil
		case panicked && ours:
			dir, _, _ := strings.Cut(path.Base(own), ".")
			places = append(places, fmt.Sprintf("%s:%d", path.Join(path.Dir(own), dir, filepath.Base(f.File)), f.Line))
		}
		if !more {
			break
		}
	}
	if len(places) == 0 {
		return "a place that is not known"
	}
	return strings.Join(places, ", called from ")
}
