package developers

import (
	"fmt"
	"net/http"
	"strings"
)

// llms is the contents of the hub for programs that read (llmstxt.org): each guide as Markdown, and the API's documents.
func (d *Door) llms(w http.ResponseWriter, _ *http.Request) {
	var out strings.Builder
	fmt.Fprintf(&out, "# Comanda\n\n> The API, webhooks and event log of the restaurants at %s. It is compatible with the Flipdish API v1.0.\n", d.PublicURL)
	for _, s := range d.guides.sections {
		fmt.Fprintf(&out, "\n## %s\n\n", s.Title)
		for _, g := range s.Guides {
			fmt.Fprintf(&out, "- [%s](%s%s/%s.md): %s\n", g.Title, d.PublicURL, prefix, g.Slug, g.Lead)
		}
	}
	fmt.Fprintf(&out, "\n## Documents\n\n- [OpenAPI 3.1](%[1]s/openapi.json): every operation\n- [AsyncAPI 3.0](%[1]s/asyncapi.json): every event that webhooks send\n", d.PublicURL)
	text(w, "text/plain", out.String())
}
