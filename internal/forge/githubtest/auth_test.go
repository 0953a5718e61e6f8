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
	"strings"
	"testing"
	"time"
)

// jwtOf makes an App's web token that was issued so long ago.
func jwtOf(t testing.TB, id int64, key []byte, ago time.Duration) string {
	t.Helper()
	block, _ := pem.Decode(key)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-ago)
	claims, err := json.Marshal(object{"iss": fmt.Sprint(id), "iat": at.Unix(), "exp": at.Add(9 * time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestApp(t *testing.T) {
	t.Parallel()
	s, _, _ := scene(t)
	id, key, number := s.App("docket")
	otherID, otherKey, _ := s.App("other")
	app := client{t, s, jwtOf(t, id, key, 0)}
	if out := app.must(200, "GET", "app", nil); out["slug"] != "docket" {
		t.Errorf("the App is %v", out)
	}
	if out := app.must(200, "GET", app.repo("/installation"), nil); out["id"] != float64(number) {
		t.Errorf("the installation is %v", out)
	}
	path := fmt.Sprintf("app/installations/%d/access_tokens", number)
	client{t, s, jwtOf(t, id, otherKey, 0)}.must(401, "POST", path, nil)
	client{t, s, jwtOf(t, otherID, otherKey, 0)}.must(404, "POST", path, nil)
	client{t, s, jwtOf(t, id, key, time.Hour)}.must(401, "POST", path, nil)
	client{t, s, jwtOf(t, id, key, -time.Hour)}.must(401, "POST", path, nil)
	client{t, s, ""}.must(401, "POST", path, nil)
	app.must(401, "GET", app.repo(""), nil) // the App itself reads no repository
	app.must(422, "POST", path, object{"permissions": object{"administration": "write"}})
	app.must(422, "POST", path, object{"repositories": []string{"elsewhere"}})
	narrow := client{t, s, app.must(201, "POST", path, object{"permissions": object{"issues": "read"}, "repositories": []string{"cases"}})["token"].(string)}
	narrow.must(200, "GET", narrow.repo(""), nil)
	if status, out := narrow.do("POST", narrow.repo("/issues"), object{"title": "x"}); status != 403 || !strings.Contains(fmt.Sprint(out), "Resource not accessible by integration") {
		t.Errorf("beyond its permissions: %d %v", status, out)
	}
	bot := installation(t, s, id, key, number)
	if out := bot.must(201, "POST", bot.repo("/issues"), object{"title": "x"}); out["user"].(object)["login"] != "docket[bot]" {
		t.Errorf("the author is %v", out["user"])
	}
	bot.must(403, "GET", "user", nil)
	s.ExpireTokens()
	if status, out := bot.do("GET", bot.repo(""), nil); status != 401 || !strings.Contains(fmt.Sprint(out), "Bad credentials") {
		t.Errorf("an expired token: %d %v", status, out)
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	rod, tia, eve, nobody := client{t, s, s.User("rod", Read)}, client{t, s, s.User("tia", Triage)}, client{t, s, s.User("eve", "")}, client{t, s, ""}
	nobody.must(404, "GET", nobody.repo(""), nil)
	nobody.must(401, "GET", "user", nil)
	nobody.must(200, "GET", "rate_limit", nil)
	eve.must(404, "GET", eve.repo(""), nil)
	client{t, s, "ghp_wrong"}.must(401, "GET", ann.repo(""), nil)
	ann.must(404, "GET", "repos/acme/elsewhere", nil)
	if out := rod.must(200, "GET", "user", nil); out["login"] != "rod" {
		t.Errorf("the user is %v", out)
	}
	issue := rod.must(201, "POST", rod.repo("/issues"), object{"title": "x", "labels": []string{"state/x"}})
	n := int(issue["number"].(float64))
	if len(issue["labels"].([]any)) != 0 {
		t.Error("a reader's labels are not dropped")
	}
	rod.must(403, "POST", rod.repo("/issues/%d/labels", n), []string{"x"})
	tia.must(200, "POST", tia.repo("/issues/%d/labels", n), []string{"x"})
	rod.must(200, "PATCH", rod.repo("/issues/%d", n), object{"title": "mine"})
	tia.must(403, "PATCH", tia.repo("/issues/%d", n), object{"title": "not mine"})
	tia.must(200, "PATCH", tia.repo("/issues/%d", n), object{"state": "closed", "state_reason": "not_planned"})
	rod.must(403, "POST", rod.repo("/pulls"), object{"title": "x", "head": "x", "base": "main"})
	for login, want := range map[string]string{"ann": "write write", "rod": "read read", "tia": "read triage", "eve": "none none"} {
		out := ann.must(200, "GET", ann.repo("/collaborators/%s/permission", login), nil)
		if got := fmt.Sprint(out["permission"], " ", out["role_name"]); got != want {
			t.Errorf("%s: %s, want %s", login, got, want)
		}
	}
	ann.must(404, "GET", ann.repo("/collaborators/nobody/permission"), nil)
	ann.must(204, "GET", ann.repo("/collaborators/rod"), nil)
	ann.must(404, "GET", ann.repo("/collaborators/eve"), nil)
	c.git("push", "-q", "origin", "main:x")
	actions := client{t, s, s.ActionsToken(map[string]string{"pull-requests": "write"})}
	if status, out := actions.do("POST", actions.repo("/pulls"), object{"title": "x", "head": "x", "base": "main"}); status != 403 || !strings.Contains(fmt.Sprint(out), "GitHub Actions is not permitted") {
		t.Errorf("a pull request by GITHUB_TOKEN: %d %v", status, out)
	}
}
