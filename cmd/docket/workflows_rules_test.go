package main_test

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// flow is what a workflow may be.
type flow struct {
	on   string          // its triggers with all their filters, as triggers writes them
	jobs map[string]duty // all of its jobs
}

// duty is what a job may do, and must have.
type duty struct {
	may     string // permissions
	at      string // environment: whoever may use its secrets is said there
	secrets string // those that it uses, besides its own token
	queue   string // concurrency group; empty: none, so that no run waits for another
	on      string // runner; ubuntu-latest unless said
}

const (
	hourly     = "schedule" // how often is no matter of safety
	manual     = "workflow_dispatch"
	botSecrets = "DOCKET_APP_KEY DOCKET_BOT_KEY DOCKET_PASSPHRASE"
)

// flows are all workflows of this project. act ignores the filters of triggers,
// so they are held here, to the letter.
var flows = map[string]flow{
	"docket-check.yml": {"pull_request_target types=opened,synchronize,reopened branches=main", map[string]duty{
		"check": {may: "checks: write, contents: read, pull-requests: read", queue: "docket-check-${{ github.event.pull_request.number }}"}}},
	"docket-review.yml": {"pull_request_review types=submitted,dismissed", map[string]duty{"review": {}}},
	"docket-merge.yml": {"workflow_run types=completed workflows=docket-check,docket-review", map[string]duty{
		"merge": {may: "contents: read", at: "bot", secrets: botSecrets,
			queue: "docket-merge-${{ github.event.workflow_run.name }}-${{ github.event.workflow_run.head_repository.full_name }}-${{ github.event.workflow_run.head_branch }}"}}},
	"docket-label.yml": {"issues types=labeled", map[string]duty{
		"label": {may: "contents: read", at: "bot", secrets: botSecrets, queue: "docket-label-${{ github.event.issue.number }}-${{ github.event.label.name }}"}}},
	"docket-deliver.yml": {"push branches=main paths=cases/**; " + hourly, map[string]duty{
		"deliver": {may: "contents: write", at: "deliver", queue: "docket-deliver",
			secrets: "DOCKET_MAILER_APP_KEY DOCKET_MAILER_KEY DOCKET_PASSPHRASE DOCKET_SENDER_KEY DOCKET_SMTP_PASSWORD"}}},
	"docket-clock.yml":  {hourly + "; " + manual, map[string]duty{"clock": {may: "contents: read", at: "bot", secrets: botSecrets, queue: "docket-clock"}}},
	"docket-audit.yml":  {hourly + "; " + manual, map[string]duty{"audit": {may: "contents: read", queue: "docket-audit"}}},
	"docket-intake.yml": {hourly + "; " + manual, map[string]duty{"intake": {may: "contents: read", queue: "docket-intake", on: "self-hosted,docket-intake"}}},
	"ci.yml": {"pull_request; push branches=main; " + hourly, map[string]duty{
		"run": {may: "contents: read", on: "ubuntu-24.04"}, "race": {may: "contents: read", on: "ubuntu-24.04"},
		"vulnerabilities": {may: "contents: read", on: "ubuntu-24.04"}}},
	"release.yml": {"push tags=v*", map[string]duty{
		"build":   {may: "contents: read", on: "ubuntu-24.04"},
		"again":   {may: "contents: read", on: "ubuntu-22.04"},
		"publish": {may: "contents: write", at: "release", secrets: "DOCKET_RELEASE_KEY DOCKET_RELEASE_PASSPHRASE", on: "ubuntu-24.04"}}},
}

// notHere keeps the case repository's jobs from running in the project itself.
const notHere = "github.repository != 'docket-psirt/docket'"

// reviewer collects what breaks a rule in one file.
type reviewer struct {
	name       string
	complaints []string
}

func (r *reviewer) complain(n *yaml.Node, format string, args ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	r.complaints = append(r.complaints, fmt.Sprintf("%s:%d: %s", r.name, line, fmt.Sprintf(format, args...)))
}

