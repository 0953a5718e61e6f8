package extract

import (
	"math/rand"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// everything asks for all that a form can ask for.
var everything = programme{
	form: psirt.ReportForm{
		Asked:    asked("title", "products.name", "url", "observed_at", "source_ip", "attachments.image", "discovery.how", "steps"),
		Words:    map[string][]string{"steps": {"How-To"}, "": {""}},
		Subjects: []string{"", "Report"},
		Methods:  []string{"flood", ""},
	},
	scope:    psirt.Scope{Products: []string{"server", ""}, Domains: []string{"imengine.example", ""}},
	language: "en",
}

func inputOf(text string) Input {
	in := Input{Subject: "Report: a weakness in AB1234C", Text: text, Date: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	in.From.Name, in.From.Addr = "Test Person", "test@example.org"
	in.Attachments = []psirt.Attached{{Name: "a.png", ContentType: "image/png"}}
	return in
}

// hostile are texts that are cheap to send and might be dear to read.
var hostile = map[string]func(n int) string{
	"one line":    func(n int) string { return strings.Repeat("a", n) },
	"spaces":      func(n int) string { return strings.Repeat(" ", n) },
	"lines":       func(n int) string { return strings.Repeat("\n", n) },
	"words":       func(n int) string { return strings.Repeat("I found it ", n/11) },
	"sentences":   func(n int) string { return strings.Repeat("I found it. ", n/12) },
	"headings":    func(n int) string { return strings.Repeat("Steps:\n", n/7) },
	"products":    func(n int) string { return strings.Repeat("Product: A1\nVersion: 1.2\n", n/25) },
	"names":       func(n int) string { return strings.Repeat("Aa1 Bb2. ", n/9) },
	"other names": func(n int) string { return distinct(n) },
	"versions":    func(n int) string { return "Version: " + strings.Repeat("1.2, ", n/5) },
	"dates":       func(n int) string { return "I saw it on " + strings.Repeat("1 May 2027 at 10:00 X time ", n/27) },
	"addresses":   func(n int) string { return "My IP: " + strings.Repeat("1.2.3.4 ::1 ", n/12) },
	"urls":        func(n int) string { return strings.Repeat("https://imengine.example/((((", n/29) },
	"quotes":      func(n int) string { return strings.Repeat(">\n", n/2) },
	"wrote":       func(n int) string { return strings.Repeat("On 1 May X wrote:\n> a\n", n/22) },
	"closings":    func(n int) string { return strings.Repeat("Regards\nA B\n\n", n/13) },
	"mails":       func(n int) string { return strings.Repeat("a@b.c-", n/6) },
	"tables":      func(n int) string { return "Product\tVersion\n" + strings.Repeat("a\t1.0\n", n/6) },
	"bars":        func(n int) string { return strings.Repeat("|", n) },
	"colons":      func(n int) string { return strings.Repeat("a: ", n/3) },
	"fences":      func(n int) string { return strings.Repeat("```\n", n/4) },
	"marks":       func(n int) string { return strings.Repeat("**", n/2) },
	"brackets":    func(n int) string { return "Product: " + strings.Repeat("(", n) },
	"grid":        func(n int) string { return strings.Repeat("+--+\n| a | b |\n", n/15) },
	"rules":       func(n int) string { return strings.Repeat("+--+\n", n/5) + "|product|version|\n|a|1.0|" },
	"questions":   func(n int) string { return strings.Repeat("Q: Which version?\nA: 1.0\n", n/25) },
	"hanging":     func(n int) string { return strings.Repeat("What\n  is\n\n", n/11) },
	"numbered":    func(n int) string { return "1. What\n" + strings.Repeat("\n1. What\n", n/9) },
	"han":         func(n int) string { return strings.Repeat("产品：版本。", n/18) },
	"full stops":  func(n int) string { return strings.Repeat(".", n) },
	"not UTF-8":   func(n int) string { return strings.Repeat("\xff\xc3", n/2) },
	"long letter": func(n int) string { return strings.Repeat("é İ ﬀ ", n/8) },
}

func distinct(n int) string {
	r := rand.New(rand.NewSource(1))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString("The ")
		for range 5 {
			b.WriteByte(byte('A' + r.Intn(26)))
			b.WriteByte(byte('a' + r.Intn(26)))
		}
		b.WriteString(" 1.2 is used. ")
	}
	return b.String()
}

// TestHostileTextIsReadInTime reads 16 KiB of each kind, and 4 MiB of those
// that take longest.
func TestHostileTextIsReadInTime(t *testing.T) {
	t.Parallel()
	for name, make := range hostile {
		t.Run(name, func(t *testing.T) {
			text := make(16 << 10)
			if name == "words" || name == "dates" || name == "lines" {
				text = make(4 << 20)
			}
			took := peer.Took(func() { Read(inputOf(text), everything.form, everything.scope, "en") })
			t.Logf("%v", took.Round(time.Millisecond))
			if took > 8*time.Second { // the aim is two; the race detector may be on
				t.Errorf("took %v", took)
			}
		})
	}
}

// FuzzRead holds what must be true of any text: no panic, valid UTF-8, and
// every word of the text is still somewhere.
func FuzzRead(f *testing.F) {
	for _, make := range hostile {
		f.Add("", make(300))
	}
	f.Add("[a] Re: URGENT: x", "Product: A (ref X-1), version 1.0 to 2.0\n\nSteps:\n1. open\n\n> old\nRegards\nA B, C GmbH")
	f.Add("Fwd: b", "---- Forwarded message ----\nFrom: A B <a@b.example>\nSubject: c\n\n# Steps\n```\nx\n```\nWhen: yesterday at 10:15 pm Rome time")
	f.Add("Re: c", "> Which versions?\n1.0\n\nQ: How did you find it?\nA: by accident\n\n| Product | A1 |\n+---+---+\n| 版本 | 1.0 |\n\n1. What\n  x\n")
	f.Add("d", "{\n  \"product\": \"A\",\n  \"versions\": [\"1.0\", {\"a\": null}],\n  \"steps\": \"x\",\n  \"fix\": \"y\"\n}\n🔹 Prodcut: A\n🔹 Verison: 2\nproduct:\n  name: >\n  A\n>= 1.0, < 2.0\n| |")
	f.Fuzz(func(t *testing.T, subject, text string) {
		in := inputOf(text)
		in.Subject, in.Followup = subject, strings.HasPrefix(subject, "Re")
		r := Read(in, everything.form, everything.scope, "en")
		for _, s := range []string{r.Title, r.Description, r.Steps, r.SuggestedFix, r.PublicInfo, r.Discovery.How, r.CreditWish, r.URL, r.Reporter.Name, r.Reporter.Organisation} {
			if !utf8.ValidString(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
		if lost := lostWords(text, r); lost != "" {
			t.Errorf("lost %q", lost)
		}
	})
}

// lostWords is the first line of a text that is in none of the long fields
// and is no heading.
func lostWords(text string, r psirt.Reported) string {
	kept := collapse(r.Description + " " + r.Steps + " " + r.SuggestedFix)
	lines, _ := splitLines(strings.ToValidUTF8(text, "\ufffd"))
	v := newVocabulary(everything.form)
	for _, l := range lines {
		text := collapse(l.raw)
		if strings.Contains(kept, text) {
			continue
		}
		if path, ok := v.exact(normalLabel(text)); ok && (path == pathSteps || path == pathFix) {
			continue
		}
		if underline.in(text) || gridRule.in(text) {
			continue
		}
		if _, value, ok := strings.Cut(member(text), ": "); ok && strings.Contains(kept, collapse(value)) {
			continue
		}
		return text
	}
	return ""
}

func BenchmarkRead(b *testing.B) {
	in := readMail(b, "testdata/samples/01-ingroupe-labelled-applet/message.eml")
	p := programmes["ingroupe"]
	b.SetBytes(int64(len(in.Text)))
	b.ReportAllocs()
	for b.Loop() {
		Read(in, p.form, p.scope, p.language)
	}
}

// BenchmarkReadCover reads a letter and the report that it covers.
func BenchmarkReadCover(b *testing.B) {
	in := readMail(b, "testdata/held-out-4/86-pdf-cover-letter/message.eml")
	p := programmes["ingroupe"]
	b.ReportAllocs()
	for b.Loop() {
		Read(in, p.form, p.scope, p.language)
	}
}

func BenchmarkReadLongLog(b *testing.B) {
	in := inputOf(strings.Repeat("2027-01-01T10:00:00Z 198.51.100.7 GET /v3/projects 200 I found it in version 1.2\n", 52000))
	p := programmes["ingroupe"]
	b.SetBytes(int64(len(in.Text)))
	for b.Loop() {
		Read(in, p.form, p.scope, p.language)
	}
}
