package api

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed descriptions.md
var descriptionsMD string

// description is what descriptions.md tells of an operation.
type description struct {
	text     string         // a paragraph
	events   []string       // names of the events that a call may append
	refusals map[int]string // what a status means here, as sentences
}

var refusalLine = regexp.MustCompile(`^([45]\d\d): (.+)$`)

// descriptions are the operations of descriptions.md by id. A test compares them with the table of routes.
var descriptions = sync.OnceValue(func() map[string]description {
	out := map[string]description{}
	for i, part := range strings.Split("\n"+descriptionsMD, "\n## ") {
		if i == 0 {
			continue // what the file says of itself
		}
		id, body, _ := strings.Cut(part, "\n")
		if _, twice := out[id]; twice {
			panic(fmt.Sprintf("descriptions.md: %s stands there twice", id))
		}
		out[id] = parseDescription(body)
	}
	return out
})

func parseDescription(body string) description {
	d := description{refusals: map[int]string{}}
	var text []string
	for line := range strings.Lines(strings.TrimSpace(body)) {
		line = strings.TrimSpace(line)
		if names, ok := strings.CutPrefix(line, "events: "); ok {
			d.events = strings.Split(names, ", ")
			continue
		}
		if m := refusalLine.FindStringSubmatch(line); m != nil {
			status, _ := strconv.Atoi(m[1])
			d.refusals[status] = m[2]
			continue
		}
		text = append(text, line)
	}
	d.text = strings.Join(text, " ")
	return d
}
