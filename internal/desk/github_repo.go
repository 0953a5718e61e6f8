package desk

// GitHubRepo is the case repository's OWNER/NAME on GitHub; empty when pull
// requests are not there.
func (d *Desk) GitHubRepo() string {
	g, ok := d.github.(interface{ Repo() string })
	if !ok {
		return ""
	}
	return g.Repo()
}
