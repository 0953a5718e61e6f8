package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// The kinds of document that have a schema.
const (
	Case    = "case"    // a case file, cases/<program>/<year>/<block>/<ID>.yaml
	Report  = "report"  // the document in its part "sealed"
	Contact = "contact" // the document in its part "contact"
	Mail    = "mail"    // mail-<n>.yaml
	Program = "program" // program.yaml
	Receipt = "receipt" // a file of the branch "deliveries"
)

//go:embed *.schema.json
var files embed.FS

// Files holds NAME.schema.json for every kind of document.
func Files() fs.FS { return files }

// Kinds lists the kinds of document, sorted.
func Kinds() []string { return []string{Case, Contact, Mail, Program, Receipt, Report} }

// Read is the schema of a kind as an editor reads it; nil when there is no
// such kind.
func Read(kind string) []byte {
	text, err := files.ReadFile(kind + ".schema.json")
	if err != nil {
		return nil
	}
	return text
}

// Validate holds doc against the schema of its kind. doc is what decoding JSON
// gives (map[string]any, []any, string, float64 or json.Number, bool, nil);
// the integers of YAML decoders will do too. A document that is not valid gives
// an *Error.
func Validate(kind string, doc any) error {
	load, ok := compiled[kind]
	if !ok {
		return fmt.Errorf("schema: there is no schema %q", kind)
	}
	s, err := load()
	if err != nil {
		return err
	}
	if faults := unsafe(doc); len(faults) > 0 {
		return &Error{Kind: kind, Faults: faults}
	}
	err = s.compiled.Validate(doc)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("schema: %s document cannot be judged: %w", kind, err)
	}
	return &Error{Kind: kind, Faults: s.explain(invalid, doc)}
}

// standard is a schema, compiled, and its text as data, from which faults are
// explained.
type standard struct {
	compiled *jsonschema.Schema
	text     any
}

// compiled holds each schema; it is compiled when it is first asked for.
var compiled = map[string]func() (*standard, error){}

func init() {
	for _, kind := range Kinds() {
		compiled[kind] = sync.OnceValues(func() (*standard, error) { return compile(kind) })
	}
}

func compile(kind string) (*standard, error) {
	text := Read(kind)
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = refuse
	name := "urn:docket:schema:" + kind + ":1"
	if err := c.AddResource(name, bytes.NewReader(text)); err != nil {
		return nil, fmt.Errorf("schema: %s.schema.json: %w", kind, err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("schema: %s.schema.json: %w", kind, err)
	}
	s := &standard{compiled: schema}
	if err := json.Unmarshal(text, &s.text); err != nil {
		return nil, fmt.Errorf("schema: %s.schema.json: %w", kind, err)
	}
	return s, nil
}

// refuse stands where the library would follow a $ref to a file or a host.
func refuse(string) (io.ReadCloser, error) {
	return nil, errors.New("schemas refer to nothing outside themselves")
}
