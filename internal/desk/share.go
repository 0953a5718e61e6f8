package desk

import (
	"context"
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Sharing passes named fields of a report on to a third party, in an update in
// own words of the kind share: approved like any, encrypted to the third party,
// on record with what was disclosed. It takes the reporter's consent, which
// names recipient and fields, or a legal basis and who approves it.

// Sharing says what is passed on, to whom, and on what ground.
type Sharing struct {
	Key        []byte   // certificate of the third party
	To         string   // its address, which the certificate bears; empty: the only one that it bears
	Purpose    string   // one of those that the reporter agreed to
	Fields     []string // paths of the report; empty: those that the consent names
	Consent    string   // which entry of consents: "consents[0]" or "0"
	LegalBasis string   // instead of a consent
	Approver   string   // handle of who approves it, with a legal basis; empty: the only one who could
	Words      string   // words before the extract, with an optional line "Subject: …"; empty: a standard letter
	Dry        bool     // only show what would go out
}

// Shared is what would go out, or what became of it.
type Shared struct {
	*Proposed
	To        string   `json:"to"`
	Key       string   `json:"key"` // full fingerprint
	Purpose   string   `json:"purpose"`
	Fields    []string `json:"fields"`
	Disclosed []string `json:"disclosed"` // path of every value
	Subject   string   `json:"subject"`
	Text      string   `json:"text"`
}

// Share proposes to pass an extract of a report on.
func (d *Desk) Share(ctx context.Context, id psirt.CaseID, o Sharing) (*Shared, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := o.soleAddress(); err != nil {
		return nil, err
	}
	cert, err := d.thirdParty(t.c, open, o)
	if err != nil {
		return nil, err
	}
	entry, err := shareEntry(t.c.setting, open.report, o, who, d.now())
	if err != nil {
		return nil, err
	}
	entry["key"] = cert.Fingerprint().Hex()
	out := &Shared{To: o.To, Key: cert.Fingerprint().Hex(), Fields: texts(entry["fields"])}
	out.Purpose, _ = entry["purpose"].(string)
	earlier, err := d.beforeRedaction(t.c, open.report, open.with)
	if err != nil {
		return nil, err
	}
	x := newExcerpt(open.report, open.contact, out.Fields, earlier...)
	if err := x.write(); err != nil {
		return nil, err
	}
	out.Disclosed = x.disclosed
	out.Subject, out.Text = shareWords(t.c.setting, id, o.Words, out.Purpose, x.text())
	if label := labelLine(open.report); label != "" {
		out.Text = label + "\n\n" + out.Text
	}
	if o.Dry {
		return out, nil
	}
	if t.unfinished() && d.again(t, who, psirt.KindShare, "Subject: "+out.Subject+"\n\n"+out.Text) {
		out.Proposed, err = d.resume(ctx, who, t, id)
		return out, err
	}
	r := d.revise(t.c, who, open)
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	entry["update"], entry["disclosed"] = float64(len(r.now.Updates)+1), anys(x.disclosed)
	shares, _ := open.report["shares"].([]any)
	open.report["shares"] = append(shares, entry)
	err = r.ownTo(psirt.KindShare, out.Subject, out.Text, addressee{contact: psirt.Contact{Address: o.To}, cert: cert, key: cert.Armor()})
	if err != nil {
		return nil, err
	}
	out.Proposed, err = d.propose(ctx, r, t, audit.KindUpdate, fmt.Sprintf("%s: %s", id, psirt.KindShare), "Edit", "shares, updates")
	return out, err
}

// soleAddress fills in where it goes, when the certificate bears one address.
func (o *Sharing) soleAddress() error {
	if o.To != "" {
		return nil
	}
	cert, err := publicKey("the third party", o.Key)
	if err != nil {
		return err
	}
	list := cert.Addresses()
	if len(list) != 1 {
		return usage(fmt.Sprintf("the key bears %d addresses", len(list)), "say with --to where it goes")
	}
	o.To = list[0]
	return nil
}

// thirdParty is the certificate of whom it goes to.
func (d *Desk) thirdParty(c *one, open *contents, o Sharing) (*seal.Cert, error) {
	if a, err := netmail.ParseAddress(o.To); err != nil || a.Address != o.To {
		return nil, usage(fmt.Sprintf("%q is no address", o.To), "name one with --to, such as psirt@example.com")
	}
	if strings.EqualFold(o.To, open.contact.Address) {
		return nil, usage("that is the reporter's own address", "write to them with docket reply")
	}
	if slices.ContainsFunc(c.setting.Program.Intake.Addresses, func(a string) bool { return strings.EqualFold(a, o.To) }) {
		return nil, usage("that is the team's own address", "name the third party's")
	}
	cert, err := publicKey(o.To, o.Key)
	if err != nil {
		return nil, err
	}
	if err := cert.UsableForEncryption(d.now()); err != nil {
		return nil, &Problem{Text: "nothing can be encrypted to the key of " + o.To, Err: err, Do: "ask them for another; content never leaves in clear"}
	}
	if !has(cert.Addresses(), strings.ToLower(o.To)) {
		return nil, usage("the key does not bear the address "+o.To, "make sure whose it is; it bears "+strings.Join(cert.Addresses(), ", "))
	}
	return cert, nil
}

// shareEntry is what is put on record of a share: it refuses one that nothing
// allows.
func shareEntry(s *audit.Setting, report psirt.Document, o Sharing, who *actor, at time.Time) (map[string]any, error) {
	purpose, err := purposeOf(s.Program, report, o.Purpose)
	if err != nil {
		return nil, err
	}
	entry := map[string]any{"with": o.To, "to": o.To, "purpose": purpose, "at": at.Format(time.RFC3339)}
	fields := o.Fields
	switch {
	case (o.Consent == "") == (o.LegalBasis == ""):
		return nil, usage("a share needs the reporter's consent, or a legal basis", "name one: --consent consents[0], or --legal-basis WORDS --approver HANDLE")
	case o.LegalBasis != "":
		if o.Approver == "" {
			o.Approver = soleApprover(s, who.handle)
		}
		if err := mayApproveShare(s, o.Approver, who.handle); err != nil {
			return nil, err
		}
		entry["legal_basis"], entry["approved_by"] = o.LegalBasis, o.Approver
	default:
		given, err := consentFor(report, o)
		if err != nil {
			return nil, err
		}
		if len(fields) == 0 {
			fields = texts(given["fields"])
		}
		entry["consent"] = given
	}
	if err := sharedFields(report, fields, entry); err != nil {
		return nil, err
	}
	return entry, nil
}

// purposeOf is the purpose as the case or the programme has it.
func purposeOf(p *psirt.Program, report psirt.Document, purpose string) (string, error) {
	list := texts(report.Values("consent.purposes"))
	if len(list) == 0 {
		list = p.Report.Purposes
	}
	for _, known := range list {
		if strings.EqualFold(known, strings.TrimSpace(purpose)) {
			return known, nil
		}
	}
	do := "the programme names none: add report.purposes to program.yaml, in the words of the policy"
	if len(list) > 0 {
		do = "it is one of: " + strings.Join(list, ", ")
	}
	return "", refusedShare(fmt.Sprintf("%q is no purpose that the report may be used for", purpose), do)
}

func refusedShare(why, do string) error {
	return &Refused{What: "nothing was shared", Verdict: psirt.Failed(why, do)}
}

// soleApprover is the only person who could approve what no consent allows;
// empty when there are several, or none.
func soleApprover(s *audit.Setting, who string) string {
	sole := ""
	for _, x := range s.Program.People {
		if mayApproveShare(s, x.Handle, who) == nil {
			if sole != "" {
				return ""
			}
			sole = x.Handle
		}
	}
	return sole
}

// mayApproveShare holds that somebody else can approve what no consent allows.
func mayApproveShare(s *audit.Setting, handle, who string) error {
	rule := s.Program.Messages
	role := rule.Role
	if role == "" {
		role = psirt.RoleTeam
	}
	x, ok := s.Program.ByHandle(handle)
	switch {
	case rule.Count == 0:
		return refusedShare("the programme asks for no approval of messages, so nobody would approve it", "ask for one: messages in program.yaml")
	case !ok || !x.HasRole(role) || handle == who:
		return refusedShare("a legal basis needs somebody else who approves it", "name them with --approver: a person with the role "+role+", and not you")
	}
	return nil
}

// consentFor finds the consent that a share rests on, and what of it is put on
// record with the share.
func consentFor(report psirt.Document, o Sharing) (map[string]any, error) {
	list, _ := report["consents"].([]any)
	i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(o.Consent, "consents["), "]"))
	if err != nil || i < 0 || i >= len(list) {
		return nil, usage(fmt.Sprintf("there is no consent %q", o.Consent), fmt.Sprintf("the case has %d, from consents[0]; docket show prints them", len(list)))
	}
	c, _ := list[i].(map[string]any)
	name := fmt.Sprintf("consents[%d]", i)
	to, _ := c["to"].(string)
	switch {
	case c["about"] != "share" && c["about"] != "forward":
		return nil, refusedShare(name+" is about something else than sharing", "ask the reporter")
	case c["revoked_at"] != nil:
		return nil, refusedShare(name+" was taken back", "ask the reporter again")
	case !slices.ContainsFunc(namesOfParty(report, o.To), func(n string) bool { return strings.EqualFold(n, to) }):
		return nil, refusedShare(name+" does not name "+o.To, "it takes a consent that names this recipient: by address, or by the name that parties has for it")
	case len(texts(c["fields"])) == 0:
		return nil, refusedShare(name+" names no fields", "it takes a consent that says which parts of the report")
	}
	if p, _ := c["purpose"].(string); p != "" && !strings.EqualFold(p, strings.TrimSpace(o.Purpose)) {
		return nil, refusedShare(name+" is for another purpose", "it is for: "+p)
	}
	given := map[string]any{"at": c["given_at"], "recipient": to, "fields": c["fields"], "text": name}
	if n, ok := c["mail"].(float64); ok {
		given["text"] = fmt.Sprintf("%s, given in mail %d", name, int(n))
	}
	return given, nil
}

