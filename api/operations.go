package api

// Operation is a served operation, for who lists them.
type Operation struct {
	ID, Method, Path, Summary string
	Description               string   // what there is to know beyond the summary
	Events                    []string // names of the events that a call may append
	Tag, About                string   // the tag that it belongs to, and what that is
}

// Operations is every operation that is served, in the order of the table of routes.
func Operations() (out []Operation) {
	for _, g := range (&server{}).routes() {
		for _, r := range g.rows {
			d := descriptions()[r.id]
			out = append(out, Operation{r.id, r.method, r.path, r.summary, d.text, d.events, g.tag, g.about})
		}
	}
	return out
}
