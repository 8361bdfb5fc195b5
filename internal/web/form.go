package web

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"comanda/internal/fault"
)

// maxForm is more than the fields of any form of ours, maxUpload more than a file that is sent with them.
const (
	maxForm   = 64 << 10
	maxUpload = 2 << 20
)

// Form is what a form shows again after it was refused. The zero Form is an empty one.
type Form struct {
	Problem string            // what is wrong with the whole, not with one field
	Errors  map[string]string // by the field's name
	values  url.Values
	first   string // the first field with an error takes the cursor
}

// ReadForm reads the body of a form, never the query, so that no value of it can come from a link.
// Its file, if one was sent, is in memory; Upload returns it.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	unreadable := fault.New(fault.Invalid, "The form could not be read.").With("Go back, reload the page and send it again.")
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		switch err := r.ParseMultipartForm(maxUpload); { //nolint:gosec // the body is bounded above
		case errors.As(err, new(*http.MaxBytesError)):
			return nil, fault.New(fault.TooLarge, "The file is too large.").With("Go back and choose a smaller one.")
		case err != nil:
			return nil, unreadable
		}
		return r.PostForm, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, unreadable
	}
	return r.PostForm, nil
}

// Upload is the content of the file that a form sent in a field, of which it reads one byte more than most; nil when none was
// chosen.
func Upload(r *http.Request, name string, most int64) ([]byte, error) {
	if r.MultipartForm == nil || len(r.MultipartForm.File[name]) == 0 {
		return nil, nil
	}
	f, err := r.MultipartForm.File[name][0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// Again is a form with what was sent and what is wrong with it. Faults about fields that the form has stand beside them;
// the wire names of fields differ from a form's by letter case only. Errors that are no faults are not for people.
func Again(values url.Values, err error, fields ...string) Form {
	f := Form{values: values, Errors: map[string]string{}}
	fe := (*fault.Error)(nil)
	if !errors.As(err, &fe) {
		return f
	}
	for _, name := range fields {
		for _, wrong := range fe.Fields {
			if strings.EqualFold(name, wrong.Name) && f.Errors[name] == "" {
				f.Errors[name] = sentence(wrong.Message)
			}
		}
		if f.first == "" && f.Errors[name] != "" {
			f.first = name
		}
	}
	if f.first == "" {
		f.Problem = fe.Error()
	}
	return f
}

// Note says something of a field, beside what is said of others.
func (f *Form) Note(field, message string) {
	if f.first == "" {
		f.first = field
	}
	f.Errors[field] = message
}

// Wrong says what is wrong with one field.
func (f Form) Wrong(field, message string) Form {
	f.Errors, f.first, f.Problem = map[string]string{field: message}, field, ""
	return f
}

// Filled is a form with values that stand in it at first; a name may come more than once.
func Filled(pairs ...string) Form {
	f := Form{values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// Value is what stands in a field.
func (f Form) Value(name string) string { return f.values.Get(name) }

// Values are what was chosen in a field of many choices.
func (f Form) Values(name string) []string { return f.values[name] }

// Field is one input with its label, as the part "field" draws it.
type Field struct {
	Name, Label, Value, Hint, Error string
	Focus                           bool
	Attributes                      template.HTMLAttr
}

// Field describes an input in a template: attributes are name=value or a bare name; hint=… stands below the input, and
// the pseudo-attribute focus asks for the cursor, which the first field with an error takes instead. Empty ones are skipped.
// A password is never sent back.
func (f Form) Field(name, label string, attributes ...string) Field {
	out := Field{Name: name, Label: label, Value: f.values.Get(name), Error: f.Errors[name], Focus: name == f.first && name != ""}
	var attrs strings.Builder
	for _, a := range attributes {
		key, value, valued := strings.Cut(a, "=")
		switch {
		case a == "":
			continue
		case key == "hint":
			out.Hint = value
			continue
		case key == "focus":
			out.Focus = out.Focus || f.first == ""
			continue
		case a == "type=password":
			out.Value = ""
		}
		if valued {
			fmt.Fprintf(&attrs, ` %s="%s"`, key, template.HTMLEscapeString(value))
		} else {
			attrs.WriteString(" " + key)
		}
	}
	out.Attributes = template.HTMLAttr(attrs.String()) //nolint:gosec // names are ours, values escaped
	return out
}

// sentence makes a field's message, which follows its name on the wire, stand alone.
func sentence(m string) string {
	if m == "" {
		return m
	}
	m = strings.ToUpper(m[:1]) + m[1:]
	if !strings.HasSuffix(m, ".") {
		m += "."
	}
	return m
}

// OnField moves what is wrong with the whole form beside the one field that it is about.
func (f Form) OnField(name string) Form {
	if f.Problem == "" {
		return f
	}
	return f.Wrong(name, f.Problem)
}
