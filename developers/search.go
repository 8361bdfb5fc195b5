package developers

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"comanda/account/visit"
)

// entry is something that can be found: a section of a guide, or an operation.
type entry struct {
	Title, Of string // what it is, and what it is part of
	Path      string
	text      string
}

// Found is an entry, with the words around the first that was asked for.
type Found struct {
	entry
	Around string
}

// most results are shown.
const most = 30

func (l *library) entries() (out []entry) {
	for _, g := range l.all() {
		out = append(out, g.words...)
	}
	return out
}

func operationEntries(all []Operation) (out []entry) {
	for _, o := range all {
		out = append(out, entry{Title: o.Method + " " + o.Path, Of: "API reference · " + o.Tag, Path: prefix + "/reference#" + o.ID, text: o.Summary + ". " + o.ID})
	}
	return out
}

func (d *Door) search(v *visit.Visit) error {
	q := strings.TrimSpace(v.R.URL.Query().Get("q"))
	return d.show(v, view{Name: "search", Title: "Search", Query: q, Data: struct {
		Query string
		Found []Found
		Most  int
	}{q, find(d.index, q), most}})
}

// find lists the entries that have all words of a query, those with the words in their titles first.
func find(index []entry, query string) (out []Found) {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	score := map[string]int{}
	for _, e := range index {
		title, of, text := strings.ToLower(e.Title), strings.ToLower(e.Of), strings.ToLower(e.text)
		points := 0
		for _, w := range words {
			in := 8*has(title, w) + 4*has(of, w) + min(strings.Count(text, w), 3)
			if in == 0 {
				points = 0
				break
			}
			points += in
		}
		if points > 0 {
			score[e.Path] = points
			out = append(out, Found{e, around(e.text, words[0])})
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int { return cmp.Compare(score[b.Path], score[a.Path]) })
	return out[:min(len(out), most)]
}

func has(text, word string) int {
	if strings.Contains(text, word) {
		return 1
	}
	return 0
}

// around is a piece of a text around the first place of a word, whole words of it.
func around(text, word string) string {
	const before, length = 60, 180
	text = strings.Join(strings.Fields(text), " ")
	at := max(strings.Index(strings.ToLower(text), word), 0)
	from, to := max(min(at, len(text))-before, 0), min(at+length-before, len(text))
	out := text[from:to]
	if from > 0 {
		_, out, _ = strings.Cut(out, " ")
		out = "… " + out
	}
	if to < len(text) {
		if cut := strings.LastIndex(out, " "); cut > 0 {
			out = out[:cut]
		}
		out += " …"
	}
	if !utf8.ValidString(out) {
		out = strings.ToValidUTF8(out, "")
	}
	return out
}
