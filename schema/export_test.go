package schema

// Opinions are what the quick reading and the library say of a document that
// has passed unsafe; sure is false where the quick reading leaves it to the
// library.
func Opinions(kind string, doc any) (quickly, sure, library bool, err error) {
	s, err := read(kind)
	if err != nil {
		return false, false, false, err
	}
	compiled, err := s.compile()
	if err != nil {
		return false, false, false, err
	}
	q := quick{of: s}
	quickly = q.holds(s.text, doc)
	return quickly, !q.unsure, compiled.Validate(doc) == nil, nil
}

// Unsafe reports whether a document is kept from the library.
func Unsafe(doc any) bool { return len(unsafe(doc)) > 0 }
