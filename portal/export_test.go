package portal

// Patterns are those of every page of a brand.
func Patterns() (out []string) {
	for _, r := range (&Door{}).routes() {
		out = append(out, r.pattern)
	}
	return out
}
