package extract

import (
	"encoding/json"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Missing lists the tokens of form.Asked, in the form's order, for which r
// holds nothing at any of their paths. A path is made of r's JSON names joined
// with dots; of a list, one element that has it is enough.
// "attachments.image" stands for an attachment whose type is an image. An
// exploitation that is "unknown" counts as missing, and so does a description
// that the flag "description-insufficient" says is none.
func Missing(r psirt.Reported, form psirt.ReportForm) []string {
	held := tree(r)
	var missing []string
	for _, asked := range form.Asked {
		paths := asked.Any
		if len(paths) == 0 {
			paths = []string{asked.Token}
		}
		found := false
		for _, path := range paths {
			found = found || present(held, strings.Split(path, "."))
		}
		if !found {
			missing = append(missing, asked.Token)
		}
	}
	return missing
}

// tree is r as its JSON names make it, without what counts as not said and
// without the long texts themselves.
func tree(r psirt.Reported) map[string]any {
	r.Description = mark(r.Description)
	r.Steps = mark(r.Steps)
	r.SuggestedFix = mark(r.SuggestedFix)
	if hasFlag(r.Flags, flagInsufficient) {
		r.Description = ""
	}
	if r.Exploited == exploitedUnknown {
		r.Exploited = ""
	}
	held := map[string]any{}
	if data, err := json.Marshal(r); err == nil { // strings, lists and numbers only: it does not fail
		_ = json.Unmarshal(data, &held)
	}
	return held
}

func mark(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return "said"
}

func present(value any, path []string) bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			if present(element, path) {
				return true
			}
		}
		return false
	case map[string]any:
		if len(path) == 0 {
			return len(v) > 0
		}
		if path[0] == "image" { // of attachments: a property of the type, not a member
			kind, _ := v["content_type"].(string)
			return strings.HasPrefix(strings.ToLower(kind), "image/")
		}
		member, ok := v[path[0]]
		return ok && present(member, path[1:])
	case string:
		return len(path) == 0 && v != ""
	default:
		return len(path) == 0 && v != nil
	}
}
