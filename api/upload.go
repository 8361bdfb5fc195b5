package api

import (
	"errors"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/internal/fault"
)

// maxUpload is the limit of a multipart body. It is read into memory: nothing of an upload is left on the disk.
const maxUpload = 5 << 20

// uploadFields are the declared parts of a multipart operation, nil where there is none. Its input has
// RawBody huma.MultipartFormFiles[struct{ Image huma.FormFile `form:"Image" contentType:"image/png,image/jpeg"` }].
func uploadFields(op *huma.Operation) []string {
	if op.RequestBody == nil || op.RequestBody.Content["multipart/form-data"] == nil {
		return nil
	}
	var names []string
	for name := range op.RequestBody.Content["multipart/form-data"].Schema.Properties {
		names = append(names, name)
	}
	return names
}

// readForm reads the parts; their names match in any case.
func (c *call) readForm(fields []string) error {
	if !strings.HasPrefix(strings.ToLower(c.r.Header.Get("Content-Type")), "multipart/form-data") {
		return unsupported(c.r.Header.Get("Content-Type"), "Send the file as multipart/form-data, in the field "+strings.Join(fields, " or ")+".")
	}
	if c.r.ContentLength > maxUpload {
		return tooLarge(maxUpload)
	}
	c.r.Body = http.MaxBytesReader(c.w.ResponseWriter, c.r.Body, maxUpload)
	err := c.r.ParseMultipartForm(maxUpload)
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return tooLarge(maxUpload)
	}
	if err != nil {
		return fault.New(fault.Invalid, "The body is not a readable multipart form.").With("Send the file as multipart/form-data.")
	}
	c.form = &multipart.Form{Value: map[string][]string{}, File: map[string][]*multipart.FileHeader{}}
	for name, values := range c.r.MultipartForm.Value {
		name = declared(fields, name)
		c.form.Value[name] = append(c.form.Value[name], values...)
	}
	for name, files := range c.r.MultipartForm.File {
		name = declared(fields, name)
		c.form.File[name] = append(c.form.File[name], files...)
	}
	return nil
}

func declared(fields []string, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f, name) {
			return f
		}
	}
	return name
}

// GetMultipartForm implements huma.Context: the form has been read.
func (c *call) GetMultipartForm() (*multipart.Form, error) { return c.form, nil }
