package psirt

import (
	"fmt"
	"strings"
	"testing"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	for number, want := range map[int]string{
		1: "00", 42: "00", 99: "00", 100: "01", 1234: "12", 9999: "99", 10_000: "01/00", 12_345: "01/23",
		123_456: "12/34", 999_999: "99/99", 1_000_000: "01/00/00", 999_999_999: "09/99/99/99",
	} {
		if got := Block(number); got != want {
			t.Errorf("%d stands in %s, want %s", number, got, want)
		}
	}
	entries := map[string]int{}
	for n := 1; n < 30_000; n++ {
		entries[Block(n)]++
	}
	for block, n := range entries {
		if n > 100 {
			t.Errorf("%s has %d entries", block, n)
		}
	}
}

func TestCaseID(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		prefix       string
		year, number int
		id, folder   string
	}{
		{"INGP", 2026, 42, "INGP-2026-0042", "2026/00/INGP-2026-0042"},
		{"E1", 2026, 9999, "E1-2026-9999", "2026/99/E1-2026-9999"},
		{"ABCDEFGHIJKL", 2026, 123_456, "ABCDEFGHIJKL-2026-123456", "2026/12/34/ABCDEFGHIJKL-2026-123456"},
		{"AB", 9999, 999_999_999, "AB-9999-999999999", "9999/09/99/99/99/AB-9999-999999999"},
	} {
		id := NewCaseID(x.prefix, x.year, x.number)
		prefix, year, number, ok := id.Parts()
		if string(id) != x.id || id.Folder() != x.folder || !id.Valid() || !ok || prefix != x.prefix || year != x.year || number != x.number {
			t.Errorf("%s in %s has parts %s, %d, %d, %v", id, id.Folder(), prefix, year, number, ok)
		}
		if got := CasePath("p", id); got != "cases/p/"+x.folder+".yaml" {
			t.Errorf("its file is %s", got)
		}
		if got := CaseDir("p", id); got != "cases/p/"+x.folder {
			t.Errorf("its folder is %s", got)
		}
	}
	for _, id := range []CaseID{"", "INGP", "INGP-2026", "INGP-2026-", "INGP-2026-042", "INGP-2026-00042", "INGP-2026-0000", "INGP-2026-000000042",
		"INGP-2026-1234567890", "ingp-2026-0042", "I-2026-0042", "1NGP-2026-0042", "ABCDEFGHIJKLM-2026-0042", "INGP-26-0042", "INGP-02026-0042",
		" INGP-2026-0042", "INGP-2026-0042\n", "INGP-2026-0042.yaml", "INGP-2026-+042", "INGP-2026--042", "../2026-0042", "INGP-2026-٠٠٤٢"} {
		if id.Valid() || id.Folder() != "" {
			t.Errorf("%q is valid", id)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	hex40, hex64 := strings.Repeat("0a", 20), strings.Repeat("0a", 32)
	upper40, upper64 := strings.ToUpper(hex40), strings.ToUpper(hex64)
	for _, x := range []struct {
		form string
		ok   func(string) bool
		good []string
		bad  []string
	}{
		{"fingerprint", func(s string) bool { return Fingerprint(s).Valid() }, []string{"openpgp4fpr:" + upper40, "openpgp4fpr:" + upper64},
			[]string{"", upper40, "openpgp4fpr:" + hex40, "OPENPGP4FPR:" + upper40, "openpgp4fpr:" + upper40[1:], "openpgp4fpr:" + upper40 + "00", "openpgp4fpr:" + upper40 + "\n"}},
		{"digest", func(s string) bool { return Digest(s).Valid() }, []string{"sha256:" + hex64, string(SHA256(nil))},
			[]string{"", hex64, "sha256:" + upper64, "sha1:" + hex40, "sha256:" + hex40, "sha256:" + hex64 + "0", "sha256:" + hex64 + "\n"}},
		{"object", func(s string) bool { return ObjectID(s).Valid() }, []string{"git:" + hex40}, []string{"", hex40, "git:" + upper40, "git:" + hex64, "git:" + hex40 + "\n"}},
		{"keyed", func(s string) bool { return Keyed(s).Valid() }, []string{"hmac:" + hex64}, []string{"", hex64, "hmac:" + upper64, "sha256:" + hex64, "hmac:../" + hex64[3:]}},
		{"name", ValidName, []string{"a", "in-scope", "a1", "e10", strings.Repeat("a", 40)},
			[]string{"", "A", "1a", "-a", "a_b", "a b", "a.b", "é", "a\n", strings.Repeat("a", 41), "yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "inf"}},
	} {
		for _, s := range x.good {
			if !x.ok(s) {
				t.Errorf("%s: %q is refused", x.form, s)
			}
		}
		for _, s := range x.bad {
			if x.ok(s) {
				t.Errorf("%s: %q is accepted", x.form, s)
			}
		}
	}
	f := NewFingerprint([]byte{0xab, 0xcd, 1})
	if f != "openpgp4fpr:ABCD01" || f.Hex() != "ABCD01" {
		t.Errorf("fingerprint is %s, %s", f, f.Hex())
	}
	if got := SHA256([]byte("abc")); got != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("SHA-256 is %s", got) // FIPS 180-4's example
	}
	if got := ObjectID("git:" + hex40).Hex(); got != hex40 {
		t.Errorf("object is %s", got)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	if got := ProgramPath("acme"); got != "cases/acme/program.yaml" {
		t.Error(got)
	}
	hex := "0a1b" + strings.Repeat("c", 60)
	if got, want := SeenPath("acme", Keyed("hmac:"+hex)), "cases/acme/seen/0/a/1/"+hex; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, k := range []Keyed{"", "hmac:", "hmac:ab", Keyed("hmac:../" + hex[3:])} {
		if got := SeenPath("acme", k); got != "" {
			t.Errorf("%q stands at %s", k, got)
		}
	}
}

func ExampleBlock() {
	fmt.Println(Block(42), Block(1234), Block(123456))
	// Output: 00 12 12/34
}
