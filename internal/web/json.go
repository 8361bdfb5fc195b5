package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

// foldFrom is the depth from which what has members is folded: of an envelope one sees the event, of its order that it is there.
const foldFrom = 2

// foldedJSON shows a text of JSON with its keys and values told apart and what lies deep folded, for a pre-formatted element
// of the class json. A text that is no JSON is shown as it is.
func foldedJSON(text string) template.HTML {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	j := folder{d: d}
	if value, err := j.value(0); err == nil && !d.More() {
		return template.HTML(value.html) //nolint:gosec // every text in it is escaped
	}
	return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // escaped
}

// folder writes one text of JSON.
type folder struct{ d *json.Decoder }

// folded is a value as it is shown: html where it is open, brief as one of the first members of something folded.
type folded struct {
	html, brief string
}

func (j *folder) value(depth int) (folded, error) {
	token, err := j.d.Token()
	if err != nil {
		return folded{}, err
	}
	switch token := token.(type) {
	case json.Delim:
		return j.members(depth, token)
	case string:
		return scalar("s", quote(token)), nil
	default:
		text, err := json.Marshal(token)
		return scalar("n", string(text)), err
	}
}

// members writes an object or an array whose opening was read.
func (j *folder) members(depth int, open json.Delim) (folded, error) {
	var lines, first []string
	for j.d.More() {
		key := ""
		if open == '{' {
			token, err := j.d.Token()
			if err != nil {
				return folded{}, err
			}
			key = token.(string) //nolint:forcetypeassert // the decoder holds keys to be strings
		}
		v, err := j.value(depth + 1)
		if err != nil {
			return folded{}, err
		}
		line := strings.Repeat("  ", depth+1)
		if open == '{' {
			line += `<span class="k">` + template.HTMLEscapeString(quote(key)) + `</span>: `
		}
		lines = append(lines, line+v.html)
		if open == '{' && len(first) < 2 && v.brief != "" {
			first = append(first, template.HTMLEscapeString(key)+" "+v.brief)
		}
	}
	closing, err := j.d.Token()
	if err != nil {
		return folded{}, err
	}
	from, to := open.String(), fmt.Sprint(closing)
	if len(lines) == 0 {
		return folded{html: from + to}, nil
	}
	body := strings.Join(lines, ",\n") + "\n" + strings.Repeat("  ", depth)
	if depth < foldFrom {
		return folded{html: `<span class="c">` + from + "</span>\n" + body + `<span class="c">` + to + `</span>`}, nil
	}
	about := strings.Join(first, ", ")
	switch rest := len(lines) - len(first); {
	case open == '[':
		about = fmt.Sprintf("%d in a list", len(lines))
	case rest > 0 && about == "":
		about = fmt.Sprintf("%d inside", rest)
	case rest > 0:
		about += fmt.Sprintf(", %d more", rest)
	}
	return folded{html: `<details><summary>` + from + ` <span class="c">` + about + `</span> ` + to + `</summary>` + body + `</details>`}, nil
}

func scalar(class, text string) folded {
	text = template.HTMLEscapeString(text)
	out := folded{html: `<span class="` + class + `">` + text + `</span>`}
	if text != "null" {
		out.brief = text
	}
	return out
}

// quote writes a string of JSON as people read it: < and & stay.
func quote(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string never fails
	return strings.TrimSuffix(out.String(), "\n")
}
