package extract

import (
	"slices"
	"strings"
	"testing"
)

// TestProseTraps holds what must not be taken from running text: what is spared,
// what is of somebody else, what is of another product.
func TestProseTraps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Thing Manager 2.4.1 crashes. Release 2.1.7 contains another bug.":                                            "2.4.1",
		"Thing Manager 2.4.1 crashes. A product of another vendor with firmware 9.9 does too.":                        "2.4.1",
		"Thing Manager 2.4.1 crashes. Version 2.3.9 has not the problem.":                                             "2.4.1",
		"Product: Thing Manager\nVersions: 22.4.1180 and 22.4.1206, not 22.5":                                         "22.4.1180|22.4.1206",
		"Product: Thing Manager\nAffected versions: 8.1.0, 8.1.2 (8.0.9 is not affected)":                             "8.1.0|8.1.2",
		"受影响产品：Thing Manager\n受影响版本：8.1.0、8.1.2（8.0.9 不受影响）":                                                          "8.1.0|8.1.2",
		"Model\tFirmware version\tAffected\nThing Manager\t5.2\tyes\nThing Manager\t5.3\tyes\nThing Manager\t5.4\tno": "5.2|5.3",
	} {
		in := inputOf(text)
		in.Subject = "Thing Manager crashes"
		r := Read(in, everything.form, everything.scope, "en")
		if len(r.Products) != 1 || strings.Join(r.Products[0].Versions, "|") != want {
			t.Errorf("%q: %v, want versions %q", text, r.Products, want)
		}
	}
	for _, text := range []string{
		"Somebody from 203.0.113.45 fetched it from one of our machines.",
		"We saw strangers who came from 203.0.113.45 in the night.",
	} {
		if r := read(text); r.SourceIP != "" {
			t.Errorf("%q: source %q", text, r.SourceIP)
		}
	}
}

// TestReportBelowSignature reads a report that was pasted below a signature, and
// leaves a signature alone that has labels of its own.
func TestReportBelowSignature(t *testing.T) {
	t.Parallel()
	r := read("Hello,\n\n-- \nTest Person\nSecurity Lab Ltd\n\nProduct: Thing Manager\nAffected versions: 4.1\n")
	if len(r.Products) != 1 || r.Products[0].Name != "Thing Manager" || r.Reporter.Organisation != "Security Lab Ltd" {
		t.Errorf("%v, %v", r.Products, r.Reporter)
	}
	r = read("Hello, it is broken.\n\n-- \nTest Person\n\nProduct: the best of Security Lab Ltd\nMail: test@example.org\n")
	if len(r.Products) != 0 && r.Products[0].Name == "the best of Security Lab Ltd" {
		t.Errorf("%v", r.Products)
	}
}

const passedOnMail = "Product: none\n\nBegin forwarded message:\n\n> From: Other Person <other@example.net>\n> Date: 20 February 2027 at 10:00:00\n> To: test@example.org\n> Subject: weakness\n>\n" +
	"> I found yesterday, while cleaning up, that AB1234C accepts any key.\n>\n> Other Person\n"

// TestForwardedByWhom reads a mail that is passed on with quote marks: its author
// reports, and its day counts. What the team itself wrote is no report.
func TestForwardedByWhom(t *testing.T) {
	t.Parallel()
	r := read(strings.TrimPrefix(passedOnMail, "Product: none\n\n"))
	if r.Reporter.Email != "other@example.net" || r.Discovery.When != "2027-02-19" || slices.Contains(r.Flags, flagQuoted) {
		t.Errorf("%+v, %+v, %v", r.Reporter, r.Discovery, r.Flags)
	}
	in := inputOf("This is what you wrote to me.\n\n-----Original Message-----\nFrom: Help <help@imengine.example>\nSent: 20 February 2027\nTo: test@example.org\n\nIt works as designed since version 4.2.0.\n")
	in.Subject = "FW: money"
	if r := Read(in, everything.form, everything.scope, "en"); r.Reporter.Email != "test@example.org" || len(r.Products) > 0 && len(r.Products[0].Versions) > 0 {
		t.Errorf("%+v, %v", r.Reporter, r.Products)
	}
}
