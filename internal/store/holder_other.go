//go:build !linux && !darwin

package store

import (
	"os"
	"time"
)

// Elsewhere no lock file tells its holder, so none is ever taken from anybody:
// after a kill -9 that left one, the error names the file, and a person removes
// it.

func bootID() string         { return "" }
func bootTime() time.Time    { return time.Time{} }
func tryFlock(*os.File) bool { return false }
