package desk

import (
	_ "embed" // the form of a new programme
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// PolicyAnswers are what a PSIRT lead is asked for a new programme.
type PolicyAnswers struct {
	Name      string   // of the team, as reporters know it
	Program   string   // folder below cases/
	Prefix    string   // of case IDs
	Addresses []string // that reports are sent to
	Language  string
	URL       string   // of the published policy, or empty
	Products  []string // in scope; none: any
	Stages    []string // four or five labels, in order
	FourEyes  string   // all, verdict or none
	FirstLook string   // lengths of time: 24h, 14d
	Verdict   string
	Solution  string
	Silence   string
	Safe      bool // a safe harbour is promised
	Reward    bool // there is a reward
	CRA       bool // a manufacturer under Regulation (EU) 2024/2847
}

// PolicyQuestion is one question to a PSIRT lead. Set takes the answer, or an
// empty one for the default; its error says what is expected.
type PolicyQuestion struct {
	Text    string
	Default func(*PolicyAnswers) string // empty: an answer is needed, unless Empty
	Empty   bool                        // no answer is an answer
	Set     func(*PolicyAnswers, string) error
}

// Stages that are offered by name.
var stagePresets = map[string][]string{
	"four": {"Received", "Evaluating", "Solving", "Communicating"},
	"five": {"Received", "Evaluating", "Solving", "Communicating", "Feedback"},
}

// PolicyQuestions are asked in this order: later defaults follow from earlier
// answers.
func PolicyQuestions() []PolicyQuestion {
	fixed := func(s string) func(*PolicyAnswers) string { return func(*PolicyAnswers) string { return s } }
	length := func(into func(*PolicyAnswers) *string, most string) func(*PolicyAnswers, string) error {
		return func(a *PolicyAnswers, s string) error {
			*into(a) = s
			return lengthOfTime(s, most)
		}
	}
	yesNo := func(into func(*PolicyAnswers) *bool) func(*PolicyAnswers, string) error {
		return func(a *PolicyAnswers, s string) (err error) {
			*into(a), err = yes(s)
			return err
		}
	}
	return []PolicyQuestion{
		{Text: "Name of the team, as reporters know it (such as Example PSIRT)", Set: setName},
		{Text: "Short name, for folders and commands", Default: shortName, Set: setProgram},
		{Text: "Prefix of case IDs (EXMP gives EXMP-2026-0001)", Default: shortPrefix, Set: setPrefix},
		{Text: "Mail addresses that reports are sent to; the first is the one that you write from", Set: setAddresses},
		{Text: "Language in which the team writes (en, de, fr …)", Default: fixed("en"), Set: setLanguage},
		{Text: "Address of your published policy (https://…), if there is one", Empty: true, Set: setURL},
		{Text: "Products in scope: names or families, with commas between; none for any", Empty: true, Set: func(a *PolicyAnswers, s string) error { a.Products = listed(s); return nil }},
		{Text: "Stages of a case: four, five (with feedback), or four or five names of your own, with commas between", Default: fixed("four"), Set: setStages},
		{Text: "Where a second person must agree: all, verdict (and closing) or none", Default: fixed("all"), Set: setFourEyes},
		{Text: "A person looks at a report within (at most 24h, so that a short deadline tells nothing)", Default: fixed("24h"), Set: length(func(a *PolicyAnswers) *string { return &a.FirstLook }, "24h")},
		{Text: "There is a verdict within", Default: fixed("14d"), Set: length(func(a *PolicyAnswers) *string { return &a.Verdict }, "")},
		{Text: "There is a solution within", Default: fixed("90d"), Set: length(func(a *PolicyAnswers) *string { return &a.Solution }, "")},
		{Text: "The reporter hears from you at least every", Default: fixed("14d"), Set: length(func(a *PolicyAnswers) *string { return &a.Silence }, "")},
		{Text: "Do you promise a safe harbour to those who keep to the policy (yes, no)", Default: fixed("yes"), Set: yesNo(func(a *PolicyAnswers) *bool { return &a.Safe })},
		{Text: "Is there a reward (yes, no)", Default: fixed("no"), Set: yesNo(func(a *PolicyAnswers) *bool { return &a.Reward })},
		{Text: "Are you a manufacturer under the EU Cyber Resilience Act (yes, no)", Default: fixed("no"), Set: yesNo(func(a *PolicyAnswers) *bool { return &a.CRA })},
	}
}

func setName(a *PolicyAnswers, s string) error {
	a.Name = s
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) || len(s) > 100 {
		return errors.New("a name is one line of at most 100 characters")
	}
	return nil
}

var (
	notInNames = form(`[^a-z0-9]+`)
	notASCII   = form(`[^A-Z0-9]+`)
)

// latin writes letters with marks as names have them.
var latin = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "œ", "oe", "ø", "oe", "å", "aa",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e", "ì", "i", "í", "i", "î", "i", "ï", "i",
	"ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ù", "u", "ú", "u", "û", "u", "ý", "y")

// slug makes a name of a label: lower-case letters, digits and hyphens.
func slug(label string) string {
	s := strings.Trim(notInNames().ReplaceAllString(latin.Replace(strings.ToLower(label)), "-"), "-")
	return strings.TrimRight(s[:min(len(s), 40)], "-")
}

func shortName(a *PolicyAnswers) string {
	s := strings.TrimSuffix(strings.TrimSuffix(slug(a.Name), "-psirt"), "-security")
	if !psirt.ValidName(s) {
		return ""
	}
	return s
}

func setProgram(a *PolicyAnswers, s string) error {
	a.Program = s
	if !psirt.ValidName(s) {
		return errors.New("a short name has lower-case letters, digits and hyphens, and begins with a letter")
	}
	if has(Shipped(), s) {
		return fmt.Errorf("%s is the name of a shipped programme", s)
	}
	return nil
}

