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

// maxForm is how large a request to an endpoint here may be.
const maxForm = 64 << 10

// maxRequest is how large the parameters of an authorization request may be: they travel in the address of our own pages,
// or are stored when anybody pushes them ahead.
const maxRequest = 8 << 10

// params are the parameters of one request, each there once; an empty value counts as absent (RFC 6749, 3.1 and 3.2).
type params map[string]string

// size is how many bytes names and values are.
func (p params) size() (n int) {
	for name, value := range p {
		n += len(name) + len(value)
	}
	return n
}

// errRepeated says that a parameter is there more than once.
var errRepeated = invalidRequest("A parameter is there more than once.")

// parseParams reads a form or query string. On errRepeated the parameters that are there once are returned all the same.
func parseParams(text string) (params, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalidRequest("The parameters are not a well-formed form.")
	}
	p := make(params, len(values))
	for name, all := range values {
		switch {
		case len(all) > 1:
			err = errRepeated
		case all[0] != "":
			p[name] = all[0]
		}
	}
	return p, err
}

// inBodyOnly are parameters that must not travel in an address, where logs and histories keep them.
var inBodyOnly = []string{
	"grant_type", "scope", "client_id", "client_secret", "client_assertion", "code", "code_verifier", "refresh_token",
	"device_code", "token", "access_token",
}

// formOf reads the body of a POST to an endpoint for clients.
func formOf(r *http.Request) (params, error) {
	text, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	if r.URL.RawQuery != "" {
		q := r.URL.Query()
		for _, name := range inBodyOnly {
			if q.Has(name) {
				return nil, invalidRequest("Send " + name + " in the body, never in the address.")
			}
		}
	}
	return parseParams(text)
}

// carriedBy is the text of the parameters of a request to a page that takes GET and POST.
func carriedBy(r *http.Request) (string, error) {
	if r.Method == http.MethodPost {
		return bodyOf(r)
	}
	return r.URL.RawQuery, nil
}

func bodyOf(r *http.Request) (string, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return "", invalidRequest("Send the parameters in the body as application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxForm))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return "", &problem{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: "The request is larger than 64 KiB."}
	}
	if err != nil {
		return "", invalidRequest("The request ended early.")
	}
	return string(body), nil
}

// How a client authenticates, as discovery names it.
const (
	authBasic      = "client_secret_basic"
	authPost       = "client_secret_post"
	authPrivateKey = "private_key_jwt"
	authNone       = "none"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credentials are what a client says of itself: a secret, a signed assertion, or only who it is.
type credentials struct{ method, id, secret, assertion string }

// credentialsOf takes a client's credentials from the header or from the body, whichever has them; both is an error.
func credentialsOf(authorization []string, form params) (credentials, error) {
	id, secret, assertion := form["client_id"], form["client_secret"], form["client_assertion"]
	inHeader := len(authorization) > 0 && strings.TrimSpace(authorization[0]) != ""
	switch {
	case len(authorization) > 1:
		return credentials{}, invalidRequest("There is more than one Authorization header.")
	case inHeader && (secret != "" || assertion != ""), secret != "" && assertion != "":
		return credentials{}, invalidRequest("Authenticate by one method only: HTTP Basic, client_secret or client_assertion.")
	case inHeader:
		basic, err := parseBasic(authorization[0])
		if err == nil && id != "" && id != basic.id {
			return credentials{}, invalidRequest("client_id differs from the one in the Authorization header.")
		}
		return basic, err
	case assertion != "":
		if form["client_assertion_type"] != assertionType {
			return credentials{}, invalidRequest("client_assertion_type must be " + assertionType + ".")
		}
		if id == "" {
			id = unverifiedSubject(assertion)
		}
		if id == "" {
			return credentials{}, invalidClient("The client_assertion is not a JWT whose sub is a client_id.")
		}
		return credentials{method: authPrivateKey, id: id, assertion: assertion}, nil
	case id == "":
		return credentials{}, invalidClient("Send client_id and client_secret, by HTTP Basic or in the body.")
	case secret == "":
		return credentials{method: authNone, id: id}, nil
	}
	return credentials{method: authPost, id: id, secret: secret}, nil
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
	c := credentials{method: authBasic}
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
