package psirt

import (
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

func textData() TextData {
	p := small()
	p.Keys.Intake = "openpgp4fpr:0123456789ABCDEF0123456789ABCDEF01234567"
	c := in("closed")
	c.Outcome = "not-a-vulnerability"
	c.Opened = time.Date(2026, 1, 2, 23, 0, 0, 0, time.FixedZone("", -7200))
	return p.TextData(c)
}

func TestTextData(t *testing.T) {
	t.Parallel()
	d := textData()
	if d.ID != "ACME-2026-0001" || d.Program != "ACME PSIRT" || d.State != "Closed" || d.Outcome != "not a vulnerability" || d.Opened != "3 January 2026" ||
		d.Address != "psirt@acme.example" || d.Fingerprint != "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567" || d.Language != "en" {
		t.Errorf("data is %+v", d)
	}
	if d := (&Program{}).TextData(in("lost")); d.Address != "" || d.State != "" || d.Fingerprint != "" {
		t.Errorf("data of an empty programme is %+v", d)
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][2]string{
		"Subject: Your report {{.ID}}\n\nIt is {{.State}}: {{.Texts.policy}}\n":                                                       {"Your report ACME-2026-0001", "It is Closed: https://acme.example/psirt\n"},
		"Subject: x\n\n{{if .Outcome}}{{.Outcome}}{{else}}open{{end}}{{with .Texts.policy}} {{.}}{{end}}":                             {"x", "not a vulnerability https://acme.example/psirt"},
		"Subject: x\n\n{{if and (eq .State \"Closed\") (ne .Language \"fr\") (not false) (or false true)}}{{$x := .ID}}{{$x}}{{end}}": {"x", "ACME-2026-0001"},
		"Subject: {{/* no comment */}}x\n\na\n\nb":                                                                                    {"x", "a\n\nb"},
		"Subject: \n\n": {"", ""},
		"Subject: naïve\n\n" + strings.Repeat("x", maxText-64):          {"naïve", strings.Repeat("x", maxText-64)},
		"Subject: x\n\n<b> & \"{{.Program}}\" {{\"{{\"}} {{1}}{{true}}": {"x", "<b> & \"ACME PSIRT\" {{ 1true"},
	} {
		subject, text, err := Render(source, textData())
		if err != nil || subject != want[0] || text != want[1] {
			t.Errorf("%.80q gives %q, %.80q, %v", source, subject, text, err)
		}
		if err == nil && TextDigest(subject, text) != SHA256([]byte("Subject: "+want[0]+"\n\n"+want[1])) {
			t.Errorf("%.80q: digest is %s", source, TextDigest(subject, text))
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	const head = "Subject: x\n\n"
	for what, x := range map[string][2]string{
		"nothing":             {"", "begins with a line"},
		"no subject":          {"Dear reporter,\n\nhello", "begins with a line"},
		"no empty line":       {"Subject: x\nhello", "begins with a line"},
		"a second header":     {"Subject: x\nBcc: all@example.org\n\nhello", "begins with a line"},
		"a line before":       {"\nSubject: x\n\nhello", "begins with a line"},
		"CRLF":                {"Subject: x\r\n\r\nhello", "begins with a line"},
		"lower case":          {"subject: x\n\nhello", "begins with a line"},
		"unknown word":        {head + "{{.Texts.absent}}", "no entry for key"},
		"unknown field":       {head + "{{.Title}}", "can't evaluate field Title"},
		"syntax":              {head + "{{.ID", "unclosed action"},
		"unknown function":    {head + "{{env \"HOME\"}}", "not defined"},
		"wrong type":          {head + "{{.ID.x}}", "can't evaluate field x"},
		"too long":            {head + strings.Repeat("x", maxText), "too long"},
		"too long when given": {head + strings.Repeat("{{.Texts.policy}}", maxText/20), "too long"},
		"endless loop":        {head + "{{range 1000000000000}}{{end}}", "values, if, with"},
		"loop over words":     {head + "{{range .Texts}}{{.}}{{end}}", "values, if, with"},
		"loop inside if":      {head + "{{if .ID}}{{range 1000000000000}}{{end}}{{end}}", "values, if, with"},
		"loop inside else":    {head + "{{with .ID}}{{else}}{{range 1000000000000}}{{end}}{{end}}", "values, if, with"},
		"wide print":          {head + "{{printf \"%1000000d\" 1}}", "values, if, with"},
		"print in a pipe":     {head + "{{1 | printf \"%1000000d\"}}", "values, if, with"},
		"print in a question": {head + "{{if eq (printf \"%1000000d\" 1) \"\"}}{{end}}", "values, if, with"},
		"print in a variable": {head + "{{$x := printf \"%1000000d\" 1}}", "values, if, with"},
		"other template":      {head + "{{define \"x\"}}{{template \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}", "values, if, with"},
		"template of no name": {head + "{{template \"\"}}", "values, if, with"},
		"block":               {head + "{{block \"x\" .}}{{end}}", "values, if, with"},
		"call of nothing":     {head + "{{call .ID}}", "values, if, with"},
	} {
		var subject, text string
		var err error
		took := peer.Took(func() { subject, text, err = Render(x[0], textData()) })
		if err == nil || !strings.Contains(err.Error(), x[1]) || subject != "" || text != "" {
			t.Errorf("%s: %q, %.40q, %v", what, subject, text, err)
		}
		if took > 2*time.Second {
			t.Errorf("%s: it took %v", what, took)
		}
	}
}

func TestRenderFooter(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"{{/* why */ -}}\n{{.Texts.policy}}\n": "https://acme.example/psirt",
		"{{if not .Outcome}}Keep it.{{end}}\n": "",
	} {
		if text, err := RenderFooter(source, textData()); err != nil || text != want {
			t.Errorf("%q gives %q, %v", source, text, err)
		}
	}
	if _, err := RenderFooter("{{.Title}}", textData()); err == nil {
		t.Error("a footer may say what is sealed")
	}
}

// A draft may say who is asked and what for; a standard text may not.
func TestRenderQuestion(t *testing.T) {
	t.Parallel()
	const source = "Subject: [{{.ID}}] Questions\n\n{{if .Name}}Dear {{.Name}}{{else}}Hello{{end}},\n\n{{.Questions}}"
	for _, x := range []struct{ name, questions, want string }{
		{"Mei-Lin", "1. Why {{.ID}}?\n", "Dear Mei-Lin,\n\n1. Why {{.ID}}?\n"},
		{"", "", "Hello,\n\n"},
	} {
		subject, text, err := RenderQuestion(source, QuestionData{TextData: textData(), Name: x.name, Questions: x.questions})
		if err != nil || subject != "[ACME-2026-0001] Questions" || text != x.want {
			t.Errorf("%q gives %q, %q, %v", x.name, subject, text, err)
		}
	}
	if _, _, err := Render(source, textData()); err == nil || !strings.Contains(err.Error(), "can't evaluate field Name") {
		t.Errorf("as a standard text it gives %v", err)
	}
	if _, _, err := RenderQuestion(source+"{{range .Texts}}{{end}}", QuestionData{}); err == nil {
		t.Error("a draft may loop")
	}
}
