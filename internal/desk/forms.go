package desk

import (
	"regexp"
	"sync"
)

// form is a pattern that is compiled when it is first asked for: a command
// needs few of them.
func form(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
