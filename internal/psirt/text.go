package psirt

import (
	"errors"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// TextData is what a template may say: the envelope's ID, state, outcome and the
// digest that it lists first, and the programme's own words. Nothing of a report
// is among it, so a standard text can be checked by anyone.
type TextData struct {
	ID          string
	Program     string // its name
	State       string // the state's label
	Outcome     string // in words: "out of scope"
	Opened      string // date
	Record      string // digest of the record of the mail that the case began with; empty without one
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
	if len(c.Mails) > 0 {
		d.Record = string(c.Mails[0])
	}
	return d
}

// KindAsk is the kind of update in own words that asks the reporter something,
// and the name of the template that it is drafted with.
const KindAsk = "ask"

// KindFooter is the name of the template that own words to the reporter end
// with, where a programme has one: what every mail of the team must say.
const KindFooter = "footer"

// QuestionData is what the template KindAsk may say: what a standard text may, and
// besides who is asked and what for. Those two are of the report, so what the
// template gives is a draft and no standard text: a person goes over it, another
// one approves it, and it leaves in own words, sealed.
type QuestionData struct {
	TextData
	Name      string // of the reporter, on one line; empty when the report has none
	Questions string // one on each line, numbered from 1; empty when nothing is missing
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
// empty line, the text. A name that the data does not have is an error. Of
// text/template's language there are values, if and with, and the functions
// and, or, not, eq and ne: a template comes from a proposal, and loops, other
// templates or printf would let it take any time and memory.
func Render(source string, d TextData) (subject, text string, err error) {
	return render(source, d)
}

// RenderQuestion is Render for the template KindAsk.
func RenderQuestion(source string, d QuestionData) (subject, text string, err error) {
	return render(source, d)
}

// RenderFooter gives the text of the template KindFooter, without white space
// around it. It has no subject; else the errors are those of Render. An empty
// text says that nothing is added.
func RenderFooter(source string, d TextData) (string, error) {
	text, err := execute(source, d)
	return strings.TrimSpace(text), err
}

func render(source string, data any) (subject, text string, err error) {
	whole, err := execute(source, data)
	if err != nil {
		return "", "", err
	}
	head, text, ok := strings.Cut(whole, "\n\n")
	subject, named := strings.CutPrefix(head, "Subject: ")
	if !ok || !named || strings.Contains(subject, "\n") {
		return "", "", errors.New("a template begins with a line \"Subject: …\" and an empty line")
	}
	return subject, text, nil
}

// execute fills a template in, whose language is bounded as Render says.
func execute(source string, data any) (string, error) {
	if len(source) > maxText {
		return "", errors.New("the template is too long")
	}
	t, err := template.New("").Option("missingkey=error").Parse(source)
	if err != nil {
		return "", err
	}
	if len(t.Templates()) > 1 || t.Tree != nil && !simple(t.Root) {
		return "", errors.New("a template has values, if, with, and, or, not, eq and ne only")
	}
	var b bounded
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// simple reports whether a part of a template ends in a time that its own
// length bounds.
func simple(n parse.Node) bool {
	switch n := n.(type) {
	case *parse.ListNode:
		return n == nil || !slices.ContainsFunc(n.Nodes, func(n parse.Node) bool { return !simple(n) })
	case *parse.IfNode:
		return simple(n.Pipe) && simple(n.List) && simple(n.ElseList)
	case *parse.WithNode:
		return simple(n.Pipe) && simple(n.List) && simple(n.ElseList)
	case *parse.ActionNode:
		return simple(n.Pipe)
	case *parse.PipeNode:
		return !slices.ContainsFunc(n.Cmds, func(c *parse.CommandNode) bool {
			return slices.ContainsFunc(c.Args, func(n parse.Node) bool { return !simple(n) })
		})
	case *parse.IdentifierNode:
		return contains([]string{"and", "or", "not", "eq", "ne"}, n.Ident)
	case *parse.TextNode, *parse.FieldNode, *parse.DotNode, *parse.StringNode, *parse.VariableNode, *parse.BoolNode, *parse.NumberNode:
		return true
	}
	return false
}

// StandardTexts lists the kinds of update that the programme may send as a
// standard text, sorted: each needs a template. What the forge or a person asks
// for (ask, reply) is not among them.
func (p *Program) StandardTexts() []string {
	kinds := []string{p.Intake.Update, p.Intake.Note}
	if p.Intake.Terminated != nil {
		kinds = append(kinds, p.Intake.Terminated.Update)
	}
	for _, t := range p.Transitions {
		if t.Update != Silent && t.Words != "required" {
			kinds = append(kinds, t.Kinds()...)
		}
	}
	for _, c := range p.Clocks {
		if c.Remind != "" {
			kinds = append(kinds, c.Remind)
		}
	}
	for _, s := range p.Standing {
		kinds = append(kinds, s.Kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// TextDigest is the digest that an update's row carries for a standard text.
func TextDigest(subject, text string) Digest {
	return SHA256([]byte("Subject: " + subject + "\n\n" + text))
}
