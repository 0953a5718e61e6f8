package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{Use: "demo", Short: "Run the whole story on this machine, with real keys and real mail", Args: cobra.NoArgs,
		Long: `Makes a case repository with two analysts, lets four reporters with keys of their
own send encrypted mail, and takes the cases all the way: acknowledge, evaluate,
ask and hear, find a duplicate, assess, solve, communicate, close, with four eyes;
then audits it. Every line after a "$" is a command that you could type. Nothing
leaves this machine.`,
		Example: "  docket demo\n  docket demo --dir ./look"}
	c.Flags().StringVar(&dir, "dir", "", "an empty or new directory to work in (a new temporary one)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		d, err := newDemo(c.Context(), a.out, dir)
		if err != nil {
			return err
		}
		return d.play()
	}
	return c
}

// demo plays a story by running docket's own commands.
type demo struct {
	ctx       context.Context
	out       io.Writer
	dir       string
	reporters map[string]*reporter
	began     time.Time
	said      bool // that a subject stands outside the encryption
}

// id is the ID of the demo's nth case: its year is the one in which the demo runs.
func (d *demo) id(n int) string { return fmt.Sprintf("INGP-%d-%04d", d.began.UTC().Year(), n) }

func newDemo(ctx context.Context, out io.Writer, dir string) (*demo, error) {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "docket-demo-"); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, &usageError{fmt.Errorf("%s is not empty: the demo works in a directory of its own", dir)}
	}
	return &demo{ctx: ctx, out: out, dir: dir, reporters: map[string]*reporter{}, began: time.Now()}, os.MkdirAll(dir, 0o700)
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, "\n# "+format+"\n", args...) }

// docket runs a command as a person would type it in the demo's directory, and
// fails when it does not end with the exit code that the story needs.
func (d *demo) docket(want int, args ...string) (string, error) {
	typed := []string{"docket"}
	real := []string{"-C", d.path("cases.git"), "--keys", d.path("keys")}
	for _, arg := range args {
		typed = append(typed, quoteArg(arg))
	}
	fmt.Fprintf(d.out, "$ %s\n", strings.Join(typed, " "))
	for _, arg := range args {
		real = append(real, d.place(arg))
	}
	var out, errs bytes.Buffer
	code := run(real, strings.NewReader(""), &out, &errs)
	text := strings.ReplaceAll(out.String()+errs.String(), d.dir+string(filepath.Separator), "")
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			fmt.Fprintf(d.out, "  %s\n", line)
		}
	}
	if code != want {
		return "", fmt.Errorf("the demo expected exit code %d and got %d from: %s", want, code, strings.Join(typed, " "))
	}
	if want == exitRefused {
		fmt.Fprintln(d.out, "  (exit code 3: the policy says no)")
	}
	return out.String(), nil
}

// place makes a path of the demo absolute. The story names its files by these
// folders only.
func (d *demo) place(arg string) string {
	if strings.HasPrefix(arg, "mail/") || strings.HasPrefix(arg, "words/") || arg == "out" || arg == "audit.html" {
		return d.path(arg)
	}
	return arg
}

func quoteArg(arg string) string {
	if arg == "" || strings.ContainsAny(arg, " {}[]\"<>&|;") {
		return "'" + arg + "'"
	}
	return arg
}

// act is one command and the exit code that it must end with.
type act struct {
	code int
	args []string
}

func ok(args ...string) act      { return act{exitDone, args} }
func refused(args ...string) act { return act{exitRefused, args} }

