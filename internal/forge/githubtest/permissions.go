package githubtest

import (
	"net/http"
	"strings"
)

// need is what an operation asks of who calls it: of persons a role, of Apps
// and Actions one of the permissions, in the form name:level (GitHub's page
// "Permissions required for GitHub Apps").
type need struct {
	role  Role
	perms string // separated by spaces: any of them will do
}

var needs = map[string]need{
	"repos/get":        {Read, "metadata:read"},
	"repos/update":     {Admin, "administration:write"},
	"repos/get-branch": {Read, "contents:read"},
	"repos/get-collaborator-permission-level":           {Read, "metadata:read"},
	"repos/check-collaborator":                          {Read, "metadata:read"},
	"pulls/list":                                        {Read, "pull_requests:read"},
	"pulls/create":                                      {Read, "pull_requests:write"},
	"pulls/get":                                         {Read, "pull_requests:read"},
	"pulls/update":                                      {Write, "pull_requests:write"},
	"pulls/merge":                                       {Write, "contents:write"},
	"pulls/check-if-merged":                             {Read, "contents:read"},
	"pulls/list-files":                                  {Read, "pull_requests:read"},
	"pulls/list-reviews":                                {Read, "pull_requests:read"},
	"pulls/create-review":                               {Read, "pull_requests:write"},
	"pulls/dismiss-review":                              {Write, "pull_requests:write"},
	"pulls/list-review-comments":                        {Read, "pull_requests:read"},
	"pulls/create-review-comment":                       {Read, "pull_requests:write"},
	"pulls/update-review-comment":                       {Write, "pull_requests:write"},
	"issues/list-for-repo":                              {Read, "issues:read pull_requests:read"},
	"issues/create":                                     {Read, "issues:write"},
	"issues/get":                                        {Read, "issues:read pull_requests:read"},
	"issues/update":                                     {Triage, "issues:write pull_requests:write"},
	"search/issues-and-pull-requests":                   {Read, "issues:read pull_requests:read"},
	"issues/list-comments":                              {Read, "issues:read pull_requests:read"},
	"issues/list-events":                                {Read, "issues:read"},
	"issues/list-events-for-repo":                       {Read, "issues:read"},
	"issues/create-comment":                             {Read, "issues:write pull_requests:write"},
	"issues/get-comment":                                {Read, "issues:read pull_requests:read"},
	"issues/update-comment":                             {Write, "issues:write pull_requests:write"},
	"issues/delete-comment":                             {Write, "issues:write pull_requests:write"},
	"issues/list-labels-on-issue":                       {Read, "issues:read pull_requests:read"},
	"issues/add-labels":                                 {Triage, "issues:write pull_requests:write"},
	"issues/set-labels":                                 {Triage, "issues:write pull_requests:write"},
	"issues/remove-label":                               {Triage, "issues:write pull_requests:write"},
	"issues/list-labels-for-repo":                       {Read, "issues:read pull_requests:read"},
	"issues/create-label":                               {Write, "issues:write pull_requests:write"},
	"issues/update-label":                               {Write, "issues:write pull_requests:write"},
	"checks/create":                                     {Write, "checks:write"},
	"checks/update":                                     {Write, "checks:write"},
	"checks/get":                                        {Read, "checks:read"},
	"checks/list-for-ref":                               {Read, "checks:read"},
	"checks/list-annotations":                           {Read, "checks:read"},
	"repos/create-commit-status":                        {Write, "statuses:write"},
	"repos/list-commit-statuses-for-ref":                {Read, "statuses:read"},
	"repos/get-combined-status-for-ref":                 {Read, "statuses:read"},
	"git/get-ref":                                       {Read, "contents:read"},
	"git/list-matching-refs":                            {Read, "contents:read"},
	"git/create-ref":                                    {Write, "contents:write"},
	"git/update-ref":                                    {Write, "contents:write"},
	"git/delete-ref":                                    {Write, "contents:write"},
	"repos/get-repo-rulesets":                           {Read, "metadata:read"},
	"repos/get-repo-ruleset":                            {Read, "metadata:read"},
	"repos/create-repo-ruleset":                         {Admin, "administration:write"},
	"repos/update-repo-ruleset":                         {Admin, "administration:write"},
	"repos/get-all-environments":                        {Read, "actions:read"},
	"repos/get-environment":                             {Read, "actions:read"},
	"repos/create-or-update-environment":                {Admin, "administration:write"},
	"repos/list-deployment-branch-policies":             {Read, "actions:read"},
	"repos/create-deployment-branch-policy":             {Admin, "administration:write"},
	"actions/list-environment-secrets":                  {Write, "environments:read"},
	"actions/list-environment-variables":                {Write, "environments:read"},
	"actions/create-environment-variable":               {Admin, "environments:write"},
	"actions/update-environment-variable":               {Admin, "environments:write"},
	"actions/list-repo-secrets":                         {Write, "secrets:read"},
	"actions/list-repo-variables":                       {Write, "actions_variables:read"},
	"actions/create-repo-variable":                      {Write, "actions_variables:write"},
	"actions/update-repo-variable":                      {Write, "actions_variables:write"},
	"repos/check-private-vulnerability-reporting":       {Read, "metadata:read"},
	"repos/enable-private-vulnerability-reporting":      {Admin, "administration:write"},
	"security-advisories/list-repository-advisories":    {Admin, "repository_advisories:read"},
	"security-advisories/get-repository-advisory":       {Admin, "repository_advisories:read"},
	"security-advisories/update-repository-advisory":    {Admin, "repository_advisories:write"},
	"actions/get-github-actions-permissions-repository": {Admin, "administration:read"},
	"actions/set-github-actions-permissions-repository": {Admin, "administration:write"},
	"actions/get-allowed-actions-repository":            {Admin, "administration:read"},
	"actions/set-allowed-actions-repository":            {Admin, "administration:write"},
	"actions/get-github-actions-default-workflow-permissions-repository": {Admin, "administration:read"},
	"actions/set-github-actions-default-workflow-permissions-repository": {Admin, "administration:write"},
}

