package mail

import (
	"slices"
	"strings"
)

// matrix is a transformation (section 8.3.4): a b c d e f.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// fragment is a piece of text and its place on the page.
type fragment struct {
	page      int
	x, y, end float64
	size      float64
	bold      bool
	text      string
}

// pdfWriter collects the text of pages.
type pdfWriter struct {
	file  *pdfFile
	fonts map[*pdfObject]*pdfFont
	most  int
	size  int
	at    int // number of the page
	all   []fragment

	// The state of a content stream (section 8.4 and 9.3).
	ctm, line, tm matrix
	saved         []matrix
	font          *pdfFont
	fontSize      float64
	leading       float64
	charSpace     float64
	wordSpace     float64
	scale         float64
}

func (w *pdfWriter) page(p pdfPage) {
	w.at++
	w.ctm, w.saved, w.font, w.scale = identity, nil, nil, 1
	w.charSpace, w.wordSpace, w.leading = 0, 0, 0
	var content []byte
	parts := w.file.list(p.dict["Contents"])
	if parts == nil {
		parts = []any{p.dict["Contents"]}
	}
	for _, part := range parts {
		content = append(append(content, w.file.stream(w.file.object(part))...), '\n')
	}
	w.run(content, p.resources, 0)
}

// run follows the operators of a content stream.
func (w *pdfWriter) run(content []byte, resources pdfDict, depth int) {
	p := &pdfParser{b: content, file: w.file, passing: true}
	var args []any
	for w.size < w.most {
		v := p.value(0)
		if v == pdfEnd {
			return
		}
		op, ok := v.(pdfWord)
		if !ok {
			if args = append(args, v); len(args) > 64 {
				args = args[1:]
			}
			continue
		}
		if op == "Do" && len(args) > 0 && depth < 4 {
			w.form(args[len(args)-1], resources, depth)
		} else {
			w.operator(op, args, resources)
		}
		args = args[:0]
	}
}

// form shows a form that stands for itself (section 8.10).
func (w *pdfWriter) form(name any, resources pdfDict, depth int) {
	key, _ := name.(pdfName)
	o := w.file.object(w.file.dict(resources["XObject"])[key])
	if o.dict["Subtype"] != pdfName("Form") {
		return
	}
	inner := w.file.dict(o.dict["Resources"])
	if inner == nil {
		inner = resources
	}
	before := w.ctm
	if m, ok := matrixOf(w.file.list(o.dict["Matrix"])); ok {
		w.ctm = m.times(w.ctm)
	}
	w.run(w.file.stream(o), inner, depth+1)
	w.ctm = before
}

func matrixOf(args []any) (m matrix, ok bool) {
	if len(args) < 6 {
		return m, false
	}
	for i, v := range args[len(args)-6:] {
		n, ok := v.(float64)
		if !ok {
			return m, false
		}
		m[i] = n
	}
	return m, true
}

// number is the argument that stands n before the operator, 1 being the last.
func number(args []any, n int) float64 {
	if len(args) < n {
		return 0
	}
	f, _ := args[len(args)-n].(float64)
	return f
}

func (w *pdfWriter) operator(op pdfWord, args []any, resources pdfDict) {
	switch op {
	case "q":
		if len(w.saved) < 64 {
			w.saved = append(w.saved, w.ctm)
		}
	case "Q":
		if n := len(w.saved); n > 0 {
			w.ctm, w.saved = w.saved[n-1], w.saved[:n-1]
		}
	case "cm":
		if m, ok := matrixOf(args); ok {
			w.ctm = m.times(w.ctm)
		}
	case "BT":
		w.tm, w.line = identity, identity
	case "Tf":
		if len(args) >= 2 {
			w.fontSize = number(args, 1)
			key, _ := args[len(args)-2].(pdfName)
			w.font = w.fontOf(w.file.object(w.file.dict(resources["Font"])[key]))
		}
	case "TL":
		w.leading = number(args, 1)
	case "Tc":
		w.charSpace = number(args, 1)
	case "Tw":
		w.wordSpace = number(args, 1)
	case "Tz":
		w.scale = number(args, 1) / 100
	default:
		w.textOperator(op, args)
	}
}

