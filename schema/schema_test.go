package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/schema"
)

// valid is a document of the kind in which every field is used.
func valid(t testing.TB, kind string) map[string]any {
	t.Helper()
	var text []byte
	var err error
	if kind == schema.Program {
		return programDocument(t)
	}
	if text, err = os.ReadFile("testdata/" + kind + ".json"); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func faults(t testing.TB, kind string, doc any) []schema.Fault {
	t.Helper()
	err := schema.Validate(kind, doc)
	if err == nil {
		return nil
	}
	var invalid *schema.Error
	if !errors.As(err, &invalid) {
		t.Fatalf("%s: %v is no *schema.Error", kind, err)
	}
	if invalid.Kind != kind || len(invalid.Faults) == 0 {
		t.Fatalf("%s: an error about %s with %d faults", kind, invalid.Kind, len(invalid.Faults))
	}
	return invalid.Faults
}

func TestValidDocuments(t *testing.T) {
	t.Parallel()
	for _, kind := range schema.Kinds() {
		if list := faults(t, kind, valid(t, kind)); list != nil {
			t.Errorf("%s: %v", kind, list)
		}
	}
}

// change puts a value where a path of names and places leads, or takes out
// what is there when the value is gone.
type gone struct{}

func change(doc any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case string:
		m := doc.(map[string]any)
		if _, out := value.(gone); out && len(path) == 1 {
			delete(m, step)
			return m
		}
		m[step] = change(m[step], path[1:], value)
		return m
	case int:
		list := doc.([]any)
		list[step] = change(list[step], path[1:], value)
		return list
	}
	panic("a path has names and places")
}

func p(steps ...any) []any { return steps }

// faultCases has each class of fault, with where it must be found and what
// must be asked for there.
var faultCases = []struct {
	kind  string
	at    []any
	value any
	path  string
	want  string
}{
	{"case", p(), "text", "(document)", "an object"},
	{"case", p("docket"), 2.0, "docket", "1"},
	{"case", p("id"), gone{}, "id", "a value, and there is none"},
	{"case", p("id"), "INGP-2026-00042", "id", "such as INGP-2026-0042"},
	{"case", p("id"), "INGP-2026-0000", "id", "text that matches"},
	{"case", p("colour"), "red", "colour", "no field of this name; the fields here are by, contact"},
	{"case", p("a secret sentence"), "x", "?", "no field of this name"},
	{"case", p("state"), true, "state", "text"},
	{"case", p("outcome"), "solved", "outcome", "one of fixed, mitigated"},
	{"case", p("opened"), "2026-11-22T09:14:03+01:00", "opened", "text that matches"},
	{"case", p("opened"), "2026-13-22T09:14:03Z", "opened", "a time with zone"},
	{"case", p("handlers"), []any{}, "handlers", "a list of at least 1 item"},
	{"case", p("handlers", 0), "openpgp4fpr:" + strings.Repeat("a", 40), "handlers[0]", "such as openpgp4fpr:"},
	{"case", p("facts"), []any{"complete", "complete"}, "facts", "a list without repetitions"},
	{"case", p("revision"), 0.0, "revision", "1 or more"},
	{"case", p("revision"), 1.5, "revision", "a whole number"},
	{"case", p("revision"), 1.0, "previous", "nothing here"},
	{"case", p("previous"), gone{}, "previous", "a value, and there is none"},
	{"case", p("log", 1, "at"), "yesterday", "log[1].at", "a time with zone"},
	{"case", p("log", 1, "requested_by"), "a b", "log[1].requested_by", "such as octocat"},
	{"case", p("updates", 0, "template"), "git:" + strings.Repeat("a", 40), "updates[0].text", "a value, since there is template"},
	{"case", p("updates", 0, "sealed"), gone{}, "updates[0]", "exactly one of sealed, template with text"},
	{"case", p("updates", 1, "sealed"), "sha256:" + strings.Repeat("a", 64), "updates[1]", "exactly one of"},
	{"case", p("updates", 1, "message_id"), "<A@B>", "updates[1].message_id", "text that matches"},
	{"case", p("sealed"), "a report in clear\n", "sealed", "text that matches"},
	{"mail", p("kind"), "letter", "kind", "one of report, follow-up, unopened, bounce"},
	{"mail", p("signed"), "none", "signer", "nothing here"},
	{"mail", p("sealed"), strings.Repeat("a", 64), "sealed", "such as sha256:"},
	{"receipt", p("code"), "250 OK, queued", "code", "such as 2.0.0"},
	{"receipt", p("attempt"), 0.0, "attempt", "1 or more"},
	{"contact", p("address"), "Name <a@example.org>", "address", "such as reporter@example.org"},
	{"contact", p("message_id"), "<a@b>", "message_id", "text that matches"},
	{"report", p("exploited"), "maybe", "exploited", "one of yes, no, unknown"},
	{"report", p("products", 0, "versions"), "1.0", "products[0].versions", "a list"},
	{"report", p("products", 0, "version"), "1.0", "products[0].version", "the fields here are name, part_number, type, versions"},
	{"report", p("session_keys", "mail-0"), "9:00", "session_keys.mail-0", "no field of this name"},
	{"report", p("session_keys", "mail-1"), "9:00", "session_keys.mail-1", "text that matches"},
	{"report", p("assessment", "cvss", 0, "score"), 10.1, "assessment.cvss[0].score", "10 or less"},
	{"report", p("assessment", "cwe", 0), "307", "assessment.cwe[0]", "such as CWE-307"},
	{"report", p("remediation", 0, "status"), gone{}, "remediation[0].status", "a value, and there is none"},
	{"report", p("remediation", 1, "status"), "available", "remediation[1].status", "nothing here"},
	{"report", p("review_at"), "2027-02-30", "review_at", "a date such as"},
	{"report", p("notes", 0, "text"), "", "notes[0].text", "at least 1 character"},
	{"report", p("evidence", 0, "size"), -1.0, "evidence[0].size", "0 or more"},
	{"report", p("extra"), []any{}, "extra", "an object"},
	{"program", p("intake", "addresses", 0), "psirt", "intake.addresses[0]", "a mail address"},
	{"program", p("source", "url"), "ingroupe.com/psirt", "source.url", "an absolute URI"},
	{"program", p("prefix"), "ingp", "prefix", "such as INGP"},
	{"program", p("facts", "valid", "present"), "title", "facts.valid", "exactly one of present, equals, in"},
	{"program", p("facts", "valid", "do"), gone{}, "facts.valid.do", "a value, and there is none"},
	{"program", p("facts", "complete", "all", 1, "not", "present"), 7.0, "facts.complete.all[1].not.present", "text"},
	{"program", p("transitions", 0, "guards", 0), "Consent", "transitions[0].guards[0]", "such as complete"},
	{"program", p("transitions", 0, "approvals", "count"), 10.0, "transitions[0].approvals.count", "9 or less"},
	{"program", p("clocks", 0, "within"), "1 day", "clocks[0].within", "such as 24h"},
	{"program", p("clocks", 0, "starts", 0), "begin", "clocks[0].starts[0]", "such as enter:evaluating"},
	{"program", p("keys", "bot"), "0x1234", "keys.bot", "such as openpgp4fpr:"},
	{"program", p("people", 0, "roles"), []any{"The Boss"}, "people[0].roles[0]", "such as needs-info"},
}

