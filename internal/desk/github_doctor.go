package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// again is what a person does about most of what is missing.
const again = "docket init DIR --github OWNER/REPO with a token that may administer the repository sets it up"

// botPermissions are what the bot's GitHub App needs.
var botPermissions = map[string]string{"checks": "write", "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"}

// github looks at all that is on GitHub.
func (x *examination) github(ctx context.Context) error {
	admin, err := x.d.admin("")
	if err != nil {
		return err
	}
	found := SetupOptions{}
	for _, look := range []func(context.Context, *forge.Admin, *SetupOptions) error{
		x.settings, x.rulesets, x.labels, x.permissions, x.app, x.workflows, x.environments, x.people, x.reporting,
	} {
		if err := look(ctx, admin, &found); err != nil {
			return err
		}
	}
	return nil
}

// seen says what to do about an error of looking: what the token may not see is
// not known, and is said so; any other error ends the examination.
func (x *examination) seen(what string, err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, forge.ErrDenied), errors.Is(err, forge.ErrNotFound):
		x.advise(what, false, "this token may not see it", "run docket doctor with a token that may administer the repository")
	case errors.Is(err, forge.ErrUnavailable):
		x.need(what, false, "GitHub does not offer it for this repository", "private repositories need a paid plan for it (GitHub Pro, Team or Enterprise)")
	default:
		return false, err
	}
	return false, nil
}