// namesOfParty are the names by which a consent may mean an address.
func namesOfParty(report psirt.Document, address string) []string {
	out := []string{address}
	list, _ := report["parties"].([]any)
	for _, v := range list {
		p, _ := v.(map[string]any)
		contact, _ := p["contact"].(string)
		if name, _ := p["name"].(string); name != "" && strings.EqualFold(contact, address) {
			out = append(out, name)
		}
	}
	return out
}

// sharedFields holds that the fields may be passed on, and puts them on record.
func sharedFields(report psirt.Document, fields []string, entry map[string]any) error {
	if len(fields) == 0 {
		return usage("say what is passed on", "name the fields: --fields title,products")
	}
	given, consented := entry["consent"].(map[string]any)
	personal := false
	var list []any
	for _, f := range fields {
		steps, err := pathSteps(f)
		if err != nil {
			return err
		}
		if !has(shareable, steps[0]) {
			return refusedShare(steps[0]+" is not for others", "what can be passed on: "+strings.Join(shareable, ", "))
		}
		if v, ok := valueAt(map[string]any(report), steps); !ok || v == nil {
			return usage("the report has nothing at "+f, "docket show prints the paths")
		}
		if consented && !slices.Contains(texts(given["fields"]), f) {
			return refusedShare("the consent does not name "+f, "it names "+strings.Join(texts(given["fields"]), ", ")+"; ask the reporter for more")
		}
		personal = personal || steps[0] == "reporter" && len(steps) > 1
		list = append(list, f)
	}
	entry["fields"], entry["personal"] = list, personal
	return nil
}

// shareWords are subject and text of the letter.
func shareWords(s *audit.Setting, id psirt.CaseID, words, purpose, extract string) (subject, text string) {
	if words == "" {
		words = fmt.Sprintf("Subject: [%s] Information about a vulnerability\n\nHello,\n\nthe following is for you, for this purpose: %s.\nPlease keep it confidential, use it for nothing else, and pass it on to\nnobody without asking us first.\n\nKind regards\n%s\n", id, purpose, s.Program.Name)
	}
	subject, text = splitWords(words, id)
	return subject, strings.TrimRight(text, "\n") + "\n\n" + extract
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