// reviewWorkflow holds a workflow to the rules. name is that of the file.
func reviewWorkflow(name string, text []byte) []string {
	r := &reviewer{name: name}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) != 1 {
		r.complain(nil, "it is not YAML: %v", err)
		return r.complaints
	}
	top := doc.Content[0]
	want, known := flows[path.Base(name)]
	if !known {
		r.complain(top, "no workflow of this name is in the table: say there what it may do")
		return r.complaints
	}
	if got := triggers(at(top, "on")); got != want.on {
		r.complain(at(top, "on"), "it runs on %q, and the table says %q", got, want.on)
	}
	if p := at(top, "permissions"); p == nil || p.Kind != yaml.MappingNode || len(p.Content) > 0 {
		r.complain(top, "permissions: {} must stand at the top, so that each job names its own")
	}
	if value(at(top, "defaults", "run", "shell")) != "bash" {
		r.complain(top, "the default shell must be bash, which stops at the first error, in a pipe too")
	}
	for _, key := range []string{"concurrency", "env"} {
		if at(top, key) != nil {
			r.complain(at(top, key), "%s belongs to a job or a step", key)
		}
	}
	jobs := at(top, "jobs")
	for _, id := range slices.Sorted(maps.Keys(want.jobs)) {
		if at(jobs, id) == nil {
			r.complain(jobs, "the job %s is missing", id)
		}
	}
	each(jobs, func(id, job *yaml.Node) {
		d, known := want.jobs[id.Value]
		if !known {
			r.complain(id, "the job %s is not in the table: say there what it may do", id.Value)
			return
		}
		r.job(job, d, strings.HasPrefix(path.Base(name), "docket-"))
	})
	r.expressions(top, "")
	return r.complaints
}

// reviewAction holds a composite action to the rules.
func reviewAction(name string, text []byte) []string {
	r := &reviewer{name: name}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) != 1 {
		r.complain(nil, "it is not YAML: %v", err)
		return r.complaints
	}
	top := doc.Content[0]
	if value(at(top, "runs", "using")) != "composite" {
		r.complain(top, "the action must be a composite one")
	}
	steps := at(top, "runs", "steps")
	r.steps(steps, true)
	for _, step := range list(steps) {
		if at(step, "run") != nil && value(at(step, "shell")) != "bash" {
			r.complain(step, "the shell must be bash")
		}
	}
	r.expressions(top, "")
	return r.complaints
}

func (r *reviewer) job(job *yaml.Node, d duty, ofCases bool) {
	if got := pairs(at(job, "permissions")); got != d.may {
		r.complain(job, "the job's permissions are %q, and the table says %q", got, d.may)
	}
	if got := value(at(job, "environment")); got != d.at {
		r.complain(job, "the job's environment is %q, and the table says %q", got, d.at)
	}
	if got := strings.Join(secretsOf(job), " "); got != d.secrets {
		r.complain(job, "the job uses the secrets %q, and the table says %q", got, d.secrets)
	}
	if d.secrets != "" && d.at == "" {
		r.complain(job, "secrets are used in an environment only, which is bound to main")
	}
	on := d.on
	if on == "" {
		on = "ubuntu-latest"
	}
	if got := strings.Join(values(at(job, "runs-on")), ","); got != on {
		r.complain(job, "the job runs on %q, and the table says %q", got, on)
	}
	if n, err := strconv.Atoi(value(at(job, "timeout-minutes"))); err != nil || n < 1 || n > 60 {
		r.complain(job, "timeout-minutes must be a number from 1 to 60")
	}
	r.queue(job, d.queue)
	if ofCases && !strings.Contains(value(at(job, "if")), notHere) {
		r.complain(job, "the job must not run in the project itself (if: %s)", notHere)
	}
	for _, key := range []string{"env", "uses", "continue-on-error", "services"} {
		if n := at(job, key); n != nil {
			r.complain(n, "%s is not used in jobs here", key)
		}
	}
	if strings.Contains(on, "self-hosted") {
		r.refusal(job)
	}
	r.steps(at(job, "steps"), ofCases)
}

// queue holds that no run is cancelled while it runs, and that only what the
// table says waits.
func (r *reviewer) queue(job *yaml.Node, want string) {
	c := at(job, "concurrency")
	if got := value(at(c, "group")); got != want {
		r.complain(job, "the concurrency group is %q, and the table says %q", got, want)
	}
	if c != nil && value(at(c, "cancel-in-progress")) != "false" {
		r.complain(c, "cancel-in-progress must be false: a run that is cancelled may have begun")
	}
}

// refusal holds that a job with keys of its own machine first makes sure that it
// is there.
func (r *reviewer) refusal(job *yaml.Node) {
	steps := list(at(job, "steps"))
	if len(steps) == 0 {
		return
	}
	run := value(at(steps[0], "run"))
	if !strings.Contains(run, `"${RUNNER_ENVIRONMENT:-unknown}" != self-hosted`) || !strings.Contains(run, "exit 1") || at(steps[0], "if") != nil {
		r.complain(steps[0], "the first step must refuse to run where RUNNER_ENVIRONMENT is not self-hosted")
	}
}

var (
	pin     = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._/-]+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`^# v[0-9]+\.[0-9]+\.[0-9]+$`)
	// What fetches or checks out something, besides actions/checkout and docket.
	fetches = regexp.MustCompile(`\bgit\s+(-\S+\s+|-[Cc]\s+\S+\s+)*(checkout|switch|fetch|pull|clone|worktree|merge|restore|reset|submodule)\b|\bgh\s+(pr\s+checkout|repo\s+clone)\b`)
)

