package psirt

import "slices"

// FixReady lists the products of a report whose fix is ready, in the order of the
// remediation: the state F of the case states by CERT/CC ("A State-Based Model for
// Multi-Party Coordinated Vulnerability Disclosure", CMU/SEI-2021-SR-021). A
// product has a fix, and none that is only planned. A line that names no product
// is for all that the report names.
func FixReady(report Document) []string {
	var ready, not []string
	list, _ := report["remediation"].([]any)
	for _, item := range list {
		line, _ := item.(map[string]any)
		if line["kind"] != "fix" {
			continue
		}
		products := report.Values("products.name")
		if name, ok := line["product"].(string); ok && name != "" {
			products = []any{name}
		}
		for _, v := range products {
			name, _ := v.(string)
			switch {
			case line["status"] != "available":
				not = append(not, name)
			case !slices.Contains(ready, name):
				ready = append(ready, name)
			}
		}
	}
	return slices.DeleteFunc(ready, func(name string) bool { return slices.Contains(not, name) })
}