// textOperator moves to a place in the text, or shows some of it.
func (w *pdfWriter) textOperator(op pdfWord, args []any) {
	switch op {
	case "Tm":
		if m, ok := matrixOf(args); ok {
			w.tm, w.line = m, m
		}
	case "Td":
		w.move(number(args, 2), number(args, 1))
	case "TD":
		w.leading = -number(args, 1)
		w.move(number(args, 2), number(args, 1))
	case "T*":
		w.move(0, -w.leading)
	case "'", "\"":
		w.move(0, -w.leading)
		fallthrough
	case "Tj":
		if len(args) > 0 {
			if s, ok := args[len(args)-1].([]byte); ok {
				w.show(s)
			}
		}
	case "TJ":
		if len(args) == 0 {
			return
		}
		list, _ := args[len(args)-1].([]any)
		for _, v := range list {
			switch v := v.(type) {
			case []byte:
				w.show(v)
			case float64:
				w.tm = matrix{1, 0, 0, 1, -v / 1000 * w.fontSize * w.scale, 0}.times(w.tm)
			}
		}
	}
}

func (w *pdfWriter) move(x, y float64) {
	w.line = matrix{1, 0, 0, 1, x, y}.times(w.line)
	w.tm = w.line
}

// show adds a string at the place where the text is.
func (w *pdfWriter) show(s []byte) {
	if w.font == nil {
		return
	}
	text, width, glyphs := w.font.decode(s)
	from := w.tm.times(w.ctm)
	advance := (width/1000*w.fontSize + float64(glyphs)*w.charSpace + float64(strings.Count(text, " "))*w.wordSpace) * w.scale
	w.tm = matrix{1, 0, 0, 1, advance, 0}.times(w.tm)
	to := w.tm.times(w.ctm)
	if text == "" {
		return
	}
	w.size += len(text) + 1
	size := w.fontSize * max(abs(from[3]), abs(from[1]), abs(from[0]))
	w.all = append(w.all, fragment{page: w.at, x: from[4], y: from[5], end: to[4], size: max(abs(size), 1), bold: w.font.bold, text: text})
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

// text puts the fragments together, as they were shown: pages are made in the
// order in which they are read.
func (w *pdfWriter) text() string {
	usual := w.usualGap()
	var b strings.Builder
	for i, f := range w.all {
		if i > 0 {
			b.WriteString(between(w.all[i-1], f, usual, b.String()))
		}
		b.WriteString(f.text)
		if b.Len() > w.most {
			break
		}
	}
	return strings.TrimSpace(b.String())
}

// usualGap is the distance between lines of a paragraph: the lower quartile of
// all, since short documents have as many headings as lines.
func (w *pdfWriter) usualGap() float64 {
	var gaps []float64
	for i := 1; i < len(w.all); i++ {
		a, b := w.all[i-1], w.all[i]
		if gap := a.y - b.y; a.page == b.page && gap > 0.5*b.size {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[(len(gaps)-1)/4]
}

// between is what stands between two fragments: nothing, a space, a tab, the
// end of a line or of a paragraph.
func between(a, b fragment, usual float64, before string) string {
	down, across := a.y-b.y, b.x-a.end
	switch {
	case a.page != b.page:
		if strings.HasSuffix(before, ".") || strings.HasSuffix(before, ":") {
			return "\n\n"
		}
		return "\n"
	case abs(down) < 0.4*b.size && across > -b.size:
		switch {
		case across > 2*b.size:
			return "\t"
		case across > 0.15*b.size && !strings.HasSuffix(before, " ") && !strings.HasPrefix(b.text, " "):
			return " "
		}
		return ""
	case down > max(1.35*usual, 1.5*b.size), down < -2*b.size:
		return "\n\n"
	case abs(a.size-b.size) > 0.08*a.size, b.bold && !a.bold: // a heading begins or ends
		return "\n\n"
	}
	return "\n"
}
