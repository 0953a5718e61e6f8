// Command docket is a GitOps case tracker for product security incident
// response teams: see docket --help and the README.
//
// This package holds flags, wiring, hints and exit codes; every use case is in
// internal/desk.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

// Exit codes that scripts may rely on.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3 // the policy or the audit says no
)

// errFound: the command has printed findings, or what is missing.
var errFound = errors.New("the policy or the audit says no")

func main() {
	noCore()
	// A fault that nothing can recover from (memory, a race) shows no values
	// from the stack either.
	debug.SetTraceback("none")
	// Collect sooner where a large mail is taken in, unless told otherwise.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(160 << 20)
	}
	if os.Getenv("GOGC") == "" {
		collectLate()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLate lets the heap grow to some 16 MB before the first collection:
// most commands end before it. From then on all is as Go has it.
func collectLate() {
	debug.SetGCPercent(400)
	first := &struct{ next *byte }{}
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, 100)
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return execute(newRoot(&app{in: stdin, out: stdout, err: stderr}), args, stdin, stdout, stderr)
}

func execute(root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if recover() != nil {
			fmt.Fprintln(stderr, faultMessage())
			code = exitFailed
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return exitCode(root.ExecuteContext(ctx), stderr)
}

// usageError is a wrong flag or argument.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// exitCode prints an error and says which code it ends with.
func exitCode(err error, stderr io.Writer) int {
	var refused *desk.Refused
	var wrong *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitRefused
	case errors.As(err, &refused):
		fmt.Fprintf(stderr, "docket: %v\n", refused)
		return exitRefused
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "docket: %v\nRun the command with --help for its usage.\n", wrong)
		return exitUsage
	case errors.Is(err, desk.ErrUsage):
		fmt.Fprintf(stderr, "docket: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "docket: %v\n", err)
	return exitFailed
}
