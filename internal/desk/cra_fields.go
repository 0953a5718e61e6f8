package desk

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// asks is one thing that a point of Article 14 asks for, and the paths of the
// report that say it; the first is where to write it down.
type asks struct {
	what     string
	paths    []string
	optional bool // "where applicable", "where available"
}

// general is what every filing says.
var general = []asks{
	{"Product with digital elements", []string{"products"}, false},
	{"Member States in which it was made available, as far as known", []string{"extra.cra.member_states"}, true},
}

// asked lists what the points of paragraphs 2 and 4 ask for beyond that.
var asked = map[string][]asks{
	"14(2)(a)": {
		{"The manufacturer became aware of active exploitation at", []string{"exploitation.aware_at", "aware_at"}, false},
	},
	"14(2)(b)": {
		{"General nature of the vulnerability", []string{"title", "analysis.text", "description"}, false},
		{"General nature of the exploit", []string{"exploitation.details", "analysis.exploitation"}, false},
		{"Corrective or mitigating measures taken", []string{"extra.cra.measures_taken"}, false},
		{"Corrective or mitigating measures that users can take", []string{"extra.cra.measures_for_users"}, false},
		{"How sensitive this information is", []string{"tlp"}, true},
	},
	"14(2)(c)": {
		{"Description of the vulnerability", []string{"analysis.text", "description"}, false},
		{"Severity", []string{"assessment.cvss.vector"}, false},
		{"Impact", []string{"assessment.customer_impact"}, false},
		{"Malicious actor that exploited it, where known", []string{"extra.cra.actor"}, true},
		{"Security update or other corrective measure", []string{"remediation"}, false},
	},
	"14(4)(a)": {
		{"The manufacturer became aware of the incident at", []string{"cra.incident.aware_at"}, false},
		{"Suspected of being caused by unlawful or malicious acts", []string{"extra.cra.malicious"}, false},
	},
	"14(4)(b)": {
		{"General nature of the incident", []string{"cra.incident.text"}, false},
		{"Initial assessment", []string{"analysis.text"}, false},
		{"Corrective or mitigating measures taken", []string{"extra.cra.measures_taken"}, false},
		{"Corrective or mitigating measures that users can take", []string{"extra.cra.measures_for_users"}, false},
		{"How sensitive this information is", []string{"tlp"}, true},
	},
	"14(4)(c)": {
		{"Detailed description of the incident", []string{"cra.incident.text"}, false},
		{"Severity and impact", []string{"assessment.customer_impact"}, false},
		{"Type of threat or root cause", []string{"analysis.root_cause"}, false},
		{"Applied and ongoing mitigation measures", []string{"remediation"}, false},
	},
}

// fieldsOf fills a filing in from the report.
func fieldsOf(report psirt.Document, law psirt.Regulation, kind string, incident bool, f *Filing) []Field {
	out := []Field{{Asks: "Manufacturer", Value: law.Manufacturer, Missing: law.Manufacturer == "", Path: "regulation.manufacturer"}}
	for _, a := range append(append([]asks{}, general...), asked[article(kind, incident)]...) {
		field := Field{Asks: a.what, Path: a.paths[0], Value: valueOfField(report, a)}
		field.Missing = field.Value == "" && !a.optional
		out = append(out, field)
	}
	began := "exploitation.evidence"
	if incident {
		began = "cra.incident.evidence"
	}
	return append(out, Field{Asks: "What shows when the manufacturer became aware", Path: began, Value: f.Evidence, Missing: f.Evidence == ""})
}

func valueOfField(report psirt.Document, a asks) string {
	switch a.paths[0] {
	case "products":
		return lines(report, "products", productLine)
	case "remediation":
		return lines(report, "remediation", remedyLine)
	case "extra.cra.measures_taken":
		if words := firstOf(report, a.paths...); words != "" {
			return words
		}
		return lines(report, "remediation", remedyLine)
	case "extra.cra.measures_for_users":
		if words := firstOf(report, a.paths...); words != "" {
			return words
		}
		return lines(report, "remediation", func(m map[string]any) string {
			if m["kind"] != "workaround" && m["kind"] != "mitigation" {
				return ""
			}
			return said(m, "text")
		})
	}
	return firstOf(report, a.paths...)
}

// lines are the entries of a list of the report, a line each.
func lines(report psirt.Document, list string, line func(map[string]any) string) string {
	items, _ := report[list].([]any)
	var out []string
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			if l := line(m); l != "" {
				out = append(out, l)
			}
		}
	}
	return strings.Join(out, "\n")
}

func said(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return strings.TrimSpace(s)
}

func productLine(m map[string]any) string {
	out := strings.TrimSpace(said(m, "name") + " " + said(m, "part_number"))
	if versions, _ := m["versions"].([]any); len(versions) > 0 {
		out += ", version " + strings.Trim(strings.ReplaceAll(fmt.Sprint(versions), " ", ", "), "[]")
	}
	return out
}

func remedyLine(m map[string]any) string {
	if m["kind"] == "none-planned" {
		return ""
	}
	out := said(m, "kind") + ": " + said(m, "text")
	for _, more := range []string{"fixed_in", "reference", "available_at", "status"} {
		if s := said(m, more); s != "" {
			out += " (" + strings.ReplaceAll(more, "_", " ") + " " + s + ")"
		}
	}
	return out
}

// WriteText writes a filing for a person who reads it over and submits it.
func (f *Filing) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\n%s, Article %s\n", f.Title, strings.TrimSuffix(f.Law, ", Article 14"), f.Article)
	if f.To != "" {
		fmt.Fprintf(b, "To: %s\n", f.To)
	}
	fmt.Fprintf(b, "Our reference: %s\n", f.ID)
	if f.AwareAt.IsZero() {
		b.WriteString("Aware since: MISSING\n")
	} else {
		fmt.Fprintf(b, "Aware since: %s\n", f.AwareAt.Format(time.RFC3339))
	}
	if !f.Due.IsZero() {
		fmt.Fprintf(b, "Due: %s\n", f.Due.Format(time.RFC3339))
	}
	if f.Filed != "" {
		fmt.Fprintf(b, "Filed already: %s, reference %s\n", f.FiledAt.Format(time.RFC3339), f.Filed)
	}
	for _, field := range f.Fields {
		value := field.Value
		switch {
		case field.Missing:
			value = "MISSING"
		case value == "":
			value = "(not known, or not applicable)"
		}
		fmt.Fprintf(b, "\n%s\n  %s\n", field.Asks, strings.ReplaceAll(value, "\n", "\n  "))
	}
	return b.Flush()
}
