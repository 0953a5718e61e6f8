package mail

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// htmlText makes a text of HTML for reading: paragraphs and list items are
// lines, cells of a table row are separated by tabs, and so are a label in bold
// and what follows it in its line, quotes begin with "> ",
// and the target of a link stands in angle brackets where its text does not
// say it. Nothing is fetched and nothing is run. The result is about max
// octets at most.
func htmlText(s string, max int) string {
	h := &htmlReader{frames: []*frame{{}}, max: max}
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			for len(h.frames) > 1 {
				h.pop()
			}
			return strings.TrimRight(h.top().b.String(), " \t\n") + "\n"
		case html.TextToken:
			h.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			h.start(t)
		case html.EndTagToken:
			name, _ := z.TagName()
			h.end(string(name))
		}
	}
}

// frame is text in the making: the whole, a quote, or a cell of a table.
type frame struct {
	tag    string // "", "blockquote", "tr" or "td"
	set    bool   // a blockquote that only sets its text in
	b      strings.Builder
	breaks int  // line ends to write before the next word
	space  bool // a space to write before the next word
	fresh  bool // a list mark was written, and no word yet
	cells  []string
}

// mostFrames bounds nesting; what is deeper goes into the innermost.
const mostFrames = 16

type htmlReader struct {
	frames []*frame
	max    int
	size   int
	skip   string // the element whose text is not shown
	pre    int
	lists  []int // next number, or -1 for bullets
	href   string
	anchor int // where the link's text begins
	within *frame
	term   bool // the last item was a term (dt), which its description goes on from
	bold   *frame
	boldAt int  // where the bold words begin that a line of bold begins with
	label  bool // a line began with a few words in bold, and they have just ended
}

func (h *htmlReader) top() *frame { return h.frames[len(h.frames)-1] }

// blocks are the elements that begin on a line of their own, and how many line
// ends stand before them.
var blocks = map[string]int{
	"p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "ul": 2, "ol": 2, "dl": 2, "table": 2, "pre": 2,
	"blockquote": 2, "hr": 2, "div": 1, "section": 1, "article": 1, "header": 1, "footer": 1, "address": 1, "li": 1,
	"dt": 1, "dd": 1, "tr": 1, "caption": 1, "form": 1, "fieldset": 1, "center": 1, "body": 1,
}

func (h *htmlReader) start(t html.Token) {
	h.breakLine(blocks[t.Data])
	switch t.Data {
	case "script", "style", "title":
		if t.Type == html.StartTagToken {
			h.skip = t.Data
		}
	case "br":
		h.top().breaks = min(h.top().breaks+1, 3)
	case "pre":
		h.pre++
	case "ul":
		h.list(-1)
	case "ol":
		n, err := strconv.Atoi(attribute(t, "start"))
		if err != nil || n < 0 || n > 1_000_000 {
			n = 1
		}
		h.list(n)
	case "li":
		h.mark()
	case "b", "strong":
		h.embolden()
	case "dt":
		h.term = true
	case "dd":
		h.describe()
	case "blockquote":
		h.push("blockquote")
		if len(h.frames) < mostFrames {
			h.top().set = setIn(t)
		}
	case "tr":
		h.closeTo("tr", "table")
		h.push("tr")
	case "td", "th":
		h.cell()
	case "table":
		h.push("table")
	case "a":
		h.href, h.within, h.anchor = attribute(t, "href"), h.top(), h.top().b.Len()
	case "img":
		if alt := strings.TrimSpace(attribute(t, "alt")); alt != "" {
			h.text(" " + alt + " ")
		}
	}
}

func (h *htmlReader) end(name string) {
	if h.skip == name {
		h.skip = ""
	}
	switch name {
	case "pre":
		h.pre = max(h.pre-1, 0)
	case "ul", "ol":
		if len(h.lists) > 0 {
			h.lists = h.lists[:len(h.lists)-1]
		}
	case "blockquote", "table", "tr", "td":
		h.closeTo(name, "")
	case "th":
		h.closeTo("td", "")
	case "a":
		h.link()
	case "b", "strong":
		h.label = h.boldLabel()
	}
	h.breakLine(blocks[name])
}

