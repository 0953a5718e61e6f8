package desk_test

import (
	"bytes"
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// bot is a desk of its own, on a clone of its own, as on another machine.
func (h *hosted) bot() *desk.Desk { return h.botThrough(nil) }

func (h *hosted) botThrough(wire http.RoundTripper) *desk.Desk {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), "clone.git")
	if out, err := exec.Command("git", "clone", "-q", "--bare", h.hub.Dir(), dir).CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("git", "-C", dir, "config", "remote.origin.url", h.hub.URL()).CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	d, err := desk.Open(dir, desk.Options{Keys: h.keys, Forge: desk.ForgeOptions{API: h.hub.API(), AppID: h.app, AppKey: h.appKey, HTTP: wire}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { d.Close() })
	return d
}

func (h *hosted) imports(d *desk.Desk) []desk.Taken {
	h.t.Helper()
	taken, err := d.ImportAdvisories(h.t.Context(), desk.ImportOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, one := range taken {
		if one.Err != nil {
			h.t.Fatal(one.Err)
		}
	}
	return taken
}

// TestImportAdvisories: a private report becomes a case, sealed, once; no
// update goes anywhere; and nothing of it is on GitHub in clear.
func TestImportAdvisories(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	h.setUp()
	const secretWord = "Quittengelee"
	ghsa := h.hub.ReportAdvisory("finder", "Overflow by "+secretWord, "The parser takes "+secretWord+" of any length.\n\nSteps to reproduce:\n1. send it\n")
	d := h.bot()
	first := h.imports(d)
	if len(first) != 1 || first[0].Action != desk.ActionOpened || first[0].File != ghsa || first[0].State != "received" {
		t.Fatalf("%+v", first)
	}
	id := first[0].ID
	for _, again := range [][]desk.Taken{h.imports(d), h.imports(h.bot())} {
		if len(again) != 1 || again[0].Action != desk.ActionKnown || again[0].ID != id {
			t.Errorf("again: %+v", again)
		}
	}
	lead := h.open(h.admin)
	shown, err := lead.Show(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	report := shown.Report
	if report["title"] != "Overflow by "+secretWord || report["channel"] != "advisory" || !strings.Contains(report["description"].(string), secretWord) {
		t.Errorf("report %v", report)
	}
	if who, _ := report["reporter"].(map[string]any); who["name"] != "finder" || who["email"] != nil {
		t.Errorf("reporter %v", who)
	}
	if flags := report["flags"].([]any); len(flags) == 0 || flags[len(flags)-1] != "github-advisory" {
		t.Errorf("flags %v", flags)
	}
	letters, err := lead.Mails(id, 1)
	if err != nil || !bytes.Contains(letters[0].Raw, []byte("Auto-Submitted: auto-generated")) || len(letters[0].Files) != 1 || !bytes.Contains(letters[0].Files[0].Data, []byte(ghsa)) {
		t.Errorf("evidence %+v, %v", letters, err)
	}
	h.keepsSecret(id, secretWord, ghsa)
}

// keepsSecret holds that no object on the server has a word, and no update.
func (h *hosted) keepsSecret(id psirt.CaseID, words ...string) {
	h.t.Helper()
	out, err := exec.Command("git", "-C", h.hub.Dir(), "log", "--all", "-p", "--binary", "--format=%B").Output()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, w := range words {
		if bytes.Contains(out, []byte(w)) {
			h.t.Errorf("%q is in the repository", w)
		}
	}
	if !bytes.Contains(out, []byte(id)) || bytes.Contains(out, []byte("message_id:")) {
		h.t.Errorf("%s is not there, or has an update", id)
	}
}

// TestImportRace: processes that import at once make one case of each report.
func TestImportRace(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	h.setUp()
	h.hub.ReportAdvisory("finder", "One", "First.")
	h.hub.ReportAdvisory("finder", "Two", "Second.")
	ids := make([][]desk.Taken, 3)
	var all sync.WaitGroup
	for i := range ids {
		d := h.bot()
		all.Go(func() {
			taken, err := d.ImportAdvisories(t.Context(), desk.ImportOptions{})
			if err != nil {
				t.Error(err)
			}
			ids[i] = taken
		})
	}
	all.Wait()
	cases := map[string]psirt.CaseID{}
	for _, taken := range ids {
		for _, one := range taken {
			if have, ok := cases[one.File]; one.Err != nil || ok && have != one.ID {
				t.Errorf("%s became %s and %s (%v)", one.File, have, one.ID, one.Err)
			}
			cases[one.File] = one.ID
		}
	}
	rows, err := h.open(h.admin).List(desk.Filter{})
	if err != nil || len(rows) != 2 || len(cases) != 2 {
		t.Errorf("%d cases of %d reports (%v)", len(rows), len(cases), err)
	}
}

// killer ends a process at its first request of a kind, before it is sent.
type killer struct {
	end  context.CancelFunc
	kind string // method and end of the path
}

func (k killer) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Method+" "+r.URL.Path, k.kind) {
		k.end()
		return nil, context.Canceled
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestImportKilled: a process that ends between claiming a number, showing the
// proposal and bringing it to main leaves nothing that the next one does not
// finish: one case.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"POST acme/cases/pulls", "POST acme/cases/check-runs"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := newHosted(t)
			h.setUp()
			ghsa := h.hub.ReportAdvisory("finder", "One", "First.")
			ctx, end := context.WithCancel(t.Context())
			method, path, _ := strings.Cut(kind, " ")
			first := h.botThrough(killer{end, method + " /api/v3/repos/" + path})
			if taken, err := first.ImportAdvisories(ctx, desk.ImportOptions{}); err == nil && (len(taken) != 1 || taken[0].Err == nil) {
				t.Fatalf("it was not killed: %+v", taken)
			}
			h.imports(h.bot())
			h.imports(h.bot())
			rows, err := h.open(h.admin).List(desk.Filter{})
			if err != nil || len(rows) != 1 {
				t.Errorf("%d cases of %s (%v)", len(rows), ghsa, err)
			}
			out, err := exec.Command("git", "-C", h.hub.Dir(), "for-each-ref", "--format=%(refname)", "refs/heads/case").Output()
			if err != nil || len(out) != 0 {
				t.Errorf("left over: %s (%v)", out, err)
			}
		})
	}
}

// TestImportElsewhere: what cannot be imported is said, and nothing is made.
func TestImportElsewhere(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	local, err := desk.Open(h.dir, desk.Options{Keys: h.keys})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	if _, err := local.ImportAdvisories(t.Context(), desk.ImportOptions{}); err == nil || !strings.Contains(err.Error(), "not on GitHub") {
		t.Errorf("local: %v", err)
	}
	h.setUp()
	d := h.bot()
	for _, o := range []desk.ImportOptions{{Program: "nobody"}, {Repos: []string{"acme/../other"}}, {Repos: []string{"acme/other"}}} {
		if taken, err := d.ImportAdvisories(t.Context(), o); err == nil || len(taken) != 0 {
			t.Errorf("%+v: %v, %v", o, taken, err)
		}
	}
}
