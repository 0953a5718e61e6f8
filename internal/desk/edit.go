package desk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/schema"
)

// Assignment is PATH=VALUE of docket set.
type Assignment struct{ Path, Value string }

// Set changes values of the sealed documents.
func (d *Desk) Set(ctx context.Context, id psirt.CaseID, list []Assignment) (*Edited, error) {
	return d.Edit(ctx, id, func(report psirt.Document, contact *psirt.Contact) ([]string, error) {
		var changed []string
		for _, a := range list {
			if name, ok := strings.CutPrefix(a.Path, "contact."); ok {
				if err := setContact(contact, name, a.Value); err != nil {
					return nil, err
				}
			} else if err := setPath(report, a.Path, valueFor(report, a)); err != nil {
				return nil, err
			}
			changed = append(changed, a.Path)
		}
		return changed, nil
	})
}

func setContact(c *psirt.Contact, name, value string) error {
	switch name {
	case "address":
		c.Address = value
	case "key":
		if value == "" {
			c.Key = ""
			return nil
		}
		cert, err := seal.ParseCert([]byte(value))
		if err != nil {
			return &Problem{Text: "contact.key is no certificate", Err: err, Do: "give the reporter's public key: contact.key=@FILE"}
		}
		c.Key = cert.Minimal().Armor()
	default:
		return usage("a contact has an address and a key", "set contact.address or contact.key")
	}
	return nil
}

// wellAddressed refuses an address of the reporter, new in an edit, that nobody
// could write to (addr-spec of RFC 5322).
func wellAddressed(before, after psirt.Document) error {
	email := firstOf(after, "reporter.email")
	if email == "" || email == firstOf(before, "reporter.email") {
		return nil
	}
	if a, err := netmail.ParseAddress(email); err != nil || a.Address != email {
		return usage("reporter.email is no mail address", "write it as in name@example.org, and nothing else")
	}
	return nil
}

// valueOf reads a value: JSON where it is a number, a truth value, a list or an
// object, else text.
func valueOf(s string) any {
	if s == "" {
		return nil
	}
	if strings.ContainsAny(s[:1], "[{-0123456789tf") {
		var v any
		if json.Unmarshal([]byte(s), &v) == nil {
			return v
		}
	}
	return s
}

// valueFor is the value of an assignment. What looks like a number or a truth
// value is text where the schema wants text: versions are called 1.0.
func valueFor(report psirt.Document, a Assignment) any {
	v := valueOf(a.Value)
	switch v.(type) {
	case float64, bool:
		trial := report.Clone()
		var faults *schema.Error
		if setPath(trial, a.Path, v) == nil && errors.As(schema.Validate("report", map[string]any(trial)), &faults) &&
			slices.ContainsFunc(faults.Faults, func(f schema.Fault) bool { return f.Want == "text" }) {
			return a.Value
		}
	}
	return v
}

// setPath sets, adds to ("[]"), or (nil) removes what is at a path such as
// remediation[0].text.
func setPath(doc map[string]any, path string, value any) error {
	steps, err := pathSteps(path)
	if err != nil {
		return err
	}
	if steps[0] == "docket" || steps[0] == "id" || steps[0] == "session_keys" {
		return usage(steps[0]+" is not for people to change", "docket show prints the paths that are")
	}
	_, err = put(doc, steps, value, path)
	return err
}

// pathSteps takes a path apart: "a.b[2].c" is a, b, [2], c.
func pathSteps(path string) ([]string, error) {
	var out []string
	for _, part := range strings.Split(path, ".") {
		name, rest, indexed := strings.Cut(part, "[")
		if name == "" || strings.ContainsAny(name, "] ") {
			return nil, usage(fmt.Sprintf("%q is no path", path), "paths look like analysis.verdict or remediation[0].text")
		}
		out = append(out, name)
		for indexed {
			var index string
			var ok bool
			if index, rest, ok = strings.Cut(rest, "]"); !ok || rest != "" && rest[0] != '[' {
				return nil, usage(fmt.Sprintf("%q is no path", path), "an index looks like [0], or [] to add")
			}
			out = append(out, "["+index+"]")
			if indexed = rest != ""; indexed {
				rest = rest[1:]
			}
		}
	}
	return out, nil
}

