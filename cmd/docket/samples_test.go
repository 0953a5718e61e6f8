package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// sampleDir has the fifteen sample reports, each with one analyst's reading.
const sampleDir = "../../internal/mail/extract/testdata/samples"

// documents are two more, whose report is in a document that they bring along.
var documents = []string{
	"../../internal/mail/extract/testdata/held-out-8/178-docx/message.eml",
	"../../internal/mail/extract/testdata/held-out-8/179-md/message.eml",
}

// sampleStyles are the ways in which the samples are sent.
var sampleStyles = map[string]outgoing{
	"mime, signed":       {style: styleMIME, sign: true},
	"mime, key attached": {style: styleMIME, sign: true, attachKey: true},
	"inline, signed":     {style: styleInline, sign: true},
	"in clear":           {style: styleClear},
}

// reading is what is read from a mail: by an analyst, or by docket.
type reading struct {
	Program  string
	Kind     string
	Title    string
	Reporter struct{ Name, Pseudonym, Organisation, Email string }
	Products []struct {
		Name       string   `json:"name"`
		PartNumber string   `json:"part_number"`
		Versions   []string `json:"versions"`
	}
	Discovery   struct{ How, When string }
	Exploited   string
	PublicInfo  string `json:"public_info"`
	URL         string
	ObservedAt  string `json:"observed_at"`
	SourceIP    string `json:"source_ip"`
	CreditWish  string `json:"credit_wish"`
	Language    string
	Missing     []string
	Flags       []string
	Attachments []struct {
		Name        string `json:"name"`
		ContentType string `json:"content_type"`
		SHA256      string `json:"sha256"`
	}
	// The analyst says what the texts begin with, and whether they are there.
	FirstLine    string `json:"description_first_line"`
	StepsPresent bool   `json:"steps_present"`
	FixPresent   bool   `json:"suggested_fix"`
}

// texts are the fields of a report that hold texts.
type texts struct {
	Description  string
	Steps        string
	SuggestedFix string `json:"suggested_fix"`
}

// TestSamples sends each sample in several styles through the program as it
// is, and compares what show and mail say with the analyst's reading, field by
// field. It shows from the outside: IG-19 to IG-27, IS-10 to IS-15, IM-26 to
// IM-30 (what the policies ask for is read out of the report, whatever its
// form).
func TestSamples(t *testing.T) {
	t.Parallel()
	peer.Need(t, "gpg")
	peer.Need(t, "git")
	b := benchAt(t, t.TempDir())
	b.docket(exitDone, "init", "cases.git", "--program", "ingroupe,inspur,imengine", "--team", "lead,triage", "--keys", "keys", "--no-passphrase")
	certs := map[string][]byte{}
	for _, name := range []string{"ingroupe", "inspur", "imengine"} {
		certs[name] = []byte(b.docket(exitDone, "--keys", "keys", "keys", "show", name+"-intake"))
	}
	for _, style := range sortedKeys(sampleStyles) {
		t.Run(style, func(t *testing.T) {
			b := *b
			b.t = t
			s := tally{ids: map[string]string{}}
			for _, m := range b.sendSamples(t, style, certs) {
				s.compare(m)
				s.ids[m.name] = m.id
			}
			t.Logf("%s: %d of %d fields as expected (%.1f %%), %d invented", style, s.right, s.all, 100*float64(s.right)/float64(s.all), s.invented)
			for _, line := range s.perSample {
				t.Log(line)
			}
			if sampleStyles[style].attachKey {
				b.questions(t, s.ids)
			}
			if 100*s.right < 97*s.all || s.invented > 0 {
				t.Errorf("%d of %d fields, %d invented\n%s", s.right, s.all, s.invented, strings.Join(s.wrong, "\n"))
			}
		})
	}
}

func sortedKeys(m map[string]outgoing) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// sampleRead is a sample as the analyst and as docket read it.
type sampleRead struct {
	name, id  string
	want, got reading
	texts     texts
}

