package portal_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"comanda/account"
)

func picture(t testing.TB, side int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestALogoIsAFileThatIsWhatItSays(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		at := s.path("apps", s.made.OAuthAppID)
		for _, c := range []struct {
			what, name string
			content    []byte
			says       string
		}{
			{"a page that is called a picture", "logo.png", []byte("<script>alert(1)</script>"), "The file is no PNG, JPEG, WebP or GIF image"},
			{"a drawing, which can hold a script", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "The file is no PNG"},
			{"an empty file", "logo.png", nil, "Choose a file"},
			{"a picture of too many pixels", "logo.png", picture(t, 8193), "8192 a side is the most"},
			{"a file of more than 1 MiB", "logo.png", append(picture(t, 2), make([]byte, account.MaxImage)...), "The file is larger than 1 MiB"},
		} {
			got := p.upload(at+"/logo", "image", c.name, c.content)
			p.has(c.what, got, http.StatusBadRequest, c.says, `id="image-error"`)
		}
		p.has("a form far too long", p.upload(at+"/logo", "image", "logo.png", make([]byte, 3<<20)), http.StatusRequestEntityTooLarge, "choose a smaller one")
		p.has("no file at all", p.post(at+"/logo"), http.StatusBadRequest, "Choose a file")

		shown := regexp.MustCompile(`<img class="tile" src="(/assets/[0-9a-f]{32}\.png)"`)
		logo := func(side int) string {
			got := p.upload(at+"/logo", "image", "anything.exe", picture(t, side))
			p.has("a logo", got, http.StatusOK)
			m := shown.FindStringSubmatch(got.text)
			if m == nil {
				t.Fatal("no logo on the page")
			}
			return s.url + m[1]
		}
		first := logo(2)
		p.has("its file", p.get(first), http.StatusOK, "PNG")
		second := logo(3)
		p.has("the file before", p.get(first), http.StatusNotFound)

		p.post(at+"/uris", "uri", "https://rider.example.com/back")
		ask := s.url + "/identity/connect/authorize?response_type=code&scope=api&redirect_uri=https%3A%2F%2Frider.example.com%2Fback&client_id=" + s.made.OAuthAppID +
			"&code_challenge_method=S256&code_challenge=" + strings.Repeat("a", 43)
		p.has("who is asked to let the app in", p.get(ask), http.StatusOK, "Let Till sync in?", `<img class="tile" src="`+strings.TrimPrefix(second, s.url)+`"`)

		p.has("the app is deleted", p.post(at+"/delete"), http.StatusOK)
		p.has("its logo", p.get(second), http.StatusNotFound)
	})
}
