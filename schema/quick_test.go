package schema_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/schema"
)

// agree holds that the quick reading and the library say the same of a
// document, or that the quick one leaves it to the library.
func agree(t *testing.T, kind, what string, doc any) (sure, valid bool) {
	t.Helper()
	quickly, sure, library, err := schema.Opinions(kind, doc)
	if err != nil {
		t.Fatal(err)
	}
	if sure && quickly != library {
		t.Errorf("%s, %s: the quick reading says %t, the library %t", kind, what, quickly, library)
	}
	return sure, library
}

// values are put wherever a document has a value: of every type, at bounds, and
// in forms that are equal without looking so.
func values() []any {
	return []any{
		nil, true, false, "", "x", "a b", "ünï", "2026-11-22", "2026-13-22", "2026-11-22T09:14:03Z", "psirt@example.org", "https://example.org/",
		"INGP-2026-0042", "openpgp4fpr:" + strings.Repeat("a", 40), "sha256:" + strings.Repeat("0", 64), "git:" + strings.Repeat("0", 40),
		"CWE-79", "60d", "yes", "none-planned", strings.Repeat("x", 70_000), "a\nb", "a\x00b", "not-a-vulnerability",
		0.0, 1.0, -1.0, 1.5, 1e9, 1e300, 0, 1, 3, -2, int64(1) << 60, uint64(1) << 60, json.Number("1"), json.Number("1.0"), json.Number("10e-1"),
		json.Number("0.10"), json.Number("9.9999999999999999999"), json.Number("9007199254740993"),
		[]any{}, []any{"a"}, []any{"a", "a"}, []any{"a", "b"}, []any{1, 1.0}, []any{nil}, []any{map[string]any{}}, []any{"signed"},
		map[string]any{}, map[string]any{"a": 1}, map[string]any{"?": "x"}, map[string]any{"text": "x", "by": "ada"}, map[string]any{"kind": "none-planned"},
	}
}

// mutate changes one place of a document after the other and calls try after
// each; what it changed it puts back.
func mutate(v any, path string, r *rand.Rand, try func(what string)) {
	replace := func(name string, old any, put func(any)) {
		pool := values()
		for range 4 {
			i := r.IntN(len(pool))
			put(pool[i])
			try(name + " replaced")
		}
		put(old)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			at := path + "." + name
			replace(at, inner, func(x any) { v[name] = x })
			delete(v, name)
			try(at + " taken out")
			v[name] = inner
			mutate(inner, at, r, try)
		}
		v["surplus"] = "x"
		try(path + ".surplus")
		delete(v, "surplus")
	case []any:
		for i, item := range v {
			replace(path+"[]", item, func(x any) { v[i] = x })
			mutate(item, path+"[]", r, try)
			if i > 0 {
				v[i] = v[0]
				try(path + "[] twice")
				v[i] = item
			}
		}
	}
}

// Documents in which every field is used, with any value in any place, get the
// same verdict quickly and from the library; and the quick reading decides
// nearly all of them.
func TestQuickReadingAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	for _, kind := range schema.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			doc := valid(t, kind)
			if sure, ok := agree(t, kind, "as it is", doc); !sure || !ok {
				t.Errorf("a valid document: sure %t, valid %t", sure, ok)
			}
			var all, unsure, good int
			every := map[string]int{schema.Program: 60, schema.Report: 12}[kind] // the library takes its time with these
			if os.Getenv("DOCKET_LONG") != "" {
				every = 1
			}
			skip := rand.New(rand.NewPCG(2, uint64(len(kind))))
			mutate(doc, "", rand.New(rand.NewPCG(1, uint64(len(kind)))), func(what string) {
				if every > 1 && skip.IntN(every) > 0 || schema.Unsafe(doc) {
					return
				}
				sure, ok := agree(t, kind, what, doc)
				all++
				if !sure {
					unsure++
				}
				if ok {
					good++
				}
			})
			t.Logf("%d documents, %d valid, %d left to the library", all, good, unsure)
			if all < 20 || unsure > 1+all/10 || good == 0 {
				t.Errorf("%d documents, %d valid, %d left to the library", all, good, unsure)
			}
			for _, v := range values() {
				agree(t, kind, "a value alone", v)
			}
		})
	}
}
