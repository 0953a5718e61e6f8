package desk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/forge"
)

// Checklist is what there is to do so that this repository runs on GitHub, in
// order: for those who do it by hand, or want to know what docket init --github
// does.
func (d *Desk) Checklist(o DoctorOptions) ([]Condition, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	var out []Condition
	add := func(what, do string) { out = append(out, Condition{What: what, Do: do, Required: true}) }
	add("repository", "make an empty private one, and push all branches to it: git push REMOTE 'refs/heads/*:refs/heads/*'")
	add("settings", "merge commits only (no squash, no rebase); do not delete branches after a merge; issues on; workflows may read by default, and approve nothing")
	var names []string
	for _, l := range labelsOf(all) {
		names = append(names, l.Name)
	}
	add("labels", strings.Join(names, ", "))
	for _, r := range (SetupOptions{}).rulesets() {
		add("ruleset "+r.Name, rulesetText(r))
	}
	add("GitHub App of the bot", "make one with write access to "+permissionText()+"; install it in the repository; let it bypass the rulesets docket: main and docket: proposals")
	for _, name := range environments {
		add("environment "+name, "its only deployment branch is main")
	}
	for _, s := range hostedSecrets {
		do := s.command(o.Keys, all, " --repo OWNER/REPO")
		if s.optional != "" {
			do += "   (where " + s.optional + ")"
		}
		add("secret "+s.name, do)
	}
	add("variables", "DOCKET_APP_ID (of the bot's App), DOCKET_ROOT (the trust root), DOCKET_SMTP_URL: gh variable set NAME --repo OWNER/REPO --body VALUE")
	add("people", "each person's login in program.yaml is a collaborator with the role Write")
	return out, nil
}

func rulesetText(r forge.Ruleset) string {
	var rules []string
	for _, rule := range r.Rules {
		rules = append(rules, strings.ReplaceAll(rule.Type, "_", " "))
	}
	text := fmt.Sprintf("for %s: %s", strings.Join(r.Conditions.Refs.Include, " and "), strings.Join(rules, ", "))
	if slices.ContainsFunc(r.Bypass, func(b forge.BypassActor) bool { return b.Type == "RepositoryRole" }) {
		text += "; bypassed by the roles Write, Maintain and Admin"
	}
	return text
}

// permissionText names what the bot's App must be able to write.
func permissionText() string {
	var names []string
	for name, level := range botPermissions {
		if level == "write" {
			names = append(names, strings.ReplaceAll(name, "_", " "))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
