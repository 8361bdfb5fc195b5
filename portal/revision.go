package portal

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"comanda/internal/revision"
	"comanda/internal/web"
)

// seen is the request's context, for a change of something as the form showed it.
func (v *desk) seen() context.Context {
	if !v.Form.Has("revision") {
		return v.ctx()
	}
	n, _ := strconv.ParseInt(v.Form.Get("revision"), 10, 64)
	return revision.Seen(v.ctx(), n)
}

// bothVersions shows, beside what was sent, what somebody else saved meanwhile, and reports whether there is a difference: a
// form that was sent twice has none. words stand for values that say nothing to people.
func bothVersions(form *web.Form, now web.Form, words map[string]string, fields ...string) (differ bool) {
	form.Problem = "Somebody else saved this form while you had it open. What they saved stands below each field that differs. Save again to replace it by yours."
	for _, name := range fields {
		theirs, yours := now.Values(name), form.Values(name)
		if strings.Join(theirs, "\n") == strings.Join(yours, "\n") {
			continue
		}
		differ = true
		shown := slices.Clone(theirs)
		for i, value := range shown {
			shown[i] = cmp.Or(words[value], value)
		}
		form.Note(name, "Saved meanwhile: "+cmp.Or(strings.Join(shown, ", "), "nothing"))
	}
	return differ
}