func TestEachFaultIsFoundAtItsPath(t *testing.T) {
	t.Parallel()
	for _, c := range faultCases {
		list := faults(t, c.kind, change(valid(t, c.kind), c.at, c.value))
		if !slices.ContainsFunc(list, func(f schema.Fault) bool { return f.Path == c.path && strings.Contains(f.Want, c.want) }) {
			t.Errorf("%s with %v at %v: no fault at %s that wants %q in %v", c.kind, c.value, c.at, c.path, c.want, list)
		}
	}
}

func TestAllFaultsAtOnceInOrder(t *testing.T) {
	t.Parallel()
	doc := valid(t, "case")
	log := doc["log"].([]any)
	for len(log) < 12 {
		log = append(log, map[string]any{"revision": 3.0, "at": "2026-11-22T09:14:03Z", "to": "closed", "by": doc["by"]})
	}
	doc["log"] = log
	change(doc, p("log", 2, "to"), 1.0)
	change(doc, p("log", 11, "to"), 1.0)
	change(doc, p("state"), "NOT A STATE")
	delete(doc, "by")
	var paths []string
	for _, f := range faults(t, "case", doc) {
		paths = append(paths, f.Path)
	}
	if want := []string{"by", "log[2].to", "log[11].to", "state"}; !slices.Equal(paths, want) {
		t.Errorf("faults at %v, want %v", paths, want)
	}
}

// Values may be what a reporter wrote in confidence, and so may names that are
// none of the schema's.
func TestFaultsQuoteNoValue(t *testing.T) {
	t.Parallel()
	const secret = "zanzibar-4711"
	for _, kind := range schema.Kinds() {
		for name := range valid(t, kind) {
			for _, value := range []any{secret, []any{secret, secret}, map[string]any{secret + " plan": secret}} {
				doc := valid(t, kind)
				doc[name], doc["we met in "+secret] = value, secret
				err := schema.Validate(kind, doc)
				if err == nil {
					t.Fatalf("%s: an unknown name is accepted", kind)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s.%s: the error quotes what it found: %v", kind, name, err)
				}
			}
		}
	}
}

