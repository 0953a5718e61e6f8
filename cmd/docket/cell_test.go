package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A title or subject is one short line on a terminal, whatever its sender wrote.
func TestCell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Lamp blinks":                   "Lamp blinks",
		"Lamp\nblinks\t twice":          "Lamp blinks twice",
		"\x1b[31mred\u202e":             "\uFFFD[31mred\uFFFD",
		"see http://lamp.example/":      "see hxxp://lamp[.]example/",
		strings.Repeat("é", 200):        strings.Repeat("é", 200),
		strings.Repeat("é", 201):        strings.Repeat("é", 199) + "…",
		strings.Repeat("A\r\n ", 1<<16): strings.Repeat("A ", 99) + "A…",
	} {
		if got := cell(in); got != want {
			t.Errorf("%.40q gives %d characters: %.300q", in, utf8.RuneCountInString(got), got)
		}
	}
}
