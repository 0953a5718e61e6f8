package casefile

import (
	"bytes"
	"fmt"
	"strings"
)

// MaxSize bounds a case file, in bytes: the largest report document that Pad
// allows for, armored, with a log of thousands of moves.
const MaxSize = 8 << 20

// Error says where in a file something is not as it must be. It never quotes
// the file.
type Error struct {
	Line int    // from 1
	Key  string // the key expected or found there, or empty
	Want string
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("line %d: expected %s", e.Line, e.Want)
	}
	return fmt.Sprintf("line %d, key %s: expected %s", e.Line, e.Key, e.Want)
}

// shape is how a field is laid out.
type shape int

const (
	scalar  shape = iota // key: value
	list                 // key: [value, value]
	rows                 // key:\n  - {key: value, key: value}
	literal              // key: |\n  text
)

// form is one spelling of a value: which strings are allowed, and whether a
// YAML reader is to take it for a number.
type form struct {
	want   string
	ok     func(string) bool
	number bool
	quoted bool // written as plain text when that is safe, else in double quotes
}

// field describes one key of a file of type T. Get returns the value in its
// written form and set takes it; which of the members of value is used depends
// on the shape.
type field[T any] struct {
	key      string
	shape    shape
	form     form
	row      []column
	optional bool
	get      func(*T) value
	set      func(*T, value) error
}

// column is one key of a row.
type column struct {
	key      string
	form     form
	optional bool
}

type value struct {
	text string
	list []string
	rows []map[string]string
}

func (v value) empty() bool { return v.text == "" && len(v.list) == 0 && len(v.rows) == 0 }

// format writes a record. A value that its form does not allow is an error, so
// nothing is ever written that parse would refuse.
func format[T any](fields []field[T], t *T) ([]byte, error) {
	var b bytes.Buffer
	for _, f := range fields {
		v := f.get(t)
		if v.empty() {
			if !f.optional {
				return nil, fmt.Errorf("%s is empty: expected %s", f.key, f.form.want)
			}
			continue
		}
		if err := f.write(&b, v); err != nil {
			return nil, err
		}
		if err := f.set(new(T), v); err != nil {
			return nil, fmt.Errorf("%s: expected %w", f.key, err)
		}
	}
	if b.Len() > MaxSize {
		return nil, fmt.Errorf("the file would have %d bytes: at most %d are allowed", b.Len(), MaxSize)
	}
	return b.Bytes(), nil
}

