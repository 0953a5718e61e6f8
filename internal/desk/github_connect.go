package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/store"
)

// Connect makes a case repository on this machine a clone of OWNER/NAME on
// GitHub: that must be there, private, and empty or this repository's own. All
// branches are pushed at once when it is empty. It answers what was done; once
// all is done, that is nothing.
func Connect(ctx context.Context, dir, repo string, o Options) ([]string, error) {
	if !repoForm().MatchString(repo) {
		return nil, usage(fmt.Sprintf("%q is no repository on GitHub", repo), "write --github OWNER/REPO")
	}
	if o.Forge.Token == "" && o.Forge.AppID == 0 {
		return nil, usage("a token for GitHub is needed", "put one that may administer "+repo+" into a file and name that in DOCKET_GITHUB_TOKEN_FILE, or set GH_TOKEN")
	}
	if err := fit(ctx, repo, o.Forge); err != nil {
		return nil, err
	}
	done, err := join(dir, repo, o.Forge.API)
	if err != nil {
		return done, err
	}
	r, err := store.Open(dir)
	if err != nil {
		return done, err
	}
	defer r.Close()
	d := newDesk(r, o)
	if err := d.chooseForge(o.Forge); err != nil {
		return done, err
	}
	pushed, err := d.pushAll(ctx)
	return append(done, pushed...), err
}

// fit holds that the repository is there and may hold cases.
func fit(ctx context.Context, repo string, o ForgeOptions) error {
	g, err := forge.NewGitHub(forge.GitHubOptions{API: o.API, Repo: repo, HTTP: o.HTTP,
		Auth: forge.GitHubAuth{Token: o.Token, AppID: o.AppID, AppKey: o.AppKey, Installation: o.Installation}})
	if err != nil {
		return err
	}
	s, err := g.Admin("").Settings(ctx)
	switch {
	case errors.Is(err, forge.ErrNotFound):
		return &Problem{Text: "there is no repository " + repo + " on GitHub that this token may see",
			Do: "make an empty private one (gh repo create " + repo + " --private), and give the token the permission to administer it"}
	case err != nil:
		return err
	case !s.Private:
		return &Problem{Text: repo + " is public", Do: "case files are sealed, but their states, times and sizes are not for everybody: make the repository private"}
	case s.Archived:
		return &Problem{Text: repo + " is archived", Do: "unarchive it, or name another"}
	}
	return nil
}

// join names the repository on GitHub as the origin.
func join(dir, repo, api string) ([]string, error) {
	r, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	origin := r.Origin()
	_, err = r.LocalRef(mainRef)
	if err := errors.Join(err, r.Close()); err != nil && origin == "" {
		return nil, &Problem{Text: dir + " is not a case repository", Err: err, Do: "make one with docket init DIR --program … --team … --keys …"}
	}
	if origin != "" {
		if have, ok := githubRepo(origin, api); !ok || !strings.EqualFold(have, repo) {
			return nil, &Problem{Text: dir + " is a clone of " + origin, Do: "name that repository with --github, or use another directory"}
		}
		return nil, nil
	}
	address, err := gitAddress(repo, api)
	if err == nil {
		err = store.AddOrigin(dir, address)
	}
	return []string{"origin " + address}, err
}

// gitAddress is where git finds a repository, by the base URL of the API.
func gitAddress(repo, api string) (string, error) {
	u, err := url.Parse(api)
	if err != nil || api != "" && u.Host == "" {
		return "", usage(fmt.Sprintf("%q is no URL of an API", api), "write https://HOST/api/v3/, or https://api.SUBDOMAIN.ghe.com/")
	}
	base := &url.URL{Scheme: cmp.Or(u.Scheme, "https"), Host: gitHost(u)}
	return base.JoinPath(repo + ".git").String(), nil
}

// pushAll pushes every branch to an empty repository, in one step; to one that
// has begun, only what main has here and not there.
func (d *Desk) pushAll(ctx context.Context) ([]string, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	local, err := d.repo.LocalRefs(heads)
	if err != nil {
		return nil, err
	}
	there, err := d.repo.Ref(mainRef)
	begun := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var updates []store.RefUpdate
	var done []string
	for _, ref := range local {
		if begun && (ref.Name != mainRef || ref.Hash == there) {
			continue // branches that are gone there were merged or closed
		}
		if begun {
			if behind, err := d.behind(ref.Hash, there); err != nil || behind {
				return nil, err
			}
		}
		updates = append(updates, store.RefUpdate{Name: ref.Name, Old: there, New: ref.Hash})
		done = append(done, "branch "+strings.TrimPrefix(ref.Name, heads))
	}
	if len(updates) == 0 {
		return nil, nil
	}
	return done, d.repo.Publish(ctx, nil, updates...)
}

// behind reports whether main there holds all of main here; that neither holds
// the other is an error.
func (d *Desk) behind(here, there store.Hash) (bool, error) {
	if ok, err := d.repo.IsAncestor(here, there); err != nil || ok {
		return ok, err
	}
	ahead, err := d.repo.IsAncestor(there, here)
	if err == nil && !ahead {
		err = &Problem{Text: "main on GitHub is not this repository's main", Do: "name an empty repository, or the one that this one was pushed to"}
	}
	return false, err
}
