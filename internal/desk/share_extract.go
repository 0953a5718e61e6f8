package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// shareable are the sections of a report that may be passed on. All others are
// about the reporter, the team or the handling, and stay.
var shareable = []string{"title", "products", "discovery", "exploited", "exploitation", "public_info", "description", "steps",
	"suggested_fix", "url", "observed_at", "language", "analysis", "assessment", "priority", "risk", "options", "plan",
	"remediation", "disclosure", "response_plan", "tlp", "reporter"}

// ours are keys of records that name the team's own people.
var ours = []string{"by", "approved_by", "acknowledged_by", "approvals"}

// excerpt is the text of named fields of a report. The reporter appears by
// pseudonym, in every text, unless name, address or organisation is named as a
// field of its own.
type excerpt struct {
	report    psirt.Document
	fields    []string
	out       strings.Builder
	disclosed []string

	who    string         // what stands for the reporter
	hidden []string       // texts that it stands for, the longest first
	parts  *regexp.Regexp // parts of the name, as words
}

// newExcerpt begins an excerpt of the fields that are named. What was taken out of
// the report (docket redact) may still stand in its free text, so earlier reports,
// which had it, say what else is hidden.
func newExcerpt(report psirt.Document, contact psirt.Contact, fields []string, earlier ...psirt.Document) *excerpt {
	x := &excerpt{report: report, fields: fields, who: "the reporter"}
	for _, path := range []string{"permissions.pseudonym", "reporter.pseudonym"} {
		if p := firstText(report, path); p != "" {
			x.who = p
			break
		}
	}
	var words []string
	for _, doc := range append([]psirt.Document{report}, earlier...) {
		for _, name := range []string{"name", "email", "organisation", "on_behalf_of"} {
			v := firstText(doc, "reporter."+name)
			if len(v) < 3 || slices.Contains(fields, "reporter."+name) || slices.Contains(x.hidden, v) {
				continue
			}
			x.hidden = append(x.hidden, v)
			if name == "name" {
				words = append(words, strings.Fields(v)...)
			}
		}
		x.hidden = append(x.hidden, strings.FieldsFunc(firstText(doc, "source_ip"), func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	if contact.Address != "" && !slices.Contains(fields, "reporter.email") {
		x.hidden = append(x.hidden, contact.Address)
	}
	sort.Slice(x.hidden, func(i, k int) bool { return len(x.hidden[i]) > len(x.hidden[k]) })
	x.nameParts(words)
	return x
}

// nameParts makes the pattern of the parts of a name, as they are written, that
// are long enough to mean somebody.
func (x *excerpt) nameParts(words []string) {
	var list []string
	for _, w := range words {
		if utf8.RuneCountInString(w) >= 3 && unicode.IsUpper([]rune(w)[0]) {
			list = append(list, regexp.QuoteMeta(w))
		}
	}
	if len(list) > 0 {
		x.parts = regexp.MustCompile(`(^|[^\pL\pN])(?:` + strings.Join(list, "|") + `)($|[^\pL\pN])`)
	}
}

var webHost = form(`(?i)\bhttp(s?)://([^\s/?#"'<>]+)`)

// clean takes out of a text what says who reported, makes addresses of web pages
// harmless, and leaves no control characters.
func (x *excerpt) clean(s string) string {
	for _, h := range x.hidden {
		s = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(h)).ReplaceAllLiteralString(s, "["+x.who+"]")
	}
	if x.parts != nil {
		for range 2 { // neighbours share the character between them
			s = x.parts.ReplaceAllString(s, "${1}["+strings.ReplaceAll(x.who, "$", "$$")+"]${2}")
		}
	}
	s = webHost().ReplaceAllStringFunc(s, func(url string) string {
		m := webHost().FindStringSubmatch(url)
		return "hxxp" + strings.ToLower(m[1]) + "://" + strings.ReplaceAll(m[2], ".", "[.]")
	})
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// write writes all fields.
func (x *excerpt) write() error {
	for _, f := range x.fields {
		steps, err := pathSteps(f)
		if err != nil {
			return err
		}
		v, ok := valueAt(map[string]any(x.report), steps)
		if !ok {
			return usage("the report has nothing at "+f, "docket show prints the paths")
		}
		if f == "reporter" {
			fmt.Fprintf(&x.out, "Reporter: %s\n", x.who)
			x.disclosed = append(x.disclosed, "reporter.pseudonym")
			continue
		}
		x.value(f, label(f), v, "")
	}
	return nil
}

func (x *excerpt) text() string { return x.out.String() }

// label is a path as people read it.
func label(path string) string {
	s := strings.NewReplacer("_", " ", ".", ", ").Replace(path)
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// value writes one value below its label.
func (x *excerpt) value(path, name string, v any, indent string) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		fmt.Fprintf(&x.out, "%s%s:\n", indent, name)
		keys := make([]string, 0, len(v))
		for k := range v {
			if !slices.Contains(ours, k) {
				keys = append(keys, k)
			}
		}
		sort.Strings(keys)
		for _, k := range keys {
			x.value(path+"."+k, label(k), v[k], indent+"  ")
		}
	case []any:
		for i, item := range v {
			x.value(fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%s %d", name, i+1), item, indent)
		}
	case string:
		x.disclosed = append(x.disclosed, path)
		s := x.clean(v)
		if !strings.Contains(s, "\n") {
			fmt.Fprintf(&x.out, "%s%s: %s\n", indent, name, s)
			return
		}
		fmt.Fprintf(&x.out, "%s%s:\n", indent, name)
		for _, line := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
			x.out.WriteString(strings.TrimRight(indent+"  "+line, " \t") + "\n")
		}
	default:
		x.disclosed = append(x.disclosed, path)
		raw, err := json.Marshal(v)
		if err == nil {
			fmt.Fprintf(&x.out, "%s%s: %s\n", indent, name, raw)
		}
	}
}

// beforeRedaction are the newest reports of a case back to the one of which
// nothing had been taken out yet that says who the reporter is; none, when
// nothing has. It fails where a key does not open one: what cannot be known
// cannot be kept out of a text.
func (d *Desk) beforeRedaction(c *one, report psirt.Document, with []seal.Opener) ([]psirt.Document, error) {
	taken := func(doc psirt.Document) bool {
		return slices.ContainsFunc(texts(doc.Values("retention.redacted")), func(path string) bool {
			return path == "reporter" || strings.HasPrefix(path, "reporter.") || path == "source_ip"
		})
	}
	var out []psirt.Document
	for list := []*one{c}; taken(report) && len(list) > 0; {
		for _, rev := range list {
			if !taken(report) {
				break
			}
			plain, err := d.unseal(rev, rev.Sealed, casefile.PartSealed, with)
			if errors.Is(err, seal.ErrNoKey) {
				return nil, refusedShare("what says who the reporter is was taken out of the report before you could open it, and may still stand in its words", "let somebody do it who handled the case before")
			}
			if err != nil {
				return nil, err
			}
			if report, err = casefile.DecodeReport(plain, rev.ID); err != nil {
				return nil, err
			}
			out = append(out, report)
		}
		last := list[len(list)-1]
		if list = nil; last.Revision > 1 && taken(report) {
			var err error
			if list, err = d.earlier(last, last.commit); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
