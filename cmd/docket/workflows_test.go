package main_test

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

const dotGitHub = "../../.github/"

// readFlows reads all workflows of this project, by name of the file.
func readFlows(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(dotGitHub + "workflows/*")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = string(raw)
	}
	return out
}

// lint runs actionlint over a workflow, with the actions of this project. The
// programs that it can call for the contents of run are left out: they may not
// be there.
func lint(t *testing.T, name, text string) []string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	project, err := actionlint.NewProject(root)
	if err != nil {
		t.Fatal(err)
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := linter.Lint(filepath.Join(root, ".github", "workflows", name), []byte(text), project)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range found {
		// Runners with a label of one's own are known to their owner only.
		if !strings.Contains(e.Message, `label "docket-intake" is unknown`) {
			out = append(out, e.Error())
		}
	}
	return out
}

// TestWorkflows holds all workflows and actions of this project to actionlint's
// rules and to its own.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	texts := readFlows(t)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		for _, c := range append(lint(t, name, texts[name]), reviewWorkflow(name, []byte(texts[name]))...) {
			t.Error(c)
		}
	}
	for name := range flows {
		if texts[name] == "" {
			t.Errorf("%s is in the table, and not in .github/workflows", name)
		}
	}
	actions, err := filepath.Glob(dotGitHub + "actions/*/action.y*ml")
	if err != nil || len(actions) != 1 {
		t.Fatalf("actions: %v, %v", actions, err)
	}
	for _, name := range actions {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range reviewAction(name, raw) {
			t.Error(c)
		}
	}
}

// TestPinsAgree: an action has one pin in the whole project, so that no old one
// is forgotten.
func TestPinsAgree(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, text := range readFlows(t) {
		for _, line := range strings.Split(text, "\n") {
			_, pinned, found := strings.Cut(line, "uses: actions/")
			if !found {
				continue
			}
			action, _, _ := strings.Cut(pinned, "@")
			if before := seen[action]; before != "" && before != pinned {
				t.Errorf("%s: actions/%s, elsewhere it is actions/%s", name, pinned, before)
			}
			seen[action] = pinned
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %d actions found", len(seen))
	}
}

// TestWorkflowsComplain: each makes one fault in a good workflow, and the rules
// name it.
func TestWorkflowsComplain(t *testing.T) {
	t.Parallel()
	texts := readFlows(t)
	for _, fault := range faults {
		text := texts[fault.file]
		if strings.Count(text, fault.old) < 1 {
			t.Errorf("%s has no %q that could be made wrong", fault.file, fault.old)
			continue
		}
		bad := strings.Replace(text, fault.old, fault.new, 1)
		expectFault(t, fault.file+" with "+strings.TrimSpace(fault.new), fault.want, reviewWorkflow(fault.file, []byte(bad)))
	}
}

func expectFault(t *testing.T, what, want string, got []string) {
	t.Helper()
	for _, c := range got {
		if strings.Contains(c, want) {
			return
		}
	}
	t.Errorf("%s: no complaint says %q; they are %q", what, want, got)
}

// TestBadWorkflows: whole files of the kinds that projects have been broken by.
// Their first line names the workflow that they pose as, and each line "# wants:"
// a complaint.
func TestBadWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/workflows/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d bad workflows, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(raw), "\n")
		as := strings.TrimPrefix(first, "# as: ")
		got := append(lint(t, as, string(raw)), reviewWorkflow(as, raw)...)
		if filepath.Base(name) == "action.yml" {
			got = reviewAction(name, raw)
		}
		wants := 0
		for _, line := range strings.Split(string(raw), "\n") {
			if want, found := strings.CutPrefix(line, "# wants: "); found {
				wants++
				expectFault(t, name, want, got)
			}
		}
		if wants == 0 {
			t.Errorf("%s wants nothing", name)
		}
	}
}