func (d *demo) acts(list ...act) error {
	for _, one := range list {
		if _, err := d.docket(one.code, one.args...); err != nil {
			return err
		}
		if err := d.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// play tells the story, chapter by chapter.
func (d *demo) play() error {
	fmt.Fprintf(d.out, "Docket demo, in %s\n(docket stands for: docket -C cases.git --keys keys)\n", d.dir)
	for _, chapter := range []func() error{d.setUp, d.reports, d.evaluate, d.question, d.duplicate, d.assess, d.solve, d.outOfScope, d.proof} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) setUp() error {
	d.say("Ada and Ben are the PSIRT. Ada, the lead, makes the case repository.")
	fmt.Fprintln(d.out, "$ docket init cases.git --program ingroupe --team ada,ben --keys keys --no-passphrase")
	var out, errs bytes.Buffer
	if run([]string{"init", d.path("cases.git"), "--program", "ingroupe", "--team", "ada,ben", "--keys", d.path("keys"), "--no-passphrase"},
		strings.NewReader(""), &out, &errs) != exitDone {
		return errors.New(errs.String())
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if strings.HasPrefix(line, "Trust root") || strings.HasPrefix(line, "signed by") || strings.HasPrefix(line, "Published") {
			fmt.Fprintf(d.out, "  %s\n", line)
		}
	}
	fmt.Fprintln(d.out, "  WARNING: --no-passphrase leaves the secret keys unprotected. For try-outs only.")
	if err := os.MkdirAll(d.path("words"), 0o700); err != nil {
		return err
	}
	for name, text := range demoWords {
		if err := os.WriteFile(d.path("words/"+name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) reports() error {
	d.say("Four reporters write, encrypted to the published key, each with a key of their own.")
	if err := d.meet(); err != nil {
		return err
	}
	if err := d.acts(ok("intake", "mail/maren.eml", "mail/tomas.eml", "mail/ines.eml", "mail/noor.eml"), ok("--as", "ada", "list")); err != nil {
		return err
	}
	d.say("Each gets an acknowledgement, encrypted to their key. The same mail again is known; a second delivery sends nothing.")
	if err := d.acts(ok("deliver", "--maildir", "out")); err != nil {
		return err
	}
	if err := d.carry(); err != nil {
		return err
	}
	return d.acts(ok("intake", "mail/maren.eml"), ok("deliver", "--maildir", "out"))
}

func (d *demo) evaluate() error {
	d.say("Ada moves Maren's case on with a label. Four eyes: without Ben nothing happens, and Ada cannot approve her own move.")
	return d.acts(
		ok("--as", "ada", "label", d.id(1), "move/evaluating"),
		refused("--as", "ada", "merge", d.id(1)),
		refused("--as", "ada", "approve", d.id(1)),
		ok("--as", "ben", "approve", d.id(1)),
	)
}

func (d *demo) question() error {
	d.say("Tomas left out which product it is. Ben asks; Ada reads the question and approves it.")
	if err := d.acts(
		ok("--as", "ben", "move", d.id(2), "needs-info", "--message", "words/question.txt"),
		ok("--as", "ada", "diff", d.id(2)),
		ok("--as", "ada", "approve", d.id(2)),
		ok("deliver", "--maildir", "out"),
	); err != nil {
		return err
	}
	if err := d.carry(); err != nil {
		return err
	}
	d.say("Tomas answers. His reply is signed with the key that he reported with, so the case goes on by itself.")
	if err := d.answer("tomas", "tomas-answer.eml", demoAnswer); err != nil {
		return err
	}
	return d.acts(
		ok("intake", "mail/tomas-answer.eml"),
		ok("--as", "ben", "mail", d.id(2), "2"),
		ok("log", d.id(2)),
	)
}

func (d *demo) duplicate() error {
	id := d.id(4)
	d.say("Noor's report sounds familiar to Ben. Docket compares what his key opens; the host could not.")
	return d.acts(
		ok("--as", "ben", "similar", id, "--limit", "1"),
		ok("--as", "ben", "set", id, "duplicate_of="+d.id(1)),
		ok("--as", "ben", "move", id, "closed", "--outcome", "duplicate"),
		ok("--as", "ada", "approve", id),
	)
}

func (d *demo) assess() error {
	id := d.id(1)
	d.say("A move whose guards do not hold says what to do.")
	if err := d.acts(refused("--as", "ada", "move", id, "solving")); err != nil {
		return err
	}
	d.say("Ada writes the analysis down. The priority follows from CVSS and SSVC by the rules of the programme; and she answers for the case.")
	if err := d.acts(
		ok("--as", "ada", "set", id, "analysis.verdict=valid", "analysis.text=The counter is checked after the length. Confirmed on two cards.", "analysis.by=ada", "products[0].type=software"),
		ok("--as", "ada", "assess", id, "--cvss", "CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:N", "--cwe", "CWE-307",
			"--ssvc", "supplier exploitation=public-poc automatable=no value=concentrated technical=total public=minimal"),
		ok("--as", "ada", "take", id),
	); err != nil {
		return err
	}
	d.say("Ben checks the verdict, and says so in a revision of his own: Ada cannot say it for him.")
	if err := d.acts(
		ok("--as", "ben", "set", id, `analysis.reviews[]={"by":"ben","text":"I see it on a third card."}`),
		ok("--as", "ben", "push", id),
		ok("--as", "ada", "move", id, "solving"),
		ok("--as", "ben", "approve", id),
		ok("deliver", "--maildir", "out"),
	); err != nil {
		return err
	}
	return d.carry()
}

func (d *demo) solve() error {
	id := d.id(1)
	d.say("There is a fix. Ada proposes until when nothing is published, and tells Maren in her own words, which Ben reads before they go out.")
	if err := d.acts(
		ok("--as", "ada", "set", id, `remediation[]={"kind":"fix","status":"available","text":"Update the applet to 3.2.2."}`,
			`options[]={"text":"Check the length first.","chosen":true,"why":"It removes the cause."}`),
		ok("--as", "ada", "embargo", id, "propose"),
		ok("--as", "ada", "move", id, "communicating", "--message", "words/fixed.txt"),
		ok("--as", "ben", "approve", id),
		ok("deliver", "--maildir", "out"),
	); err != nil {
		return err
	}
	if err := d.carry(); err != nil {
		return err
	}
	d.say("The case closes as fixed.")
	return d.acts(
		ok("--as", "ben", "set", id, "disclosure.others.none_because=All customers were told with the update."),
		ok("--as", "ben", "move", id, "closed", "--outcome", "fixed"),
		ok("--as", "ada", "approve", id),
	)
}

func (d *demo) outOfScope() error {
	id := d.id(3)
	d.say("Ines wrote about somebody else's product. Her case is closed, politely.")
	if err := d.acts(
		ok("--as", "ben", "set", id, "analysis.in_scope=false", "closing.reason=Not a product of ours."),
		ok("--as", "ben", "move", id, "closed", "--outcome", "out-of-scope"),
		ok("--as", "ada", "approve", id),
		ok("deliver", "--maildir", "out"),
	); err != nil {
		return err
	}
	return d.carry()
}

func (d *demo) proof() error {
	d.say("Without any key: this is all that the host sees, and anybody can prove all of it from the public keys.")
	if err := d.acts(
		ok("--keys", "", "list"),
		ok("--keys", "", "clock"),
		ok("--keys", "", "check"),
		ok("--keys", "", "audit", "--no-memory", "--html", "audit.html"),
	); err != nil {
		return err
	}
	fmt.Fprintf(d.out, `
Done in %.0f seconds. Look around in %s:
  docket -C cases.git --keys keys --as ada show %s   a case, opened (leave the keys out: what the host sees)
  docket -C cases.git stats                                      how long things took
  docket -C cases.git policy explain evaluating                  what the programme lets happen, and when
  git -C cases.git log --format='%%h %%s%%n%%(trailers)' main        the story, in stock git
  gpg --import reporters/maren/key.asc                           then open any mail in reporters/maren/inbox/new
  audit.html                                                     the audit, as a page
`, time.Since(d.began).Seconds(), d.dir, d.id(1))
	return nil
}
