package githubtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Event is what happened in the repository, as a webhook or a workflow gets it.
type Event struct {
	Name     string // issues; X-GitHub-Event, GITHUB_EVENT_NAME
	Action   string // labeled; empty for push
	Delivery string // X-GitHub-Delivery
	Sender   string // login of who caused it
	Payload  []byte // JSON
	// Quiet: caused with GITHUB_TOKEN, so that it starts no workflow and is not
	// delivered.
	Quiet bool
}

// Delivery is one attempt to hand an event to the webhook.
type Delivery struct {
	Event   int    // its place in Events
	ID      string // X-GitHub-Delivery, the same again when it is redelivered
	Status  int    // of the receiver's answer; 0 when there was none
	Dropped bool
}

// hooked is the webhook of the repository and what waits for it.
type hooked struct {
	url        string
	secret     []byte
	events     []Event
	queue      []int // places in events
	paused     bool
	drop       int
	busy       bool
	deliveries []Delivery
}

// Webhook has every event from now on delivered to url, signed with the secret
// (X-Hub-Signature-256), one after the other.
func (s *Server) Webhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.url, s.hook.secret = url, []byte(secret)
}

// Events returns all that happened so far, oldest first.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hook.events)
}

// Event returns the name and the payload of an event, by its place in Events;
// negative places count from the end, -1 being the newest.
func (s *Server) Event(i int) (name string, payload []byte) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if i < 0 {
		i += len(s.hook.events)
	}
	if i < 0 || i >= len(s.hook.events) {
		s.t.Fatalf("githubtest: there are %d events, and no event %d", len(s.hook.events), i)
	}
	return s.hook.events[i].Name, s.hook.events[i].Payload
}

// Deliveries returns every attempt so far.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hook.deliveries)
}

// Redeliver delivers an event again, with the same delivery ID.
func (s *Server) Redeliver(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(i)
}

// Pause holds deliveries back until Resume or Reorder.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.paused = true
}

// Resume delivers what was held back.
func (s *Server) Resume() { s.resume(false) }

// Reorder delivers what was held back, the newest first.
func (s *Server) Reorder() { s.resume(true) }

func (s *Server) resume(reverse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reverse {
		slices.Reverse(s.hook.queue)
	}
	s.hook.paused = false
	s.pump()
}

// Drop loses the next n deliveries.
func (s *Server) Drop(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.drop += n
}