func shortPrefix(a *PolicyAnswers) string {
	s := notASCII().ReplaceAllString(strings.ToUpper(a.Program), "")
	s = s[:min(len(s), 4)]
	if !psirt.NewCaseID(s, 2026, 1).Valid() {
		return "CASE"
	}
	return s
}

func setPrefix(a *PolicyAnswers, s string) error {
	a.Prefix = s
	if !psirt.NewCaseID(s, 2026, 1).Valid() {
		return errors.New("a prefix has two to twelve upper-case letters and digits, and begins with a letter")
	}
	return nil
}

func setAddresses(a *PolicyAnswers, s string) error {
	a.Addresses = listed(s)
	for _, addr := range a.Addresses {
		parsed, err := mail.ParseAddress(addr)
		if err != nil || parsed.Address != addr || strings.ContainsAny(addr, "\"[ ") {
			return fmt.Errorf("%q is no mail address such as psirt@example.com", addr)
		}
	}
	if len(a.Addresses) == 0 {
		return errors.New("an address such as psirt@example.com is needed")
	}
	return nil
}

func setLanguage(a *PolicyAnswers, s string) error {
	a.Language = s
	if !regexp.MustCompile(`^[a-z]{2,3}$`).MatchString(s) {
		return errors.New("a language has two or three lower-case letters (BCP 47), such as en")
	}
	return nil
}

func setURL(a *PolicyAnswers, s string) error {
	a.URL = s
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return errors.New("an address begins with https://")
	}
	return nil
}

func setStages(a *PolicyAnswers, s string) error {
	a.Stages = stagePresets[s]
	if a.Stages == nil {
		a.Stages = listed(s)
	}
	if n := len(a.Stages); n != 4 && n != 5 {
		return errors.New("four stages (receive, evaluate, solve, communicate) or five (and feedback) are needed, whatever you call them")
	}
	names := []string{"needs-info", "deferred", "closed"}
	for _, label := range a.Stages {
		name := slug(label)
		if !psirt.ValidName(name) || has(names, name) {
			return fmt.Errorf("%q cannot be a stage: its name would be %q, which is taken, or no name", label, name)
		}
		names = append(names, name)
	}
	return nil
}

func setFourEyes(a *PolicyAnswers, s string) error {
	a.FourEyes = s
	if !slices.Contains([]string{"all", "verdict", "none"}, s) {
		return errors.New("answer all, verdict or none")
	}
	return nil
}

func lengthOfTime(s, most string) error {
	var d, limit psirt.Duration
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return err
	}
	if most != "" {
		if err := limit.UnmarshalText([]byte(most)); err == nil && d > limit {
			return errors.New("at most " + most)
		}
	}
	return nil
}

func yes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "y":
		return true, nil
	case "no", "n":
		return false, nil
	}
	return false, errors.New("answer yes or no")
}

// listed takes a list with commas apart.
func listed(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			out = append(out, part)
		}
	}
	return out
}

//go:embed policy_new.yaml.tmpl
var newPolicyForm string

var newPolicyTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("policy").Funcs(template.FuncMap{
		"yaml": yamlText, "list": yamlList, "slug": slug, "inc": func(i int) int { return i + 1 },
	}).Parse(newPolicyForm))
})

// newPolicy is what the form is filled in with.
type newPolicy struct {
	PolicyAnswers
	Domain string
	State  []string // names of the stages
	Eyes   string   // approvals of a move, ready to print; empty for none
	Strict string   // of the verdict and of closing
	Attest string   // of moves that say nothing of a verdict
	Words  policyWords
}

// NewPolicy writes a program.yaml of a lead's answers: valid, with comments,
// and without keys and people, which docket init adds.
func NewPolicy(a PolicyAnswers) ([]byte, error) {
	n := newPolicy{PolicyAnswers: a, Words: wordsIn(a.Language)}
	if len(a.Addresses) == 0 || len(a.Stages) < 4 {
		return nil, usage("the answers are not complete", "answer every question of docket policy new")
	}
	_, n.Domain, _ = strings.Cut(a.Addresses[0], "@")
	for _, label := range a.Stages {
		n.State = append(n.State, slug(label))
	}
	const signed, attested = "\n    approvals: {count: 1, role: team, kind: signed}", "\n    approvals: {count: 1, role: team, kind: attested}"
	switch a.FourEyes {
	case "all":
		n.Eyes, n.Strict, n.Attest = signed, signed, attested
	case "verdict":
		n.Strict = signed
	}
	var b strings.Builder
	if err := newPolicyTemplate().Execute(&b, n); err != nil {
		return nil, err
	}
	full, _ := withPlaceholders([]byte(b.String()))
	if r := casefile.ReviewProgram(full); len(r.Faults) > 0 {
		return nil, &Problem{Text: "the answers do not make a valid programme", Err: casefile.Faults(r.Faults)}
	}
	return []byte(b.String()), nil
}

var plainText = form(`^[A-Za-z][A-Za-z0-9 ._/@+-]*$`)

// yamlText writes a text so that every YAML reader takes it for one.
func yamlText(s string) (string, error) {
	if plainText().MatchString(s) && !psirt.ReservedWord(s) && strings.TrimSpace(s) == s {
		return s, nil
	}
	raw, err := json.Marshal(s) // a JSON string is one in YAML, too
	return string(raw), err
}

func yamlList(list []string) (string, error) {
	var out []string
	for _, s := range list {
		text, err := yamlText(s)
		if err != nil {
			return "", err
		}
		out = append(out, text)
	}
	return "[" + strings.Join(out, ", ") + "]", nil
}
