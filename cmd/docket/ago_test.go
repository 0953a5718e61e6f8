package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/docket-psirt/docket/internal/psirt"
)

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
