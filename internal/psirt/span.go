package psirt

// maxFactTests bounds the questions that one fact asks, those of the facts that
// it refers to among them: a few facts that each name the next one twice would
// ask billions.
const maxFactTests = 10_000

// simpler is what to do about a fact that asks for too much.
const simpler = "let it ask for less, or for what one edit puts on record (a path below extra)"

// span is how deep and how wide a fact is once each fact that it refers to is
// put in its place, as holds goes through it.
type span struct{ depth, tests int }

// spans finds facts that depend on themselves and facts that holds could not
// go through in a short time. Each fact is measured once.
func (c *checker) spans() {
	done := map[string]*span{}
	for _, name := range names(c.p.Facts) {
		c.factSpan(name, done)
	}
}

func (c *checker) factSpan(name string, done map[string]*span) span {
	path := "facts." + name
	if s, known := done[name]; known {
		if s == nil {
			c.fault(path, "let one of the facts that it refers to ask for a path instead", "%s depends on itself", name)
			s = &span{}
			done[name] = s
		}
		return *s
	}
	done[name] = nil // being measured
	s := c.testSpan(c.p.Facts[name].Is, done, 0)
	switch {
	case s.depth > maxFactDepth:
		c.fault(path, simpler, "nested too deep")
		s = span{} // said once, not for each that refers to it
	case s.tests > maxFactTests:
		c.fault(path, simpler, "asks more than %d questions, with the facts that it refers to", maxFactTests)
		s = span{}
	}
	done[name] = &s
	return s
}

func (c *checker) testSpan(t Test, done map[string]*span, depth int) span {
	if depth > maxFactDepth {
		return span{tests: 1}
	}
	var inner []span
	for _, part := range t.inner() {
		inner = append(inner, c.testSpan(part, done, depth+1))
	}
	if t.Fact != "" {
		inner = append(inner, c.factSpan(t.Fact, done))
	}
	out := span{tests: 1}
	for _, s := range inner {
		out.depth = max(out.depth, s.depth+1)
		out.tests = min(out.tests+s.tests, maxFactTests+1)
	}
	return out
}
