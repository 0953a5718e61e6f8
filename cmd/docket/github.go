package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/desk"
)

// githubEnv reads how GitHub is reached. Tokens and keys come from files or the
// environment, as GitHub's own tools and Actions give them, never from a flag.
func githubEnv(env func(string) string) (desk.ForgeOptions, error) {
	o := desk.ForgeOptions{API: env("GITHUB_API_URL")}
	if o.API == "https://api.github.com" {
		o.API = ""
	}
	if id := env("DOCKET_GITHUB_APP_ID"); id != "" {
		return githubApp(o, id, env)
	}
	if name := env("DOCKET_GITHUB_TOKEN_FILE"); name != "" {
		raw, err := os.ReadFile(name)
		if err != nil {
			return o, fmt.Errorf("DOCKET_GITHUB_TOKEN_FILE: %w", err)
		}
		o.Token = strings.TrimSpace(string(raw))
		return o, nil
	}
	if o.Token = env("GH_TOKEN"); o.Token == "" {
		o.Token = env("GITHUB_TOKEN")
	}
	return o, nil
}

// githubApp reads the bot's GitHub App.
func githubApp(o desk.ForgeOptions, id string, env func(string) string) (desk.ForgeOptions, error) {
	var err error
	if o.AppID, err = strconv.ParseInt(id, 10, 64); err != nil || o.AppID <= 0 {
		return o, &usageError{fmt.Errorf("DOCKET_GITHUB_APP_ID is the number of the App, not %q", id)}
	}
	if n := env("DOCKET_GITHUB_INSTALLATION"); n != "" {
		if o.Installation, err = strconv.ParseInt(n, 10, 64); err != nil || o.Installation <= 0 {
			return o, &usageError{fmt.Errorf("DOCKET_GITHUB_INSTALLATION is a number, not %q", n)}
		}
	}
	name := env("DOCKET_GITHUB_APP_KEY_FILE")
	if name == "" {
		return o, &usageError{fmt.Errorf("DOCKET_GITHUB_APP_ID is set: name the file of the App's private key in DOCKET_GITHUB_APP_KEY_FILE")}
	}
	if o.AppKey, err = os.ReadFile(name); err != nil {
		return o, fmt.Errorf("DOCKET_GITHUB_APP_KEY_FILE: %w", err)
	}
	return o, nil
}
