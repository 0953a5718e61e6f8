package extract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// expected is one analyst's reading of a mail.
type expected struct {
	Program      string
	Title        string
	Reporter     psirt.Reporter
	Products     []psirt.Product
	Discovery    psirt.Discovery
	Exploited    string
	PublicInfo   string           `json:"public_info"`
	FirstLine    string           `json:"description_first_line"`
	StepsPresent bool             `json:"steps_present"`
	SuggestedFix bool             `json:"suggested_fix"`
	URL          string           `json:"url"`
	ObservedAt   string           `json:"observed_at"`
	SourceIP     string           `json:"source_ip"`
	CreditWish   string           `json:"credit_wish"`
	Missing      []string         `json:"missing"`
	Attachments  []psirt.Attached `json:"attachments"`
	Language     string           `json:"language"`
	Flags        []string         `json:"flags"`
}

// score counts the fields that were read as expected.
type score struct {
	right, all int
	invented   int // of the wrong ones: the analyst has nothing there
	wrong      []string
}

// nothing are the values, as JSON, of a field that a mail does not say.
var nothing = []string{"null", `""`, "[]", "false", `"unknown"`}

func (s *score) note(name, field string, ok bool, got, want any) {
	s.all++
	if ok {
		s.right++
		return
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if field != "missing" && slices.Contains(nothing, string(w)) && !slices.Contains(nothing, string(g)) {
		s.invented++
		field += " (invented)"
	}
	s.wrong = append(s.wrong, name+": "+field+"\n      got  "+clip(string(g), 400)+"\n      want "+clip(string(w), 400))
}

// closeTo compares texts that a person may cut a little shorter or longer: one
// has the other in it, and is no more than four times as long.
func closeTo(got, want string) bool {
	got, want = strings.Trim(collapse(got), ". "), strings.Trim(collapse(want), ". ")
	if got == "" || want == "" {
		return got == want
	}
	short, long := got, want
	if len(short) > len(long) {
		short, long = long, short
	}
	return strings.Contains(long, short) && len(long) <= 4*len(short)
}

func compare(s *score, name string, r psirt.Reported, want expected) {
	same := func(field, got, want string) { s.note(name, field, got == want, got, want) }
	near := func(field, got, want string) { s.note(name, field, closeTo(got, want), got, want) }
	same("title", r.Title, want.Title)
	same("reporter.name", r.Reporter.Name, want.Reporter.Name)
	same("reporter.pseudonym", r.Reporter.Pseudonym, want.Reporter.Pseudonym)
	same("reporter.organisation", r.Reporter.Organisation, want.Reporter.Organisation)
	same("reporter.email", r.Reporter.Email, want.Reporter.Email)
	var products []psirt.Product
	for _, p := range r.Products {
		p.Type = "" // the samples do not say
		products = append(products, p)
	}
	g, _ := json.Marshal(products)
	if len(want.Products) == 0 {
		want.Products = nil
	}
	for i := range want.Products {
		if len(want.Products[i].Versions) == 0 {
			want.Products[i].Versions = nil
		}
	}
	w, _ := json.Marshal(want.Products)
	s.note(name, "products", string(g) == string(w), products, want.Products)
	near("discovery.how", r.Discovery.How, want.Discovery.How)
	same("discovery.when", r.Discovery.When, want.Discovery.When)
	same("exploited", r.Exploited, want.Exploited)
	near("public_info", r.PublicInfo, want.PublicInfo)
	s.note(name, "description", strings.Contains(collapse(r.Description), collapse(want.FirstLine)), r.Description, want.FirstLine)
	s.note(name, "steps", (r.Steps != "") == want.StepsPresent, r.Steps, want.StepsPresent)
	s.note(name, "suggested_fix", (r.SuggestedFix != "") == want.SuggestedFix, r.SuggestedFix, want.SuggestedFix)
	same("url", r.URL, want.URL)
	same("observed_at", r.ObservedAt, want.ObservedAt)
	same("source_ip", r.SourceIP, want.SourceIP)
	near("credit_wish", r.CreditWish, want.CreditWish)
	s.note(name, "missing", slices.Equal(sorted(r.Missing), sorted(want.Missing)), r.Missing, want.Missing)
	same("language", r.Language, want.Language)
	s.note(name, "flags", slices.Equal(sorted(r.Flags), sorted(want.Flags)), r.Flags, want.Flags)
	ok := len(r.Attachments) == len(want.Attachments)
	for i := 0; ok && i < len(want.Attachments); i++ {
		a, b := r.Attachments[i], want.Attachments[i]
		ok = a.Name == b.Name && a.ContentType == b.ContentType && a.SHA256 == b.SHA256
	}
	s.note(name, "attachments", ok, r.Attachments, want.Attachments)
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// scoreSet reads every mail of a set.
func scoreSet(t *testing.T, set string) score {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", set, "*", "expected.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails in %s: %v", set, err)
	}
	var s score
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want expected
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		dir := filepath.Dir(file)
		p := programmes[want.Program]
		r := Read(readMail(t, filepath.Join(dir, "message.eml")), p.form, p.scope, p.language)
		compare(&s, filepath.Base(dir), r, want)
	}
	t.Logf("%s: %d of %d fields as expected (%.1f %%), %d invented", set, s.right, s.all, 100*float64(s.right)/float64(s.all), s.invented)
	for _, w := range s.wrong {
		t.Log(w)
	}
	return s
}

// TestReadsSamples holds the share of fields that are read as an analyst
// expected, and that nothing is read where the analyst found nothing.
func TestReadsSamples(t *testing.T) {
	t.Parallel()
	for set, percent := range map[string]int{"samples": 97, "held-out": 97, "held-out-2": 97, "held-out-3": 97, "held-out-4": 95, "held-out-5": 95, "held-out-6": 95, "held-out-7": 95, "held-out-8": 95, "held-out-9": 97, "held-out-10": 96, "held-out-11": 97, "held-out-12": 96, "held-out-13": 97, "held-out-14": 95, "held-out-15": 97, "held-out-16": 97, "held-out-17": 97, "held-out-18": 94, "held-out-19": 95, "held-out-20": 94} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			if s := scoreSet(t, set); 100*s.right < percent*s.all || s.invented > 0 {
				t.Errorf("%d of %d fields: less than %d %%, or %d invented", s.right, s.all, percent, s.invented)
			}
		})
	}
}