// sendSamples sends the samples in a style and reads them back.
func (b *bench) sendSamples(t *testing.T, style string, certs map[string][]byte) []sampleRead {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sampleDir, "*", "message.eml"))
	if err != nil || len(files) != 15 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	args := []string{"--keys", "keys", "intake", "--json"}
	var out []sampleRead
	if style == "mime, signed" {
		files = append(files, documents...)
	}
	for i, file := range files {
		m := sampleRead{name: filepath.Base(filepath.Dir(file))}
		if sampleStyles[style].attachKey && !slices.Contains(questioned, m.name) && !slices.Contains(complete, m.name) {
			continue // the other styles have them all
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(file), "expected.json"))
		if err == nil {
			err = json.Unmarshal(data, &m.want)
		}
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s-%02d.eml", strings.Fields(style)[len(strings.Fields(style))-1], i)
		b.write(name, string(b.sampleMail(t, raw, certs[m.want.Program], style)))
		args = append(args, name)
		if sampleStyles[style].style == styleClear && !strings.HasPrefix(m.want.Kind, "follow-up") {
			m.want.Flags = append(m.want.Flags, "received-in-clear") // of the case, and not of what the reporter wrote
		}
		if sampleStyles[style].style == styleInline {
			m.want.Attachments = nil // an inline message has none
			if m.name == "11-imengine-pseudonym-idor" {
				m.want.Missing = []string{"screenshots"}
			}
		}
		out = append(out, m)
	}
	var opened []struct{ File, ID, Action string }
	b.decode(t, &opened, args...)
	if len(opened) != len(out) {
		t.Fatalf("%d mails were sent, %d taken in", len(out), len(opened))
	}
	for i := range out {
		out[i].id = opened[i].ID
		if opened[i].Action == "attached" {
			var letter struct{ Report json.RawMessage }
			b.decode(t, &letter, "--keys", "keys", "--as", "lead", "mail", "--json", opened[i].ID, "2")
			out[i].read(t, letter.Report)
			continue
		}
		var shown struct{ Report json.RawMessage }
		b.decode(t, &shown, "--keys", "keys", "--as", "lead", "show", "--json", opened[i].ID)
		out[i].read(t, shown.Report)
	}
	return out
}

func (m *sampleRead) read(t *testing.T, report json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(report, &m.texts); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(report, &members); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	delete(members, "suggested_fix") // a text here, a yes or no in the analyst's reading
	data, err := json.Marshal(members)
	if err == nil {
		err = json.Unmarshal(data, &m.got)
	}
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
}

