package forge

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/google/go-github/v60/github"
)

// once sends a request that makes something new. When the answer is lost, it
// asks found, which looks on GitHub for what the request may have made, before
// it is sent again. It returns nil when the request went well or found has it.
func (g *GitHub) once(ctx context.Context, send func() error, found func() (bool, error)) error {
	for try := 1; ; try++ {
		err := send()
		if !isLost(err) {
			return err
		}
		// What was under way when the connection broke may need a moment to
		// show.
		if err := g.sleep(ctx, backoff(try)); err != nil {
			return err
		}
		if have, err := found(); have || err != nil {
			return err
		}
		if try == maxTries {
			return err
		}
	}
}

// nonce is a word that nobody has used before, by which something made is
// known again.
func nonce() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // it never fails: crypto/rand
	return hex.EncodeToString(b)
}

// perPage is the most that GitHub gives at once.
const perPage = 100

// each asks for the pages of a list until there are no more or take says that
// it has enough.
func each[T any](get func(github.ListOptions) ([]*T, *github.Response, error), take func(*T) (more bool)) error {
	options := github.ListOptions{PerPage: perPage}
	for range maxPages {
		list, resp, err := get(options)
		if err != nil {
			return err
		}
		for _, one := range list {
			if one != nil && !take(one) {
				return nil
			}
		}
		if options.Page = resp.NextPage; options.Page == 0 {
			return nil
		}
	}
	return nil
}
