package oauth

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxForm is how large a request to the token endpoint may be.
const maxForm = 64 << 10

// credentials are what a client says of itself.
type credentials struct{ id, secret string }

// tokenRequest is a request to the token endpoint as it arrived: the parameters that matter, each there once.
type tokenRequest struct {
	grantType, scope string
	client           credentials
}

// tokenParameters are those that must not be repeated or travel in the address.
var tokenParameters = []string{"grant_type", "scope", "client_id", "client_secret"}

// parseTokenRequest reads a request of the token endpoint. Errors are *problem.
func parseTokenRequest(r *http.Request) (tokenRequest, error) {
	var t tokenRequest
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return t, invalidRequest("Send the parameters in the body as application/x-www-form-urlencoded.")
	}
	if q := r.URL.Query(); r.URL.RawQuery != "" {
		for _, name := range tokenParameters {
			if q.Has(name) {
				return t, invalidRequest("Send " + name + " in the body, never in the address.")
			}
		}
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return t, &problem{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: "The request is larger than 64 KiB."}
	}
	if err != nil {
		return t, invalidRequest("The request ended early.")
	}
	form, err := parseForm(string(body))
	if err != nil {
		return t, err
	}
	t.grantType, t.scope = form["grant_type"], form["scope"]
	t.client, err = clientOf(r.Header.Values("Authorization"), form)
	return t, err
}

// parseForm reads a form whose parameters are all there once; an empty value counts as absent (RFC 6749, 3.2).
func parseForm(body string) (map[string]string, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, invalidRequest("The body is not a well-formed form.")
	}
	form := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) > 1 {
			return nil, invalidRequest("A parameter is there more than once.")
		}
		if all[0] != "" {
			form[name] = all[0]
		}
	}
	return form, nil
}

// clientOf takes a client's credentials from the header or from the body, whichever has them; both is an error.
func clientOf(authorization []string, form map[string]string) (credentials, error) {
	body := credentials{form["client_id"], form["client_secret"]}
	switch {
	case len(authorization) > 1:
		return credentials{}, invalidRequest("There is more than one Authorization header.")
	case len(authorization) == 0 || strings.TrimSpace(authorization[0]) == "":
		if body.id == "" || body.secret == "" {
			return credentials{}, invalidClient("Send client_id and client_secret, by HTTP Basic or in the body.")
		}
		return body, nil
	case body.secret != "":
		return credentials{}, invalidRequest("Send the credentials by HTTP Basic or in the body, not by both.")
	}
	basic, err := parseBasic(authorization[0])
	if err != nil {
		return credentials{}, err
	}
	if body.id != "" && body.id != basic.id {
		return credentials{}, invalidRequest("client_id differs from the one in the Authorization header.")
	}
	return basic, nil
}

// parseBasic reads an HTTP Basic header whose two parts are form-encoded (RFC 6749, 2.3.1).
func parseBasic(header string) (credentials, error) {
	scheme, encoded, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, invalidClient("The Authorization header is not HTTP Basic.")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return credentials{}, invalidRequest("The Authorization header is not base64.")
	}
	id, secret, ok := strings.Cut(string(raw), ":")
	if !ok {
		return credentials{}, invalidRequest("The Authorization header has no colon between client_id and client_secret.")
	}
	var c credentials
	if c.id, err = url.QueryUnescape(id); err == nil {
		c.secret, err = url.QueryUnescape(secret)
	}
	if err != nil {
		return credentials{}, invalidRequest("The parts of the Authorization header are not form-encoded.")
	}
	if c.id == "" || c.secret == "" {
		return credentials{}, invalidClient("Send client_id and client_secret, by HTTP Basic or in the body.")
	}
	return c, nil
}
