package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// TeamNotice is what became of telling one product team of a case.
type TeamNotice struct {
	Team    string     `json:"team"`
	Product string     `json:"product,omitempty"`
	Status  string     `json:"status"` // told, or known: it was told before
	At      time.Time  `json:"at"`
	To      []string   `json:"to,omitempty"`     // handles and addresses
	Failed  []string   `json:"failed,omitempty"` // that it could not be sent to
	Due     *time.Time `json:"due,omitempty"`    // by when the team is to say that it knows
}

// TeamsTold is what became of telling the product teams of a case.
type TeamsTold struct {
	ID       psirt.CaseID `json:"id"`
	Teams    []TeamNotice `json:"teams"`
	Proposal *Proposed    `json:"proposal,omitempty"` // of the record, where somebody was told
}

// NotifyTeams tells the product teams of a case that it is theirs, and puts on
// record that they were told. They are those under routing, those that the
// programme routes the products to, and the ones named. A team that was told
// already is told again only when it is named.
//
// A person of the team who may open the case gets what it is about, sealed to
// their own key; another person a sealed notice that says no more than which
// case it is; an address of the team, which has no key, the same in clear. A
// notice that nobody could be sent is not on record.
func (d *Desk) NotifyTeams(ctx context.Context, id psirt.CaseID, named []string, words string, to mail.Sender) (*TeamsTold, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	p := t.c.setting.Program
	if err := mayTell(p, who); err != nil {
		return nil, err
	}
	routes, err := routesOf(p, open.report, named)
	if err != nil {
		return nil, err
	}
	var wanting []route
	for _, r := range routes {
		if r.NotifiedAt.IsZero() || slices.Contains(named, r.Team) {
			wanting = append(wanting, r)
		}
	}
	if err := reachable(p, wanting); err != nil {
		return nil, err
	}
	out := &TeamsTold{ID: id, Teams: []TeamNotice{}}
	n := &notices{d: d, c: t.c, report: open.report, by: who.handle, words: words, to: to, at: d.now()}
	var told []TeamNotice
	var failed []error
	for _, r := range routes {
		if !slices.Contains(wanting, r) {
			out.Teams = append(out.Teams, TeamNotice{Team: r.Team, Product: r.Product, Status: "known", At: r.NotifiedAt})
			continue
		}
		done, err := n.tell(ctx, r)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		told, out.Teams = append(told, done), append(out.Teams, done)
	}
	if len(told) > 0 {
		failed = append(failed, n.onRecord(ctx, out, func(report psirt.Document) []string {
			for _, done := range told {
				n.record(report, done)
			}
			return []string{"routing", "communications", "parties"}
		}))
	}
	return out, errors.Join(failed...)
}

// mayTell refuses whoever is not of the team.
func mayTell(p *psirt.Program, who *actor) error {
	if person, _ := p.ByHandle(who.handle); !person.HasRole(psirt.RoleTeam) {
		return &Refused{What: "nobody was told", Verdict: psirt.Failed(who.handle+" is not of the team", "a member of the team must do this")}
	}
	return nil
}

// onRecord puts on record that teams were told; write answers the sections that
// it changes.
func (n *notices) onRecord(ctx context.Context, out *TeamsTold, write func(psirt.Document) []string) error {
	_, err := n.d.Edit(ctx, out.ID, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		return write(report), nil
	})
	if err == nil {
		out.Proposal, err = n.d.Push(ctx, out.ID)
	}
	return err
}

// reachable holds, before anybody is told, that each team has somebody to tell.
func reachable(p *psirt.Program, routes []route) error {
	for _, r := range routes {
		team, ok := p.Teams[r.Team]
		if !ok {
			return usage(fmt.Sprintf("%s has no team %q", p.Program, r.Team), "docket policy show lists the teams")
		}
		somebody := slices.ContainsFunc(team.People, func(handle string) bool {
			person, ok := p.ByHandle(handle)
			return ok && person.Mail != ""
		})
		if !somebody && len(team.Mail) == 0 {
			return &Problem{Text: fmt.Sprintf("the team %s has nobody to tell", r.Team), Do: "add people or addresses to it: docket policy edit"}
		}
	}
	return nil
}

// route is a product team that takes part in a case.
type route struct {
	Team       string
	Product    string
	NotifiedAt time.Time // zero: not told
}

