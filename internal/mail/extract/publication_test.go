package extract

import (
	"fmt"
	"testing"
	"time"
)

// TestPublications: only what a clause says, with a day where one is planned.
func TestPublications(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for said, want := range map[string]string{
		"None": "[]",
		"Nothing published yet; a talk is scheduled for 2027-02-13.":               "[{a talk is scheduled for 2027-02-13. planned 2027-02-13}]",
		"We plan to publish a paper on 3 March 2027":                               "[{We plan to publish a paper on 3 March 2027 planned 2027-03-03}]",
		"We might publish on 2027-01-01?":                                          "[]",
		"We plan to publish after the fix.":                                        "[]",
		"It was published on 2026-10-01 in our blog":                               "[{It was published on 2026-10-01 in our blog published 2026-10-01}]",
		"A write-up is already public":                                             "[{A write-up is already public published }]",
		"It has not been published, and we will not publish it before 2027-01-01.": "[]",
		"A talk was scheduled for 2025-02-13":                                      "[]",
	} {
		if got := fmt.Sprint(Publications(said, sent)); got != want {
			t.Errorf("%q: %s, want %s", said, got, want)
		}
	}
}
