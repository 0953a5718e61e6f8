package desk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ssvcPoint is a decision point of SSVC: what is asked, and the answers from
// the least to the most urgent.
type ssvcPoint struct {
	name   string
	values []string
}

// ssvcTree is a decision table of SSVC. rows has one letter for each
// combination of answers, the last point going round fastest; a letter stands
// for a decision.
type ssvcTree struct {
	name      string
	title     string
	points    []ssvcPoint
	rows      string
	decisions map[byte]string
	from      map[string]ssvcPart // points that follow from others
}

// ssvcPart is a point that follows from two others by a table of its own.
type ssvcPart struct {
	points []ssvcPoint
	values []string // for each combination of answers
}

// Points that several trees ask for.
var (
	pointExploitation = ssvcPoint{"exploitation", []string{"none", "public-poc", "active"}}
	pointAutomatable  = ssvcPoint{"automatable", []string{"no", "yes"}}
	pointTechnical    = ssvcPoint{"technical_impact", []string{"partial", "total"}}
)

// What suppliers and deployers decide on.
var priorityLevels = map[byte]string{'d': "defer", 's': "scheduled", 'o': "out-of-cycle", 'i': "immediate"}

// ssvcTrees are the decision tables of SSVC that apply to who makes, runs or
// coordinates a product; the first is meant where none is named. Sources:
// CERT/CC, "Stakeholder-Specific Vulnerability Categorization", decision tables
// Supplier Patch Development Priority 1.0.0, Deployer Patch Application Priority
// 1.0.0 and Utility 1.0.0 (https://certcc.github.io/SSVC/); CISA Coordinator 2.0.3
// (https://www.cisa.gov/stakeholder-specific-vulnerability-categorization-ssvc).
var ssvcTrees = []ssvcTree{
	{
		name: "supplier", title: "CERT/CC, Supplier Patch Development Priority 1.0.0", decisions: priorityLevels,
		points: []ssvcPoint{
			pointExploitation,
			{"utility", []string{"laborious", "efficient", "super-effective"}},
			pointTechnical,
			{"public_safety_impact", []string{"minimal", "significant"}},
		},
		rows: "dsso soso sooo" + "sosi sioi oioi" + "oioi oioi iiii",
		from: map[string]ssvcPart{"utility": {
			points: []ssvcPoint{pointAutomatable, {"value_density", []string{"diffuse", "concentrated"}}},
			values: []string{"laborious", "efficient", "efficient", "super-effective"},
		}},
	},
	{
		name: "deployer", title: "CERT/CC, Deployer Patch Application Priority 1.0.0", decisions: priorityLevels,
		points: []ssvcPoint{
			pointExploitation,
			{"system_exposure", []string{"small", "controlled", "open"}},
			pointAutomatable,
			{"human_impact", []string{"low", "medium", "high", "very-high"}},
		},
		rows: "ddssdsss dsssssss dsssssso" + "dsssssss dsssssso sssossoo" + "ssoosooo ssoooooo sooiooii",
	},
	{
		name: "coordinator", title: "CISA, Coordinator 2.0.3", decisions: map[byte]string{'t': "track", 's': "track*", 'a': "attend", 'c': "act"},
		points: []ssvcPoint{
			pointExploitation,
			pointAutomatable,
			pointTechnical,
			{"mission_well_being", []string{"low", "medium", "high"}},
		},
		rows: "ttt tts tta tta" + "tts tsa tta tsa" + "tta tac aac acc",
	},
}

// treeOf finds a tree by name.
func treeOf(name string) (ssvcTree, bool) {
	i := slices.IndexFunc(ssvcTrees, func(t ssvcTree) bool { return t.name == name })
	if i < 0 {
		return ssvcTree{}, false
	}
	return ssvcTrees[i], true
}

// asked lists every point that a tree asks for, those that others follow from
// among them.
func (t ssvcTree) asked() []ssvcPoint {
	var out []ssvcPoint
	for _, p := range t.points {
		out = append(append(out, p), t.from[p.name].points...)
	}
	return out
}

