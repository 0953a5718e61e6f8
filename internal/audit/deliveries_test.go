package audit

import (
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// TestFollows: which stories of an update's receipts are possible. Each is
// "attempt status" with commas between.
func TestFollows(t *testing.T) {
	t.Parallel()
	for story, possible := range map[string]bool{
		"1 sending, 1 sent":                               true,
		"1 sending, 1 held, 2 sending, 2 sent":            true,
		"1 sending, 1 unknown, 1 sent":                    true, // a person's word
		"1 sending, 1 unknown, 1 held, 2 sending, 2 sent": true,
		"1 sending, 1 refused, 1 none":                    true,
		"1 refused, 1 held, 2 refused, 2 none":            true,
		"1 sending, 1 refused, 1 held, 2 sending, 2 sent": true,
		"1 none":                               true,
		"1 held, 2 sending, 2 sent":            true, // the audit objected
		"1 sending, 2 sending, 2 sent":         true, // a claim left behind, to a Maildir
		"1 sending, 2 held, 3 sending, 3 sent": true,
		"1 sent":                               false, // never claimed
		"1 unknown":                            false,
		"2 sending":                            false,
		"0 sending":                            false,
		"1 sending, 2 sent":                    false,
		"1 sending, 2 unknown":                 false,
		"1 sending, 3 sending":                 false,
		"1 sending, 1 sending":                 false,
		"1 sending, 1 none":                    false,
		"1 sending, 1 sent, 1 sent":            false,
		"1 sending, 1 sent, 2 sending":         false, // twice
		"1 sending, 1 sent, 1 held":            false,
		"1 sending, 1 sent, 2 held":            false,
		"1 sending, 1 unknown, 2 sending":      false, // again, and nobody said so
		"1 sending, 1 unknown, 1 none":         false,
		"1 sending, 1 refused, 1 sent":         false,
		"1 sending, 1 refused, 2 sending":      false,
		"1 none, 2 sending":                    false,
		"1 none, 1 held":                       false,
		"1 sending, 1 held, 1 sending":         false,
		"1 sending, 1 held, 1 sent":            false,
		"1 sending, 1 unknown, 1 sent, 1 held, 2 sending, 2 sent": false,
	} {
		var before *psirt.Receipt
		ok := true
		for _, step := range strings.Split(story, ", ") {
			r := &psirt.Receipt{Attempt: int(step[0] - '0'), Status: psirt.ReceiptStatus(step[2:])}
			ok = ok && follows(before, r)
			before = r
		}
		if ok != possible {
			t.Errorf("%s: possible %v, want %v", story, ok, possible)
		}
	}
}
