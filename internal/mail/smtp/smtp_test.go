package smtp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"comanda/internal/mail"
	"comanda/internal/mail/smtp"
)

// server is a mail server for one conversation after the other. It offers STARTTLS, then AUTH PLAIN.
type server struct {
	net.Listener
	tls   *tls.Config
	roots *x509.CertPool

	noTLS    bool
	implicit bool              // TLS from the start
	refuse   map[string]string // command → answer
	received chan envelope
}

type envelope struct {
	from, to, user string
	encrypted      bool
	data           string
}

// newServer starts a server that set has changed.
func newServer(t *testing.T, set func(*server)) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		tls:   &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		roots: x509.NewCertPool(), refuse: map[string]string{}, received: make(chan envelope, 10),
	}
	s.roots.AddCert(cert)
	set(s)
	s.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	go func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return s
}

func (s *server) url(user string) string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	if user != "" {
		user += "@"
	}
	return "smtp://" + user + "localhost:" + port
}

func (s *server) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	var e envelope
	if s.implicit {
		secure := tls.Server(c, s.tls)
		c, in, e.encrypted = secure, bufio.NewReader(secure), true
	}
	say("220 mail ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		if answer, ok := s.refuse[strings.ToUpper(verb)]; ok {
			say(answer)
			continue
		}
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-mail")
			if !e.encrypted && !s.noTLS {
				say("250-STARTTLS")
			}
			if e.encrypted {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			secure := tls.Server(c, s.tls)
			if secure.Handshake() != nil {
				return
			}
			c, in, e.encrypted = secure, bufio.NewReader(secure), true
		case "AUTH":
			_, response, _ := strings.Cut(rest, " ")
			raw, _ := base64.StdEncoding.DecodeString(response)
			if string(raw) != "\x00ada\x00p@ss:word" {
				say("535 5.7.8 no")
				continue
			}
			e.user = "ada"
			say("235 ok")
		case "MAIL":
			e.from = rest
			say("250 ok")
		case "RCPT":
			e.to = rest
			say("250 ok")
		case "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			e.data = data.String()
			s.received <- e
			say("250 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func sender(t *testing.T, c smtp.Config) *smtp.Sender {
	t.Helper()
	c.From = "Comanda <orders@example.com>"
	s, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMessageArrivesWholeAndEncrypted(t *testing.T) {
	mta := newServer(t, func(*server) {})
	s := sender(t, smtp.Config{URL: mta.url("ada"), Password: "p@ss:word", Roots: mta.roots})
	text := "Your PIN is 123456.\n.\n..two dots\nGrüße, 你好\n" + strings.Repeat("long ", 300)
	m := mail.Message{To: "bob@example.com", Subject: "Grüße\r\nBcc: eve@example.com", Text: text}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	e := <-mta.received
	if !e.encrypted || e.user != "ada" || !strings.Contains(e.from, "<orders@example.com>") || !strings.Contains(e.to, "<bob@example.com>") {
		t.Fatalf("%+v", e)
	}
	got, err := netmail.ReadMessage(strings.NewReader(e.data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "Grüße") || got.Header.Get("Bcc") != "" {
		t.Fatalf("subject %q, Bcc %q, %v", subject, got.Header.Get("Bcc"), err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	if err != nil || strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")) != strings.TrimSpace(text) {
		t.Fatalf("%q %v", body, err)
	}
	for _, h := range []string{"Date", "Message-Id", "From", "To"} {
		if got.Header.Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
	if got.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Error("an automatic answer could answer it")
	}
}

func TestTLSFromTheStart(t *testing.T) {
	mta := newServer(t, func(s *server) { s.implicit = true })
	s := sender(t, smtp.Config{URL: strings.Replace(mta.url("ada"), "smtp:", "smtps:", 1), Password: "p@ss:word", Roots: mta.roots})
	if err := s.Send(t.Context(), mail.Message{To: "bob@example.com", Subject: "x", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if e := <-mta.received; !e.encrypted || e.user != "ada" {
		t.Fatalf("%+v", e)
	}
}

func TestACheckSignsInAndSendsNothing(t *testing.T) {
	mta := newServer(t, func(*server) {})
	c := smtp.Config{URL: mta.url("ada"), Password: "p@ss:word", Roots: mta.roots}
	if err := sender(t, c).Check(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case e := <-mta.received:
		t.Errorf("%+v", e)
	default:
	}
	no := newServer(t, func(s *server) { s.refuse["AUTH"] = "535 5.7.8 no" })
	c.URL, c.Roots = no.url("ada"), no.roots
	if err := sender(t, c).Check(t.Context()); err == nil || strings.Contains(err.Error(), "p@ss") {
		t.Error(err)
	}
	_ = no.Close()
	if err := sender(t, c).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
}

func TestWhatTheServerRefusesForGoodIsFinal(t *testing.T) {
	for command, c := range map[string]struct {
		answer string
		final  bool
	}{
		"RCPT": {"550 5.1.1 no mailbox bob@example.com", true},
		"MAIL": {"550 5.7.1 not you", false}, // about us, not about the message: the operator mends it
		"AUTH": {"535 5.7.8 no", false},
		"DATA": {"554 5.6.0 no", true},
		"rcpt": {"451 4.7.1 greylisted bob@example.com", false},
	} {
		t.Run(command, func(t *testing.T) {
			mta := newServer(t, func(s *server) { s.refuse[strings.ToUpper(command)] = c.answer })
			s := sender(t, smtp.Config{URL: mta.url("ada"), Password: "p@ss:word", Roots: mta.roots})
			err := s.Send(t.Context(), mail.Message{To: "bob@example.com", Subject: "x", Text: "secret"})
			if err == nil || errors.Is(err, mail.ErrRefused) != c.final {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), "bob") || strings.Contains(err.Error(), "p@ss") {
				t.Fatalf("the error tells %v", err)
			}
		})
	}
}

func TestNothingGoesOutUnencryptedOrToAStranger(t *testing.T) {
	mta := newServer(t, func(*server) {})
	m := mail.Message{To: "bob@example.com", Subject: "x", Text: "x"}
	if err := sender(t, smtp.Config{URL: mta.url("")}).Send(t.Context(), m); err == nil {
		t.Fatal("a certificate that nobody trusts was taken")
	}
	mta = newServer(t, func(s *server) { s.noTLS = true })
	if err := sender(t, smtp.Config{URL: mta.url("ada"), Password: "p@ss:word", Roots: mta.roots}).Send(t.Context(), m); err == nil {
		t.Fatal("the password was sent in clear text")
	}
	if err := sender(t, smtp.Config{URL: mta.url(""), Roots: mta.roots}).Send(t.Context(), m); err != nil {
		t.Fatalf("loopback without encryption: %v", err)
	}
}

func TestAStuckServerDoesNotHoldTheWorker(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	began := time.Now()
	err = sender(t, smtp.Config{URL: "smtp://" + l.Addr().String(), Timeout: 200 * time.Millisecond}).Send(t.Context(), mail.Message{To: "bob@example.com", Subject: "x", Text: "x"})
	if err == nil || time.Since(began) > 10*time.Second {
		t.Fatal(err, time.Since(began))
	}
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []smtp.Config{
		{URL: "", From: "a@example.com"},
		{URL: "http://mail.example.com", From: "a@example.com"},
		{URL: "smtp://", From: "a@example.com"},
		{URL: "smtp://mail.example.com/path", From: "a@example.com"},
		{URL: "smtp://ada@mail.example.com", From: "a@example.com"},
		{URL: "smtp://mail.example.com", From: "nobody"},
		{URL: "smtp://ada:hunter2@mail.example.com:x", From: "a@example.com"},
	} {
		if _, err := smtp.New(c); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
