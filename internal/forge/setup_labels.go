package forge

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Label is a label that issues and pull requests of a repository may have.
// https://docs.github.com/rest/issues/labels
type Label struct {
	Name        string `json:"name"`        // at most 50 characters; GitHub tells no capitals from small letters
	Color       string `json:"color"`       // six hexadecimal digits, without #
	Description string `json:"description"` // at most 100 characters
}

// Labels lists all labels of the repository.
func (a *Admin) Labels(ctx context.Context) ([]Label, error) {
	var out []Label
	err := eachPage(ctx, a, "/labels", func(page *[]Label) { out = append(out, *page...) })
	return out, err
}

// LabelsWanting are those of want that are not there as they should be: to
// create, and to change. Labels that are not in want are nobody's business.
func LabelsWanting(have, want []Label) (create, change []Label) {
	there := map[string]Label{}
	for _, l := range have {
		there[strings.ToLower(l.Name)] = l
	}
	for _, w := range want {
		h, ok := there[strings.ToLower(w.Name)]
		switch {
		case !ok:
			create = append(create, w)
		case !strings.EqualFold(h.Color, w.Color) || h.Description != w.Description || h.Name != w.Name:
			change = append(change, w)
		}
	}
	return create, change
}

// SetLabels creates and corrects labels. Labels of others stay as they are.
func (a *Admin) SetLabels(ctx context.Context, want []Label) ([]string, error) {
	return agree(ctx, func() (changed []string, err error) {
		have, err := a.Labels(ctx)
		if err != nil {
			return nil, err
		}
		create, change := LabelsWanting(have, want)
		for _, l := range create {
			if _, err := a.send(ctx, http.MethodPost, "/labels", l, nil); err != nil {
				return changed, err
			}
			changed = append(changed, "label "+l.Name)
		}
		for _, l := range change {
			body := map[string]string{"new_name": l.Name, "color": l.Color, "description": l.Description}
			if _, err := a.send(ctx, http.MethodPatch, "/labels/"+url.PathEscape(l.Name), body, nil); err != nil {
				return changed, err
			}
			changed = append(changed, "label "+l.Name)
		}
		return changed, nil
	})
}
