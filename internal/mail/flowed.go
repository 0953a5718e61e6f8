package mail

import (
	"strings"
)

// unflow undoes format=flowed (RFC 3676 section 4): lines that end with a
// space go on in the next one of the same quote depth. Quoted lines begin with
// their marks and one space.
func unflow(s string, delsp bool) string {
	var out, paragraph strings.Builder
	depth, open := 0, false
	flush := func() {
		if !open {
			return
		}
		if depth > 0 {
			out.WriteString(strings.Repeat(">", depth) + " ")
		}
		out.WriteString(strings.TrimRight(paragraph.String(), " "))
		out.WriteByte('\n')
		paragraph.Reset()
		open = false
	}
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		rest := strings.TrimLeft(line, ">")
		quotes := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ") // space-stuffing, section 4.4
		if quotes != depth || rest == "-- " {
			flush()
		}
		depth = quotes
		flowed := strings.HasSuffix(rest, " ")
		switch {
		case rest == "-- ": // section 4.3: a signature line is never flowed
			flush()
			out.WriteString(strings.Repeat(">", depth) + "-- \n")
			continue
		case flowed && delsp:
			rest = rest[:len(rest)-1]
		}
		paragraph.WriteString(rest)
		open = true
		if !flowed {
			flush()
		}
	}
	flush()
	return out.String()
}

// clearSigned opens a text that is one clear-signed message (RFC 9580 section
// 7) and nothing else. signed is nil when s is not.
func clearSigned(s string) (inner string, signed *SignedPart) {
	blocks := armorBlocks([]byte(s), armorSigned)
	if len(blocks) != 1 || !blocks[0].only([]byte(s)) {
		return s, nil
	}
	message := s[blocks[0].start:blocks[0].end]
	_, body, ok := strings.Cut(message, "\n\n") // after the armor headers
	signatures := armorBlocks([]byte(body), armorSignature)
	if !ok || len(signatures) != 1 {
		return s, nil
	}
	cleartext := strings.TrimSuffix(body[:signatures[0].start], "\n")
	lines := strings.Split(cleartext, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.TrimPrefix(line, "- "), " \t\r")
	}
	return strings.Join(lines, "\n") + "\n", &SignedPart{
		Data:      []byte(strings.Join(lines, "\r\n")),
		Signature: []byte(body[signatures[0].start:signatures[0].end] + "\n"),
	}
}