func (f field[T]) write(b *bytes.Buffer, v value) error {
	b.WriteString(f.key + ":")
	switch f.shape {
	case scalar:
		text, err := f.form.spell(f.key, v.text)
		b.WriteString(" " + text + "\n")
		return err
	case list:
		b.WriteString(" [")
		for i, item := range v.list {
			text, err := f.form.spell(f.key, item)
			if err != nil {
				return err
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(text)
		}
		b.WriteString("]\n")
	case rows:
		b.WriteString("\n")
		for _, row := range v.rows {
			if err := writeRow(b, f.key, f.row, row); err != nil {
				return err
			}
		}
	case literal:
		if !f.form.ok(v.text) {
			return fmt.Errorf("%s: expected %s", f.key, f.form.want)
		}
		b.WriteString(" |\n")
		for _, line := range strings.SplitAfter(strings.TrimSuffix(v.text, "\n"), "\n") {
			if line != "\n" {
				b.WriteString("  ")
			}
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	return nil
}

func writeRow(b *bytes.Buffer, key string, columns []column, row map[string]string) error {
	b.WriteString("  - {")
	first := true
	for _, c := range columns {
		v := row[c.key]
		if v == "" && c.optional {
			continue
		}
		text, err := c.form.spell(key+"."+c.key, v)
		if err != nil {
			return err
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(c.key + ": " + text)
	}
	b.WriteString("}\n")
	return nil
}

func (f form) spell(key, v string) (string, error) {
	if !f.ok(v) {
		return "", fmt.Errorf("%s: expected %s", key, f.want)
	}
	if f.quoted && !plain(v) {
		return `"` + v + `"`, nil
	}
	return v, nil
}

// reader goes through the lines of a file.
type reader struct {
	lines []string
	at    int // index of the next line
}

func (r *reader) fail(key, want string) error {
	return &Error{Line: r.at + 1, Key: key, Want: want}
}

// parse reads a record and holds that writing it gives the same bytes.
func parse[T any](fields []field[T], data []byte) (*T, error) {
	if len(data) > MaxSize {
		return nil, &Error{Line: 1, Want: fmt.Sprintf("at most %d bytes", MaxSize)}
	}
	r, err := split(data)
	if err != nil {
		return nil, err
	}
	t := new(T)
	for _, f := range fields {
		if err := f.parse(r, t); err != nil {
			return nil, err
		}
	}
	if r.at < len(r.lines) {
		return nil, r.fail("", "the end of the file, or a known key in its place")
	}
	again, err := format(fields, t)
	if err != nil {
		return nil, &Error{Line: 1, Want: "a file that can be written again (" + err.Error() + ")"}
	}
	if !bytes.Equal(again, data) {
		return nil, &Error{Line: firstDifference(again, data), Want: "the canonical spelling (no extra white space, each value in its only form)"}
	}
	return t, nil
}

func split(data []byte) (*reader, error) {
	line := 1
	for _, c := range data {
		if c == '\n' {
			line++
		} else if c < 0x20 || c > 0x7e {
			return nil, &Error{Line: line, Want: "printable ASCII and line feeds only"}
		}
	}
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, &Error{Line: line, Want: "a line feed at the end"}
	}
	return &reader{lines: strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")}, nil
}

func firstDifference(a, b []byte) int {
	line := 1
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			break
		}
		if a[i] == '\n' {
			line++
		}
	}
	return line
}

func (f field[T]) parse(r *reader, t *T) error {
	rest, found := "", false
	if r.at < len(r.lines) {
		rest, found = strings.CutPrefix(r.lines[r.at], f.key+":")
	}
	if !found {
		if f.optional {
			return nil
		}
		return r.fail(f.key, "this key here")
	}
	line := r.at + 1
	v, err := f.value(r, rest)
	if err != nil {
		return err
	}
	if err := f.set(t, v); err != nil {
		return &Error{Line: line, Key: f.key, Want: err.Error()}
	}
	return nil
}

func (f field[T]) value(r *reader, rest string) (v value, err error) {
	switch f.shape {
	case scalar:
		v.text, err = f.form.read(r, f.key, strings.TrimPrefix(rest, " "))
		r.at++
	case list:
		inner, ok := enclosed(rest, " [", "]")
		if !ok {
			return v, r.fail(f.key, "[value, value]")
		}
		v.list = strings.Split(inner, ", ")
		for i, item := range v.list {
			if v.list[i], err = f.form.read(r, f.key, item); err != nil {
				return v, err
			}
		}
		r.at++
	case rows:
		if rest != "" {
			return v, r.fail(f.key, "rows on the lines below")
		}
		v.rows, err = f.readRows(r)
	case literal:
		if rest != " |" {
			return v, r.fail(f.key, `"|" and the text on the lines below`)
		}
		line := r.at + 1
		v.text = r.literal()
		if !f.form.ok(v.text) {
			err = &Error{Line: line, Key: f.key, Want: f.form.want}
		}
	}
	return v, err
}

func enclosed(s, open, shut string) (string, bool) {
	s, ok := strings.CutPrefix(s, open)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, shut)
}

func (f form) read(r *reader, key, text string) (string, error) {
	v := text
	if f.quoted {
		if inner, ok := enclosed(text, `"`, `"`); ok && len(text) > 1 {
			v = inner
		}
	}
	if !f.ok(v) {
		return "", r.fail(key, f.want)
	}
	return v, nil
}

func (f field[T]) readRows(r *reader) ([]map[string]string, error) {
	r.at++
	var out []map[string]string
	for r.at < len(r.lines) && strings.HasPrefix(r.lines[r.at], "  ") {
		inner, ok := enclosed(r.lines[r.at], "  - {", "}")
		if !ok {
			return nil, r.fail(f.key, "- {key: value, key: value}")
		}
		row, err := f.readRow(r, inner)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
		r.at++
	}
	if len(out) == 0 {
		return nil, r.fail(f.key, "at least one row")
	}
	return out, nil
}

func (f field[T]) readRow(r *reader, inner string) (map[string]string, error) {
	cells := strings.Split(inner, ", ")
	row := map[string]string{}
	for _, c := range f.row {
		text, found := "", false
		if len(cells) > 0 {
			text, found = strings.CutPrefix(cells[0], c.key+": ")
		}
		if !found {
			if c.optional {
				continue
			}
			return nil, r.fail(f.key+"."+c.key, "this key here")
		}
		v, err := c.form.read(r, f.key+"."+c.key, text)
		if err != nil {
			return nil, err
		}
		row[c.key] = v
		cells = cells[1:]
	}
	if len(cells) > 0 {
		return nil, r.fail(f.key, "known keys only, in their order, each once")
	}
	return row, nil
}

// literal takes the indented lines that follow the key.
func (r *reader) literal() string {
	r.at++
	var b strings.Builder
	for ; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		text, ok := strings.CutPrefix(line, "  ")
		if !ok && line != "" {
			break
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
