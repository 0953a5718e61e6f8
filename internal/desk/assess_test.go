package desk

import (
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// TestScoreVector: scores are those of the published calculators and examples
// (FIRST, CVSS v3.1 and v4.0 Examples), and what is no vector is refused (IG-33).
func TestScoreVector(t *testing.T) {
	t.Parallel()
	for vector, want := range map[string]struct {
		score    float64
		severity string
	}{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                                           {9.8, "critical"},
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N":                                           {6.4, "medium"}, // CVE-2013-0375
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N":                                           {0, "none"},
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U":                             {7.8, "high"},   // temporal
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:P":                                     {6.8, "medium"}, // environmental
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:X":                                     {9.8, "critical"},
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N":                        {9.3, "critical"},
		"CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N":                        {7.3, "high"},
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N":                        {0, "none"},
		"  CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H  ":                    {10, "critical"},
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/CR:L/MVI:L/S:N/V:D": {6.7, "medium"},
	} {
		got, err := scoreVector(vector)
		if err != nil || got.Score != want.score || got.Severity != want.severity {
			t.Errorf("%s: %v %s, %v; want %v %s", vector, got.Score, got.Severity, err, want.score, want.severity)
		}
	}
	for _, vector := range []string{"", "CVSS", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/", "CVSS:4.0/",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/" + strings.Repeat("E:X/", 1000)} {
		if got, err := scoreVector(vector); err == nil {
			t.Errorf("%.80s: taken for a vector: %+v", vector, got)
		}
	}
}

func FuzzScoreVector(f *testing.F) {
	f.Add("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:P")
	f.Add("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")
	f.Fuzz(func(t *testing.T, vector string) {
		got, err := scoreVector(vector)
		if err == nil && (got.Score < 0 || got.Score > 10 || got.Severity == "" || got.Version == "") {
			t.Errorf("%q: %+v", vector, got)
		}
	})
}

// TestWeaknesses: the list is whole, and says which entries are not meant for
// single vulnerabilities (IS-06, IS-34).
func TestWeaknesses(t *testing.T) {
	t.Parallel()
	if n := len(weaknesses()); n != 968 { // CWE 4.17 has so many weaknesses
		t.Errorf("%d weaknesses", n)
	}
	for id, name := range map[string]string{"CWE-79": "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')",
		"cwe-787": "Out-of-bounds Write", " 306 ": "Missing Authentication for Critical Function"} {
		if w, err := weakness(id); err != nil || w.Name != name || w.Hint != "" {
			t.Errorf("%s: %+v, %v", id, w, err)
		}
	}
	for id, hint := range map[string]string{"CWE-217": "deprecated", "CWE-20": "discouraged", "CWE-284": "discouraged", "CWE-693": "discouraged"} {
		if w, err := weakness(id); err != nil || !strings.Contains(w.Hint, hint) || !strings.Contains(w.Hint, "/definitions/"+strings.TrimPrefix(id, "CWE-")+".html") {
			t.Errorf("%s: %+v, %v", id, w, err)
		}
	}
	for _, id := range []string{"", "CWE-", "CWE-0", "CWE-16", "CWE-1000", "CWE-999999", "CVE-79", "CWE-79 ", "#", "Weaknesses"} {
		if w, err := weakness(id); err == nil && id != "CWE-79 " {
			t.Errorf("%q is taken for %+v", id, w)
		}
	}
}

// TestSSVCTables: each table has a decision for all answers, a more urgent
// answer never makes a case less urgent (IG-33).
func TestSSVCTables(t *testing.T) {
	t.Parallel()
	order := []string{"defer", "track", "scheduled", "track*", "out-of-cycle", "attend", "immediate", "act"}
	rank := func(d string) int {
		for i, x := range order {
			if x == d {
				return i
			}
		}
		t.Fatalf("%q is no decision", d)
		return -1
	}
	for _, tree := range ssvcTrees {
		rows := 1
		for _, p := range tree.points {
			rows *= len(p.values)
		}
		if n := len(strings.ReplaceAll(tree.rows, " ", "")); n != rows {
			t.Errorf("%s has %d rows, want %d", tree.name, n, rows)
			continue
		}
		for row := range rows {
			answers := map[string]string{}
			for i, n := len(tree.points)-1, row; i >= 0; i-- {
				p := tree.points[i]
				answers[p.name], n = p.values[n%len(p.values)], n/len(p.values)
			}
			decision, faults := tree.decide(answers)
			if len(faults) > 0 {
				t.Fatal(tree.name, answers, faults)
			}
			for _, p := range tree.points {
				for i, v := range p.values[1:] {
					if answers[p.name] != p.values[i] {
						continue
					}
					answers[p.name] = v
					if more, _ := tree.decide(answers); rank(more) < rank(decision) {
						t.Errorf("%s %v: %s, but %s when %s is %s", tree.name, answers, more, decision, p.name, p.values[i])
					}
					answers[p.name] = p.values[i]
				}
			}
		}
	}
}

// TestSSVCDecides: rows picked from the published tables, written as people do
// (IG-33).
func TestSSVCDecides(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"supplier e=none u=laborious tech=partial public=minimal":                                         "defer",
		"supplier: exploitation=active, utility=efficient, technical_impact=total, public-safety=minimal": "out-of-cycle",
		"exploitation=poc automatable=yes value=concentrated technical=total public=significant":          "immediate",
		"supplier exploitation=public-poc automatable=no value_density=diffuse tech=total public=minimal": "scheduled",
		"supplier exploitation=active automatable=yes value=concentrated tech=partial public=minimal":     "immediate",
		"deployer exploitation=none system=open automatable=yes human=very-high":                          "out-of-cycle",
		"deployer exploitation=active system=open automatable=no human=VERY_HIGH":                         "immediate",
		"deployer exploitation=public-poc system=small automatable=no human=low":                          "defer",
		"coordinator exploitation=none automatable=no technical=total mission=high":                       "track*",
		"coordinator exploitation=active automatable=yes technical=partial mission=high":                  "act",
		"coordinator exploitation=public-poc automatable=yes technical=total mission=medium":              "track*",
		"coordinator exploitation=active automatable=no technical=partial mission=medium":                 "track",
	} {
		record, err := decided(nil, text)
		if err != nil || record["decision"] != want {
			t.Errorf("%s: %v, %v; want %s", text, record["decision"], err, want)
		}
	}
}