// routesOf lists the teams of a case, each once, in the order of its record.
func routesOf(p *psirt.Program, report psirt.Document, named []string) ([]route, error) {
	var out []route
	add := func(r route) {
		if !slices.ContainsFunc(out, func(x route) bool { return x.Team == r.Team }) {
			out = append(out, r)
		}
	}
	list, _ := report["routing"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		r := route{Team: wordUnder(entry, "team"), Product: wordUnder(entry, "product")}
		r.NotifiedAt, _ = time.Parse(time.RFC3339, wordUnder(entry, "notified_at"))
		add(r)
	}
	products, _ := report["products"].([]any)
	for _, item := range products {
		product, _ := item.(map[string]any)
		if team := p.TeamOf(wordUnder(product, "name")); team != "" {
			add(route{Team: team, Product: wordUnder(product, "name")})
		}
	}
	analysis, _ := report["analysis"].(map[string]any)
	if family := wordUnder(analysis, "family"); len(out) == 0 && p.TeamOf(family) != "" {
		add(route{Team: p.TeamOf(family), Product: family})
	}
	for _, name := range named {
		add(route{Team: name})
	}
	if len(out) == 0 {
		return nil, usage("no team looks after the products of the case", "name one with --team, or add a route to the programme: docket policy edit")
	}
	return out, nil
}

// wordUnder is the text under a name of a section, or empty.
func wordUnder(section map[string]any, name string) string {
	s, _ := section[name].(string)
	return s
}

// notices tells teams of one case.
type notices struct {
	d      *Desk
	c      *one
	report psirt.Document
	by     string // handle
	words  string // of whoever tells them, for those who may open the case
	learn  bool   // of the lessons of the case, and not of the case
	to     mail.Sender
	at     time.Time
}

// tell sends a team its notices. It is told when at least one went out.
func (n *notices) tell(ctx context.Context, r route) (TeamNotice, error) {
	p := n.c.setting.Program
	out := TeamNotice{Team: r.Team, Product: r.Product, Status: "told", At: n.at}
	if !n.learn {
		out.Due = n.due()
	}
	var errs []error
	sent := func(to string, err error) {
		if err != nil {
			out.Failed = append(out.Failed, to)
			errs = append(errs, fmt.Errorf("%s could not be told: %w", to, err))
			return
		}
		out.To = append(out.To, to)
	}
	team := p.Teams[r.Team]
	for _, handle := range team.People {
		if person, ok := p.ByHandle(handle); ok && person.Mail != "" {
			sent(handle, n.sealed(ctx, person, r, out.Due))
		}
	}
	for _, address := range team.Mail {
		sent(address, n.clear(ctx, address, r))
	}
	if len(out.To) > 0 {
		return out, nil // what failed is on record, and printed
	}
	return out, errors.Join(errs...)
}

// due is by when a team that is told now is to answer: the length of the
// programme's clock that begins with a notice; nil where it has none.
func (n *notices) due() *time.Time {
	const event = "report:routing.notified_at"
	p := n.c.setting.Program
	for _, clock := range p.Clocks {
		if !slices.Contains(clock.Starts, event) || len(clock.When) > 0 {
			continue
		}
		only := psirt.Document{"routing": []any{map[string]any{"notified_at": n.at.Format(time.RFC3339)}}}
		for _, r := range p.SealedReadings(psirt.World{Case: n.c.Case, Report: only, Now: n.at}) {
			if r.Clock == clock.Name {
				return &r.Due
			}
		}
	}
	return nil
}

func (n *notices) draft(to, subject, words string) mail.Draft {
	p := n.c.setting.Program
	// Number 0: no update has it, so a reply to it never threads as an answer of
	// the reporter.
	return mail.Draft{From: mail.Address{Name: p.Name, Addr: p.Intake.Addresses[0]}, To: mail.Address{Addr: to}, Subject: subject, Date: n.at,
		MessageID: newMessageID(n.c.ID, 0, strings.ToLower(p.Intake.Domain)), Text: words, Auto: true}
}

