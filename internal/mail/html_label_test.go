package mail

import "testing"

// TestBoldLabels holds that bold words which begin a line are set apart from the
// value behind them, and that bold words of a sentence are not.
func TestBoldLabels(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p><b>Product</b> QuillGate</p>":                       "Product\tQuillGate\n",
		"<p><strong>In use by attackers?</strong> No.</p>":      "In use by attackers?\tNo.\n",
		"<p>One</p><p><b><span>Build</span></b> 2.2.9</p>":      "One\n\nBuild\t2.2.9\n",
		"<p><b>Product:</b> QuillGate</p>":                      "Product: QuillGate\n",
		"<p><b>Product</b>: QuillGate</p>":                      "Product: QuillGate\n",
		"<p><b>The product</b> is slow</p>":                     "The product is slow\n",
		"<p>I tried <b>QuillGate</b> Server</p>":                "I tried QuillGate Server\n",
		"<p><b>Steps</b><br>Log in</p>":                         "Steps\nLog in\n",
		"<table><tr><td><b>A</b> B</td><td>C</td></tr></table>": "A B\tC\n",
	} {
		if got := htmlText(in, 1000); got != want {
			t.Errorf("%s: %q, not %q", in, got, want)
		}
	}
}