// steps holds the rules of single steps; ofCases says that they run in a case
// repository, where what is proposed must not run.
func (r *reviewer) steps(steps *yaml.Node, ofCases bool) {
	for _, step := range list(steps) {
		if n := at(step, "continue-on-error"); n != nil {
			r.complain(n, "a step that fails ends its job")
		}
		if run := at(step, "run"); run != nil {
			if strings.Contains(run.Value, "${{") {
				r.complain(run, "no ${{ }} in run: what it stands for would be read as shell; put it into env")
			}
			if ofCases && fetches.MatchString(run.Value) {
				r.complain(run, "only docket fetches what is proposed, as data: %q", fetches.FindString(run.Value))
			}
		}
		if uses := at(step, "uses"); uses != nil {
			r.uses(uses, step)
		}
	}
}

func (r *reviewer) uses(uses, step *yaml.Node) {
	if uses.Value == "./.github/actions/docket" {
		return
	}
	if !pin.MatchString(uses.Value) {
		r.complain(uses, "%s must be pinned by the full hash of a commit", uses.Value)
	}
	if !version.MatchString(uses.LineComment) {
		r.complain(uses, "%s must have its version beside it, such as: # v1.2.3", uses.Value)
	}
	if !strings.HasPrefix(uses.Value, "actions/checkout@") {
		return
	}
	if value(at(step, "with", "persist-credentials")) != "false" {
		r.complain(step, "checkout must have persist-credentials: false")
	}
	each(at(step, "with"), func(key, _ *yaml.Node) {
		if !slices.Contains([]string{"persist-credentials", "fetch-depth", "path"}, key.Value) {
			r.complain(key, "checkout takes what the event is for, which is main where keys are: no %s", key.Value)
		}
	})
}

var (
	inStepEnv   = regexp.MustCompile(`(^|/)steps/\d+/env/[A-Z0-9_]+$`)
	secret      = regexp.MustCompile(`^\$\{\{ secrets\.([A-Z0-9_]+) \}\}$`)
	foreign     = regexp.MustCompile(`github\.event\b|github\.head_ref|github\.ref_name|\binputs\b`)
	expressions = regexp.MustCompile(`(?s)\$\{\{.*?\}\}`)
)

// expressions holds where secrets, tokens and what strangers wrote may stand.
func (r *reviewer) expressions(n *yaml.Node, where string) {
	switch n.Kind {
	case yaml.MappingNode:
		each(n, func(key, v *yaml.Node) { r.expressions(v, strings.TrimPrefix(where+"/"+key.Value, "/")) })
	case yaml.SequenceNode:
		for i, v := range n.Content {
			r.expressions(v, where+"/"+strconv.Itoa(i))
		}
	case yaml.AliasNode:
		r.complain(n, "no aliases: what is meant is written where it counts")
	case yaml.ScalarNode:
		text := strings.Join(expressions.FindAllString(n.Value, -1), " ")
		if strings.HasSuffix(where, "/if") {
			text = n.Value
		}
		if strings.Contains(text, "secrets") && (!secret.MatchString(n.Value) || !inStepEnv.MatchString(where)) {
			r.complain(n, "a secret stands in the env of the step that needs it, alone: ${{ secrets.NAME }}")
		}
		if strings.Contains(text, "github.token") && (n.Value != "${{ github.token }}" || !inStepEnv.MatchString(where)) {
			r.complain(n, "the token stands in the env of the step that needs it, alone: ${{ github.token }}")
		}
		if strings.Contains(where, "/with/") && foreign.MatchString(text) {
			r.complain(n, "no data of the event in what an action is told")
		}
	}
}

// secretsOf lists the names of the secrets that a job uses, sorted.
func secretsOf(n *yaml.Node) []string {
	found := map[string]bool{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if m := secret.FindStringSubmatch(n.Value); m != nil {
			found[m[1]] = true
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	return slices.Sorted(maps.Keys(found))
}

// triggers writes what a workflow runs on, sorted, with all filters but how often
// a schedule is.
func triggers(on *yaml.Node) string {
	var out []string
	if on == nil || on.Kind != yaml.MappingNode {
		return strings.Join(values(on), "; ")
	}
	each(on, func(event, filters *yaml.Node) {
		line := event.Value
		if filters.Kind == yaml.MappingNode {
			var known []string
			for _, name := range []string{"types", "branches", "tags", "paths", "workflows"} {
				if f := at(filters, name); f != nil {
					line += " " + name + "=" + strings.Join(values(f), ",")
					known = append(known, name)
				}
			}
			each(filters, func(key, _ *yaml.Node) {
				if !slices.Contains(known, key.Value) {
					line += " " + key.Value
				}
			})
		}
		out = append(out, line)
	})
	slices.Sort(out)
	return strings.Join(out, "; ")
}
