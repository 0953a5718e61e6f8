package desk

// SecretNames are the secrets that doctor asks for, each as "environment NAME".
func SecretNames() []string {
	var out []string
	for _, s := range hostedSecrets {
		out = append(out, s.environment+" "+s.name)
	}
	return out
}