// setIn reports whether a blockquote only sets its text in, as the button
// "increase indentation" of mail programs makes them: without a bar at its side,
// and not cited from anywhere.
func setIn(t html.Token) bool {
	style := strings.Join(strings.Fields(strings.ToLower(attribute(t, "style"))), "")
	class := strings.ReplaceAll(strings.ToLower(attribute(t, "class")), "indent-blockquote", "")
	return attribute(t, "type")+attribute(t, "cite") == "" && !strings.Contains(class, "quote") &&
		strings.Contains(style, "border:none") && !strings.Contains(style, "border-left")
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (h *htmlReader) breakLine(n int) {
	f := h.top()
	if n > f.breaks && !f.fresh {
		f.breaks = n
	}
}

func (h *htmlReader) list(first int) {
	if len(h.lists) < mostFrames {
		h.lists = append(h.lists, first)
	}
}

func (h *htmlReader) mark() {
	h.top().fresh = false
	mark := "- "
	if n := len(h.lists); n > 0 && h.lists[n-1] >= 0 {
		mark = fmt.Sprintf("%d. ", h.lists[n-1])
		h.lists[n-1]++
	}
	h.top().breaks = max(h.top().breaks, 1)
	h.write(mark)
	h.top().fresh = true
}

// embolden notes where bold words begin, when a line does with them.
func (h *htmlReader) embolden() {
	f := h.top()
	h.bold = nil
	if (f.tag == "" || f.tag == "blockquote") && (f.breaks > 0 || f.b.Len() == 0) {
		h.bold, h.boldAt = f, f.b.Len()
	}
}

// boldLabel reports whether the bold words that end here may be the label of what
// follows in their line: "<b>Product</b> QuillGate". A tab then stands between
// the two, as between the cells of a table.
func (h *htmlReader) boldLabel() bool {
	f := h.top()
	if h.bold != f || f.breaks > 0 || h.boldAt > f.b.Len() {
		return false
	}
	words := strings.TrimSpace(f.b.String()[h.boldAt:])
	last, _ := utf8.DecodeLastRuneInString(words)
	return len(words) > 2 && len(words) <= 60 && len(strings.Fields(words)) <= 7 && !strings.ContainsAny(words, "\n\t") && (unicode.IsLetter(last) || last == '?')
}

// describe begins the description of a term as the second cell of its row.
func (h *htmlReader) describe() {
	if f := h.top(); h.term && f.b.Len() > 0 {
		f.breaks = 0
		h.write("\t")
		f.fresh = true
	}
	h.term = false
}

// text adds the text between tags, with white space as HTML has it.
func (h *htmlReader) text(s string) {
	if h.skip != "" {
		return
	}
	s = strings.ReplaceAll(s, "\u00a0", " ")
	if h.pre > 0 {
		for line := range strings.Lines(s) {
			if line = strings.TrimRight(line, "\n"); line != "" {
				h.write(line)
			}
			h.top().breaks++
		}
		if !strings.HasSuffix(s, "\n") && s != "" {
			h.top().breaks--
		}
		return
	}
	f := h.top()
	if s != "" && strings.ContainsRune(" \t\r\n\f", rune(s[0])) {
		f.space = true
	}
	collapsed := strings.Join(strings.Fields(s), " ")
	if collapsed == "" {
		return
	}
	if f.space && f.breaks == 0 && !f.fresh && f.b.Len() > 0 {
		gap := " "
		if r, _ := utf8.DecodeRuneInString(collapsed); h.label && h.bold == f && (unicode.IsUpper(r) || unicode.IsDigit(r)) {
			gap = "\t"
		}
		collapsed = gap + collapsed
	}
	h.label = false
	h.write(collapsed)
	f.space = strings.ContainsRune(" \t\r\n\f", rune(s[len(s)-1]))
}

// write adds words, up to the limit.
func (h *htmlReader) write(s string) {
	if h.size += len(s); h.size <= h.max {
		h.top().put(s)
	}
}

// put adds words after the line ends that are due.
func (f *frame) put(s string) {
	if f.b.Len() > 0 {
		f.b.WriteString(strings.Repeat("\n", min(f.breaks, 3)))
	}
	f.breaks, f.space, f.fresh = 0, false, false
	f.b.WriteString(s)
}

// link writes the target of the link that ends here.
func (h *htmlReader) link() {
	href := strings.TrimSpace(h.href)
	h.href = ""
	f := h.top()
	bare := strings.TrimPrefix(href, "mailto:")
	if h.within != f || bare == "" || strings.HasPrefix(bare, "#") || len(bare) > 2000 || h.anchor > f.b.Len() {
		return
	}
	if said := f.b.String()[h.anchor:]; !strings.Contains(said, bare) && strings.TrimSpace(said) != "" {
		h.write(" <" + strings.Join(strings.Fields(bare), "") + ">")
	}
}

func (h *htmlReader) push(tag string) {
	if len(h.frames) < mostFrames {
		h.frames = append(h.frames, &frame{tag: tag})
	}
}

// cell begins a cell; one that was not closed ends here.
func (h *htmlReader) cell() {
	h.closeTo("td", "tr")
	if h.top().tag == "tr" {
		h.push("td")
	}
}

// closeTo ends the innermost frame of that tag and all within it, unless one
// of the tag `fence` stands in between.
func (h *htmlReader) closeTo(tag, fence string) {
	for i := len(h.frames) - 1; i > 0; i-- {
		if t := h.frames[i].tag; t == tag {
			for len(h.frames) > i {
				h.pop()
			}
			return
		} else if t == fence && fence != "" {
			return
		}
	}
}

// pop ends the innermost frame and gives its text to the one around it.
func (h *htmlReader) pop() {
	f := h.top()
	h.frames = h.frames[:len(h.frames)-1]
	around := h.top()
	content := strings.Trim(f.b.String(), "\n")
	switch f.tag {
	case "td":
		around.cells = append(around.cells, strings.TrimSpace(content))
		return
	case "tr":
		content = row(f.cells, content)
	case "blockquote":
		if f.set {
			break
		}
		content = "> " + strings.ReplaceAll(content, "\n", "\n> ")
		content = strings.ReplaceAll(content, "\n> \n", "\n>\n")
	}
	if strings.Trim(content, "> \n") == "" {
		return
	}
	around.breaks = max(around.breaks, 1)
	around.put(content)
	around.breaks = 1
}

// row joins cells by tabs when it is a row of a table of facts: all cells but
// the last are one line. A table that only makes a layout is cells one below
// the other.
func row(cells []string, outside string) string {
	var filled []string
	facts := true
	for _, c := range cells {
		if c != "" {
			facts = facts && (len(filled) == 0 || !strings.Contains(filled[len(filled)-1], "\n"))
			filled = append(filled, c)
		}
	}
	joint := "\n"
	if facts {
		joint = "\t"
	}
	content := strings.Join(filled, joint)
	if outside != "" {
		content = outside + "\n" + content
	}
	return content
}
