package schema

import (
	"fmt"
	"regexp"
	"strings"
)

var typeNames = map[string]string{
	"object": "an object", "array": "a list", "string": "text", "integer": "a whole number",
	"number": "a number", "boolean": "true or false", "null": "nothing",
}

var formatNames = map[string]string{
	"date":      "a date such as 2026-11-22",
	"date-time": "a time with zone, such as 2026-11-22T09:14:03Z (RFC 3339)",
	"email":     "a mail address such as psirt@example.org",
	"uri":       "an absolute URI such as https://example.org/security",
}

// want says what a keyword of a schema asks for, in a phrase that follows
// "expected". value is the keyword's value, node the schema that it stands in.
func want(keyword string, value any, node map[string]any) string {
	number := fmt.Sprint(value)
	switch keyword {
	case "type":
		return typed(value)
	case "const":
		return number
	case "enum":
		return "one of " + strings.Join(texts(value), ", ")
	case "pattern":
		return patterned(number, node)
	case "format":
		if name, ok := formatNames[number]; ok {
			return name
		}
		return "text in the format " + number
	case "minimum":
		return number + " or more"
	case "maximum":
		return number + " or less"
	case "minLength":
		return "text of at least " + count(number, "character")
	case "maxLength":
		return "text of at most " + count(number, "character")
	case "minItems":
		return "a list of at least " + count(number, "item")
	case "maxItems":
		return "a list of at most " + count(number, "item")
	case "minProperties":
		return "at least " + count(number, "field")
	case "uniqueItems":
		return "a list without repetitions"
	case "oneOf", "anyOf":
		return alternatives(keyword, value, node)
	}
	return described("what the schema describes", node)
}

func count(number, thing string) string {
	if number == "1" {
		return "1 " + thing
	}
	return number + " " + thing + "s"
}

func typed(value any) string {
	if one, ok := value.(string); ok {
		return typeNames[one]
	}
	var out []string
	for _, name := range texts(value) {
		out = append(out, typeNames[name])
	}
	return strings.Join(out, " or ")
}

// patterned shows an example where the schema has one: people read it faster
// than a regular expression.
func patterned(pattern string, node map[string]any) string {
	out := "text that matches " + pattern
	if examples := texts(node["examples"]); len(examples) > 0 {
		out += ", such as " + examples[0]
	}
	return out
}

// alternatives names the fields to choose from where each alternative is just
// a required field.
func alternatives(keyword string, value any, node map[string]any) string {
	list, _ := value.([]any)
	var out []string
	for _, item := range list {
		branch, _ := item.(map[string]any)
		required := texts(branch["required"])
		if len(required) == 0 {
			return described("one of the forms that the schema describes", node)
		}
		out = append(out, strings.Join(required, " with "))
	}
	if keyword == "oneOf" {
		return "exactly one of " + strings.Join(out, ", ")
	}
	return "at least one of " + strings.Join(out, ", ")
}

func described(otherwise string, node map[string]any) string {
	if text, ok := node["description"].(string); ok {
		return otherwise + ": " + text
	}
	return otherwise
}

// matches reports whether a name matches a pattern of the schema.
func matches(pattern, name string) bool {
	form, err := regexp.Compile(pattern)
	return err == nil && form.MatchString(name)
}