// Settle waits until every delivery that is not held back has its answer.
func (s *Server) Settle() {
	for {
		s.mu.Lock()
		idle := !s.hook.busy
		s.mu.Unlock()
		if idle {
			return
		}
		select {
		case <-s.ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// emit records an event and delivers it. what are the fields of its payload
// besides action, repository, sender and installation.
func (s *Server) emit(who *actor, name, action string, what object) {
	payload := object{"repository": s.repoJSON(), "sender": s.userJSON(who.account)}
	if action != "" {
		payload["action"] = action
	}
	if len(s.state.apps) > 0 {
		payload["installation"] = object{"id": s.state.apps[0].installation, "node_id": node("I", s.state.apps[0].installation)}
	}
	for key, value := range what {
		payload[key] = value
	}
	data := s.checked(name, action, payload)
	s.hook.events = append(s.hook.events, Event{
		Name: name, Action: action, Delivery: s.guid(), Sender: who.login, Payload: data, Quiet: who.actions,
	})
	if !who.actions {
		s.enqueue(len(s.hook.events) - 1)
	}
}

// checked completes a payload and holds it to its schema.
func (s *Server) checked(name, action string, payload object) []byte {
	title := strings.ReplaceAll(strings.TrimSuffix(name+"-"+action, "-"), "_", "-")
	schema := s.desc.webhook(title)
	if schema == nil {
		s.t.Errorf("githubtest: the description has no webhook %s", title)
		return nil
	}
	whole := plain(complete(schema, plain(payload)))
	if err := schema.Value.VisitJSON(whole); err != nil {
		s.t.Errorf("githubtest: the payload of %s breaks GitHub's description: %s", title, brief(err))
	}
	data, err := json.Marshal(whole)
	if err != nil {
		s.t.Errorf("githubtest: %v", err)
	}
	return data
}

func (s *Server) enqueue(i int) {
	if s.hook.url == "" {
		return
	}
	s.hook.queue = append(s.hook.queue, i)
	s.pump()
}

// pump starts the one goroutine that delivers, unless it runs.
func (s *Server) pump() {
	if s.hook.busy || s.hook.paused || len(s.hook.queue) == 0 {
		return
	}
	s.hook.busy = true
	s.background.Go(s.deliver)
}

// deliver empties the queue.
func (s *Server) deliver() {
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for {
		s.mu.Lock()
		select {
		case <-s.ended:
			s.hook.queue = nil
		default:
		}
		if s.hook.paused || len(s.hook.queue) == 0 {
			s.hook.busy = false
			s.mu.Unlock()
			return
		}
		at := s.hook.queue[0]
		s.hook.queue = s.hook.queue[1:]
		event, url, secret, drop := s.hook.events[at], s.hook.url, s.hook.secret, s.hook.drop > 0
		if drop {
			s.hook.drop--
		}
		s.mu.Unlock()
		d := Delivery{Event: at, ID: event.Delivery, Dropped: drop}
		if !drop {
			d.Status = send(client, url, secret, event)
		}
		s.mu.Lock()
		s.hook.deliveries = append(s.hook.deliveries, d)
		s.mu.Unlock()
	}
}

// send posts one event and returns the status of the answer, or 0.
func send(client *http.Client, url string, secret []byte, event Event) int {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(event.Payload))
	if err != nil {
		return 0
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(event.Payload)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "GitHub-Hookshot/githubtest")
	r.Header.Set("X-GitHub-Event", event.Name)
	r.Header.Set("X-GitHub-Delivery", event.Delivery)
	r.Header.Set("X-GitHub-Hook-ID", "1")
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode
}

// emitIssue tells of an issue, or of a pull request.
func (s *Server) emitIssue(who *actor, action string, i *issue, more object) {
	what := object{}
	for key, value := range more {
		what[key] = value
	}
	if i.pull == nil {
		what["issue"] = s.issueJSON(i)
		s.emit(who, "issues", action, what)
		return
	}
	what["number"], what["pull_request"] = i.number, s.pullJSON(i)
	s.emit(who, "pull_request", action, what)
}

// emitReview tells of a review. Its state is in lower case here.
func (s *Server) emitReview(who *actor, action string, i *issue, r *review) {
	out := s.reviewJSON(i, r)
	out["state"] = strings.ToLower(r.state)
	s.emit(who, "pull_request_review", action, object{"review": out, "pull_request": s.pullJSON(i)})
}

// emitPush tells of a branch that moved.
func (s *Server) emitPush(who *actor, c command) {
	head, commits := any(nil), s.commitsJSON(c)
	switch {
	case len(commits) > 0:
		head = commits[len(commits)-1]
	case !c.deletes(): // a branch that went back
		head = s.commitsJSON(command{old: zeros, new: c.new})[0]
	}
	s.emit(who, "push", "", object{
		"ref": c.ref, "before": c.old, "after": c.new, "created": c.creates(), "deleted": c.deletes(), "forced": !c.creates() && !c.deletes() && !s.ancestor(c.old, c.new),
		"base_ref": nil, "compare": s.webURL("/compare/%.12s...%.12s", c.old, c.new), "commits": commits, "head_commit": head,
		"pusher": object{"name": who.login, "email": who.login + "@users.noreply.github.com"},
	})
}

// commitsJSON are the newest commits of a push, at most twenty, the newest last.
func (s *Server) commitsJSON(c command) []any {
	out := []any{}
	if c.deletes() {
		return out
	}
	args := []string{"log", "-z", "-20", "--reverse", "--format=%H%n%T%n%aI%n%an%n%ae%n%cn%n%ce%n%B"}
	if c.creates() {
		args = append(args, "-1", c.new)
	} else {
		args = append(args, c.old+".."+c.new)
	}
	text, err := s.run(args...)
	if err != nil {
		s.t.Errorf("githubtest: %v", err)
	}
	for _, one := range strings.Split(text, "\x00") {
		f := strings.SplitN(one, "\n", 8)
		if len(f) < 8 {
			continue
		}
		out = append(out, object{
			"id": f[0], "tree_id": f[1], "distinct": true, "message": strings.TrimRight(f[7], "\n"), "timestamp": f[2], "url": s.webURL("/commit/%s", f[0]),
			"author": object{"name": f[3], "email": f[4]}, "committer": object{"name": f[5], "email": f[6]},
			"added": []any{}, "removed": []any{}, "modified": []any{},
		})
	}
	return out
}