func (x *examination) settings(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	s, err := admin.Settings(ctx)
	if ok, err := x.seen("settings", err); !ok {
		return err
	}
	x.need("private", s.Private, map[bool]string{true: "only its members see it", false: "everybody sees states, times and sizes of cases"}[s.Private], "make the repository private")
	x.need("default branch", s.DefaultBranch == "main", s.DefaultBranch, again)
	if s.MergeCommit == nil {
		x.advise("settings", false, "this token may not see them", "run docket doctor with a token that may write to the repository")
		return nil
	}
	wrong := slices.Sorted(maps.Keys(s.Wrong()))
	x.need("settings", len(wrong) == 0, orElse(strings.Join(wrong, ", "), "merge commits only; branches stay until Docket deletes them"), again)
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (x *examination) rulesets(ctx context.Context, admin *forge.Admin, found *SetupOptions) error {
	have, err := admin.Rulesets(ctx)
	if ok, err := x.seen("rulesets", err); !ok {
		return err
	}
	*found = appsOf(have)
	for _, want := range found.rulesets() {
		what := "ruleset " + want.Name
		i := slices.IndexFunc(have, func(h forge.Ruleset) bool { return strings.EqualFold(h.Name, want.Name) })
		if i < 0 {
			x.need(what, false, "it is missing", again)
			continue
		}
		wrong := have[i].Differs(want)
		x.need(what, len(wrong) == 0, orElse(strings.Join(wrong, ", "), "as it should be"), again)
		if have[i].Bypass == nil {
			x.blind = true
			x.advise(what+", who may bypass it", false, "this token may not see it", "run docket doctor with a token that may administer the repository")
		}
	}
	x.advise("check bound to its App", found.CheckApp != 0, map[bool]string{true: strconv.FormatInt(found.CheckApp, 10),
		false: "whoever has write access can set a status named " + checkName}[found.CheckApp != 0],
		"docket init DIR --github OWNER/REPO --check-app-id N, where N is the App that publishes the check (15368 for GitHub Actions on github.com)")
	return nil
}

func (x *examination) labels(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	have, err := admin.Labels(ctx)
	if ok, err := x.seen("labels", err); !ok {
		return err
	}
	want := labelsOf(x.all)
	create, change := forge.LabelsWanting(have, want)
	var names []string
	for _, l := range create {
		names = append(names, l.Name)
	}
	x.need("labels", len(names) == 0, orElse(strings.Join(names, ", "), fmt.Sprintf("all %d", len(want))), again)
	if len(change) > 0 {
		x.advise("labels' colours and descriptions", false, fmt.Sprintf("%d are others", len(change)), again)
	}
	return nil
}

func (x *examination) permissions(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	p, err := admin.WorkflowPermissions(ctx)
	if ok, err := x.seen("workflow permissions", err); !ok {
		return err
	}
	x.need("workflow permissions", p.Default == "read" && !p.Approve, fmt.Sprintf("by default %s, approving reviews %v", p.Default, p.Approve), again)
	return nil
}

// app: the bot's App is installed, with what it needs. Only the App itself is
// told.
func (x *examination) app(ctx context.Context, _ *forge.Admin, found *SetupOptions) error {
	if !x.blind {
		x.need("bot's App in the ruleset of main", found.AppID != 0, orElse(strings.TrimLeft(strconv.FormatInt(found.AppID, 10), "0"), "none: the bot cannot merge"),
			"make a GitHub App, install it in the repository, and run docket init DIR --github OWNER/REPO --app-id N")
	}
	g, ok := x.d.forge.(interface {
		Installation(context.Context) (forge.Installation, error)
	})
	if !ok {
		return nil
	}
	i, err := g.Installation(ctx)
	if errors.Is(err, forge.ErrUnavailable) {
		x.advise("bot's App installed", false, "only the App itself is told", "run docket doctor with DOCKET_GITHUB_APP_ID and DOCKET_GITHUB_APP_KEY_FILE")
		return nil
	}
	if errors.Is(err, forge.ErrNotFound) {
		x.need("bot's App installed", false, "it is not", "install the App in the repository")
		return nil
	}
	if err != nil {
		return err
	}
	lacks := i.Lacks(botPermissions)
	x.need("bot's App installed", i.Suspended == nil && (found.AppID == 0 || i.AppID == found.AppID), fmt.Sprintf("%s, App %d", i.Slug, i.AppID), "install the App that the ruleset of main names, and do not suspend it")
	x.need("bot's App permissions", len(lacks) == 0, orElse(strings.Join(lacks, ", "), "all it needs"), "give the App these permissions, and accept them in its installation")
	return nil
}

// workflows: main has those that this version of Docket ships.
func (x *examination) workflows(context.Context, *forge.Admin, *SetupOptions) error {
	if x.o.NoActions {
		return nil
	}
	edits, err := workflowEdits(x.at, "", nil)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range edits {
		names = append(names, strings.TrimPrefix(e.Path, ".github/"))
	}
	x.need("workflows", len(names) == 0, orElse(strings.Join(names, ", "), "those of this version of Docket"),
		"a lead runs docket init DIR --github OWNER/REPO again, with --keys: it proposes the change")
	file, err := x.at.Read(releasePath, maxProgramFile)
	version := pinned(file)
	x.need("pinned release", err == nil && version != "", orElse(version, "none: the workflows refuse to run"),
		"a lead runs docket init DIR --github OWNER/REPO --release VERSION --release-sums SHA256SUMS, with --keys")
	return nil
}

func (x *examination) environments(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	if x.o.NoActions {
		return nil
	}
	for _, name := range environments {
		what := "environment " + name
		e, err := admin.Environment(ctx, name)
		if errors.Is(err, forge.ErrNotFound) {
			x.need(what, false, "it is missing", again)
			continue
		}
		if ok, err := x.seen(what, err); !ok {
			if err != nil {
				return err
			}
			continue
		}
		x.need(what, e.Bound("main"), "jobs of "+orElse(strings.Join(e.Branches, ", "), "every branch")+" may use it",
			"leave main alone among its deployment branches (Settings, Environments, "+name+")")
		x.environmentSecrets(name, e.Secrets)
		if err := x.variables(ctx, admin, name); err != nil {
			return err
		}
	}
	return nil
}

func (x *examination) environmentSecrets(environment string, have []string) {
	repo, _ := githubPath(x.d.repo.Origin())
	for _, s := range hostedSecrets {
		if s.environment != environment {
			continue
		}
		c := Condition{What: "secret " + s.name + " in " + environment, OK: has(have, s.name), Required: s.optional == "", Why: s.what,
			Do: s.command(x.o.Keys, x.all, " --repo "+shellWord(repo))}
		if s.optional != "" {
			c.Why += ", where " + s.optional
		}
		x.add(c)
	}
}

// githubPath is HOST/OWNER/REPO of an origin, as gh takes it; github.com is left
// out, being the default.
func githubPath(origin string) (string, bool) {
	_, rest, ok := strings.Cut(origin, "://")
	if !ok {
		rest = strings.Replace(origin, ":", "/", 1)
	}
	rest = strings.TrimSuffix(rest[strings.LastIndex(rest, "@")+1:], ".git")
	return strings.TrimPrefix(rest, "github.com/"), ok
}

// variables that the jobs of an environment need.
func (x *examination) variables(ctx context.Context, admin *forge.Admin, environment string) error {
	have, err := admin.Variables(ctx, environment)
	if ok, err := x.seen("variables of "+environment, err); !ok {
		return err
	}
	repo, _ := githubPath(x.d.repo.Origin())
	repo = shellWord(repo)
	if environment == "deliver" {
		x.need("variable DOCKET_SMTP_URL", have["DOCKET_SMTP_URL"] != "", "where docket deliver hands mail over",
			"gh variable set DOCKET_SMTP_URL --repo "+repo+" --body smtps://USER@HOST")
		return nil
	}
	x.need("variable DOCKET_APP_ID", have["DOCKET_APP_ID"] != "", "the ID of the bot's App", "gh variable set DOCKET_APP_ID --repo "+repo+" --body N")
	root, err := x.d.root()
	if err != nil {
		return nil // said already
	}
	same := have["DOCKET_ROOT"] == root.String()
	x.need("variable DOCKET_ROOT", same, orElse(have["DOCKET_ROOT"], "not set"),
		"hold "+root.String()+" against the trust root that you wrote down; if it is that, gh variable set DOCKET_ROOT --repo "+repo+" --body "+root.String())
	return nil
}

// people: who may sign or approve may also push and review on GitHub.
func (x *examination) people(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	logins := map[string]bool{} // login: must write
	for _, s := range x.all {
		for _, p := range s.Program.People {
			if p.Login == "" {
				x.advise("login of "+p.Handle, false, "the programme names none", "a lead adds it: docket policy edit")
				continue
			}
			logins[p.Login] = logins[p.Login] || p.HasRole(psirt.RoleTeam) || p.HasRole(psirt.RoleLead)
		}
	}
	for _, login := range slices.Sorted(maps.Keys(logins)) {
		what := "access of " + login
		have, err := admin.Permission(ctx, login)
		if ok, err := x.seen(what, err); !ok {
			if err != nil {
				return err
			}
			continue
		}
		fits := have == "admin" || have == "write" || have == "read" && !logins[login]
		x.need(what, fits, have, "give "+login+" the role Write (Read for auditors), or correct the login in program.yaml")
	}
	return nil
}

func (x *examination) reporting(ctx context.Context, admin *forge.Admin, _ *SetupOptions) error {
	on, err := admin.PrivateReporting(ctx)
	if errors.Is(err, forge.ErrUnavailable) {
		x.advise("private vulnerability reporting", true, "GitHub offers it for public repositories only: docket bot import --from names those that take reports", "")
		return nil
	}
	if ok, err := x.seen("private vulnerability reporting", err); !ok {
		return err
	}
	x.advise("private vulnerability reporting", on, map[bool]string{true: "on", false: "off"}[on], again)
	return nil
}
