package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/google/go-github/v60/github"
)

// Which issue tracks a case stands on the board, in the file
// issues/<program>/<year>/<block>/<ID>: the number, or the claim of whoever is
// about to open the issue. A claim is made before the request is sent, so that
// two processes never open two issues, and that a new case costs one request:
// without a claim, nobody has tried before, and nothing has to be searched for.

const (
	// claimFor is how long a claim is respected: the time of a request that
	// hangs, and a little more.
	claimFor = 40 * time.Second
	// claimLook is how often one waits for another's claim to become a number.
	claimLook = 5 * time.Second
)

// entry is what the board says about a case: a number, a claim, or nothing.
type entry struct {
	number int
	claim  string // a word of the claimer's
	at     time.Time
}

func (e entry) encode() []byte {
	if e.number > 0 {
		return []byte(strconv.Itoa(e.number) + "\n")
	}
	return []byte("claimed " + e.at.Format(time.RFC3339) + " " + e.claim + "\n")
}

// parseEntry reads a file of the board. What cannot be read is an old claim:
// then the issue is searched for.
func parseEntry(data []byte) entry {
	text := strings.TrimSuffix(string(data), "\n")
	if n, err := number(text); err == nil {
		return entry{number: n}
	}
	fields := strings.Fields(text)
	if len(fields) == 3 && fields[0] == "claimed" {
		if at, err := time.Parse(time.RFC3339, fields[1]); err == nil {
			return entry{claim: fields[2], at: at}
		}
	}
	return entry{claim: "?"}
}

func numberPath(program, id string) string {
	return "issues/" + program + "/" + psirt.CaseID(id).Folder()
}

// entry reads what the board says about a case. fresh: the board has never
// held anything, so that it cannot tell a new case from a forgotten one.
func (g *GitHub) entry(ctx context.Context, program, id string) (e entry, revision string, err error) {
	view, err := g.board.View(ctx)
	if err != nil {
		return entry{}, "", err
	}
	data, err := view.Read(numberPath(program, id))
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, view.Revision(), nil
	}
	if err != nil {
		return entry{}, "", err
	}
	return parseEntry(data), view.Revision(), nil
}

// saveEntry writes what the board says about a case, in place of before; a
// zero entry deletes. It returns ErrLost when before is not what stands there
// any more.
func (g *GitHub) saveEntry(ctx context.Context, program, id string, before, after entry) error {
	for range saveTries {
		have, revision, err := g.entry(ctx, program, id)
		switch {
		case err != nil:
			return err
		case have == after:
			return nil
		case have != before:
			return ErrLost
		}
		var data []byte
		if after != (entry{}) {
			data = after.encode()
		}
		err = g.board.Save(ctx, revision, BoardChange{
			Message: fmt.Sprintf("Track %s\n", id), Files: map[string][]byte{numberPath(program, id): data},
		})
		if !errors.Is(err, ErrLost) {
			return err
		}
	}
	return fmt.Errorf("the board was changed by others %d times in a row; try again: %w", saveTries, ErrLost)
}

// dropNumber takes the number of an issue that is gone off the board.
func (g *GitHub) dropNumber(ctx context.Context, program, id string, number int) error {
	// An old claim: the issue may have been replaced by one that shows.
	err := g.saveEntry(ctx, program, id, entry{number: number}, entry{claim: nonce()})
	if errors.Is(err, ErrLost) {
		return nil
	}
	return err
}

// number is the issue that tracks a case, or ErrNotFound.
func (g *GitHub) number(ctx context.Context, program, id string) (int, error) {
	n, _, err := g.locate(ctx, program, id, false)
	return n, err
}

// locate is number, with what the board says about the case unless it was not
// asked. look has GitHub asked also when the board says that nobody has tried
// to open an issue.
func (g *GitHub) locate(ctx context.Context, program, id string, look bool) (int, entry, error) {
	var r rules
	if r.issueName(program, id); r.err != nil {
		return 0, entry{}, r.err
	}
	g.known.mu.Lock()
	n := g.known.numbers[trackKey(program, id)]
	g.known.mu.Unlock()
	if n > 0 {
		return n, entry{number: n}, nil
	}
	e, revision, err := g.entry(ctx, program, id)
	switch {
	case err != nil:
		return 0, e, err
	case e.number > 0:
		g.keepNumber(program, id, e.number)
		return e.number, e, nil
	case e.claim == "" && revision != "" && !look:
		return 0, e, noIssue(id)
	}
	n, err = g.lookFor(ctx, program, id)
	if err == nil && n == 0 {
		err = noIssue(id)
	}
	return n, e, err
}

// TrackedBy is the number of the issue that tracks a case, as far as it can be
// told without asking GitHub; 0: it cannot.
func (g *GitHub) TrackedBy(ctx context.Context, program, id string) int {
	g.known.mu.Lock()
	n := g.known.numbers[trackKey(program, id)]
	g.known.mu.Unlock()
	if n > 0 {
		return n
	}
	e, _, err := g.entry(ctx, program, id)
	if err != nil {
		return 0
	}
	return e.number
}

func noIssue(id string) error { return fmt.Errorf("tracking issue of %s: %w", id, ErrNotFound) }

func (g *GitHub) keepNumber(program, id string, n int) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	put(&g.known.numbers, trackKey(program, id), n)
}

