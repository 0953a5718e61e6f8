package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/store"
)

// SetupOptions say what a repository on GitHub is set up for. App IDs are
// numbers that GitHub gives; 0: there is none.
type SetupOptions struct {
	AppID     int64  // the bot's GitHub App, which may push to main
	CheckApp  int64  // the App whose docket/check counts; 0: anybody's with write access
	MailerApp int64  // an App of the mailer alone, which may then alone write receipts
	Keys      string // directory of the secret keys, as commands shall name it
}

// GitHubSetup is what setting up has changed.
type GitHubSetup struct {
	Repo    string   `json:"repo"`    // its page
	Changed []string `json:"changed"` // empty: all was there
}

// rulesets are the rules that branches need.
func (o SetupOptions) rulesets() []forge.Ruleset {
	var bot, apps []forge.BypassActor
	if o.AppID != 0 {
		bot = []forge.BypassActor{forge.App(o.AppID)}
		apps = bot
	}
	return []forge.Ruleset{forge.MainRules(checkName, o.CheckApp, bot...), forge.ProposalRules(apps...), forge.DeliveriesRules(o.MailerApp)}
}

// SetupGitHub sets the repository on GitHub up: its settings, labels, rulesets,
// environments and variables. It only writes what is not as it should be, so a
// second run changes nothing. Secrets it does not touch: Doctor says which are
// missing, and how they are set.
func (d *Desk) SetupGitHub(ctx context.Context, o SetupOptions) (*GitHubSetup, error) {
	admin, err := d.admin("")
	if err != nil {
		return nil, err
	}
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	s, err := admin.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if o, err = d.rememberApps(ctx, admin, o); err != nil {
		return nil, err
	}
	out := &GitHubSetup{Repo: s.WebURL, Changed: []string{}}
	err = d.setAll(ctx, admin, all, o, out)
	if errors.Is(err, forge.ErrDenied) || errors.Is(err, forge.ErrNotFound) {
		err = &Problem{Text: "the repository cannot be set up with this token", Err: err,
			Do: "use one that may administer it (fine-grained: administration, environments, variables and issues, read and write); what was done stays, and running it again does the rest"}
	}
	if errors.Is(err, forge.ErrUnavailable) {
		err = &Problem{Text: "GitHub does not offer this for the repository", Err: err,
			Do: "rulesets and environments of private repositories need a paid plan (GitHub Pro, Team or Enterprise)"}
	}
	return out, err
}

// rememberApps takes the IDs of Apps that are not given from what the
// repository says already, so that running it again takes nothing back.
func (d *Desk) rememberApps(ctx context.Context, admin *forge.Admin, o SetupOptions) (SetupOptions, error) {
	have, err := admin.Rulesets(ctx)
	if err != nil {
		return o, err
	}
	found := appsOf(have)
	if o.AppID == 0 {
		o.AppID = found.AppID
	}
	if o.CheckApp == 0 {
		o.CheckApp = found.CheckApp
	}
	if o.MailerApp == 0 {
		o.MailerApp = found.MailerApp
	}
	return o, nil
}

// appsOf reads the Apps out of Docket's own rulesets.
func appsOf(have []forge.Ruleset) SetupOptions {
	var o SetupOptions
	for _, r := range have {
		for _, b := range r.Bypass {
			switch {
			case b.Type != "Integration":
			case r.Name == forge.MainRules("", 0).Name:
				o.AppID = b.ID
			case r.Name == forge.DeliveriesRules(0).Name:
				o.MailerApp = b.ID
			}
		}
		if r.Name == forge.MainRules("", 0).Name {
			o.CheckApp = r.CheckApp(checkName)
		}
	}
	return o
}

func (d *Desk) setAll(ctx context.Context, admin *forge.Admin, all []*audit.Setting, o SetupOptions, out *GitHubSetup) error {
	root, err := d.root()
	if err != nil {
		return err
	}
	steps := []func() ([]string, error){
		func() ([]string, error) { return admin.SetSettings(ctx) },
		func() ([]string, error) { return admin.SetDefaultBranch(ctx, "main") },
		func() ([]string, error) { return admin.SetWorkflowPermissions(ctx) },
		func() ([]string, error) { return admin.SetLabels(ctx, labelsOf(all)) },
		func() ([]string, error) { return admin.SetRulesets(ctx, o.rulesets()) },
	}
	for _, name := range environments {
		steps = append(steps, func() ([]string, error) { return admin.SetEnvironment(ctx, name, "main") })
	}
	have, err := admin.Variables(ctx, "")
	if err != nil {
		return err
	}
	variables := map[string]string{}
	if have["DOCKET_ROOT"] == "" { // another one is for people to look at, not to be overwritten
		variables["DOCKET_ROOT"] = root.String()
	}
	if o.AppID != 0 {
		variables["DOCKET_APP_ID"] = strconv.FormatInt(o.AppID, 10)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		steps = append(steps, func() ([]string, error) { return admin.SetVariable(ctx, name, variables[name]) })
	}
	steps = append(steps, func() ([]string, error) {
		changed, err := admin.SetPrivateReporting(ctx)
		if errors.Is(err, forge.ErrUnavailable) {
			return nil, nil // for public repositories only; Doctor says so
		}
		return changed, err
	})
	for _, step := range steps {
		changed, err := step()
		out.Changed = append(out.Changed, changed...)
		if err != nil {
			return err
		}
	}
	return nil
}

// root is the first commit of main: the trust root, as this repository has it.
func (d *Desk) root() (store.Hash, error) {
	head, err := d.repo.Ref(mainRef)
	if err != nil {
		return head, err
	}
	last := head
	for c, err := range d.repo.FirstParents(head, store.Hash{}) {
		if err != nil {
			return last, err
		}
		last = c.Hash
	}
	return last, nil
}

// ProposeWorkflows proposes the workflows that this version of Docket ships, as
// a change of the programme, by a lead. version and sums pin a release; empty:
// the pin stays as it is. It answers nil where all is there already.
func (d *Desk) ProposeWorkflows(ctx context.Context, version string, sums []byte) (*Proposed, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	edits, err := workflowEdits(at, version, sums)
	if err != nil || len(edits) == 0 {
		return nil, err
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return nil, err
	}
	s, _, who, err := d.programmeOf(ctx, names[0])
	if err != nil {
		return nil, err
	}
	return d.proposeProgram(ctx, s, who, edits, fmt.Sprintf("Change %d file(s) of the workflows", len(edits)))
}

// workflowEdits are what main lacks of the workflows.
func workflowEdits(at *store.Snapshot, version string, sums []byte) ([]store.Edit, error) {
	files, err := workflowFiles(version, sums)
	if err != nil {
		return nil, err
	}
	var edits []store.Edit
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := at.Read(name, maxProgramFile)
		if name == releasePath && version == "" && err == nil {
			continue
		}
		if err != nil || string(have) != string(files[name]) {
			edits = append(edits, store.Edit{Path: name, Data: files[name]})
		}
	}
	return edits, nil
}
