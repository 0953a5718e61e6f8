package githubtest

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// object is a JSON object.
type object = map[string]any

// complete adds to a value what its schema requires and the fake has nothing
// to say about, such as the dozen addresses of every user: the smallest value
// that the schema allows. What the fake knows stays as it is; the answer is
// validated afterwards.
func complete(ref *openapi3.SchemaRef, value any) any {
	if ref == nil || ref.Value == nil || value == nil {
		return value
	}
	s := ref.Value
	for _, part := range s.AllOf {
		value = complete(part, value)
	}
	if one := chosen(s, value); one != nil {
		return complete(one, value)
	}
	switch v := value.(type) {
	case map[string]any:
		return completeObject(s, v)
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = complete(s.Items, inner)
		}
		return out
	}
	return value
}

func completeObject(s *openapi3.Schema, v object) any {
	out := object{}
	closed := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
	for key, inner := range v {
		property := s.Properties[key]
		if property == nil && closed {
			continue
		}
		out[key] = complete(property, inner)
	}
	for _, key := range s.Required {
		if _, ok := out[key]; !ok && s.Properties[key] != nil {
			out[key] = smallest(s.Properties[key])
		}
	}
	return out
}

// chosen picks the first alternative that accepts the completed value.
func chosen(s *openapi3.Schema, value any) *openapi3.SchemaRef {
	for _, alternatives := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		for _, a := range alternatives {
			if a.Value.VisitJSON(plain(complete(a, value))) == nil {
				return a
			}
		}
	}
	return nil
}

// smallest is a small value that a schema allows.
func smallest(ref *openapi3.SchemaRef) any {
	s := ref.Value
	switch {
	case s.Nullable:
		return nil
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return smallest(s.OneOf[0])
	case len(s.AnyOf) > 0:
		return smallest(s.AnyOf[0])
	case s.Type.Is("string"):
		return smallestString(s)
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 0
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("array"):
		return []any{}
	}
	return complete(ref, object{})
}

func smallestString(s *openapi3.Schema) string {
	switch {
	case s.Format == "date-time":
		return "2011-01-26T19:01:12Z"
	case slices.Contains([]string{"uri", "uri-template"}, s.Format):
		return "https://github.com/"
	case s.Format == "email":
		return "nobody@example.org"
	case s.MinLength > 0:
		return "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[:s.MinLength]
	}
	return ""
}
