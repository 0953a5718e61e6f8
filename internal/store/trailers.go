package store

import "strings"

// Trailer is one "Key: value" line at the end of a commit message.
type Trailer struct{ Key, Value string }

// Trailers returns what git-interpret-trailers finds: the last paragraph, when
// it is not the title and either all of its lines are trailers, or one is made
// by git and at least a quarter are. Values that go on in the next line are
// joined with a space.
func (c *Commit) Trailers() []Trailer {
	lines := strings.Split(strings.TrimSuffix(c.Message, "\n"), "\n")
	var found []Trailer
	open := false // whether an indented line continues the last trailer
	for _, line := range lines[trailerStart(lines):] {
		switch at := separator(line); {
		case strings.HasPrefix(line, "#"):
		case open && startsWithSpace(line):
			last := &found[len(found)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
		case at > 0 && !startsWithSpace(line):
			found = append(found, Trailer{strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])})
			open = true
		default:
			open = false
		}
	}
	return found
}

// Trailer returns the value of the first trailer with that key, whose case
// does not matter; empty when there is none.
func (c *Commit) Trailer(key string) string {
	for _, t := range c.Trailers() {
		if strings.EqualFold(t.Key, key) {
			return t.Value
		}
	}
	return ""
}

// trailerStart returns the index of the first line of the trailer block, or
// the number of lines. It follows find_trailer_block_start in git's trailer.c,
// from the end backwards.
func trailerStart(lines []string) int {
	title := 0
	for title < len(lines) && (strings.HasPrefix(lines[title], "#") || !isBlank(lines[title])) {
		title++
	}
	onlySpaces, byGit := true, false
	trailers, others, continuations := 0, 0, 0
	for i := len(lines) - 1; i >= title; i-- {
		line := lines[i]
		switch at := separator(line); {
		case strings.HasPrefix(line, "#"):
			others += continuations
			continuations = 0
			continue
		case isBlank(line) && onlySpaces:
			continue
		case isBlank(line):
			others += continuations
			if byGit && trailers*3 >= others || trailers > 0 && others == 0 {
				return i + 1
			}
			return len(lines)
		case strings.HasPrefix(line, "Signed-off-by: "), strings.HasPrefix(line, "(cherry picked from commit "):
			trailers, continuations, byGit = trailers+1, 0, true
		case at > 0 && !startsWithSpace(line):
			trailers, continuations = trailers+1, 0
		case startsWithSpace(line):
			continuations++
		default:
			others, continuations = others+1+continuations, 0
		}
		onlySpaces = false
	}
	return len(lines)
}

// separator finds the colon behind a trailer's key of letters, digits and
// hyphens; -1 when there is none.
func separator(line string) int {
	space := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ':':
			return i
		case !space && (c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'):
		case i > 0 && (c == ' ' || c == '\t'):
			space = true
		default:
			return -1
		}
	}
	return -1
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

func startsWithSpace(line string) bool {
	return line != "" && strings.IndexByte(" \t\v\f\r", line[0]) >= 0
}
