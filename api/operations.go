package api

// Operation is a served operation, for who lists them.
type Operation struct {
	ID, Method, Path, Summary string
	Tag, About                string // the tag that it belongs to, and what that is
}

// Operations is every operation that is served, in the order of the table of routes.
func Operations() (out []Operation) {
	for _, g := range (&server{}).routes() {
		for _, r := range g.rows {
			out = append(out, Operation{r.id, r.method, r.path, r.summary, g.tag, g.about})
		}
	}
	return out
}
