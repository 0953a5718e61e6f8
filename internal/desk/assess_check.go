package desk

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// What an assessment says is computed from what it rests on, and held against
// it wherever a report is edited, approved or audited with a key: a score from
// its vector, a decision from its points.

// settleAssessment completes the assessment of a report that somebody edits
// (version, score and severity of a vector, the decision of a full set of
// points) and refuses one that is wrong. It answers what it added, in paths.
// Values of another type than the schema's are left to its validation.
func settleAssessment(report psirt.Document) ([]string, error) {
	var added []string
	assessment, _ := report["assessment"].(map[string]any)
	scores, _ := assessment["cvss"].([]any)
	for i, item := range scores {
		entry, _ := item.(map[string]any)
		vector, _ := entry["vector"].(string)
		right, err := scoreVector(vector)
		if entry == nil || err != nil {
			continue
		}
		for name, value := range map[string]any{"version": right.Version, "score": right.Score, "severity": right.Severity} {
			if _, there := entry[name]; !there {
				entry[name] = value
				added = append(added, fmt.Sprintf("assessment.cvss[%d].%s", i, name))
			}
		}
	}
	if ssvc, _ := assessment["ssvc"].(map[string]any); ssvc != nil {
		if tree, points, ok := ssvcOf(ssvc); ok && ssvc["decision"] == nil {
			if decision, faults := tree.decide(points); len(faults) == 0 {
				ssvc["decision"] = decision
				added = append(added, "assessment.ssvc.decision")
			}
		}
	}
	slices.Sort(added)
	if v := psirt.All("the assessment holds", assessmentFaults(report)...); !v.OK() {
		return nil, &Refused{What: "nothing was changed", Verdict: v}
	}
	return added, nil
}

// assessmentFaults lists all that is wrong with the assessment of a report,
// each with what is right.
func assessmentFaults(report psirt.Document) []psirt.Verdict {
	assessment, _ := report["assessment"].(map[string]any)
	var out []psirt.Verdict
	scores, _ := assessment["cvss"].([]any)
	for i, item := range scores {
		if entry, ok := item.(map[string]any); ok {
			out = append(out, scoreFaults(fmt.Sprintf("assessment.cvss[%d]", i), entry)...)
		}
	}
	list, _ := assessment["cwe"].([]any)
	for i, item := range list {
		if id, ok := item.(string); ok {
			if _, err := weakness(id); err != nil {
				out = append(out, psirt.Failed(fmt.Sprintf("assessment.cwe[%d]: %v", i, err), "look the weakness up at https://cwe.mitre.org/ and name it as CWE-NUMBER"))
			}
		}
	}
	if ssvc, ok := assessment["ssvc"].(map[string]any); ok {
		out = append(out, ssvcFaults(ssvc)...)
	}
	return out
}

// scoreFaults holds that a vector is one, and that what stands beside it is
// what it gives.
func scoreFaults(path string, entry map[string]any) []psirt.Verdict {
	vector, _ := entry["vector"].(string)
	right, err := scoreVector(vector)
	if err != nil {
		return []psirt.Verdict{psirt.Failed(fmt.Sprintf("%s.vector is no CVSS vector: %v", path, err), "https://www.first.org/cvss/ has calculators for v3.1 and v4.0")}
	}
	var out []psirt.Verdict
	wrong := func(name string, is, should any) {
		out = append(out, psirt.Failed(fmt.Sprintf("%s.%s is %v, and the vector gives %v", path, name, is, should),
			fmt.Sprintf("leave it empty (docket set ID %s.%s=), and Docket fills it in", path, name)))
	}
	if version, ok := entry["version"].(string); ok && version != right.Version {
		wrong("version", version, right.Version)
	}
	if score, ok := entry["score"].(float64); ok && math.Abs(score-right.Score) > 1e-9 {
		wrong("score", score, right.Score)
	}
	if severity, ok := entry["severity"].(string); ok && severity != right.Severity {
		wrong("severity", severity, right.Severity)
	}
	return out
}

// ssvcOf reads an SSVC record. ok is false where it names no tree that is known
// here, or has no points: then there is nothing to hold its decision against.
func ssvcOf(ssvc map[string]any) (ssvcTree, map[string]string, bool) {
	name, _ := ssvc["tree"].(string)
	given, _ := ssvc["points"].(map[string]any)
	tree, known := treeOf(name)
	points := map[string]string{}
	for k, v := range given {
		points[k], _ = v.(string)
	}
	return tree, points, known && len(points) > 0
}

func ssvcFaults(ssvc map[string]any) []psirt.Verdict {
	decision, _ := ssvc["decision"].(string)
	tree, points, ok := ssvcOf(ssvc)
	if !ok {
		return decisionFaults(ssvc, decision)
	}
	right, faults := tree.decide(points)
	var out []psirt.Verdict
	for _, err := range faults {
		out = append(out, psirt.Failed("assessment.ssvc.points: "+err.Error(), "docket assess ID --ssvc '"+tree.name+" POINT=VALUE…'"))
	}
	if len(faults) == 0 && decision != "" && decision != right {
		out = append(out, psirt.Failed(fmt.Sprintf("assessment.ssvc.decision is %s, and by its points the tree %s decides %s", decision, tree.name, right),
			"leave it empty (docket set ID assessment.ssvc.decision=), and Docket fills it in"))
	}
	return out
}

// decisionFaults judges a decision without points: it must be one that the
// named tree, or any tree, comes to.
func decisionFaults(ssvc map[string]any, decision string) []psirt.Verdict {
	name, _ := ssvc["tree"].(string)
	var all []string
	for _, t := range ssvcTrees {
		if name == "" || t.name == name {
			all = append(all, slices.Sorted(maps.Values(t.decisions))...)
		}
	}
	if decision == "" || len(all) == 0 || slices.Contains(all, decision) {
		return nil
	}
	slices.Sort(all)
	return []psirt.Verdict{psirt.Failed(fmt.Sprintf("assessment.ssvc.decision is %q", decision),
		"it is one of "+strings.Join(slices.Compact(all), ", "))}
}
