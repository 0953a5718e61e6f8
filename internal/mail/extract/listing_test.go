package extract

import "testing"

// TestListingsSayNothing holds that nobody is answered at an address that only a
// log has, and that what programs say is not what the reporter says.
func TestListingsSayNothing(t *testing.T) {
	t.Parallel()
	const labels = "contact: root@desk.example.net\nip: 192.0.2.9\nversion: 2.7.18\nurl: http://192.0.2.9/x\ncredit: the team\nexploited: yes\n"
	for name, text := range map[string]string{
		"fenced": "The service prints its log to anybody who asks for it, like this:\n\n```\n" + labels + "```\n\nThat is all I saw, and I kept nothing of it.",
		"http":   "The service answers to anybody who asks for it, like this:\n\nHTTP/1.1 200 OK\n" + labels + "\nThat is all I saw, and I kept nothing of it.",
		"patch":  "The service has an error that this corrects:\n\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n" + labels + "\nThat is all I saw, and I kept nothing of it.",
	} {
		r := read(text)
		if r.Reporter.Email != "test@example.org" || r.SourceIP+r.CreditWish+r.URL != "" || r.Exploited != "unknown" || len(r.Products) != 1 || len(r.Products[0].Versions) > 0 { // the product is the subject's
			t.Errorf("%s: %+v", name, r)
		}
	}
	// A report that somebody writes as data is a report, in a listing or not.
	r := read("Here it is:\n\n```\nproduct: Thing Manager\nversion: 2.7.18\ncontact: ada@example.net\ndescription: the service prints its log to anybody who asks for it\n```\n")
	if r.Reporter.Email != "ada@example.net" || len(r.Products) != 1 || r.Products[0].Name != "Thing Manager" {
		t.Errorf("a report in a listing: %+v", r)
	}
}