// sealed tells one person of a team.
func (n *notices) sealed(ctx context.Context, person psirt.Person, r route, due *time.Time) error {
	signer, err := n.d.sender(n.c.setting)
	if err != nil {
		return err
	}
	certs, err := n.c.setting.CertsOf([]psirt.Fingerprint{person.Key})
	if err != nil {
		return err
	}
	reads := slices.Contains(n.c.setting.Program.SealedReaders(n.c.Handlers), person.Key)
	subject, words := fmt.Sprintf("[%s] A case for the team %s", n.c.ID, r.Team), n.letter(r, due, reads)
	if n.learn {
		subject, words = fmt.Sprintf("[%s] Lessons for the team %s", n.c.ID, r.Team), n.lessons(r, reads)
	}
	draft := n.draft(person.Mail, subject, words)
	entity, err := draft.Entity()
	if err != nil {
		return err
	}
	message, err := signer.SealMail(entity, certs, n.at)
	if err != nil {
		return err
	}
	data, err := draft.Encrypted(message.Armor, outerSubject(n.c.ID))
	if err != nil {
		return err
	}
	_, err = n.to.Send(ctx, draft.From.Addr, person.Mail, draft.MessageID, data)
	return err
}

// clear tells an address that has no key. Nothing of the report is in it.
func (n *notices) clear(ctx context.Context, address string, r route) error {
	what := "is one"
	if n.learn {
		what = "has lessons"
	}
	draft := n.draft(address, outerSubject(n.c.ID), fmt.Sprintf("The case %s %s for the team %s.\n\nNothing more can be said in clear. People of the team who have a key know\nmore, or ask %s.\n",
		n.c.ID, what, r.Team, n.c.setting.Program.Intake.Addresses[0]))
	data, err := draft.Clear()
	if err != nil {
		return err
	}
	_, err = n.to.Send(ctx, draft.From.Addr, address, draft.MessageID, data)
	return err
}

// letter is what a person of a team is told. reads: they may open the case.
func (n *notices) letter(r route, due *time.Time, reads bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The case %s is one for the team %s.\n\n", n.c.ID, r.Team)
	if reads {
		for _, line := range [][2]string{{"Title", wordUnder(n.report, "title")}, {"Product", r.Product}, {"Priority", wordUnder(n.report, "priority")}, {"Answers for it", wordUnder(n.report, "owner")}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "%s: %s\n", line[0], psirt.Defang(line[1]))
			}
		}
		if n.words != "" {
			b.WriteString("\n" + strings.TrimSpace(n.words) + "\n")
		}
		fmt.Fprintf(&b, "\nRead it: docket show %s\n", n.c.ID)
	} else {
		b.WriteString("You cannot open it yet: ask " + n.by + " to name you among its handlers.\n")
	}
	fmt.Fprintf(&b, "Say that you know of it: docket ack %s --team %s\n", n.c.ID, r.Team)
	if due != nil {
		fmt.Fprintf(&b, "That is due by %s.\n", due.UTC().Format(time.RFC3339))
	}
	return b.String()
}

// record puts on record that a team was told: under routing, in the log of
// communications, and among the parties.
func (n *notices) record(report psirt.Document, done TeamNotice) {
	at := done.At.Format(time.RFC3339)
	entry := entryWith(report, "routing", "team", done.Team)
	entry["notified_at"] = at
	delete(entry, "acknowledged_at") // of an earlier notice
	delete(entry, "acknowledged_by")
	notice := map[string]any{"to": anyList(done.To), "by": n.by}
	said := "Notice of the case, to " + strings.Join(done.To, ", ") + "."
	if len(done.Failed) > 0 {
		notice["failed"] = anyList(done.Failed)
		said += " It could not be sent to " + strings.Join(done.Failed, ", ") + "."
	}
	if done.Product != "" {
		entry["product"] = done.Product
	}
	party := entryWith(report, "parties", "name", done.Team)
	party["kind"], party["last_at"] = "product-team", at
	if done.Due != nil {
		due := done.Due.UTC().Format(time.RFC3339)
		notice["due"], party["next_due"] = due, due
	}
	entry["notice"] = notice
	communicate(report, done.At, done.Team, "out", n.by, said)
}

// communicate adds to the log of what was said with whom.
func communicate(report psirt.Document, at time.Time, with, direction, by, words string) {
	list, _ := report["communications"].([]any)
	report["communications"] = append(list, map[string]any{"at": at.Format(time.RFC3339), "with": with, "direction": direction, "by": by, "text": words})
}

// entryWith finds the entry of a list that has a value under a name, or adds one.
func entryWith(report psirt.Document, list, name, value string) map[string]any {
	all, _ := report[list].([]any)
	for _, x := range all {
		if entry, ok := x.(map[string]any); ok && entry[name] == value {
			return entry
		}
	}
	entry := map[string]any{name: value}
	report[list] = append(all, entry)
	return entry
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