// faults are what must not pass.
var faults = []struct{ file, old, new, want string }{
	// Triggers: their filters too, which act does not look at.
	{"docket-check.yml", "  pull_request_target:", "  pull_request:", "it runs on"},
	{"docket-check.yml", "synchronize, ", "", "it runs on"},
	{"docket-check.yml", "    branches: [main]\n", "", "it runs on"},
	{"docket-check.yml", "    branches: [main]\n", "    branches: [main]\n    paths-ignore: ['cases/**']\n", "it runs on"},
	{"docket-label.yml", "types: [labeled]", "types: [labeled, opened]", "it runs on"},
	{"docket-merge.yml", "docket-check, docket-review", "docket-review", "it runs on"},
	{"docket-deliver.yml", "paths: ['cases/**']", "paths: ['**']", "it runs on"},
	{"docket-deliver.yml", "branches: [main]", "branches: ['**']", "it runs on"},
	{"docket-clock.yml", "  workflow_dispatch:", "  workflow_dispatch:\n    inputs:\n      id:\n        type: string", "it runs on"},
	{"docket-intake.yml", "  workflow_dispatch:", "  pull_request_target:", "it runs on"},
	// Permissions.
	{"docket-check.yml", "permissions: {}\n", "", "permissions: {} must stand at the top"},
	{"docket-check.yml", "permissions: {}\n", "permissions: write-all\n", "permissions: {} must stand at the top"},
	{"docket-check.yml", "permissions: {}\n", "permissions:\n  contents: read\n", "permissions: {} must stand at the top"},
	{"docket-check.yml", "      contents: read\n", "      contents: write\n", "the job's permissions"},
	{"docket-audit.yml", "    permissions:\n      contents: read\n", "", "the job's permissions"},
	{"docket-review.yml", "    permissions: {}\n", "    permissions: read-all\n", "the job's permissions"},
	{"docket-label.yml", "      contents: read ", "      issues: write\n      contents: read ", "the job's permissions"},
	// Secrets and environments.
	{"docket-merge.yml", "    environment: bot ", "    environment: deliver ", "the job's environment"},
	{"docket-deliver.yml", "    environment: deliver # bound to main\n", "", "the job's environment"},
	{"docket-check.yml", "          GITHUB_TOKEN:", "          KEY: ${{ secrets.DOCKET_BOT_KEY }}\n          GITHUB_TOKEN:", "uses the secrets"},
	{"docket-deliver.yml", "          GITHUB_TOKEN:", "          KEY: ${{ secrets.DOCKET_BOT_KEY }}\n          GITHUB_TOKEN:", "uses the secrets"},
	{"docket-merge.yml", "${{ secrets.DOCKET_BOT_KEY }}", "${{ toJSON(secrets) }}", "a secret stands in the env of the step"},
	{"docket-merge.yml", "    environment: bot", "    env:\n      KEY: ${{ secrets.DOCKET_BOT_KEY }}\n    environment: bot", "env is not used in jobs"},
	{"docket-merge.yml", "permissions: {}\n", "permissions: {}\nenv:\n  KEY: ${{ secrets.DOCKET_BOT_KEY }}\n", "env belongs to a job or a step"},
	{"docket-merge.yml", "          fetch-depth: 0", "          token: ${{ secrets.DOCKET_BOT_KEY }}\n          fetch-depth: 0", "a secret stands in the env of the step"},
	{"docket-check.yml", "    if: ", "    if: secrets.DOCKET_BOT_KEY != '' && ", "a secret stands in the env of the step"},
	{"docket-audit.yml", "          path: audit.html", "          path: ${{ github.token }}", "the token stands in the env of the step"},
	// What strangers wrote.
	{"docket-label.yml", `docket bot event "$GITHUB_EVENT_PATH"`, "docket label ${{ github.event.issue.number }} ${{ github.event.label.name }}", "no ${{ }} in run"},
	{"docket-check.yml", `docket bot event "$GITHUB_EVENT_PATH"`, `echo "${{ github.head_ref }}"`, "no ${{ }} in run"},
	{"docket-audit.yml", "          name: audit", "          name: ${{ github.event.repository.description }}", "no data of the event"},
	// What is proposed is never checked out.
	{"docket-check.yml", "          fetch-depth: 0", "          ref: ${{ github.event.pull_request.head.sha }}\n          fetch-depth: 0", "no ref"},
	{"docket-check.yml", "          fetch-depth: 0", "          repository: ${{ github.event.pull_request.head.repo.full_name }}\n          fetch-depth: 0", "no repository"},
	{"docket-check.yml", "        run: docket", "        run: git fetch origin \"$GITHUB_HEAD_REF\" && docket", "only docket fetches"},
	{"docket-check.yml", "        run: docket", "        run: gh pr checkout 1 && docket", "only docket fetches"},
	{"docket-merge.yml", "          docket bot", "          git -C . checkout FETCH_HEAD\n          docket bot", "only docket fetches"},
	{"docket-check.yml", "          persist-credentials: false\n", "", "persist-credentials: false"},
	{"docket-check.yml", "persist-credentials: false", "persist-credentials: true", "persist-credentials: false"},
	// Pins.
	{"docket-check.yml", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6 # v6.0.2", "full hash of a commit"},
	{"docket-check.yml", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd", "@de0fac2e4500", "full hash of a commit"},
	{"docket-check.yml", " # v6.0.2", "", "must have its version beside it"},
	{"docket-check.yml", " # v6.0.2", " # latest", "must have its version beside it"},
	{"docket-audit.yml", "uses: ./.github/actions/docket", "uses: ./cases/action", "full hash of a commit"},
	{"docket-audit.yml", "uses: ./.github/actions/docket", "uses: docker://debian:bookworm", "full hash of a commit"},
	// The rest.
	{"docket-clock.yml", "    timeout-minutes: 30\n", "", "timeout-minutes"},
	{"docket-clock.yml", "timeout-minutes: 30", "timeout-minutes: 600", "timeout-minutes"},
	{"docket-deliver.yml", "cancel-in-progress: false", "cancel-in-progress: true", "cancel-in-progress must be false"},
	{"docket-label.yml", "-${{ github.event.issue.number }}-${{ github.event.label.name }}", "", "the concurrency group"},
	{"docket-deliver.yml", "permissions: {}\n", "permissions: {}\nconcurrency: all\n", "concurrency belongs to a job"},
	{"docket-audit.yml", "    shell: bash\n", "    shell: sh\n", "the default shell"},
	{"docket-audit.yml", "      - name: Audit\n", "      - name: Audit\n        continue-on-error: true\n", "a step that fails"},
	{"docket-audit.yml", "runs-on: ubuntu-latest", "runs-on: self-hosted", "the job runs on"},
	{"docket-intake.yml", "runs-on: [self-hosted, docket-intake]", "runs-on: ubuntu-latest", "the job runs on"},
	{"docket-intake.yml", "!= self-hosted", "= github", "must refuse to run"},
	{"docket-intake.yml", "            exit 1\n", "", "must refuse to run"},
	{"docket-audit.yml", "    if: github.repository != 'docket-psirt/docket'", "    if: true", "must not run in the project itself"},
	{"docket-audit.yml", "  audit:\n", "  other:\n", "is not in the table"},
	{"docket-audit.yml", "  audit:\n", "  other:\n", "the job audit is missing"},
}
