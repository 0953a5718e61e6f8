package mail

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostName is the longest file name in octets, so that a number or an ending
// can still be added on every file system.
const mostName = 120

// SafeName makes a file name of what a mail calls an attachment: its last path
// element, without control, bidirectional and other invisible characters,
// without characters and names that Windows reserves, at most 120 octets, the
// ending kept. It is never empty.
func SafeName(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r) || r == '\t':
			return ' '
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			return -1 // Cc, Cf (bidirectional controls), Co, Cs
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(strings.TrimSpace(name), ". "), ". ")
	name = shorten(name)
	if isReserved(name) {
		name = "_" + name
	}
	if name == "" {
		return "attachment"
	}
	return name
}

func shorten(name string) string {
	if len(name) <= mostName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	stem := name[:mostName-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + ext
}

// isReserved knows the device names of Windows, which hold with any ending.
func isReserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimSpace(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}

// ending is a file ending for an attachment without a name.
func ending(contentType string) string {
	switch contentType {
	case "image/png", "image/gif", "image/webp", "application/pdf", "application/zip", "application/json":
		return "." + contentType[strings.IndexByte(contentType, '/')+1:]
	case "image/jpeg":
		return ".jpg"
	case "image/svg+xml":
		return ".svg"
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/csv", "text/calendar", "text/markdown":
		return map[string]string{"text/csv": ".csv", "text/calendar": ".ics", "text/markdown": ".md"}[contentType]
	case "message/rfc822":
		return ".eml"
	}
	return ".bin"
}
