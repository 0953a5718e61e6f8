package extract

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// Most patterns match in few sentences, and every one is tried on all of
// them. So a sentence is first searched for the literals of which a match
// must hold one, which costs a tenth of running the expression.

// maxLiterals is how many literals are worth searching for.
const maxLiterals = 160

// required lists strings of which every match of expr holds at least one. Nil
// means that nothing is known.
func required(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	list := literals(re).best()
	if shortest(list) < 2 || len(list) > 4*maxLiterals {
		return nil
	}
	if list = withoutLonger(list); len(list) > maxLiterals {
		return nil
	}
	return list
}

// known is what is known of the matches of an expression: all of them
// (exact), or what each of them holds (must). Nil means nothing.
type known struct{ exact, must []string }

// best is what is better searched for.
func (k known) best() []string {
	if better(k.exact, k.must) {
		return k.exact
	}
	return k.must
}

func literals(re *syntax.Regexp) known {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return known{exact: []string{string(re.Rune)}}
		}
	case syntax.OpCharClass:
		return known{exact: classRunes(re.Rune)}
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return known{exact: []string{""}}
	case syntax.OpCapture:
		return literals(re.Sub[0])
	case syntax.OpQuest:
		if sub := literals(re.Sub[0]); sub.exact != nil {
			return known{exact: append([]string{""}, sub.exact...)}
		}
	case syntax.OpPlus:
		return atLeastOnce(literals(re.Sub[0]))
	case syntax.OpRepeat:
		if re.Min > 0 {
			return atLeastOnce(literals(re.Sub[0]))
		}
	case syntax.OpAlternate:
		return alternate(re.Sub)
	case syntax.OpConcat:
		return concat(re.Sub)
	}
	return known{}
}

// classRunes lists the letters of a small class.
func classRunes(ranges []rune) []string {
	var list []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if list = append(list, string(r)); len(list) > 6 {
				return nil
			}
		}
	}
	return list
}

func atLeastOnce(k known) known {
	return known{must: k.best()}
}

func alternate(subs []*syntax.Regexp) known {
	exact, must := []string{}, []string{}
	for _, sub := range subs {
		k := literals(sub)
		if exact != nil && k.exact != nil {
			exact = append(exact, k.exact...)
		} else {
			exact = nil
		}
		if best := k.best(); must != nil && best != nil {
			must = append(must, best...)
		} else {
			must = nil
		}
	}
	return known{exact: exact, must: must}
}

// concat joins what is known exactly of neighbours, and keeps the best that
// every match holds.
func concat(subs []*syntax.Regexp) known {
	var must []string
	run := []string{""}
	whole := true
	keep := func(list []string) {
		if better(list, must) {
			must = list
		}
	}
	for _, sub := range subs {
		k := literals(sub)
		keep(k.best())
		if k.exact != nil && len(run)*len(k.exact) <= maxLiterals {
			run = cross(run, k.exact)
			continue
		}
		keep(run)
		run, whole = []string{""}, false
		if k.exact != nil {
			run = k.exact
		}
	}
	if whole {
		return known{exact: run, must: must}
	}
	keep(run)
	return known{must: must}
}

func cross(a, b []string) []string {
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

// better reports whether searching for a tells more than searching for b:
// longer strings first, then fewer of them.
func better(a, b []string) bool {
	if b == nil || a == nil {
		return a != nil
	}
	if x, y := min(shortest(a), 4), min(shortest(b), 4); x != y {
		return x > y
	}
	return len(a) < len(b)
}

// shortest is the length of the shortest string of a list, 0 for none.
func shortest(list []string) int {
	n := 0
	for i, s := range list {
		if i == 0 || len(s) < n {
			n = len(s)
		}
	}
	return n
}

// withoutLonger leaves out strings that hold another one of the list.
func withoutLonger(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	var out []string
	for i, s := range list {
		if !slices.ContainsFunc(list, func(t string) bool { return t != s && strings.Contains(s, t) }) {
			out = append(out, list[i])
		}
	}
	return out
}
