package psirt

import (
	"errors"
	"strings"
	"text/template"
)

// TextData is what a template may say: the envelope's ID, state and outcome,
// and the programme's own words. Nothing of a report is among it, so a
// standard text can be checked by anyone.
type TextData struct {
	ID          string
	Program     string // its name
	State       string // the state's label
	Outcome     string // in words: "out of scope"
	Opened      string // date
	Address     string // of the team
	Fingerprint string // of the published certificate, in groups of four
	Language    string
	Texts       map[string]string
}

// TextData gives the data for a standard text of a case as it stands.
func (p *Program) TextData(c *Case) TextData {
	state, _ := p.State(c.State)
	d := TextData{ID: string(c.ID), Program: p.Name, State: state.Label, Outcome: strings.ReplaceAll(string(c.Outcome), "-", " "),
		Opened: c.Opened.UTC().Format("2 January 2006"), Fingerprint: groups(p.Keys.Intake.Hex()),
		Language: p.Language, Texts: p.Texts}
	if len(p.Intake.Addresses) > 0 {
		d.Address = p.Intake.Addresses[0]
	}
	return d
}

func groups(hex string) string {
	var b strings.Builder
	for i, c := range hex {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// maxText bounds a rendered text, in bytes.
const maxText = 64 << 10

type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxText {
		return 0, errors.New("the text is too long")
	}
	return b.Builder.Write(p)
}

// Render gives subject and text of a template: a first line "Subject: …", an
// empty line, the text. A name that the data does not have is an error.
func Render(source string, d TextData) (subject, text string, err error) {
	t, err := template.New("").Option("missingkey=error").Parse(source)
	if err != nil {
		return "", "", err
	}
	var b bounded
	if err := t.Execute(&b, d); err != nil {
		return "", "", err
	}
	head, text, ok := strings.Cut(b.String(), "\n\n")
	subject, named := strings.CutPrefix(head, "Subject: ")
	if !ok || !named || strings.Contains(subject, "\n") {
		return "", "", errors.New("a template begins with a line \"Subject: …\" and an empty line")
	}
	return subject, text, nil
}

// TextDigest is the digest that an update's row carries for a standard text.
func TextDigest(subject, text string) Digest {
	return SHA256([]byte("Subject: " + subject + "\n\n" + text))
}