// numberFor is the issue that tracks a case. When there is none it is opened;
// then made is true, and nothing is left to be done.
func (g *GitHub) numberFor(ctx context.Context, i Issue) (n int, made bool, err error) {
	for waits := time.Duration(0); ; {
		// A board that was lost forgets old cases, and none is older than its
		// first revision.
		n, before, err := g.locate(ctx, i.Program, i.ID, i.Revision != 1)
		if err == nil && before.number == 0 {
			err = g.saveEntry(ctx, i.Program, i.ID, before, entry{number: n})
			if errors.Is(err, ErrLost) {
				continue
			}
		}
		if !errors.Is(err, ErrNotFound) {
			return n, false, err
		}
		if left := before.at.Add(claimFor).Sub(g.now()); before.claim != "" && left > 0 && waits < claimFor {
			waits += claimLook
			if err := g.sleep(ctx, min(left, claimLook)); err != nil {
				return 0, false, err
			}
			continue
		}
		n, err = g.openClaimed(ctx, i, before)
		if !errors.Is(err, ErrLost) {
			return n, err == nil, err
		}
	}
}

// openClaimed claims a case on the board, opens its issue and writes the number
// there. ErrLost: somebody else has claimed it.
func (g *GitHub) openClaimed(ctx context.Context, i Issue, before entry) (int, error) {
	claim := entry{claim: nonce(), at: g.moment()}
	if err := g.saveEntry(ctx, i.Program, i.ID, before, claim); err != nil {
		return 0, err
	}
	n, err := g.openIssue(ctx, i)
	if err == nil {
		return n, g.saveEntry(ctx, i.Program, i.ID, claim, entry{number: n})
	}
	if !isLost(err) && ctx.Err() == nil {
		// Nothing was opened: whoever tries next need not wait, only look.
		err = errors.Join(err, g.saveEntry(ctx, i.Program, i.ID, claim, entry{claim: claim.claim}))
	}
	return 0, err
}

// openIssue opens the tracking issue of a case.
func (g *GitHub) openIssue(ctx context.Context, i Issue) (int, error) {
	body := issueBody(i)
	request := &github.IssueRequest{Title: &i.Title, Body: &body}
	if len(i.Labels) > 0 {
		request.Labels = &i.Labels
	}
	var n int
	err := g.once(ctx, func() error {
		answer, _, err := g.client.Issues.Create(ctx, g.owner, g.repo, request)
		if err == nil {
			n = answer.GetNumber()
			g.learn(i.Program, i.ID, answer)
		}
		return err
	}, func() (bool, error) {
		have, err := g.lookFor(ctx, i.Program, i.ID)
		n = have
		return have > 0, err
	})
	if err != nil {
		return 0, g.fail("open the tracking issue of "+i.ID, err)
	}
	g.keepNumber(i.Program, i.ID, n)
	if i.Closed {
		// Issues are born open.
		return n, g.refresh(ctx, n, i)
	}
	return n, nil
}

// lookFor looks for the issue of a case by its marker: among the newest of the
// programme, and then by a search, whose index may be a minute old. 0: there
// is none to be seen.
// https://docs.github.com/rest/issues/issues#list-repository-issues
// https://docs.github.com/rest/search/search#search-issues-and-pull-requests
func (g *GitHub) lookFor(ctx context.Context, program, id string) (int, error) {
	step := "look for the tracking issue of " + id
	list, resp, err := g.client.Issues.ListByRepo(ctx, g.owner, g.repo, &github.IssueListByRepoOptions{
		State: "all", Labels: []string{"program/" + program}, Sort: "created", Direction: "desc",
		ListOptions: github.ListOptions{PerPage: perPage},
	})
	if err != nil {
		return 0, g.fail(step, err)
	}
	if n := g.tracked(list, program, id); n > 0 || resp.NextPage == 0 && len(list) > 0 {
		return n, nil
	}
	result, _, err := g.client.Search.Issues(ctx, fmt.Sprintf("repo:%s is:issue in:title %s", g.full(), id),
		&github.SearchOptions{ListOptions: github.ListOptions{PerPage: perPage}})
	if err != nil {
		return 0, g.fail(step, err)
	}
	return g.tracked(result.Issues, program, id), nil
}

// tracked is the first issue of a case in a list: should there be two, the
// older one stands.
func (g *GitHub) tracked(list []*github.Issue, program, id string) int {
	var first *github.Issue
	for _, one := range list {
		if one != nil && !one.IsPullRequest() && bodyMarker(one.GetBody())["case"] == id && (first == nil || one.GetNumber() < first.GetNumber()) {
			first = one
		}
	}
	if first == nil {
		return 0
	}
	g.learn(program, id, first)
	return first.GetNumber()
}

// noBoard keeps the numbers in memory. It always looks like one that has just
// begun: what other processes have done is not on it.
type noBoard struct {
	mu    sync.Mutex
	files map[string][]byte
}

// View implements Board.
func (b *noBoard) View(context.Context) (BoardView, error) { return b, nil }

// Save implements Board. GitHub.tracking keeps its users apart.
func (b *noBoard) Save(_ context.Context, _ string, change BoardChange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.files == nil {
		b.files = map[string][]byte{}
	}
	maps.Copy(b.files, change.Files)
	return nil
}

// Revision implements BoardView.
func (b *noBoard) Revision() string { return "" }

// Read implements BoardView.
func (b *noBoard) Read(path string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if data := b.files[path]; data != nil {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// List implements BoardView. Nobody lists the numbers.
func (b *noBoard) List(string) ([]string, error) { return nil, fs.ErrNotExist }
