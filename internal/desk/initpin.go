package desk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// releasePath is the file that pins the release of Docket that workflows run.
const releasePath = ".github/actions/docket/release"

var (
	versionForm = form(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)
	sumForm     = form(`^([0-9a-f]{64}) [ *](docket-(linux|darwin|windows)-(amd64|arm64)(\.exe)?)$`)
)

// workflowFiles are the files of Workflows with the release pinned, or with
// none where version is empty.
func workflowFiles(version string, sums []byte) (map[string][]byte, error) {
	files := Workflows()
	if version == "" && len(sums) == 0 {
		return files, nil
	}
	pin, err := releasePin(version, sums)
	files[releasePath] = pin
	return files, err
}

const pinWords = `# The release of Docket that the workflows of this repository run. Change it like
# anything of the programme, by a proposal that is reviewed: the file "pin" of a
# release has its version and checksums in this form.
`

// releasePin pins a release: its version, and the checksum of each binary, out
// of the release's SHA256SUMS or pin.
func releasePin(version string, sums []byte) ([]byte, error) {
	if !versionForm().MatchString(version) {
		return nil, usage(fmt.Sprintf("%q is no release", version), "a release is pinned by a version such as v1.2.3 and its checksums: --release v1.2.3 --release-sums SHA256SUMS")
	}
	var lines []string
	for line := range strings.Lines(string(sums)) {
		line = strings.TrimRight(line, "\r\n")
		if other, ok := strings.CutPrefix(line, "version "); ok && other != version {
			return nil, usage("the checksums are those of "+other, "take the file of "+version)
		}
		if m := sumForm().FindStringSubmatch(line); m != nil {
			lines = append(lines, m[1]+"  "+m[2]+"\n")
		}
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "  docket-linux-amd64\n") }) {
		return nil, usage("the checksums name no docket-linux-amd64, which the workflows run", "take the file SHA256SUMS of the release, after its signature was verified")
	}
	slices.Sort(lines)
	return fmt.Appendf(nil, "%sversion %s\n%s", pinWords, version, strings.Join(slices.Compact(lines), "")), nil
}

// pinned is the version that a release file pins; empty: none.
func pinned(file []byte) string {
	for line := range bytes.Lines(file) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "version "); ok && versionForm().MatchString(v) {
			return v
		}
	}
	return ""
}
