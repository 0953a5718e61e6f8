package forge

import (
	"context"
	"net/http"
	"net/url"
)

// Variables are the repository's variables for workflows, and those of an
// environment unless that is empty, which win. They are not secret.
// https://docs.github.com/rest/actions/variables
func (a *Admin) Variables(ctx context.Context, environment string) (map[string]string, error) {
	type page struct {
		Variables []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"variables"`
	}
	out := map[string]string{}
	take := func(p *page) {
		for _, v := range p.Variables {
			out[v.Name] = v.Value
		}
	}
	err := eachPage(ctx, a, "/actions/variables", take)
	if err == nil && environment != "" {
		err = eachPage(ctx, a, environmentPath(environment)+"/variables", take)
	}
	return out, err
}

// SetVariable gives a variable of the repository a value.
func (a *Admin) SetVariable(ctx context.Context, name, value string) ([]string, error) {
	return agree(ctx, func() ([]string, error) {
		have, err := a.Variables(ctx, "")
		if err != nil {
			return nil, err
		}
		old, there := have[name]
		method, path := http.MethodPost, "/actions/variables"
		switch {
		case there && old == value:
			return nil, nil
		case there:
			method, path = http.MethodPatch, path+"/"+url.PathEscape(name)
		}
		_, err = a.send(ctx, method, path, map[string]string{"name": name, "value": value}, nil)
		return []string{"variable " + name}, err
	})
}