// decode runs docket and reads the JSON that it prints.
func (b *bench) decode(t *testing.T, into any, args ...string) {
	t.Helper()
	out := b.docket(exitDone, args...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("docket %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// sampleMail is a sample as a mail program sends it in a style.
func (b *bench) sampleMail(t *testing.T, raw, cert []byte, style string) []byte {
	t.Helper()
	o := sampleStyles[style]
	o.to = cert
	if o.style == styleInline {
		raw = inlineText(t, raw)
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	raw = append(append(bytes.ReplaceAll(head, []byte("\n "), []byte(" ")), "\n\n"...), body...) // mailProgram reads no folded From
	out, err := b.people.mailProgram(raw, o)
	if err != nil {
		t.Fatal(err)
	}
	// The same mail in another style is another mail.
	mark := []byte("." + strings.Fields(style)[len(strings.Fields(style))-1] + "@")
	head, body, _ = bytes.Cut(out, []byte("\r\n\r\n"))
	var fields [][]byte
	for _, f := range bytes.Split(head, []byte("\r\n")) {
		if low := bytes.ToLower(f); bytes.HasPrefix(low, []byte("message-id:")) || bytes.HasPrefix(low, []byte("in-reply-to:")) || bytes.HasPrefix(low, []byte("references:")) {
			f = bytes.ReplaceAll(f, []byte("@"), mark)
		}
		fields = append(fields, f)
	}
	return append(append(bytes.Join(fields, []byte("\r\n")), "\r\n\r\n"...), body...)
}

// inlineText is a message with nothing but its text, in UTF-8, as a program
// that encrypts the text in the window sees it. HTML stays as it is.
func inlineText(t *testing.T, raw []byte) []byte {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, ok := firstText(t, textproto.MIMEHeader(m.Header), m.Body)
	if !ok {
		t.Fatal("the sample has no text")
	}
	s := split(raw)
	var fields []string
	for _, f := range s.fields {
		if !strings.HasPrefix(strings.ToLower(f), "content-") {
			fields = append(fields, f)
		}
	}
	return plainMail{body: []byte(text)}.text(fields...)
}

// firstText is the first text of an entity.
func firstText(t *testing.T, header textproto.MIMEHeader, body io.Reader) (string, bool) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			part, err := r.NextRawPart()
			if err != nil {
				return "", false
			}
			if text, ok := firstText(t, part.Header, part); ok {
				return text, true
			}
		}
	}
	if !strings.HasPrefix(kind, "text/") {
		return "", false
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.EqualFold(params["charset"], "iso-8859-1") {
		runes := make([]rune, len(data))
		for i, c := range data {
			runes[i] = rune(c)
		}
		return string(runes), true
	}
	return string(data), true
}

// tally counts the fields that were read as expected, and those that were
// invented: the analyst has nothing there, and docket has something.
type tally struct {
	ids                  map[string]string // of cases, by sample
	right, all, invented int
	perSample, wrong     []string
}

func (s *tally) note(m sampleRead, field string, ok, none bool, got, want any) {
	s.all++
	if ok {
		s.right++
		return
	}
	if none {
		s.invented++
	}
	s.wrong = append(s.wrong, fmt.Sprintf("%s: %s: got %q, want %q", m.name, field, got, want))
}

func (s *tally) compare(m sampleRead) {
	before, had := s.all, s.right
	same := func(field, got, want string) { s.note(m, field, got == want, want == "", got, want) }
	near := func(field, got, want string) { s.note(m, field, near(got, want), want == "", got, want) }
	list := func(field string, got, want []string) {
		s.note(m, field, slices.Equal(sortedList(got), sortedList(want)), len(want) == 0, got, want)
	}
	got, want := m.got, m.want
	same("title", got.Title, want.Title)
	same("reporter.name", got.Reporter.Name, want.Reporter.Name)
	same("reporter.pseudonym", got.Reporter.Pseudonym, want.Reporter.Pseudonym)
	same("reporter.organisation", got.Reporter.Organisation, want.Reporter.Organisation)
	same("reporter.email", got.Reporter.Email, want.Reporter.Email)
	s.note(m, "products", fmt.Sprint(got.Products) == fmt.Sprint(want.Products), len(want.Products) == 0, got.Products, want.Products)
	near("discovery.how", got.Discovery.How, want.Discovery.How)
	same("discovery.when", got.Discovery.When, want.Discovery.When)
	s.note(m, "exploited", got.Exploited == want.Exploited, want.Exploited == "unknown", got.Exploited, want.Exploited)
	near("public_info", got.PublicInfo, want.PublicInfo)
	s.note(m, "description", strings.Contains(inOneLine(m.texts.Description), inOneLine(want.FirstLine)), false, m.texts.Description, want.FirstLine)
	s.note(m, "steps", (m.texts.Steps != "") == want.StepsPresent, !want.StepsPresent, m.texts.Steps, want.StepsPresent)
	s.note(m, "suggested_fix", (m.texts.SuggestedFix != "") == want.FixPresent, !want.FixPresent, m.texts.SuggestedFix, want.FixPresent)
	same("url", got.URL, want.URL)
	same("observed_at", got.ObservedAt, want.ObservedAt)
	same("source_ip", got.SourceIP, want.SourceIP)
	near("credit_wish", got.CreditWish, want.CreditWish)
	same("language", got.Language, want.Language)
	list("missing", got.Missing, want.Missing)
	list("flags", got.Flags, want.Flags)
	s.note(m, "attachments", fmt.Sprint(got.Attachments) == fmt.Sprint(want.Attachments), len(want.Attachments) == 0, got.Attachments, want.Attachments)
	s.perSample = append(s.perSample, fmt.Sprintf("%-32s %d of %d", m.name, s.right-had, s.all-before))
}

func sortedList(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func inOneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// near compares texts that a person may cut a little shorter or longer: one
// has the other in it, and is no more than four times as long.
func near(got, want string) bool {
	short, long := strings.Trim(inOneLine(got), ". "), strings.Trim(inOneLine(want), ". ")
	if short == "" || long == "" {
		return short == long
	}
	if len(short) > len(long) {
		short, long = long, short
	}
	return strings.Contains(long, short) && len(long) <= 4*len(short)
}

// questioned are samples that lack something: between them, what the three
// programmes ask for.
var questioned = []string{"05-ingroupe-incomplete", "03-ingroupe-odd-headings-dos", "08-inspur-duplicate-prose", "12-imengine-html-only-xss", "15-imengine-rtl-search"}

// complete are samples that lack nothing, one of each programme.
var complete = []string{"01-ingroupe-labelled-applet", "06-inspur-keyvalue-bmc", "11-imengine-pseudonym-idor"}

// spelledKey is a fingerprint as letters have it.
var spelledKey = regexp.MustCompile(`([0-9A-F]{4} ){9}[0-9A-F]{4}`)

// questions holds, word for word, what docket ask drafts for a report: in the
// words of its programme's template, the questions for what it lacks, and no
// other. Of a complete report nothing is asked unless a person writes what.
// With DOCKET_GOLDEN=write the drafts are written down anew, to be read.
func (b *bench) questions(t *testing.T, ids map[string]string) {
	t.Helper()
	b.write("keep", "#!/bin/sh\ncp \"$1\" \"$DRAFT\"\n")
	if err := os.Chmod(b.path("keep"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := b.env
	defer func() { b.env = before }()
	b.env = append(slices.Clone(b.env), "EDITOR="+b.path("keep"), "DRAFT="+b.path("draft.txt"))
	for _, name := range questioned {
		if err := os.RemoveAll(b.path("draft.txt")); err != nil {
			t.Fatal(err)
		}
		b.as("triage", "ask", ids[name])
		data, err := os.ReadFile(b.path("draft.txt"))
		if err != nil {
			t.Fatal(err)
		}
		draft := spelledKey.ReplaceAllString(strings.ReplaceAll(string(data), ids[name], "ID"), "FINGERPRINT")
		golden := filepath.Join("testdata", "questions", name+".txt")
		if os.Getenv("DOCKET_GOLDEN") == "write" {
			if err := os.WriteFile(golden, []byte(draft), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if draft != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s: the question is\n%s\nwant\n%s", name, draft, want)
		}
	}
	for _, name := range complete {
		if out, said, code := b.try("--keys", "keys", "--as", "triage", "ask", ids[name]); code == exitDone {
			t.Errorf("%s lacks nothing, and was asked for something\n%s%s", name, out, said)
		}
	}
}
