package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Address is the URL of a sink, scheme://user:password@host:port,host:port/path?option=value, taken apart. Its user
// and password never stand in an error.
type Address struct {
	Scheme         string
	Hosts          []string // host or host:port, one at least
	User, Password string
	Path           string // without the slash in front
	Name           string
	From           Start
	TLS            *tls.Config // nil = plain

	rest url.Values // options that nobody has asked for yet
}

var sinkName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// ParseAddress reads the URL of a sink and the options that all kinds have: name, from, password-file, tls, ca, cert, cert-key.
// Without a password in the URL or in a file it is what the environment's COMANDA_SINK_PASSWORD says.
func ParseAddress(text string) (*Address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme == "" {
		return nil, errors.New("a sink is a URL such as nats://host:4222?stream=COMANDA or kafka://host:9092/topic")
	}
	// By hand: net/url takes no list of hosts, and puts the password into its errors.
	tail := ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 && !strings.Contains(rest[i:], "@") {
		rest, tail = rest[:i], rest[i:]
	} else if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if i := strings.IndexAny(rest[at:], "/?"); i >= 0 {
			rest, tail = rest[:at+i], rest[at+i:]
		}
	}
	a := &Address{Scheme: scheme}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		rest = rest[at+1:]
		var err error
		if a.User, err = url.PathUnescape(user); err == nil {
			a.Password, err = url.PathUnescape(password)
		}
		if err != nil {
			return nil, errors.New("the user or the password of the URL is not percent-encoded")
		}
	}
	for host := range strings.SplitSeq(rest, ",") {
		if host == "" || strings.ContainsAny(host, " \t@") {
			return nil, fmt.Errorf("%s: name a host, or several with commas between them, such as %s://one:1234,two:1234", scheme, scheme)
		}
		a.Hosts = append(a.Hosts, host)
	}
	path, query, _ := strings.Cut(tail, "?")
	a.Path = strings.TrimPrefix(path, "/")
	var err error
	if a.rest, err = url.ParseQuery(query); err != nil {
		return nil, fmt.Errorf("%s: what stands after ? is not a list of option=value with & between them", scheme)
	}
	return a, a.common()
}

// common reads the options that all kinds have.
func (a *Address) common() error {
	if a.Name = a.Option("name", a.Scheme); !sinkName.MatchString(a.Name) {
		return fmt.Errorf("name=%.60q: take small letters, digits and hyphens, at most 40", a.Name)
	}
	switch a.From = Start(a.Option("from", string(Latest))); a.From {
	case Latest, Oldest:
	default:
		return fmt.Errorf("from=%.40q: take latest or oldest", a.From)
	}
	if file := a.Option("password-file", ""); file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("password-file: %w", err)
		}
		a.Password = strings.TrimRight(string(raw), "\r\n")
	}
	if a.Password == "" && a.User != "" {
		a.Password = os.Getenv("COMANDA_SINK_PASSWORD")
	}
	return a.transport()
}

func (a *Address) transport() error {
	ca, cert, key := a.Option("ca", ""), a.Option("cert", ""), a.Option("cert-key", "")
	use, err := a.Flag("tls", ca != "" || cert != "")
	if err != nil || !use {
		return err
	}
	a.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		raw, err := os.ReadFile(ca)
		if err != nil {
			return fmt.Errorf("ca: %w", err)
		}
		a.TLS.RootCAs = x509.NewCertPool()
		if !a.TLS.RootCAs.AppendCertsFromPEM(raw) {
			return fmt.Errorf("ca: %s has no certificate in PEM form", ca)
		}
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("cert, cert-key: %w", err)
		}
		a.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// Option takes an option of the URL.
func (a *Address) Option(name, otherwise string) string {
	value := a.rest.Get(name)
	delete(a.rest, name)
	if value == "" {
		return otherwise
	}
	return value
}

// Flag takes an option that is true or false.
func (a *Address) Flag(name string, otherwise bool) (bool, error) {
	text := a.Option(name, strconv.FormatBool(otherwise))
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s=%.20q: take true or false", name, text)
	}
	return value, nil
}

// Number takes an option that is a whole number of at least 1.
func (a *Address) Number(name string, otherwise int) (int, error) {
	text := a.Option(name, strconv.Itoa(otherwise))
	n, err := strconv.ParseInt(text, 10, 31)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%.20q: take a number from 1 on", name, text)
	}
	return int(n), nil
}

// Unknown complains of options that nobody took.
func (a *Address) Unknown() error {
	if len(a.rest) == 0 {
		return nil
	}
	var names []string
	for n := range a.rest {
		names = append(names, n)
	}
	slices.Sort(names)
	return fmt.Errorf("%s sinks have no option %.100q", a.Scheme, strings.Join(names, ", "))
}
