package desk

// SecretNames are the secrets that doctor asks for, each as "environment NAME".
func SecretNames() []string {
	var out []string
	for _, s := range hostedSecrets {
		out = append(out, s.environment+" "+s.name)
	}
	return out
}

// RepoOf reads OWNER/NAME out of an origin, as the desk does that is told this
// API, and says which API it asks; empty: GitHub's usual one.
func RepoOf(origin, api string) (repo, asked string, ok bool) {
	asked = apiOf(origin, api)
	repo, ok = githubRepo(origin, asked)
	return repo, asked, ok
}

// GitAddress is where init has git find a repository.
func GitAddress(repo, api string) (string, error) { return gitAddress(repo, api) }
