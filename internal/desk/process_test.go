package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/seal"
)

// The tests of crashes, races and full disks run the real program, as processes
// of their own.

// long asks for many more rounds (hundreds of kills): DOCKET_LONG=1.
var long = os.Getenv("DOCKET_LONG") != ""

func rounds(normal, many int) int {
	if long {
		return many
	}
	return normal
}

func TestMain(m *testing.M) {
	peer.Plain()
	remove := peer.InMemory()
	code := m.Run()
	remove()
	if dir := programDir; dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

var programDir string

// program builds the command once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "docket-program-")
	if err != nil {
		return "", err
	}
	programDir = dir
	name := filepath.Join(dir, "docket")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", name, "github.com/docket-psirt/docket/cmd/docket").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

// world is a case repository with its keys, and a place for mail.
type world struct {
	dir     string
	program string
	intake  *seal.Cert
	rnd     *rand.Rand
	took    map[string]time.Duration // by command, what runs took of late that were not killed
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }
func (w *world) repo() string            { return w.path("cases.git") }

func newWorld(t *testing.T) *world { return newWorldIn(t, t.TempDir()) }

func newWorldIn(t *testing.T, dir string) *world {
	t.Helper()
	peer.Need(t, "git")
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := &world{dir: dir, program: name, rnd: rand.New(rand.NewPCG(seed, 0)), took: map[string]time.Duration{}}
	for _, sub := range []string{"tmp", "home", "mail"} {
		if err := os.MkdirAll(w.path(sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.must(t, "init", w.repo(), "--program", "ingroupe", "--team", "ada,ben,cleo", "--keys", w.path("keys"), "--no-passphrase")
	if w.intake, err = seal.ParseCert([]byte(w.must(t, "keys", "show", "intake"))); err != nil {
		t.Fatal(err)
	}
	return w
}

// command is the program with arguments; a leading "@ada" says who acts.
func (w *world) command(args ...string) *exec.Cmd {
	as := ""
	if name, ok := strings.CutPrefix(args[0], "@"); ok {
		as, args = name, args[1:]
	}
	cmd := exec.Command(w.program, args...)
	cmd.Dir = w.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.path("home"), "TMPDIR=" + w.path("tmp"), "DOCKET_KEYS=" + w.path("keys"), "DOCKET_AS=" + as}
	if args[0] != "init" {
		cmd.Args = append([]string{cmd.Args[0], "-C", w.repo()}, args...)
	}
	return cmd
}

// result is what a process left.
type result struct {
	code     int // -1: killed
	out, err string
}

func (r result) String() string { return fmt.Sprintf("exit %d\n%s%s", r.code, r.out, r.err) }

func finish(cmd *exec.Cmd, wait func() error) result {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := wait()
	r := result{0, out.String(), errs.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
	case err != nil:
		r.code, r.err = -2, err.Error()
	}
	return r
}

func (w *world) run(args ...string) result {
	cmd := w.command(args...)
	begun := time.Now()
	r := finish(cmd, cmd.Run)
	name := commandName(args)
	took := time.Since(begun)
	if before := w.took[name]; before > 0 {
		took = (took + before) / 2
	}
	w.took[name] = took
	return r
}

func commandName(args []string) string {
	if strings.HasPrefix(args[0], "@") {
		return args[1]
	}
	return args[0]
}

func (w *world) must(t *testing.T, args ...string) string {
	t.Helper()
	r := w.run(args...)
	if r.code != 0 {
		t.Fatalf("docket %s: %v", strings.Join(args, " "), r)
	}
	return r.out
}

// kill runs the program and kills it at a random moment of its life.
func (w *world) kill(t *testing.T, args ...string) (killed bool) {
	t.Helper()
	life := w.took[commandName(args)]
	if life == 0 {
		life = 100 * time.Millisecond
	}
	cmd := w.command(args...)
	after := time.Duration(w.rnd.Int64N(int64(life)))
	r := finish(cmd, func() error {
		if err := cmd.Start(); err != nil {
			return err
		}
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		return cmd.Wait()
	})
	if r.code != -1 && r.code != 0 {
		t.Fatalf("docket %s, to be killed after %v: %v", strings.Join(args, " "), after, r)
	}
	return r.code == -1
}

// together runs commands as processes that are alive at the same time.
func (w *world) together(commands ...[]string) []result {
	out := make([]result, len(commands))
	var wg sync.WaitGroup
	for i, args := range commands {
		wg.Go(func() {
			cmd := w.command(args...)
			out[i] = finish(cmd, cmd.Run)
		})
	}
	wg.Wait()
	return out
}

// reporterKey is the key of the one who reports in these tests.
var reporterKey = sync.OnceValues(func() (*seal.Key, error) {
	return seal.NewKey("Ines Varga", "ines@example.com", time.Now().Add(-time.Hour))
})

// report writes an encrypted and signed report, and answers its file.
func (w *world) report(t *testing.T, n int) string {
	t.Helper()
	key, err := reporterKey()
	if err != nil {
		t.Fatal(err)
	}
	draft := mail.Draft{From: mail.Address{Name: "Ines Varga", Addr: "ines@example.com"}, To: mail.Address{Addr: w.intake.Addresses()[0]},
		Subject: fmt.Sprintf("Command injection %d", n), Date: time.Now(), MessageID: fmt.Sprintf("report.%d@example.com", n),
		Text: fmt.Sprintf("Product: ESW-4820 campus switch\nVersion: 2.11.%d\nDescription: The diagnostics page %d hands a host name to a shell.\n"+
			"How discovered: by accident\nWhen discovered: 2026-09-17\nExploited: no\nPublication: nothing planned\n", n, n),
		Keys: []mail.KeyFile{{Name: "key.asc", Data: key.Cert().Armor()}}}
	entity, err := draft.Entity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.SealMail(entity, []*seal.Cert{w.intake}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	data, err := draft.Encrypted(sealed.Armor, "...")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("mail", fmt.Sprintf("%d.eml", n))
	if err := os.WriteFile(w.path(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (w *world) reports(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := range n {
		out = append(out, w.report(t, i+1))
	}
	return out
}

func id(n int) string { return fmt.Sprintf("INGP-%d-%04d", time.Now().UTC().Year(), n) }

// decode reads what a command printed with --json.
func decode[T any](t *testing.T, out string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return v
}

type listed struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Revision int    `json:"revision"`
}

func (w *world) list(t *testing.T) map[string]listed {
	t.Helper()
	out := map[string]listed{}
	for _, c := range decode[[]listed](t, w.must(t, "@ada", "list", "--json")) {
		out[c.ID] = c
	}
	return out
}

func (w *world) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", w.repo()}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.path("home"), "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// sound holds everything that must be so when no command is at work and none
// was left unfinished.
func (w *world) sound(t *testing.T, cases int) {
	t.Helper()
	if said := w.git(t, "fsck", "--full", "--strict", "--no-dangling"); said != "" {
		t.Errorf("git fsck: %s", said)
	}
	if r := w.run("check"); r.code != 0 {
		t.Errorf("check: %v", r)
	}
	if r := w.run("@ada", "audit", "--no-memory"); r.code != 0 {
		t.Errorf("audit: %v", r)
	}
	have := w.list(t)
	for n := 1; n <= cases; n++ {
		if _, ok := have[id(n)]; !ok {
			t.Errorf("%s is missing", id(n))
		}
	}
	if len(have) != cases {
		t.Errorf("%d cases, expected %d", len(have), cases)
	}
	if left := w.git(t, "for-each-ref", "--format=%(refname)", "refs/heads/case", "refs/docket/queue"); left != "" {
		t.Errorf("left behind: %s", left)
	}
	if open := w.git(t, "ls-tree", "-r", "--name-only", "refs/docket/forge", "open/", "branches/", "heads/"); open != "" {
		t.Errorf("pull requests that the forge has as open: %s", open)
	}
	err := filepath.WalkDir(w.repo(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".lock") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(w.path("tmp")); len(left) > 0 {
		t.Errorf("left in TMPDIR: %v", left)
	}
}

// oneCaseEach holds that every mail is on record, each with a case of its own.
func (w *world) oneCaseEach(t *testing.T, files []string) {
	t.Helper()
	type taken struct{ ID, Action string }
	var ids []string
	for _, m := range decode[[]taken](t, w.must(t, append([]string{"intake", "--json"}, files...)...)) {
		if m.Action != "known" || slices.Contains(ids, m.ID) {
			t.Errorf("a mail is %s with %s", m.Action, m.ID)
		}
		ids = append(ids, m.ID)
	}
	if len(ids) != len(files) {
		t.Errorf("%d of %d mails are known", len(ids), len(files))
	}
}

// delivered counts the mails in the Maildir out by case and kind of update, by
// the Message-IDs that the cases list.
func (w *world) delivered(t *testing.T) map[string]int {
	t.Helper()
	src, err := mail.Maildir(w.path("out"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for {
		item, err := src.Next(context.Background())
		if err != nil {
			return out
		}
		raw, err := item.Read(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.Parse(raw, mail.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.SplitN(m.MessageID, ".", 3)
		out[strings.ToUpper(parts[0])+"/"+parts[1]]++
	}
}
