package schema_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

func programDocument(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../cases/ingroupe/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// text is a schema as data, for looking up what it says.
type text map[string]any

func readText(t *testing.T, kind string) text {
	t.Helper()
	var doc text
	if err := json.Unmarshal(schema.Read(kind), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func (s text) resolve(node map[string]any) map[string]any {
	if ref, ok := node["$ref"].(string); ok {
		return s["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	return node
}

// compare holds that a schema has a field for each of a type's and the other
// way round (all), or at least has the type's.
func (s text) compare(t *testing.T, path, tag string, typ reflect.Type, node map[string]any, all bool) {
	t.Helper()
	node = s.resolve(node)
	switch typ.Kind() {
	case reflect.Pointer:
		s.compare(t, path, tag, typ.Elem(), node, all)
		return
	case reflect.Slice:
		if items, ok := node["items"].(map[string]any); ok {
			s.compare(t, path+"[]", tag, typ.Elem(), items, all)
		} else {
			t.Errorf("%s is a list, but not in the schema", path)
		}
		return
	case reflect.Map:
		patterns, _ := node["patternProperties"].(map[string]any)
		for _, sub := range patterns {
			s.compare(t, path+".*", tag, typ.Elem(), sub.(map[string]any), all)
		}
		return
	case reflect.Struct:
	default:
		return
	}
	properties, _ := node["properties"].(map[string]any)
	have := tags(tag, typ)
	for name, field := range have {
		sub, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("%s.%s is in psirt, but not in the schema", path, name)
			continue
		}
		if base(field) != typ && !strings.Contains(path, ".where") { // a test holds tests: once is enough
			s.compare(t, path+"."+name, tag, field, sub, all)
		}
	}
	for name := range properties {
		if _, ok := have[name]; all && !ok {
			t.Errorf("%s.%s is in the schema, but not in psirt", path, name)
		}
	}
}

// base is what a pointer or list is of.
func base(typ reflect.Type) reflect.Type {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	return typ
}

// tags lists a struct's names, those of inlined structs among them.
func tags(tag string, typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get(tag), ",")
		if slices.Contains(strings.Split(options, ","), "inline") {
			for name, inner := range tags(tag, f.Type) {
				out[name] = inner
			}
			continue
		}
		out[name] = f.Type
	}
	return out
}

func TestSchemasHaveTheFieldsOfTheTypes(t *testing.T) {
	t.Parallel()
	program := readText(t, schema.Program)
	program.compare(t, "program", "yaml", reflect.TypeFor[psirt.Program](), program, true)
	contact := readText(t, schema.Contact)
	contact.compare(t, "contact", "json", reflect.TypeFor[psirt.Contact](), contact, true)
	report := readText(t, schema.Report)
	report.compare(t, "report", "json", reflect.TypeFor[psirt.Reported](), report, false)
}

// A list that is closed in psirt is the same list in the schemas.
func TestSchemasHaveTheListsOfTheTypes(t *testing.T) {
	t.Parallel()
	var outcomes []psirt.Outcome
	for _, o := range readText(t, schema.Case)["$defs"].(map[string]any)["outcome"].(map[string]any)["enum"].([]any) {
		outcomes = append(outcomes, psirt.Outcome(o.(string)))
	}
	if !slices.Equal(outcomes, psirt.Outcomes) {
		t.Errorf("outcomes are %v in the schema and %v in psirt", outcomes, psirt.Outcomes)
	}
	states := readText(t, schema.Program)["properties"].(map[string]any)["states"].(map[string]any)
	var phases []psirt.Phase
	for _, p := range states["items"].(map[string]any)["properties"].(map[string]any)["phase"].(map[string]any)["enum"].([]any) {
		phases = append(phases, psirt.Phase(p.(string)))
	}
	if !slices.Equal(phases, psirt.Phases) {
		t.Errorf("phases are %v in the schema and %v in psirt", phases, psirt.Phases)
	}
	for _, value := range []struct {
		kind, field, value string
		ok                 bool
	}{
		{"case", "id", string(psirt.NewCaseID("AB", 2026, 1)), true},
		{"case", "id", string(psirt.NewCaseID("ABCDEFGHIJKL", 2026, 999999999)), true},
		{"case", "id", "AB-2026-00001", false},
		{"case", "by", string(psirt.NewFingerprint(make([]byte, 20))), true},
		{"case", "by", string(psirt.NewFingerprint(make([]byte, 32))), true},
		{"case", "previous", string(psirt.SHA256(nil)), true},
	} {
		doc := valid(t, value.kind)
		doc[value.field] = value.value
		if got := schema.Validate(value.kind, doc) == nil; got != value.ok {
			t.Errorf("%s %s is valid: %v, want %v", value.field, value.value, got, value.ok)
		}
	}
}
