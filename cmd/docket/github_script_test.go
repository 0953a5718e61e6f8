package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/docket-psirt/docket/internal/forge/githubtest"
)

// hubs are the fake GitHubs of scripts, by their directory.
var hubs sync.Map

// theHub is the fake GitHub of a script.
type theHub struct {
	server *githubtest.Server
	read   int // REST requests that writes has counted
}

// githubCommand is a GitHub for scripts:
//
//	github start                 an empty private repository acme/cases; GITHUB_API_URL names it
//	github user LOGIN ROLE FILE  a person with a role there, whose token goes to the file
//	github app SLUG FILE         a GitHub App that is installed, whose key goes to the file; $APP_ID is its ID
//	github told                  what gh was told since: secrets
//	github writes N|some         so many REST requests have written something since the last time
//
// gh is there as a program: it remembers the secrets that it is told, and that
// they came from standard input.
func githubCommand(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) == 0 {
			ts.Fatalf("usage: github start|user|app|told|writes …")
		}
		if args[0] == "start" {
			hub := &theHub{server: githubtest.New(t, githubtest.Options{})}
			ts.Setenv("GITHUB_API_URL", hub.server.API())
			ts.Setenv("GH_TOLD", ts.MkAbs(".told"))
			hubs.Store(ts.Getenv("WORK"), hub)
			return
		}
		found, ok := hubs.Load(ts.Getenv("WORK"))
		if !ok {
			ts.Fatalf("github start comes first")
		}
		found.(*theHub).do(ts, args)
	}
}

func (h *theHub) do(ts *testscript.TestScript, args []string) {
	switch {
	case args[0] == "user" && len(args) == 4:
		token := h.server.User(args[1], githubtest.Role(args[2]))
		ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(token+"\n"), 0o600))
	case args[0] == "app" && len(args) == 3:
		id, key, _ := h.server.App(args[1])
		ts.Setenv("APP_ID", strconv.FormatInt(id, 10))
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), key, 0o600))
	case args[0] == "told" && len(args) == 1:
		for line := range strings.Lines(ts.ReadFile(".told")) {
			environment, name, _ := strings.Cut(strings.TrimSpace(line), " ")
			h.server.SetSecret(environment, name)
		}
	case args[0] == "writes" && len(args) == 2:
		calls := h.server.Calls()
		n := 0
		for _, c := range calls[h.read:] {
			if c.Method != http.MethodGet {
				n++
			}
		}
		if h.read = len(calls); strconv.Itoa(n) != args[1] && (args[1] != "some" || n == 0) {
			ts.Fatalf("%d writes, want %s", n, args[1])
		}
	default:
		ts.Fatalf("github %v is not understood", args)
	}
}

// ghMain is gh, as far as setting up needs it.
func ghMain() {
	if err := gh(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gh:", err)
		os.Exit(1)
	}
}

func gh(args []string) error {
	words := strings.Join(args, " ")
	option := func(name string) string {
		for i, a := range args[:len(args)-1] {
			if a == name {
				return args[i+1]
			}
		}
		return ""
	}
	switch {
	case words == "repo create acme/cases --private":
		return nil // it is there
	case words == "auth token":
		token, err := os.ReadFile("gh-token")
		fmt.Print(string(token))
		return err
	case strings.HasPrefix(words, "secret set ") && option("--env") != "" && strings.HasSuffix(option("--repo"), "acme/cases"):
		secret, err := io.ReadAll(os.Stdin)
		if err != nil || len(secret) == 0 || option("--body") != "" || option("-b") != "" {
			return fmt.Errorf("a secret comes from standard input (%d bytes, %v)", len(secret), err)
		}
		f, err := os.OpenFile(os.Getenv("GH_TOLD"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = fmt.Fprintln(f, option("--env"), args[2])
		return err
	case strings.HasPrefix(words, "variable set ") && strings.HasSuffix(option("--repo"), "acme/cases"):
		return setVariable(args[2], option("--body"))
	}
	return fmt.Errorf("%q is not understood", words)
}

func setVariable(name, value string) error {
	body := fmt.Sprintf(`{"name": %q, "value": %q}`, name, value)
	req, err := http.NewRequest(http.MethodPost, os.Getenv("GITHUB_API_URL")+"repos/acme/cases/actions/variables", bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("GH_TOKEN"))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s", resp.Status)
	}
	return nil
}