// TestSSVCSaysWhatIsWrong: all at once, with the answers that there are.
func TestSSVCSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, parts := range map[string][]string{
		"supplier exploitation=rumour": {`exploitation is one of none, public-poc, active, not "rumour"`, "technical_impact is missing: one of partial, total", "utility is missing", "or follows from automatable, value_density"},
		"supplier e=active utility=laborious automatable=yes value=concentrated tech=total public=minimal": {"utility is super-effective where automatable is yes and value_density is concentrated, not laborious"},
		"vendor exploitation=none":      {"there is no tree", "supplier, deployer or coordinator"},
		"supplier mission=high":         {`no point "mission"`},
		"supplier a=yes e":              {`"e" is not POINT=VALUE`},
		"deployer exploitation=none =x": {"is not POINT=VALUE"},
		"supplier e=none exploit=poc":   {"exploitation is given twice"},
	} {
		_, err := decided(nil, text)
		if err == nil {
			t.Errorf("%s: nothing is wrong", text)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in %v", text, part, err)
			}
		}
	}
}

// TestSSVCAgain: points on record need not be given again, and what followed
// from points that changed is worked out anew.
func TestSSVCAgain(t *testing.T) {
	t.Parallel()
	first, err := decided(nil, "supplier exploitation=none automatable=no value=diffuse tech=partial public=minimal")
	if err != nil {
		t.Fatal(err)
	}
	second, err := decided(first, "exploitation=active automatable=yes")
	if err != nil {
		t.Fatal(err)
	}
	points := second["points"].(map[string]any)
	if second["decision"] != "out-of-cycle" || points["utility"] != "efficient" || points["value_density"] != "diffuse" {
		t.Errorf("%v", second)
	}
	if _, err := decided(second, "deployer exploitation=active"); err == nil || !strings.Contains(err.Error(), "human_impact is missing") {
		t.Errorf("another tree begins anew: %v", err)
	}
}

