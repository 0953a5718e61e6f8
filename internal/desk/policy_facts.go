package desk

import (
	"encoding/json"
	"io/fs"
	"strings"
	"sync"

	"github.com/docket-psirt/docket/schema"
)

// shape is a part of the form of reports (schema/report.schema.json), as far as
// facts and clocks can ask for it.
type shape struct {
	Ref        string           `json:"$ref"`
	Type       any              `json:"type"`
	Enum       []any            `json:"enum"`
	Properties map[string]shape `json:"properties"`
	Items      *shape           `json:"items"`
	Defs       map[string]shape `json:"$defs"`

	Additional *json.RawMessage `json:"additionalProperties"`
}

// reportShape is the form of reports.
var reportShape = sync.OnceValue(func() shape {
	raw, err := fs.ReadFile(schema.Files(), "report.schema.json")
	var s shape
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		panic("desk: the form of reports: " + err.Error()) // embedded: cannot fail
	}
	return s
})

// reportPath tells whether a report can have something at a dotted path, which
// goes through lists, and which words it is limited to, if it is.
func reportPath(path string) (values []string, ok bool) {
	if path == "attachments.image" {
		return nil, true // stands for an attachment whose type is an image (package extract)
	}
	root := reportShape()
	at := root
	for _, step := range strings.Split(path, ".") {
		next, known := at.Properties[step]
		if !known {
			return nil, at.open() // such as extra: anything may stand there
		}
		at = next.resolved(root)
	}
	for _, v := range at.Enum {
		if s, text := v.(string); text {
			values = append(values, s)
		}
	}
	return values, true
}

// resolved follows references, and goes through lists.
func (s shape) resolved(root shape) shape {
	for range 16 {
		if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
			s = root.Defs[name]
		} else if s.Items != nil {
			s = *s.Items
		} else {
			break
		}
	}
	return s
}

// open reports whether fields that are not named may stand there.
func (s shape) open() bool {
	return s.Properties == nil && s.Enum == nil && s.Type == "object" && (s.Additional == nil || string(*s.Additional) != "false")
}