// What the library does not survive, or takes for valid, must be a fault.
func TestTrapsOfTheLibrary(t *testing.T) {
	t.Parallel()
	deep := any("x")
	for range 100_000 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{
		"infinity": math.Inf(1), "minus infinity": math.Inf(-1), "not a number": math.NaN(),
		"huge": json.Number("1e10000000"), "tiny": json.Number("1e-10000000"), "overflow": json.Number("1e99999999999999999999"),
		"long": json.Number(strings.Repeat("9", 1_000_000)), "no number": json.Number("0x10"), "empty": json.Number(""),
		"deep": deep, "no JSON": struct{ A int }{1}, "bytes": []byte("x"), "keys that are no text": map[any]any{1: 2},
	} {
		for _, kind := range []string{schema.Case, schema.Report} {
			doc := valid(t, kind)
			doc["docket"] = value
			if faults(t, kind, doc) == nil {
				t.Errorf("%s: %s is accepted", kind, name)
			}
		}
		doc := valid(t, schema.Report)
		doc["extra"] = map[string]any{"x": value} // where the schema allows anything
		if list := faults(t, schema.Report, doc); list == nil || !strings.HasPrefix(list[0].Path, "extra.x") {
			t.Errorf("extra.x: %s is accepted: %v", name, list)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	if err := schema.Validate("../go.mod", map[string]any{}); err == nil {
		t.Error("there is a schema for ../go.mod")
	}
	if schema.Read("nothing") != nil {
		t.Error("there is a schema for nothing")
	}
	for _, doc := range []any{nil, []any{}, 1.0, ""} {
		if faults(t, schema.Contact, doc) == nil {
			t.Errorf("%#v is accepted as a contact", doc)
		}
	}
}

// Schemas are for editors as well: everything has a title and a description,
// objects are closed, and nothing points outside.
func TestSchemasAreFitForEditors(t *testing.T) {
	t.Parallel()
	var names []string
	err := fs.WalkDir(schema.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(schema.Kinds()) {
		t.Errorf("files %v for kinds %v", names, schema.Kinds())
	}
	for _, kind := range schema.Kinds() {
		var doc map[string]any
		if err := json.Unmarshal(schema.Read(kind), &doc); err != nil {
			t.Fatal(err)
		}
		if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" || doc["$id"] != "urn:docket:schema:"+kind+":1" {
			t.Errorf("%s: $schema is %v, $id %v", kind, doc["$schema"], doc["$id"])
		}
		inspect(t, kind, doc)
		for name, sub := range doc["$defs"].(map[string]any) {
			inspect(t, kind+".$defs."+name, sub)
		}
	}
}

func inspect(t *testing.T, path string, v any) {
	t.Helper()
	node, ok := v.(map[string]any)
	if !ok {
		return
	}
	if ref, ok := node["$ref"].(string); ok {
		if !strings.HasPrefix(ref, "#/$defs/") {
			t.Errorf("%s refers to %s", path, ref)
		}
	} else if _, ok := node["title"].(string); !ok && !strings.HasSuffix(path, "[]") {
		t.Errorf("%s has no title", path)
	}
	if examples, ok := node["examples"].([]any); ok && node["pattern"] != nil {
		for _, e := range examples {
			if !regexp.MustCompile(node["pattern"].(string)).MatchString(e.(string)) {
				t.Errorf("%s: the example %v is not valid", path, e)
			}
		}
	}
	if node["type"] == "object" && node["additionalProperties"] == nil && !strings.HasSuffix(path, ".extra") {
		t.Errorf("%s is open to any field", path)
	}
	properties, _ := node["properties"].(map[string]any)
	for name, sub := range properties {
		m := sub.(map[string]any)
		if _, ok := m["$ref"]; !ok && (m["description"] == nil || m["description"] == "") {
			t.Errorf("%s.%s has no description", path, name)
		}
		inspect(t, path+"."+name, sub)
	}
	if items, ok := node["items"]; ok {
		inspect(t, path+"[]", items)
	}
}

// FuzzValidate holds that no document ends the program, and that what is
// accepted once is accepted again after a trip through JSON.
func FuzzValidate(f *testing.F) {
	for _, kind := range schema.Kinds() {
		text, err := json.Marshal(valid(f, kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, text)
	}
	f.Add("report", []byte(`{"docket":1e308,"extra":{"a":[[[]]]},"products":[{"versions":[1e-300]}]}`))
	f.Fuzz(func(t *testing.T, kind string, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var doc any
		if d.Decode(&doc) != nil || schema.Validate(kind, doc) != nil {
			return
		}
		again, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(again, &plain); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(kind, plain); err != nil {
			t.Errorf("valid with json.Number, but as float64: %v", err)
		}
	})
}
