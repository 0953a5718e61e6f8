package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// A clone whose origin is on GitHub has its pull requests, reviews and issues
// there. Three things are different then. Main takes pull requests only: the bot
// pushes its merge commits, since its App may, and a person merges through
// GitHub's API. A person's step does not merge by itself: the check has to be
// green first, and then the bot merges. And the branch goes in a push of its
// own, after the merge, so that GitHub sees the merge before it closes what
// has no branch any more.

// githubRef keeps which issue tracks which case: numbers that GitHub gave out.
const githubRef = "refs/docket/github"

// ForgeOptions say how GitHub is reached. They count only for a clone whose
// origin is there.
type ForgeOptions struct {
	API          string // base URL of the REST API; empty: https://api.github.com/, or that of the origin's tenant on ghe.com
	Token        string // a person's, or GITHUB_TOKEN; or
	AppID        int64  // the bot's GitHub App, with
	AppKey       []byte // its private key (PEM), and
	Installation int64  // its installation in the repository; 0: asked for
	HTTP         http.RoundTripper
}

// hosted is what GitHub has beyond what any forge has.
type hosted interface {
	forge.Merger
	// Token is for git over https.
	Token(ctx context.Context) (string, error)
	// Calls counts the REST requests so far.
	Calls() int
	// Observe takes what an event tells.
	Observe(e forge.Event)
	// TrackedBy is the number of a case's tracking issue, or 0.
	TrackedBy(ctx context.Context, program, id string) int
}

// chooseForge finds out where pull requests are: on GitHub, when the origin is
// on the host of its API, else in the repository itself.
func (d *Desk) chooseForge(o ForgeOptions) error {
	o.API = apiOf(d.repo.Origin(), o.API)
	repo, ok := githubRepo(d.repo.Origin(), o.API)
	if !ok {
		d.forge = forge.NewLocal(d.board, d.now)
		return nil
	}
	d.board.ref = githubRef
	if o.Token == "" && o.AppID == 0 {
		// What git alone can answer still works.
		d.forge = forge.Absent{Err: &Problem{Text: "there is no token for GitHub",
			Do: "put one into the environment as GH_TOKEN (gh auth token prints yours), or name its file in DOCKET_GITHUB_TOKEN_FILE"}}
		return nil
	}
	g, err := forge.NewGitHub(forge.GitHubOptions{API: o.API, Repo: repo, Board: d.board, Branch: d.headOf, HTTP: o.HTTP, Now: d.clock,
		Auth: forge.GitHubAuth{Token: o.Token, AppID: o.AppID, AppKey: o.AppKey, Installation: o.Installation}})
	if err != nil {
		return err
	}
	d.forge, d.github = g, g
	d.repo.SetLogin(func(ctx context.Context, refused bool) (string, string, error) {
		if refused {
			g.Renew()
		}
		token, err := g.Token(ctx)
		return "x-access-token", token, err
	})
	return nil
}

// headOf answers GitHub's adapter what git knows of a branch.
func (d *Desk) headOf(branch string) (string, error) {
	h, err := d.branch(branch)
	if err != nil || h.IsZero() {
		return "", err
	}
	return h.String(), nil
}

// OnGitHub reports whether pull requests are on GitHub.
func (d *Desk) OnGitHub() bool { return d.github != nil }

// Calls counts the REST requests that were sent to GitHub so far.
func (d *Desk) Calls() int {
	if d.github == nil {
		return 0
	}
	return d.github.Calls()
}

// Observe takes what an event says of issues and pull requests, so that GitHub
// need not be asked for it.
func (d *Desk) Observe(e forge.Event) {
	if d.github != nil {
		d.github.Observe(e)
	}
}

// ActsAsBot reports whether the key of some programme's bot is at hand.
func (d *Desk) ActsAsBot() bool {
	_, at, err := d.main()
	if err != nil {
		return false
	}
	all, err := d.settings(at)
	if err != nil {
		return false
	}
	for _, s := range all {
		if _, err := d.bot(s); err == nil {
			return true
		}
	}
	return false
}

