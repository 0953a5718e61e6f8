// Package githubtest is a fake GitHub for tests: one private repository with
// pull requests, issues, labels, reviews, checks, rulesets, environments and
// security advisories over REST, and git over real smart HTTP.
//
// It promises:
//
//   - Every request and every answer is held to GitHub's own OpenAPI
//     description (testdata/openapi.json, cut from npm @octokit/openapi; the
//     licence is beside it), and every webhook to its schema there. What breaks
//     it, or asks for a path that the description does not have, fails the test.
//   - git data is a real bare repository, served by git http-backend. A
//     pre-receive hook holds the rulesets that were made over REST; a merge is a
//     real merge commit.
//   - A push moves pull requests as it does on GitHub: a new head, merged when
//     the base reaches the head, closed when the branch is gone.
//   - Tokens of persons, Apps and Actions may do what GitHub lets them, and are
//     refused with GitHub's words.
//   - It can fail as GitHub does: before or after it did what was asked, by
//     hanging, by a dropped connection, by either rate limit, by an expired
//     token.
//
// What is not modelled: the forks' git data, branch protection other than
// rulesets, merge queues, teams, more than one repository.
package githubtest