func reportWith(assessment map[string]any) psirt.Document {
	return psirt.Document{"assessment": assessment}
}

const worst = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"

// TestAssessmentFaults: what is computed is held against what it is computed
// from, and said right; what a report of another kind holds panics nothing.
func TestAssessmentFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		assessment map[string]any
		want       string // part of what is wrong; empty: nothing is
	}{
		{"right", map[string]any{"cvss": []any{map[string]any{"version": "4.0", "vector": worst, "score": 10.0, "severity": "critical"}}}, ""},
		{"no score", map[string]any{"cvss": []any{map[string]any{"version": "4.0", "vector": worst}}}, ""},
		{"score", map[string]any{"cvss": []any{map[string]any{"version": "4.0", "vector": worst, "score": 9.9}}}, "cvss[0].score is 9.9, and the vector gives 10"},
		{"severity", map[string]any{"cvss": []any{map[string]any{"version": "4.0", "vector": worst, "severity": "low"}}}, "cvss[0].severity is low, and the vector gives critical"},
		{"version", map[string]any{"cvss": []any{map[string]any{"version": "3.1", "vector": worst}}}, "cvss[0].version is 3.1, and the vector gives 4.0"},
		{"no vector", map[string]any{"cvss": []any{map[string]any{"version": "4.0", "vector": "CVSS:4.0/AV:N"}}}, "cvss[0].vector is no CVSS vector"},
		{"weakness", map[string]any{"cwe": []any{"CWE-79", "CWE-4711"}}, "cwe[1]: CWE 4.17 has no weakness CWE-4711"},
		{"decision alone", map[string]any{"ssvc": map[string]any{"decision": "scheduled"}}, ""},
		{"no decision", map[string]any{"ssvc": map[string]any{"decision": "soon"}}, "it is one of act, attend, defer"},
		{"of another tree", map[string]any{"ssvc": map[string]any{"tree": "supplier", "decision": "attend"}}, "one of defer, immediate, out-of-cycle, scheduled"},
		{"a tree of one's own", map[string]any{"ssvc": map[string]any{"tree": "ours", "decision": "soon"}}, ""},
		{"by its points", map[string]any{"ssvc": map[string]any{"tree": "coordinator", "decision": "act",
			"points": map[string]any{"exploitation": "none", "automatable": "no", "technical_impact": "partial", "mission_well_being": "low"}}}, "by its points the tree coordinator decides track"},
		{"half of its points", map[string]any{"ssvc": map[string]any{"tree": "coordinator", "decision": "act", "points": map[string]any{"exploitation": "none"}}}, "automatable is missing"},
		{"other types", map[string]any{"cvss": "x", "cwe": 3.0, "ssvc": []any{}}, ""},
		{"other types inside", map[string]any{"cvss": []any{1.0, nil}, "cwe": []any{nil}, "ssvc": map[string]any{"points": 1.0, "decision": 2.0}}, ""},
	} {
		got := strings.Join(psirt.All("x", assessmentFaults(reportWith(test.assessment))...).Reasons(), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := assessmentFaults(psirt.Document{"assessment": "none"}); got != nil {
		t.Errorf("%v", got)
	}
}

// TestSettleAssessment: what follows is filled in, and nothing else is touched.
func TestSettleAssessment(t *testing.T) {
	t.Parallel()
	report := reportWith(map[string]any{"cvss": []any{map[string]any{"vector": worst}},
		"ssvc": map[string]any{"tree": "coordinator", "points": map[string]any{"exploitation": "active", "automatable": "yes", "technical_impact": "total", "mission_well_being": "high"}}})
	added, err := settleAssessment(report)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(added, " "); got != "assessment.cvss[0].score assessment.cvss[0].severity assessment.cvss[0].version assessment.ssvc.decision" {
		t.Error(got)
	}
	entry := report["assessment"].(map[string]any)["cvss"].([]any)[0].(map[string]any)
	if entry["score"] != 10.0 || entry["severity"] != "critical" || entry["version"] != "4.0" {
		t.Errorf("%v", entry)
	}
	if added, err := settleAssessment(report); err != nil || len(added) > 0 {
		t.Errorf("again: %v, %v", added, err)
	}
}