// decide answers which decision a tree comes to. points holds value by point;
// what follows from other points is filled in. The errors say what is missing
// or wrong, all at once.
func (t ssvcTree) decide(points map[string]string) (string, []error) {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(points)) {
		i := slices.IndexFunc(t.asked(), func(p ssvcPoint) bool { return p.name == name })
		if i < 0 {
			faults = append(faults, fmt.Errorf("the tree %s asks for no %s: its points are %s", t.name, name, t.pointNames()))
		} else if p := t.asked()[i]; !slices.Contains(p.values, points[name]) {
			faults = append(faults, fmt.Errorf("%s is one of %s, not %q", name, strings.Join(p.values, ", "), points[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.from)) {
		part := t.from[name]
		row, _, whole := rowOf(part.points, points)
		switch {
		case len(faults) > 0 || !whole:
		case points[name] == "":
			points[name] = part.values[row]
		case points[name] != part.values[row]:
			faults = append(faults, fmt.Errorf("%s is %s where %s, not %s", name, part.values[row], answersSaid(part.points, points), points[name]))
		}
	}
	row, missing, whole := rowOf(t.points, points)
	for _, p := range missing {
		also := ""
		if part, ok := t.from[p.name]; ok {
			also = ", or follows from " + nameList(part.points)
		}
		faults = append(faults, fmt.Errorf("%s is missing: one of %s%s", p.name, strings.Join(p.values, ", "), also))
	}
	if len(faults) > 0 || !whole {
		return "", faults
	}
	return t.decisions[strings.ReplaceAll(t.rows, " ", "")[row]], nil
}

// rowOf finds the row of some answers in a table, and the points without one;
// whole says that every point has an answer that the table knows.
func rowOf(points []ssvcPoint, answers map[string]string) (row int, missing []ssvcPoint, whole bool) {
	whole = true
	for _, p := range points {
		i := slices.Index(p.values, answers[p.name])
		if answers[p.name] == "" {
			missing = append(missing, p)
		}
		whole = whole && i >= 0
		row = row*len(p.values) + max(0, i)
	}
	return row, missing, whole
}

func (t ssvcTree) pointNames() string { return nameList(t.asked()) }

func nameList(points []ssvcPoint) string {
	var out []string
	for _, p := range points {
		out = append(out, p.name)
	}
	return strings.Join(out, ", ")
}

func answersSaid(points []ssvcPoint, answers map[string]string) string {
	var out []string
	for _, p := range points {
		out = append(out, p.name+" is "+answers[p.name])
	}
	return strings.Join(out, " and ")
}

// parseSSVC reads what people write: an optional tree, then point=value in any
// order, with spaces or commas between. Points may be shortened as long as one
// is meant; case, hyphens and underscores do not matter.
func parseSSVC(text string) (tree string, points map[string]string, err error) {
	points = map[string]string{}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	if len(words) > 0 && !strings.Contains(words[0], "=") {
		tree, words = strings.TrimSuffix(words[0], ":"), words[1:]
		if _, ok := treeOf(tree); !ok {
			return "", nil, fmt.Errorf("there is no tree %q: name supplier, deployer or coordinator", tree)
		}
	}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" || value == "" {
			return "", nil, fmt.Errorf("%q is not POINT=VALUE", word)
		}
		value = strings.ReplaceAll(value, "_", "-")
		if value == "poc" {
			value = "public-poc"
		}
		name = strings.ReplaceAll(name, "-", "_")
		if was, twice := points[name]; twice && was != value {
			return "", nil, fmt.Errorf("%s is given twice", name)
		}
		points[name] = value
	}
	return tree, points, nil
}

// spelledOut gives shortened points their names.
func (t ssvcTree) spelledOut(points map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, short := range slices.Sorted(maps.Keys(points)) {
		var meant []string
		for _, p := range t.asked() {
			if p.name == short {
				meant = []string{short}
				break
			}
			if strings.HasPrefix(p.name, short) {
				meant = append(meant, p.name)
			}
		}
		if len(meant) != 1 {
			return nil, fmt.Errorf("the tree %s has no point %q, or several: its points are %s", t.name, short, t.pointNames())
		}
		if was, twice := out[meant[0]]; twice && was != points[short] {
			return nil, fmt.Errorf("%s is given twice", meant[0])
		}
		out[meant[0]] = points[short]
	}
	return out, nil
}
