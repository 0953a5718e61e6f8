package store

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const maxCommit = 4 << 20 // bytes of one commit object

// Ident is who made a commit, and when (seconds; the offset from UTC is kept).
type Ident struct {
	Name string
	Mail string
	When time.Time
}

// Commit is a commit object.
type Commit struct {
	Hash      Hash
	Tree      Hash
	Parents   []Hash
	Author    Ident
	Committer Ident
	Message   string
	Signature string // armored, as the header gpgsig holds it; empty when unsigned
	Payload   []byte // the bytes that the signature covers
}

// Commit reads a commit.
func (r *Repo) Commit(h Hash) (*Commit, error) { return readCommit(r, h) }

func readCommit(src reader, h Hash) (*Commit, error) {
	data, err := src.object(h, kindCommit, maxCommit)
	if err != nil {
		return nil, err
	}
	return parseCommit(h, data)
}

// parseCommit reads a commit object. Headers that it does not know belong to
// the payload and are kept there.
func parseCommit(h Hash, data []byte) (*Commit, error) {
	c := &Commit{Hash: h}
	var signature strings.Builder
	payload := make([]byte, 0, len(data))
	rest, inSignature := data, ""
	for {
		line, after, ok := bytes.Cut(rest, []byte{'\n'})
		if !ok {
			return nil, corrupt(h, "a commit without an empty line after its headers")
		}
		if len(line) == 0 {
			c.Message = string(after)
			payload = append(payload, rest...)
			break
		}
		whole := rest[:len(line)+1]
		rest = after
		if line[0] == ' ' && inSignature != "" {
			if inSignature == "gpgsig" {
				signature.Write(whole[1:])
			}
			continue
		}
		key, value, _ := strings.Cut(string(line), " ")
		inSignature = ""
		if strings.HasPrefix(key, "gpgsig") { // gpgsig-sha256 is no part of the payload either
			if inSignature = key; key == "gpgsig" {
				signature.WriteString(value + "\n")
			}
			continue
		}
		payload = append(payload, whole...)
		if err := c.header(key, value); err != nil {
			return nil, err
		}
	}
	if c.Tree.IsZero() {
		return nil, corrupt(h, "a commit without a tree")
	}
	c.Signature, c.Payload = signature.String(), payload
	return c, nil
}

func (c *Commit) header(key, value string) error {
	switch key {
	case "tree", "parent":
		h, err := ParseHash(value)
		if err != nil || strings.HasPrefix(value, "git:") {
			return corrupt(c.Hash, "a commit with a malformed %s", key)
		}
		if key == "parent" {
			c.Parents = append(c.Parents, h)
		} else if c.Tree.IsZero() {
			c.Tree = h
		} else {
			return corrupt(c.Hash, "a commit with two trees")
		}
	case "author":
		c.Author = parseIdent(value)
	case "committer":
		c.Committer = parseIdent(value)
	}
	return nil
}

// parseIdent reads "Name <mail> seconds zone"; what is missing stays empty, as
// old tools wrote all sorts.
func parseIdent(text string) Ident {
	var id Ident
	name, rest, _ := strings.Cut(text, "<")
	id.Name = strings.TrimSpace(name)
	if end := strings.LastIndexByte(rest, '>'); end >= 0 {
		id.Mail, _, _ = strings.Cut(rest[:end+1], ">")
		id.When = parseTime(strings.Fields(rest[end+1:]))
	}
	return id
}

func parseTime(fields []string) time.Time {
	if len(fields) == 0 {
		return time.Time{}
	}
	const year9999 = 253402300799
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || seconds < 0 || seconds > year9999 {
		return time.Time{}
	}
	when := time.Unix(seconds, 0).UTC()
	if len(fields) < 2 || len(fields[1]) != 5 {
		return when
	}
	zone, err := strconv.Atoi(fields[1])
	if err != nil || zone == 0 || zone%100 > 59 || zone%100 < -59 || zone > 1400 || zone < -1400 {
		return when
	}
	return when.In(time.FixedZone("", (zone/100*60+zone%100)*60))
}

// CommitSpec describes a commit to make.
type CommitSpec struct {
	Base      Hash // tree to start from; zero: empty
	Edits     []Edit
	Parents   []Hash
	Author    Ident
	Committer Ident
	Message   string // ends with LF

	// Sign returns an armored signature over payload, which becomes the header
	// gpgsig; nil leaves the commit unsigned.
	Sign func(payload []byte) (armored string, err error)
}

// encode writes the commit object as git does.
func (spec *CommitSpec) encode(tree Hash) ([]byte, error) {
	if err := checkMessage(spec.Message); err != nil {
		return nil, err
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "tree %s\n", tree)
	for _, p := range spec.Parents {
		fmt.Fprintf(&head, "parent %s\n", p)
	}
	for _, who := range []struct {
		role string
		Ident
	}{{"author", spec.Author}, {"committer", spec.Committer}} {
		if err := who.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", who.role, err)
		}
		fmt.Fprintf(&head, "%s %s <%s> %d %s\n", who.role, who.Name, who.Mail, who.When.Unix(), who.When.Format("-0700"))
	}
	body := "\n" + spec.Message
	if spec.Sign == nil {
		return append(head.Bytes(), body...), nil
	}
	signature, err := spec.Sign([]byte(head.String() + body))
	if err != nil {
		return nil, fmt.Errorf("sign the commit: %w", err)
	}
	if signature = strings.TrimRight(signature, "\n"); signature == "" || strings.ContainsAny(signature, "\r\x00") {
		return nil, errors.New("sign the commit: the signature is empty or has bytes that no armor has")
	}
	fmt.Fprintf(&head, "gpgsig %s\n", strings.ReplaceAll(signature, "\n", "\n "))
	return append(head.Bytes(), body...), nil
}

func checkMessage(message string) error {
	if !strings.HasSuffix(message, "\n") || strings.TrimSpace(message) == "" {
		return errors.New("the commit message must have words and end with LF")
	}
	if strings.ContainsRune(message, 0) {
		return errors.New("the commit message must not hold NUL")
	}
	return nil
}

func (id Ident) check() error {
	for _, text := range []string{id.Name, id.Mail} {
		if text == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, "<>\n\r\x00") {
			return fmt.Errorf("%q is neither a name nor a mail address that git can store", text)
		}
	}
	if id.When.Unix() < 0 {
		return fmt.Errorf("the time %s is before 1970", id.When)
	}
	return nil
}
