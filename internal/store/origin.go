package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// origin is the case repository that a clone works for.
type origin struct {
	address  string // without credentials
	endpoint *transport.Endpoint
	client   transport.Transport

	mu   sync.Mutex
	auth func(ctx context.Context, refused bool) (user, secret string, err error)
}

// newOrigin reads the address of a remote; a relative path starts at base.
func newOrigin(address, base string) (*origin, error) {
	isURL := strings.Contains(address, "://")
	if !isURL && isLocalPath(address, base) {
		address = resolve(base, address)
	}
	endpoint, err := transport.NewEndpoint(address)
	if err != nil {
		return nil, fmt.Errorf("remote origin %q: %w", redact(address), err)
	}
	o := &origin{endpoint: endpoint, address: redact(address)}
	switch endpoint.Protocol {
	case "file":
		o.client = file.DefaultClient
	case "ssh":
		o.client = ssh.DefaultClient
	case "http", "https":
		// A redirect would take the credentials along.
		o.client = githttp.NewClientWithOptions(nil, &githttp.ClientOptions{RedirectPolicy: githttp.NoFollowRedirects})
	default:
		return nil, fmt.Errorf("remote origin %q: a path, ssh or https is expected", redact(address))
	}
	return o, nil
}

// isLocalPath tells a path from "host:path" as git does: a colon before the
// first slash makes it a host, except behind a drive letter on Windows.
func isLocalPath(address, base string) bool {
	colon := strings.IndexByte(address, ':')
	slash := strings.IndexAny(address, `/\`)
	return colon < 0 || (slash >= 0 && slash < colon) ||
		(runtime.GOOS == "windows" && filepath.VolumeName(resolve(base, address)) != "" && colon == 1)
}

// redact leaves out user and password of a URL.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	u.User = nil
	return u.String()
}

// Origin is the address of the case repository that a clone works for, without
// credentials; empty for a repository that is the case repository itself.
func (r *Repo) Origin() string {
	if r.origin == nil {
		return ""
	}
	return r.origin.address
}

// SetLogin says where the user and the password or token for an http or https
// origin come from. It is asked before each session, since tokens are short
// lived, and once more, with refused, when the remote does not take what it
// said. An empty secret means none. Without it those in the remote's URL are
// used.
func (r *Repo) SetLogin(login func(ctx context.Context, refused bool) (user, secret string, err error)) {
	if r.origin == nil {
		return
	}
	r.origin.mu.Lock()
	defer r.origin.mu.Unlock()
	r.origin.auth = login
}

func (o *origin) login(ctx context.Context, refused bool) (transport.AuthMethod, error) {
	o.mu.Lock()
	ask := o.auth
	o.mu.Unlock()
	if ask == nil || o.endpoint.Protocol != "http" && o.endpoint.Protocol != "https" {
		return nil, nil
	}
	user, secret, err := ask(ctx, refused)
	if err != nil || secret == "" {
		return nil, err
	}
	return &githttp.BasicAuth{Username: user, Password: secret}, nil
}

// fail says in whose name an error of the transport is, without credentials.
func (o *origin) fail(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, redact(o.endpoint.String()), err)
}

// twice tries a session, and once more where the remote refuses the login.
func twice(session func(refused bool) error) error {
	err := session(false)
	if errors.Is(err, transport.ErrAuthenticationRequired) {
		err = session(true)
	}
	return err
}

// receiver starts a session with git-receive-pack and reads where the remote's
// refs are.
func (o *origin) receiver(ctx context.Context) (session transport.ReceivePackSession, adv *packp.AdvRefs, err error) {
	err = twice(func(refused bool) (err error) {
		session, adv, err = o.receiverOnce(ctx, refused)
		return err
	})
	return session, adv, err
}

func (o *origin) receiverOnce(ctx context.Context, refused bool) (transport.ReceivePackSession, *packp.AdvRefs, error) {
	auth, err := o.login(ctx, refused)
	if err != nil {
		return nil, nil, o.fail("push to", err)
	}
	session, err := o.client.NewReceivePackSession(o.endpoint, auth)
	if err != nil {
		return nil, nil, o.fail("push to", err)
	}
	adv, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		adv, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		return nil, nil, errors.Join(o.fail("push to", err), session.Close())
	}
	return session, adv, nil
}

// advertised returns the refs that matter here, by their names on the remote.
func advertised(adv *packp.AdvRefs) map[string]Hash {
	refs := map[string]Hash{}
	for name, h := range adv.References {
		wanted := strings.HasPrefix(name, headsPrefix) || strings.HasPrefix(name, docketPrefix)
		if wanted && checkRefName(name) == nil {
			refs[name] = Hash(h)
		}
	}
	return refs
}

func toPlumbing(h Hash) plumbing.Hash { return plumbing.Hash(h) }
