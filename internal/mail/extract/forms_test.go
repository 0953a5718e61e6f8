package extract

import "github.com/docket-psirt/docket/internal/psirt"

// programme is what a reader needs to know of a programme.
type programme struct {
	form     psirt.ReportForm
	scope    psirt.Scope
	language string
}

func asked(tokens ...string) []psirt.Asked {
	var list []psirt.Asked
	for _, token := range tokens {
		list = append(list, psirt.Asked{Token: token})
	}
	return list
}

var badMethods = []string{"denial of service", "denial-of-service", "ddos", "flood", "stress test", "load test", "social engineering", "phishing", "physical access to the building", "brute force"}

// programmes are three that ask for what three published policies ask for.
var programmes = map[string]programme{
	"ingroupe": {
		form: psirt.ReportForm{
			Asked:    asked("products.name", "products.versions", "description", "discovery.how", "discovery.when", "exploited", "public_info", "reporter.email"),
			Subjects: []string{"Potential vulnerability"},
			Methods:  badMethods,
		},
		language: "en",
	},
	"inspur": {
		form: psirt.ReportForm{
			Asked: []psirt.Asked{
				{Token: "reporter.name", Any: []string{"reporter.name", "reporter.pseudonym", "reporter.organisation"}},
				{Token: "reporter.email"}, {Token: "products.name"}, {Token: "products.versions"},
				{Token: "discovery.how", Any: []string{"discovery.how", "steps"}},
				{Token: "exploited"}, {Token: "suggested_fix"},
			},
			Words:   map[string][]string{"reporter": {"Escalator"}},
			Methods: badMethods,
		},
		scope: psirt.Scope{Products: []string{"server", "server management software", "AI Management Suite", "storage", "InCloudOS", "Insight", "security product"}},
	},
	"imengine": {
		form: psirt.ReportForm{
			Asked: []psirt.Asked{
				{Token: "description"}, {Token: "steps"}, {Token: "screenshots", Any: []string{"attachments.image"}},
				{Token: "url"}, {Token: "observed_at"}, {Token: "source_ip"}, {Token: "reporter.email"},
			},
			Methods: badMethods,
		},
		scope:    psirt.Scope{Domains: []string{"imengine.example"}},
		language: "en",
	},
}