// reference names the case's tracking issue, so that GitHub shows the pull
// request there.
func (d *Desk) reference(ctx context.Context, g *audit.Judgement) string {
	if d.github == nil || g.Program == "" || g.Case == "" {
		return ""
	}
	if n := d.github.TrackedBy(ctx, g.Program, string(g.Case)); n > 0 {
		return fmt.Sprintf("\nTracking issue: #%d\n", n)
	}
	return ""
}

// checkTitle says a check's result in a line.
func checkTitle(g *audit.Judgement) string {
	switch {
	case len(g.Findings) > 0:
		return fmt.Sprintf("%d finding(s): this cannot be merged", len(g.Findings))
	case g.OK():
		return "well formed, with all it needs"
	}
	return "well formed; it still needs approvals or guards"
}

// checkSummary is a check's text, in Markdown. It names clear facts only.
func checkSummary(g *audit.Judgement) string {
	v := g.Verdict.Public()
	var b strings.Builder
	for _, r := range v.Reasons() {
		b.WriteString("- " + r + "\n")
	}
	return b.String() + "\n```\n" + v.Text() + "```\n"
}

// findingPath is the file of a proposal that a finding is shown at: the case's,
// or the only one that changes.
func findingPath(g *audit.Judgement) string {
	if len(g.Steps) > 0 && g.Program != "" {
		return psirt.CasePath(g.Program, g.Case)
	}
	if paths := g.Paths(); len(paths) > 0 {
		return paths[0]
	}
	return ""
}

// leaves reports whether somebody leaves merging to the bot.
func (d *Desk) leaves(who *actor) bool { return d.github != nil && who.person }

// waitsForBot is what a proposal waits for that has all it needs.
const waitsForBot = "the bot merges it when docket/check is green"

// labelThere puts a label on a case's issue, in the name of the token's owner:
// GitHub vouches for who asks, and the bot follows.
func (d *Desk) labelThere(ctx context.Context, c *one, label string) (*Proposed, error) {
	if !AsksForMove(label) {
		return nil, usage(fmt.Sprintf("%q asks for nothing", label), "labels that do are move/<state> and close/<outcome>")
	}
	if _, err := d.forge.Label(ctx, c.Program, string(c.ID), []string{label}, nil, ""); err != nil {
		return nil, err
	}
	return &Proposed{ID: c.ID, State: c.State, Waits: "the bot follows the label, or answers on the tracking issue"}, nil
}

// mergeThere asks GitHub to merge, which holds its own rules.
func (d *Desk) mergeThere(ctx context.Context, branch string, g *audit.Judgement) (store.Hash, error) {
	pull, err := d.forge.Find(ctx, branch)
	if err != nil {
		return store.Hash{}, err
	}
	text := strings.TrimSpace(message("", "Case", string(g.Case)))
	commit, err := d.github.Merge(ctx, pull.Number, g.Head.String(), "Merge "+branch, text)
	switch {
	case errors.Is(err, forge.ErrChanged):
		return store.Hash{}, fmt.Errorf("%w: %v", store.ErrLost, err)
	case errors.Is(err, forge.ErrBlocked):
		return store.Hash{}, &Problem{Text: fmt.Sprintf("GitHub does not merge pull request %d yet", pull.Number), Err: err,
			Do: "wait for docket/check; then the bot merges it, or try again"}
	case err != nil:
		return store.Hash{}, err
	}
	h, err := store.ParseHash(commit)
	if err != nil {
		return h, err
	}
	if err := d.repo.Fetch(ctx); err != nil {
		return h, err
	}
	err = d.repo.Publish(ctx, nil, store.RefUpdate{Name: heads + branch, Old: g.Head})
	if errors.Is(err, store.ErrLost) {
		err = nil // gone already
	}
	return h, err
}