func put(at any, steps []string, value any, path string) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	step := steps[0]
	if strings.HasPrefix(step, "[") {
		return putItem(at, steps, value, path)
	}
	m, ok := at.(map[string]any)
	if at == nil {
		m, ok = map[string]any{}, true
	}
	if !ok {
		return nil, usage(path+" goes below a value that is no section", "docket show prints the paths")
	}
	v, err := put(m[step], steps[1:], value, path)
	if err != nil {
		return nil, err
	}
	if v == nil {
		delete(m, step)
	} else {
		m[step] = v
	}
	return m, nil
}

func putItem(at any, steps []string, value any, path string) (any, error) {
	list, ok := at.([]any)
	if at == nil {
		list, ok = []any{}, true
	}
	if !ok {
		return nil, usage(path+" takes an index of what is no list", "docket show prints the paths")
	}
	index := strings.Trim(steps[0], "[]")
	i := len(list)
	if index != "" {
		var err error
		if i, err = strconv.Atoi(index); err != nil || i < 0 || i > len(list) {
			return nil, usage(fmt.Sprintf("%s: the list has %d entries", path, len(list)), "[] adds one")
		}
	}
	var old any
	if i < len(list) {
		old = list[i]
	}
	v, err := put(old, steps[1:], value, path)
	if err != nil {
		return nil, err
	}
	switch {
	case v == nil && i < len(list):
		list = append(list[:i], list[i+1:]...)
	case i == len(list):
		list = append(list, v)
	default:
		list[i] = v
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// EditText lets edit change the report document as JSON. What is not for
// people to change is kept from it.
func (d *Desk) EditText(ctx context.Context, id psirt.CaseID, edit func(text string) (string, error)) (*Edited, error) {
	return d.Edit(ctx, id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		kept := map[string]any{}
		before := map[string]any{}
		for k, v := range report {
			if k == "docket" || k == "id" || k == "session_keys" {
				kept[k] = v
			} else {
				before[k] = v
			}
		}
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(before); err != nil {
			return nil, err
		}
		text, err := edit(b.String())
		if err != nil {
			return nil, err
		}
		after, err := casefile.DecodeObject([]byte(text))
		if err != nil {
			return nil, &Problem{Text: "what you wrote is not a JSON object", Err: err, Do: "nothing was changed"}
		}
		var changed []string
		for _, c := range compare("", before, after, nil) {
			changed = append(changed, c.Path)
		}
		clear(report)
		for k, v := range after {
			report[k] = v
		}
		for k, v := range kept {
			report[k] = v
		}
		return changed, nil
	})
}

// MaxEvidence bounds the files of one attach, in bytes.
const MaxEvidence = 4 << 20

// Evidence is a file that goes into a case.
type Evidence struct {
	Name string
	Data []byte
}

// Attach seals files into the report document.
func (d *Desk) Attach(ctx context.Context, id psirt.CaseID, files []Evidence) (*Edited, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	who, err := d.me(c.setting)
	if err != nil {
		return nil, err
	}
	return d.Edit(ctx, id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		list, _ := report["evidence"].([]any)
		var changed []string
		for _, f := range files {
			sum := sha256.Sum256(f.Data)
			list = append(list, map[string]any{"name": mail.SafeName(f.Name), "content_type": strings.SplitN(http.DetectContentType(f.Data), ";", 2)[0],
				"sha256": hex.EncodeToString(sum[:]), "size": float64(len(f.Data)), "data": base64.StdEncoding.EncodeToString(f.Data),
				"at": d.now().Format(time.RFC3339), "by": who.handle})
			changed = append(changed, fmt.Sprintf("evidence[%d]", len(list)-1))
		}
		report["evidence"] = list
		return changed, nil
	})
}
