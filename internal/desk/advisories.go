package desk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Private vulnerability reports that somebody filed in GitHub's pages become
// cases like mails do. GitHub has read them before; from here on they are sealed.

// ImportOptions say what is imported.
type ImportOptions struct {
	Program string   // whose cases they become; empty: the only programme
	Repos   []string // OWNER/NAME of the repositories that take reports; empty: the case repository itself
}

// flagAdvisory marks a report that came as a GitHub security advisory: GitHub
// has its text in clear, and the reporter follows it there.
const flagAdvisory = "github-advisory"

// ImportAdvisories puts every security advisory in triage on record, each once:
// as a new case, with no update, since the reporter has no address here. Each
// Taken names the advisory by its GHSA ID; one that fails does not stop the next.
func (d *Desk) ImportAdvisories(ctx context.Context, o ImportOptions) ([]Taken, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	s, err := d.importer(o.Program)
	if err != nil {
		return nil, err
	}
	if len(o.Repos) == 0 {
		o.Repos = []string{""}
	}
	out := []Taken{}
	for _, repo := range o.Repos {
		admin, err := d.admin(repo)
		if err != nil {
			return out, err
		}
		list, err := admin.Advisories(ctx)
		if errors.Is(err, forge.ErrNotFound) || errors.Is(err, forge.ErrDenied) {
			return out, &Problem{Text: "the security advisories cannot be read", Err: err,
				Do: "the token or App needs the permission to read repository security advisories"}
		}
		for _, a := range list {
			t := Taken{File: a.GHSA}
			t.Err = d.importOne(ctx, s, a, &t)
			out = append(out, t)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// importer is the programme whose cases reports become.
func (d *Desk) importer(name string) (*audit.Setting, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range all {
		if s.Program.Program == name || name == "" && len(all) == 1 {
			return s, nil
		}
		names = append(names, s.Program.Program)
	}
	return nil, usage(fmt.Sprintf("there is no programme %q", name), fmt.Sprintf("name the one that the reports are for: %v", names))
}

func (d *Desk) importOne(ctx context.Context, s *audit.Setting, a forge.Advisory, t *Taken) error {
	raw, err := advisoryMail(a)
	if err != nil {
		return err
	}
	m, err := mail.Parse(raw, mail.DefaultLimits())
	if err != nil {
		return err
	}
	in := &inbound{raw: raw, m: m, setting: s, advisory: &a}
	defer in.clean()
	if in.secret, err = d.ring.secret(s); err != nil {
		return err
	}
	in.seenAs = seal.HMAC(in.secret, "advisory", []byte(a.GHSA))
	if err := d.file(ctx, in, t); err != nil {
		return err
	}
	if c, err := d.onMain(t.ID); err == nil {
		t.State = c.State
	}
	return nil
}

var loginForm = form(`^[A-Za-z0-9][A-Za-z0-9._\[\]-]{0,99}$`)

// author is the login of who filed an advisory; empty when GitHub does not say.
func author(a *forge.Advisory) string {
	if loginForm().MatchString(a.Author.Login) {
		return a.Author.Login
	}
	return ""
}

// advisoryMail is an advisory as a mail, which is kept as evidence: its text,
// and GitHub's JSON as an attachment. It says of itself that no person wrote
// it, so that nothing ever answers it (RFC 3834 section 5).
func advisoryMail(a forge.Advisory) ([]byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("docket-" + strings.ToLower(a.GHSA)); err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "From: \"%s through GitHub\" <noreply@github.com>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@github.com>\r\n", cmp.Or(author(&a), "somebody"),
		mime.BEncoding.Encode("utf-8", strings.Join(strings.Fields(a.Summary), " ")), a.Created.UTC().Format(time.RFC1123Z), strings.ToLower(a.GHSA))
	fmt.Fprintf(&b, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", w.Boundary())
	err := part(w, `text/plain; charset=utf-8`, "", []byte(a.Description))
	if err == nil {
		err = part(w, "application/json", a.GHSA+".json", a.Raw)
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// part adds a part in base64, in lines of 76 (RFC 2045 section 6.8).
func part(w *multipart.Writer, media, name string, data []byte) error {
	h := textproto.MIMEHeader{"Content-Type": {media}, "Content-Transfer-Encoding": {"base64"}}
	if name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	out, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	for len(text) > 0 && err == nil {
		line := text[:min(76, len(text))]
		text = text[len(line):]
		_, err = io.WriteString(out, line+"\r\n")
	}
	return err
}

// reportOf takes into a report what an advisory says in fields of its own.
func reportOf(a *forge.Advisory, r psirt.Reported, p *psirt.Program) psirt.Reported {
	if title := strings.Join(strings.Fields(a.Summary), " "); title != "" {
		r.Title = title
	}
	var products []psirt.Product
	for _, v := range a.Vulnerabilities {
		one := psirt.Product{Name: v.Package.Name, Type: "software"}
		if one.Name == "" {
			one.Name = v.Package.Ecosystem
		}
		if v.Range != "" {
			one.Versions = []string{v.Range}
		}
		if one.Name != "" || len(one.Versions) > 0 {
			products = append(products, one)
		}
	}
	if len(products) > 0 {
		r.Products = products
	}
	r.Reporter = psirt.Reporter{Name: author(a)} // the address that the mail is from is GitHub's
	r.Missing = extract.Missing(r, p.Report)
	return r
}

var (
	vectorForm = form(`^CVSS:(3\.1|4\.0)/[A-Za-z:/]+$`)
	cweForm    = form(`^CWE-[1-9][0-9]*$`)
	cveForm    = form(`^CVE-[0-9]{4}-[0-9]{4,}$`)
)

// judged takes into a report document what the reporter thinks of the weakness:
// it is the reporter's assessment until the team has its own.
func judged(doc psirt.Document, a *forge.Advisory) {
	doc["channel"] = "advisory"
	assessment := map[string]any{}
	var scores, weaknesses []any
	for _, v := range a.Vectors() {
		if scored, err := scoreVector(v); err == nil && vectorForm().MatchString(v) {
			score := map[string]any{"version": scored.Version, "vector": v, "score": scored.Score, "severity": scored.Severity}
			if by := author(a); by != "" {
				score["by"] = by
			}
			scores = append(scores, score)
		}
	}
	var unknown []any
	for _, c := range a.CWEs {
		if _, err := weakness(c); err == nil && cweForm().MatchString(c) {
			weaknesses = append(weaknesses, c)
		} else {
			unknown = append(unknown, c)
		}
	}
	if scores != nil {
		assessment["cvss"] = scores
	}
	if weaknesses != nil {
		assessment["cwe"] = weaknesses
	}
	if len(assessment) > 0 {
		doc["assessment"] = assessment
	}
	if cveForm().MatchString(a.CVE) {
		doc["disclosure"] = map[string]any{"cve": []any{a.CVE}}
	}
	from := origin(a)
	if unknown != nil {
		from["cwe"] = unknown // such as a category: kept, but no weakness
	}
	doc["extra"] = map[string]any{"github_advisory": from}
}

// origin is what else the advisory says, and where it is.
func origin(a *forge.Advisory) map[string]any {
	out := map[string]any{"id": a.GHSA, "url": a.URL, "created_at": a.Created.UTC().Format(time.RFC3339)}
	if a.Severity != "" {
		out["severity"] = a.Severity
	}
	var credits, patched []any
	for _, c := range a.Credits {
		credits = append(credits, map[string]any{"login": c.Login, "type": c.Type})
	}
	for _, v := range a.Vulnerabilities {
		if v.Patched != "" {
			patched = append(patched, strings.TrimSpace(v.Package.Name+" "+v.Patched))
		}
	}
	if credits != nil {
		out["credits"] = credits
	}
	if patched != nil {
		out["patched_versions"] = patched
	}
	return out
}

// admin is for the settings of a repository on GitHub: the case repository, or
// another that the same login may see.
func (d *Desk) admin(repo string) (*forge.Admin, error) {
	g, ok := d.forge.(interface {
		Admin(repo string) *forge.Admin
	})
	if !ok {
		return nil, &Problem{Text: d.repo.Dir() + " is not on GitHub", Do: "name a clone whose origin is on GitHub with -C DIR"}
	}
	if repo != "" && !repoForm().MatchString(repo) {
		return nil, usage(fmt.Sprintf("%q is no repository", repo), "write OWNER/NAME")
	}
	return g.Admin(repo), nil
}

var repoForm = form(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
