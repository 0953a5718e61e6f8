package extract

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// read reads a text under a form that asks for everything.
func read(text string) psirt.Reported {
	return Read(inputOf(text), everything.form, everything.scope, "en")
}

func TestExploitedNeedsAStatement(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"An attacker can exploit this and could be using it in the wild.":               "unknown",
		"If this is exploited, data is lost.":                                           "unknown",
		"Has it been exploited? We cannot tell.":                                        "unknown",
		"Exploited: I do not know whether it was exploited":                             "unknown",
		"Credit: yes, as \"A B\"":                                                       "unknown",
		"Exploitation is easy.":                                                         "unknown",
		"Exploited in the wild: no evidence":                                            "no",
		"Known exploits: none":                                                          "no",
		"We have not seen any attacks.":                                                 "no",
		"I am not aware of any misuse. It is not being exploited.":                      "no",
		"Es ist keine Ausnutzung bekannt.":                                              "no",
		"Je n'ai connaissance d'aucune exploitation.":                                   "no",
		"Exploitation\n\nYes, by at least one group":                                    "yes",
		"It is being exploited right now.":                                              "yes",
		"Attackers used it to copy our data.":                                           "yes",
		"Cette faille est activement exploitée.":                                        "yes",
		"Die Lücke wird bereits ausgenutzt.":                                            "yes",
		"> It is being exploited right now.\n> Please hurry\n> all of you\n\nThanks":    "unknown",
		"We look into it.\n\n-- \nX Ltd, we were hacked last year and learnt from it\n": "unknown",
	} {
		if got := read(text).Exploited; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSourceIPIsTheReportersOwn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The attackers came from 198.51.100.8.":                       "",
		"Exploitation\n\n* Sources: 198.51.100.77 and 203.0.113.19":   "",
		"We saw connections to 203.0.113.5 by the intruder from us.":  "",
		"My IP was 192.0.2.1.":                                        "192.0.2.1",
		"Source IP: 192.0.2.1 / 2001:db8::7 (office)":                 "192.0.2.1, 2001:db8::7",
		"I tested at 10:15:20 from my address 2001:DB8::7.":           "2001:db8::7",
		"My IP: the usual one, version 1.2.3":                         "",
		"I opened http://192.0.2.9/ from my desk.":                    "",
		"My address is 999.1.1.1, I think.":                           "",
		"On my way I read 1.2.3.4.5 in a book from the shelf of mine": "",
	} {
		if got := read(text).SourceIP; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAddressToAnswerTo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Nothing about mail.":                                         "test@example.org",
		"Please reply to other@example.net.":                          "other@example.net",
		"Contact: Test@Example.org":                                   "test@example.org",
		"Contact\n\n2027-03-09 sent to psirt@vendor.example":          "test@example.org",
		"The admin address root@host.example gets a mail.":            "test@example.org",
		"Please reply to security@imengine.example, not to me.":       "test@example.org",
		"> Contact: old@example.net\n> and more\n> and more\n\nHello": "test@example.org",
	} {
		if got := read(text).Reporter.Email; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestObservedAt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"When: 2027-02-01 10:00 UTC":                            "2027-02-01T10:00Z",
		"When: 2027-02-01T10:00:30+05:30":                       "2027-02-01T10:00:30+05:30",
		"When: 1 February 2027, 22:50 to 00:10 (CET)":           "2027-02-01T22:50+01:00/2027-02-02T00:10+01:00",
		"When: July 4, 2026 at 9:05 pm New York time":           "2026-07-04T21:05-04:00",
		"When: 1 July 2026, 9.30":                               "",
		"When: 3/4/2027 10:00":                                  "", // which is the month?
		"When: 25/2/2027 10:00":                                 "2027-02-25T10:00",
		"When: 31 February 2027 10:00":                          "",
		"I saw it on 2027-02-01 at 10:00 local time.":           "2027-02-01T10:00",
		"I saw it the day before yesterday at 18:30 Rome time.": "2027-02-27T18:30+01:00",
		"I removed the file at 10:00 today.":                    "",
		"Observed: yesterday":                                   "",
	} {
		if got := read(text).ObservedAt; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDiscoveryWhen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Discovered on: 3rd of January 2027":   "2027-01-03",
		"Discovered on: 03.01.2027":            "2027-01-03",
		"Discovered on: 12 December":           "2026-12-12", // the last one before the mail
		"I found it two days ago by accident.": "2027-02-27",
		"We found it last Friday.":             "2027-02-26",
		"We found it in mid January 2027.":     "mid January 2027",
		"We found it some weeks ago.":          "some weeks ago",
		"Discovered on: some day in spring":    "some day in spring",
		"I did not find it in May 2026.":       "",
	} {
		if got := read(text).Discovery.When; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1.0, 1.1 and 2.0-rc1":            "1.0|1.1|2.0-rc1",
		"1.0 through 1.4":                 "1.0 through 1.4",
		"all versions before 3.2":         "all versions before 3.2",
		"<= 4.5.1":                        "<= 4.5.1",
		"2.3 and earlier":                 "2.3 and earlier",
		"7.x; 8.1 (not 8.2)":              "7.x|8.1",
		"5.1 is affected, but 5.2 is not": "5.1",
		"latest":                          "latest",
		"v2.0.1 bis v2.0.9":               "v2.0.1 bis v2.0.9",
	} {
		r := read("Product: Thing Manager\nAffected versions: " + text)
		if len(r.Products) != 1 {
			t.Errorf("%q: products %v", text, r.Products)
			continue
		}
		if got := strings.Join(r.Products[0].Versions, "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestVersionsOfToolsAreNotAffected(t *testing.T) {
	t.Parallel()
	r := read("Product: Thing Manager\n\nI used Firefox 128.0 and Burp Suite version 2027.1 over TLS 1.2; CVSS 3.1 is 8.1. It took 2.5 seconds on 10.0.0.1.\nBrowser: Chrome version 120.1")
	if len(r.Products) != 1 || len(r.Products[0].Versions) != 0 {
		t.Errorf("products %v", r.Products)
	}
}

// TestFlagsNeedMoreThanTheWord gives texts that have the words and not the
// matter.
func TestFlagsNeedMoreThanTheWord(t *testing.T) {
	t.Parallel()
	for text, flags := range map[string][]string{
		"I did not flood the server and used no social engineering.":       nil,
		"An attacker can flood the server.":                                nil,
		"I flooded the server for an hour.":                                {flagMethod},
		"We have no plans to publish anything.":                            nil,
		"We will publish our findings on 1 June 2027.":                     {flagPlanned},
		"This is not urgent.":                                              nil,
		"TLP:GREEN":                                                        {"tlp-green"},
		"Is there a reward programme?":                                     {flagReward},
		"Pay me 100 EUR or I will publish it on Twitter.":                  {flagBounty, flagPlanned},
		"There are two vulnerabilities in the parser.":                     {flagMultiple},
		"There is no second vulnerability.":                                nil,
		"\u202etxt.exe\u202c":                                              {flagBidi},
		"Your portal was down for an hour after my scan.":                  {flagDegraded},
		"An attacker can make it so that your portal is down for an hour.": nil,
	} {
		got := slices.DeleteFunc(read(text).Flags, func(f string) bool { return f == flagInsufficient || f == flagNotAccepted })
		if !slices.Equal(sorted(got), sorted(flags)) {
			t.Errorf("%q: %v, want %v", text, got, flags)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	form := psirt.ReportForm{Asked: []psirt.Asked{
		{Token: "description"}, {Token: "exploited"}, {Token: "screenshots", Any: []string{"attachments.image"}},
		{Token: "products.versions"}, {Token: "proof", Any: []string{"steps", "discovery.how"}}, {Token: "no.such.path"},
	}}
	var r psirt.Reported
	r.Exploited = "unknown"
	all := []string{"description", "exploited", "screenshots", "products.versions", "proof", "no.such.path"}
	if got := Missing(r, form); !slices.Equal(got, all) {
		t.Errorf("of nothing: %v", got)
	}
	r = psirt.Reported{
		Description: "d", Exploited: "no", Attachments: []psirt.Attached{{ContentType: "text/plain"}, {ContentType: "Image/PNG"}},
		Products: []psirt.Product{{Name: "a"}, {Versions: []string{"1"}}}, Discovery: psirt.Discovery{How: "by chance"},
	}
	if got := Missing(r, form); !slices.Equal(got, []string{"no.such.path"}) {
		t.Errorf("of all: %v", got)
	}
	r.Flags = []string{"description-insufficient"}
	if got := Missing(r, form); !slices.Equal(got, []string{"description", "no.such.path"}) {
		t.Errorf("with a description that is none: %v", got)
	}
}

// TestProgrammesOwnWords holds that a programme's words lead a heading to its
// path, before the built-in ones.
func TestProgrammesOwnWords(t *testing.T) {
	t.Parallel()
	form := psirt.ReportForm{
		Words:    map[string][]string{"steps": {"Kochrezept"}, "products.name": {"Steps"}},
		Subjects: []string{"Eingabe"},
	}
	in := inputOf("Steps: Thing Manager\n\nKochrezept:\nman nehme ein Paket")
	in.Subject = "AW: Eingabe: Loch im Thing Manager"
	r := Read(in, form, psirt.Scope{}, "de")
	if len(r.Products) != 1 || r.Products[0].Name != "Thing Manager" || r.Steps == "" || r.Title != "Loch im Thing Manager" {
		t.Errorf("%+v", r)
	}
}

// TestExtra holds that words can lead to a path below extra, and to no other one
// that a report has no place for.
func TestExtra(t *testing.T) {
	t.Parallel()
	form := psirt.ReportForm{Words: map[string][]string{"extra.ward": {"Station"}, "extra.room.number": {"Raum"}, "extra.none": {"Nichts"}},
		Asked: []psirt.Asked{{Token: "extra.ward"}, {Token: "extra.none"}}}
	r := Read(inputOf("Produkt: Thing Manager\nStation: 4B\nRaum: 12\n\nBeschreibung: Es fällt um, wenn man es anspricht."), form, psirt.Scope{}, "de")
	room, _ := r.Extra["room"].(map[string]any)
	if r.Extra["ward"] != "4B" || room["number"] != "12" || len(r.Extra) != 2 || !slices.Equal(r.Missing, []string{"extra.none"}) {
		t.Errorf("%+v, missing %v", r.Extra, r.Missing)
	}
	for path, want := range map[string]bool{"extra.ward": true, "steps": true, "products.name": true, "products.colour": false, "analysis.text": false, "extra.": false} {
		if Fills(path) != want {
			t.Errorf("Fills(%q) is %v", path, !want)
		}
	}
}

// TestNothingIsInvented reads mails that say nothing.
func TestNothingIsInvented(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n\n", "Hello", "Dear team,\n\nplease call me back.\n\nRegards\nA. Person"} {
		in := inputOf(text)
		in.Subject, in.Date, in.Attachments = "", time.Time{}, nil
		r := Read(in, psirt.ReportForm{}, psirt.Scope{}, "en")
		r.Flags, r.Language = nil, ""
		if r.Title+r.PublicInfo+r.Steps+r.SuggestedFix+r.URL+r.ObservedAt+r.SourceIP+r.CreditWish+r.Discovery.How+r.Discovery.When != "" ||
			len(r.Products) > 0 || r.Exploited != "unknown" || strings.TrimSpace(r.Description) != strings.TrimSpace(text) {
			t.Errorf("%q: %+v", text, r)
		}
	}
}
