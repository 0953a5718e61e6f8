package forge

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxRecord is the size in bytes that a record may have.
const maxRecord = 1 << 20

// RecordError says what is wrong with a file of the board. It names the place
// and never repeats what stands there.
type RecordError struct {
	Path    string
	Line    int // from 1; 0 when the fault has no line
	Problem string
}

func (e *RecordError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("forge record %s: %s", e.Path, e.Problem)
	}
	return fmt.Sprintf("forge record %s, line %d: %s", e.Path, e.Line, e.Problem)
}

// field is one key of a record: how it is written and how it is read. A record
// is a list of fields in fixed order, and the same list does both, so that the
// two cannot disagree. A field whose write gives nothing is left out.
//
// The grammar is a small part of YAML. A value is a scalar, a flow sequence of
// scalars, or a block sequence of flow mappings, one to a line:
//
//	title: "a JSON string"
//	labels: [a, b]
//	reviews:
//	  - {by: lead, at: 2026-11-22T09:14:03Z}
type field struct {
	key     string
	write   func() string
	read    func(*cursor) error
	rows    func() []string // in place of write, for a block sequence
	readRow func(*cursor) error
}

// encode writes a record in its only form.
func encode(fields []field) []byte {
	var b bytes.Buffer
	for _, f := range fields {
		if f.rows != nil {
			for i, row := range f.rows() {
				if i == 0 {
					b.WriteString(f.key + ":\n")
				}
				b.WriteString("  - " + row + "\n")
			}
			continue
		}
		if s := f.write(); s != "" {
			b.WriteString(f.key + ": " + s + "\n")
		}
	}
	return b.Bytes()
}

// decode reads a record. It accepts exactly what encode writes: known keys, in
// order, each once, and no other way to spell a value.
func decode(path string, data []byte, fields []field) error {
	fault := func(line int, problem string) error {
		return &RecordError{Path: path, Line: line, Problem: problem}
	}
	if len(data) > maxRecord {
		return fault(0, fmt.Sprintf("larger than %d bytes", maxRecord))
	}
	if !utf8.Valid(data) || len(data) == 0 || data[len(data)-1] != '\n' {
		return fault(0, "not UTF-8 text whose last line ends in LF")
	}
	lines := strings.Split(string(data[:len(data)-1]), "\n")
	next := 0
	for i := 0; i < len(lines); i++ {
		key, rest, _ := strings.Cut(lines[i], ":")
		for next < len(fields) && fields[next].key != key {
			next++
		}
		if next == len(fields) {
			return fault(i+1, "a key that is unknown, repeated or out of order")
		}
		f := fields[next]
		next++
		if f.rows == nil {
			if err := whole(rest, " ", f.read); err != nil {
				return fault(i+1, err.Error())
			}
			continue
		}
		if rest != "" {
			return fault(i+1, "text after the key of a list")
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  - ") {
			i++
			if err := whole(lines[i], "  - ", f.readRow); err != nil {
				return fault(i+1, err.Error())
			}
		}
	}
	if !bytes.Equal(encode(fields), data) {
		return fault(0, "not written in canonical form")
	}
	return nil
}

// whole reads all of line, which begins with prefix.
func whole(line, prefix string, read func(*cursor) error) error {
	rest, ok := strings.CutPrefix(line, prefix)
	if !ok {
		return errors.New("no value after the key")
	}
	c := &cursor{rest: rest}
	if err := read(c); err != nil {
		return err
	}
	if c.rest != "" {
		return errors.New("text after the value")
	}
	return nil
}

// cursor is the unread rest of a line.
type cursor struct{ rest string }

// take moves past s, if it comes next.
func (c *cursor) take(s string) bool {
	rest, ok := strings.CutPrefix(c.rest, s)
	c.rest = rest
	return ok
}

const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+:-"

// plainForm holds for text that YAML 1.1 and 1.2 read as that text, in block
// and in flow context, when it is not a reserved word.
var plainForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/@+-]*(:[A-Za-z0-9._/@+-]+)*$`)

// reserved are words that YAML 1.1 or 1.2 reads as something other than text.
var reserved = map[string]bool{
	"null": true, "true": true, "false": true,
	"yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
}

// scalar reads a plain or a quoted scalar.
func (c *cursor) scalar() (string, error) {
	if strings.HasPrefix(c.rest, `"`) {
		quoted, err := strconv.QuotedPrefix(c.rest)
		if err != nil {
			return "", errors.New("a string that is not closed or has an unknown escape")
		}
		c.rest = c.rest[len(quoted):]
		s, err := strconv.Unquote(quoted)
		if err != nil {
			return "", errors.New("a string with an unknown escape")
		}
		return s, nil
	}
	rest := strings.TrimLeft(c.rest, plainBytes)
	s := c.rest[:len(c.rest)-len(rest)]
	if s == "" {
		return "", errors.New("no value where one is expected")
	}
	c.rest = rest
	return s, nil
}

// sequence reads [a, b].
func (c *cursor) sequence() ([]string, error) {
	if !c.take("[") {
		return nil, errors.New("no list in brackets where one is expected")
	}
	var list []string
	for {
		s, err := c.scalar()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
		if c.take("]") {
			return list, nil
		}
		if !c.take(", ") {
			return nil, errors.New("a list that is not closed")
		}
	}
}

// mapping reads {key: value, key: value}.
func (c *cursor) mapping(fields []field) error {
	if !c.take("{") {
		return errors.New("no mapping in braces where one is expected")
	}
	for first := true; !c.take("}"); first = false {
		if !first && !c.take(", ") {
			return errors.New("a mapping that is not closed")
		}
		for len(fields) > 0 && !c.take(fields[0].key+": ") {
			fields = fields[1:]
		}
		if len(fields) == 0 {
			return errors.New("a key that is unknown, repeated or out of order")
		}
		if err := fields[0].read(c); err != nil {
			return err
		}
		fields = fields[1:]
	}
	return nil
}

func writeMapping(fields []field) string {
	var parts []string
	for _, f := range fields {
		if s := f.write(); s != "" {
			parts = append(parts, f.key+": "+s)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// writeScalar writes text plain where every YAML reader takes it for text, and
// otherwise as a JSON string.
func writeScalar(s string) string {
	if plainForm.MatchString(s) && !reserved[strings.ToLower(s)] {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r) // not printable, or a line break, to YAML
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