// permitted says, in GitHub's words, why who asks may not do what is asked.
func (s *Server) permitted(q *request) *answer {
	n, ok := needs[q.op]
	if !ok {
		return s.outside(q)
	}
	switch {
	case q.who.jwt:
		return &badCredentials
	case q.who.login == "" || q.who.account.role == "" && q.who.perms == nil:
		return &notFound // the repository is private
	case q.who.perms != nil:
		if q.who.holds(n.perms) {
			return nil
		}
		a := refuse(http.StatusForbidden, "Resource not accessible by integration")
		return &a
	case q.op == "checks/create" || q.op == "checks/update":
		a := refuse(http.StatusForbidden, "You must authenticate via a GitHub App.")
		return &a
	case q.who.account.role.rank() >= n.role.rank():
		return nil
	case q.op == "pulls/update" || q.op == "issues/update" || q.op == "issues/update-comment" || q.op == "issues/delete-comment":
		if s.own(q) {
			return nil
		}
	}
	if n.role == Admin && !strings.HasPrefix(q.op, "repos/update") {
		return &notFound
	}
	a := refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	return &a
}

// outside holds operations that are about who asks, and not about the
// repository.
func (s *Server) outside(q *request) *answer {
	switch {
	case q.op == "rate-limit/get":
		return nil
	case q.op == "users/get-authenticated":
		if q.who.perms != nil || q.who.jwt {
			a := refuse(http.StatusForbidden, "Resource not accessible by integration")
			return &a
		}
		if q.who.login != "" {
			return nil
		}
		a := refuse(http.StatusUnauthorized, "Requires authentication")
		return &a
	case q.who.jwt:
		return nil
	}
	a := refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	return &a
}

// holds says whether one of the permissions is there.
func (a *actor) holds(any string) bool {
	for _, p := range strings.Fields(any) {
		name, level, _ := strings.Cut(p, ":")
		if has := a.perms[name]; has == "write" || has == level && has != "" {
			return true
		}
	}
	return false
}

// own says whether a person changes what is their own.
func (s *Server) own(q *request) bool {
	if id := q.params["comment_id"]; id != "" {
		_, c := s.comment(number64(id))
		return c != nil && c.author == q.who.account
	}
	n := q.params["pull_number"] + q.params["issue_number"]
	i := s.issue(number(n))
	return i != nil && i.author == q.who.account
}
