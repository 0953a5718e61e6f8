package peer

import (
	"os"
	"slices"
	"strings"
)

// asked are variables of Docket's own tests, by what their names begin with.
var asked = []string{"DOCKET_PEERS", "DOCKET_LONG", "DOCKET_SEED", "DOCKET_MUTATE", "DOCKET_GOLDEN", "DOCKET_TEST", "DOCKET_STORE_TEST"}

// Plain makes the tests that follow independent of who runs them: of their
// configuration of git, GnuPG, GitHub and Docket, of their language, their proxy
// and their umask. The programs that tests start inherit that.
func Plain() {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); foreign(name) {
			_ = os.Unsetenv(name) // it fails for no name that is set
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
		"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
	} {
		_ = os.Setenv(name, value)
	}
	plainUmask()
}

// foreign reports whether a variable is somebody's own setting.
func foreign(name string) bool {
	for _, prefix := range []string{"GIT_", "GITHUB_", "GH_", "DOCKET_", "LC_"} {
		if strings.HasPrefix(name, prefix) {
			return !slices.ContainsFunc(asked, func(a string) bool { return strings.HasPrefix(name, a) })
		}
	}
	return name == "LANG" || name == "LANGUAGE" || name == "GNUPGHOME"
}
