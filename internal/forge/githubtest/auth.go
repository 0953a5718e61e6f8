package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Role is what a person may do in the repository, as GitHub names it.
type Role string

// The roles of persons; a person without one does not see the repository.
const (
	Read   Role = "read"
	Triage Role = "triage"
	Write  Role = "write"
	Admin  Role = "admin"
)

func (r Role) rank() int {
	return map[Role]int{Read: 1, Triage: 2, Write: 3, Admin: 4}[r]
}

// actor is whom a token stands for.
type actor struct {
	login   string
	account *account
	app     *app              // of installation tokens and App JWTs
	jwt     bool              // the App itself, not an installation
	actions bool              // GITHUB_TOKEN of a workflow
	perms   map[string]string // of Apps and Actions; nil: a person's role decides
	expires time.Time         // zero: never
}

// User makes a person, or changes the role of one, and returns a new personal
// access token (classic) with the scope repo.
func (s *Server) User(login string, role Role) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(login)
	a.role = role
	token = "ghp_" + random(18)
	s.state.tokens[token] = &actor{login: a.login, account: a}
	return token
}

// appPermissions is what a new App may do: what a bot of the case repository
// needs. Settings and workflows are not among it.
var appPermissions = map[string]string{
	"metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write", "checks": "write", "statuses": "write",
	"actions": "read", "administration": "read", "repository_advisories": "write",
}

// appKeys are the keys of the first, second, … App of every server in this
// process: making one takes longer than most tests.
var appKeys struct {
	sync.Mutex
	all []*rsa.PrivateKey
}

func appKey(n int) (*rsa.PrivateKey, error) {
	appKeys.Lock()
	defer appKeys.Unlock()
	for len(appKeys.all) <= n {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		appKeys.all = append(appKeys.all, key)
	}
	return appKeys.all[n], nil
}

// App makes a GitHub App and installs it on the repository. key is its private
// key, PEM (PKCS #1, as GitHub gives it). The id is what a ruleset names as the
// bypass actor of type Integration.
func (s *Server) App(slug string) (id int64, key []byte, installation int64) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	private, err := appKey(len(s.state.apps))
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app{
		id: s.id(), installation: s.id(), slug: slug, key: private, bot: s.account(slug + "[bot]"), perms: maps.Clone(appPermissions),
	}
	s.state.apps = append(s.state.apps, a)
	key = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	return a.id, key, a.installation
}

// Grant changes a permission of an App's installation, as the owner does in
// GitHub's pages: level is read, write or "" for none. Tokens that were given
// before keep theirs.
func (s *Server) Grant(slug, permission, level string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.state.apps {
		if a.slug == slug {
			a.perms[permission] = level
			if level == "" {
				delete(a.perms, permission)
			}
			return
		}
	}
	s.t.Fatalf("githubtest: there is no App %s", slug)
}

// ActionsToken makes a GITHUB_TOKEN with the permissions of a workflow's job,
// such as {"checks": "write", "contents": "read"}. What it does starts no
// workflow: its events are kept back.
func (s *Server) ActionsToken(perms map[string]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	granted := map[string]string{"metadata": "read"}
	for name, level := range perms {
		granted[strings.ReplaceAll(name, "-", "_")] = level
	}
	a := s.account("github-actions[bot]")
	token := "ghs_" + random(18)
	s.state.tokens[token] = &actor{login: a.login, account: a, actions: true, perms: granted}
	return token
}

// ExpireTokens ends every installation token that was given so far.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireTokens()
}

func (s *Server) expireTokens() {
	for _, a := range s.state.tokens {
		if a.app != nil {
			a.expires = time.Now().Add(-time.Second)
		}
	}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x", b)
}

var badCredentials = refuse(http.StatusUnauthorized, "Bad credentials")

// authenticate finds out who asks. Nobody is an actor without a login.
func (s *Server) authenticate(r *http.Request) (*actor, *answer) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return &actor{}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
	case "basic":
		_, token, _ = r.BasicAuth()
	default:
		return nil, &badCredentials
	}
	if strings.Count(token, ".") == 2 {
		return s.jwt(token)
	}
	a := s.state.tokens[token]
	if a == nil || !a.expires.IsZero() && time.Now().After(a.expires) {
		return nil, &badCredentials
	}
	return a, nil
}

// jwt verifies an App's JSON web token: RS256, iat in the past, exp at most ten
// minutes ahead.
func (s *Server) jwt(token string) (*actor, *answer) {
	refused := func(why string) (*actor, *answer) {
		a := refuse(http.StatusUnauthorized, why)
		return nil, &a
	}
	parts := strings.Split(token, ".")
	var header struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Iss any   `json:"iss"`
		Iat int64 `json:"iat"`
		Exp int64 `json:"exp"`
	}
	if part(parts[0], &header) != nil || part(parts[1], &claims) != nil || header.Alg != "RS256" {
		return refused("A JSON web token could not be decoded")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return refused("A JSON web token could not be decoded")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, a := range s.state.apps {
		if issuer(claims.Iss) != a.id || rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
			continue
		}
		switch at := time.Now().Unix(); {
		case claims.Iat > at+60:
			return refused("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
		case claims.Exp <= at:
			return refused("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
		case claims.Exp > at+10*60:
			return refused("'Expiration time' claim ('exp') is too far in the future")
		}
		return &actor{login: a.bot.login, account: a.bot, app: a, jwt: true}, nil
	}
	return refused("A JSON web token could not be decoded")
}

func part(text string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func issuer(v any) int64 {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case string:
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	}
	return 0
}

// installationToken answers POST /app/installations/{id}/access_tokens.
func installationToken(s *Server, q *request) answer {
	if !q.who.jwt {
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	if q.params["installation_id"] != fmt.Sprint(q.who.app.installation) {
		return notFound
	}
	var in struct {
		Permissions  map[string]string `json:"permissions"`
		Repositories []string          `json:"repositories"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusUnprocessableEntity, err.Error())
	}
	granted := q.who.app.perms
	perms := maps.Clone(granted)
	if len(in.Permissions) > 0 {
		perms = map[string]string{"metadata": "read"}
		for name, level := range in.Permissions {
			if granted[name] == "" || level == "write" && granted[name] == "read" {
				return refuse(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
			}
			perms[name] = level
		}
	}
	for _, name := range in.Repositories {
		if !strings.EqualFold(name, s.name) {
			return refuse(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
	}
	token, expires := "ghs_"+random(18), time.Now().Add(time.Hour)
	s.state.tokens[token] = &actor{login: q.who.login, account: q.who.account, app: q.who.app, perms: perms, expires: expires}
	return created(object{"token": token, "expires_at": stamp(expires), "permissions": perms, "repository_selection": "selected"})
}
