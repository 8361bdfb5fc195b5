package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"
)

func form(t *testing.T, field, contentType string, content []byte) (body, ct string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename="menu.png"`, field)},
		"Content-Type":        {contentType},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestUploads(t *testing.T) {
	s := probe(t)
	small, big := []byte("pixels"), bytes.Repeat([]byte("x"), maxUpload+1)
	for _, c := range []struct {
		name, field, ct string
		content         []byte
		status          int
		want            string
	}{
		{"as declared", "Image", "image/png", small, 200, `{"Data":"menu.png image/png pixels"}`},
		{"in another case", "image", "image/png", small, 200, `pixels`},
		{"another field", "Picture", "image/png", small, 400, `"FieldName":"Image"`},
		{"another type", "Image", "text/html", small, 400, `"FieldName":"Image"`},
		{"too large", "Image", "image/png", big, 413, `larger than`},
	} {
		body, ct := form(t, c.field, c.ct, c.content)
		w := send(t, s, post, "/api/v1.0/probe/upload", body, "Content-Type", ct)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	for _, c := range []struct {
		ct, body string
		status   int
	}{
		{"application/json", `{}`, 415},
		{"multipart/form-data", `x`, 400},
		{"multipart/form-data; boundary=b", `--b`, 400},
	} {
		if w := send(t, s, post, "/api/v1.0/probe/upload", c.body, "Content-Type", c.ct); w.Code != c.status {
			t.Errorf("%s: %d %s", c.ct, w.Code, w.Body)
		}
	}
}
