package psirt

import (
	"regexp"
	"strings"
)

var webAddress = regexp.MustCompile(`(?i)\b(?:(ht|f)tp(s?)://|(www)\.)([^\s/?#"'<>]+)`)

// Defang writes the addresses of web pages in a text so that nobody opens one by
// accident and no program makes a link of it: hxxps://portal[.]example[.]org/x.
// All else stays as it is, and a text that was defanged does too.
func Defang(s string) string {
	return webAddress.ReplaceAllStringFunc(s, func(found string) string {
		m := webAddress.FindStringSubmatch(found)
		host := strings.ReplaceAll(strings.ReplaceAll(m[4], "[.]", "."), ".", "[.]")
		switch {
		case m[3] != "":
			return m[3] + "[.]" + host
		case strings.EqualFold(m[1], "f"):
			return "fxp" + strings.ToLower(m[2]) + "://" + host
		}
		return "hxxp" + strings.ToLower(m[2]) + "://" + host
	})
}

// HostOf is the host that an address of a web page names, in lower case, or "".
// The scheme may be missing, and the address may be defanged.
func HostOf(address string) string {
	s := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(address), "[.]", "."))
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	if i := strings.IndexAny(s, "/?#\\ "); i >= 0 {
		s = s[:i]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		s = s[:i]
	}
	s = strings.TrimSuffix(s, ".")
	if !strings.Contains(s, ".") {
		return ""
	}
	return s
}
