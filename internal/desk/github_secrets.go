package desk

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
)

// checkName is the check that main asks for.
const checkName = "docket/check"

// hostedSecret is a secret of an environment, as the workflows ask for it.
type hostedSecret struct {
	environment, name string
	file              string // in the directory of keys, or beside it
	role              bool   // each programme has its own
	optional          string // when it is needed; empty: always
	what              string
}

// hostedSecrets are those that the shipped workflows use (a test holds the two to
// each other). The intake key is none of them: it never leaves the intake host.
var hostedSecrets = []hostedSecret{
	{environment: "bot", name: "DOCKET_APP_KEY", file: "app.pem", what: "the private key of the bot's GitHub App, as GitHub gave it"},
	{environment: "bot", name: "DOCKET_BOT_KEY", file: "bot.asc", role: true, what: "the bot's key"},
	{environment: "bot", name: "DOCKET_PASSPHRASE", file: "passphrase", optional: "keys have a passphrase", what: "the passphrase of the keys"},
	{environment: "deliver", name: "DOCKET_MAILER_KEY", file: "mailer.asc", role: true, what: "the mailer's key"},
	{environment: "deliver", name: "DOCKET_SENDER_KEY", file: "sender.asc", role: true, what: "the signing subkey of the published certificate"},
	{environment: "deliver", name: "DOCKET_MAILER_APP_KEY", file: "mailer-app.pem", optional: "the mailer has an App of its own", what: "the private key of the mailer's GitHub App, as GitHub gave it"},
	{environment: "deliver", name: "DOCKET_PASSPHRASE", file: "passphrase", optional: "keys have a passphrase", what: "the passphrase of the keys"},
	{environment: "deliver", name: "DOCKET_SMTP_PASSWORD", file: "smtp-password", optional: "the mail server asks for a password", what: "the mail server's password"},
}

// environments are those that jobs of main, and no other branch, may use.
var environments = []string{"bot", "deliver"}

// command is how the secret is set: from files, so that its value stands in no
// argument, history or list of processes.
func (s hostedSecret) command(keys string, all []*audit.Setting, flag string) string {
	if keys == "" {
		keys = "KEYDIR"
	}
	file := func(name string) string { return shellWord(filepath.ToSlash(filepath.Join(keys, name))) }
	set := fmt.Sprintf("gh secret set %s --env %s%s", s.name, s.environment, flag)
	if !s.role || len(all) == 1 {
		return set + " < " + file(s.file)
	}
	var parts []string
	for _, one := range all {
		name := one.Program.Program + "-" + s.file
		parts = append(parts, fmt.Sprintf("echo '== %s'; cat %s", name, file(name)))
	}
	return "{ " + strings.Join(parts, "; ") + "; } | " + set
}

// shellWord writes a word so that a shell reads just that.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:@+,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
