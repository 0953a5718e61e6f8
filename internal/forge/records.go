package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// format is the version of the board's records.
const format = 1

func pullFields(version *int, p *Pull) []field {
	return []field{
		count("docket", version),
		count("number", &p.Number),
		text("kind", &p.Kind),
		text("case", &p.Case),
		text("branch", &p.Branch),
		text("base", &p.Base),
		commit("head", &p.Head),
		text("state", &p.State),
		commit("merged_as", &p.MergedAs),
		text("title", &p.Title),
		text("body", &p.Body),
		texts("labels", &p.Labels),
		text("author", &p.Author),
		instant("created", &p.Created),
		instant("updated", &p.Updated),
		rows("reviews", &p.Reviews, reviewFields),
		rows("comments", &p.Comments, commentFields),
		rows("checks", &p.Checks, checkFields),
	}
}

func reviewFields(r *Review) []field {
	return []field{
		text("by", &r.By), instant("at", &r.At), commit("head", &r.Head),
		text("verdict", &r.Verdict), text("body", &r.Body),
	}
}

func commentFields(c *Comment) []field {
	return []field{text("by", &c.By), instant("at", &c.At), text("body", &c.Body), text("marker", &c.Marker)}
}

func checkFields(c *Check) []field {
	return []field{
		text("name", &c.Name), instant("at", &c.At), commit("head", &c.Head),
		text("conclusion", &c.Conclusion), text("summary", &c.Summary), text("title", &c.Title),
	}
}

func issueFields(version *int, i *Issue) []field {
	return []field{
		count("docket", version),
		text("program", &i.Program),
		text("id", &i.ID),
		text("title", &i.Title),
		text("body", &i.Body),
		texts("labels", &i.Labels),
		flag("closed", &i.Closed),
		count("revision", &i.Revision),
		text("file", &i.File),
		instant("created", &i.Created),
		instant("updated", &i.Updated),
		rows("events", &i.Events, eventFields),
		rows("comments", &i.Comments, commentFields),
	}
}

func eventFields(e *LabelEvent) []field {
	return []field{
		instant("at", &e.At), text("by", &e.By),
		texts("add", &e.Add), texts("remove", &e.Remove),
	}
}

// encodePull writes the record of a pull request, if it is a valid one.
func encodePull(p Pull) ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	version := format
	return bounded(encode(pullFields(&version, &p)))
}

// decodePull reads the record of pull request n.
func decodePull(path string, data []byte, n int) (Pull, error) {
	var p Pull
	var version int
	if err := decode(path, data, pullFields(&version, &p)); err != nil {
		return Pull{}, err
	}
	if err := recordFault(path, version, p.validate()); err != nil {
		return Pull{}, err
	}
	if p.Number != n {
		return Pull{}, &RecordError{Path: path, Problem: "it holds the record of another pull request"}
	}
	return p, nil
}

func encodeIssue(i Issue) ([]byte, error) {
	if err := i.validate(); err != nil {
		return nil, err
	}
	version := format
	return bounded(encode(issueFields(&version, &i)))
}

func decodeIssue(path string, data []byte, program, id string) (Issue, error) {
	var i Issue
	var version int
	if err := decode(path, data, issueFields(&version, &i)); err != nil {
		return Issue{}, err
	}
	if err := recordFault(path, version, i.validate()); err != nil {
		return Issue{}, err
	}
	if i.Program != program || i.ID != id {
		return Issue{}, &RecordError{Path: path, Problem: "it holds the issue of another case"}
	}
	return i, nil
}

func recordFault(path string, version int, invalid error) error {
	if version != format {
		return &RecordError{Path: path, Problem: fmt.Sprintf("format version %d, but this program knows %d only", version, format)}
	}
	if invalid != nil {
		return &RecordError{Path: path, Problem: invalid.Error()}
	}
	return nil
}

func bounded(data []byte) ([]byte, error) {
	if len(data) > maxRecord {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), maxRecord)
	}
	return data, nil
}

// numbersPath is where the highest number given so far stands.
const numbersPath = "numbers.yaml"

func pullPath(n int) string { return fmt.Sprintf("pulls/%s/%d.yaml", psirt.Block(n), n) }
func openPath(n int) string { return fmt.Sprintf("open/%s/%d.yaml", psirt.Block(n), n) }

// branchPath and headPath spread what is open over 256 folders, so that many
// open pull requests make no long one.
func branchPath(branch string) string { return spread("branches", branch) }
func headPath(head string) string     { return spread("heads", head) }

func spread(folder, name string) string {
	sum := sha256.Sum256([]byte(name))
	return folder + "/" + hex.EncodeToString(sum[:1]) + "/" + escape(name) + ".yaml"
}

// escape writes a name as one path segment.
func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func issuePath(program, id string) string {
	return "issues/" + program + "/" + psirt.CaseID(id).Folder() + ".yaml"
}
