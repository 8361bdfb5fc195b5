// Package smtp is the mail.Sender of an installation with a mail server.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"comanda/internal/clock"
	outbox "comanda/internal/mail"
)

// Config says where messages go.
type Config struct {
	// URL is smtps://user:pass@host:465 (TLS from the start) or smtp://user:pass@host:587 (STARTTLS, which the server
	// must offer). Without encryption mail goes to loopback addresses only.
	URL      string
	Password string         // instead of the one in URL; may be empty
	From     string         // address, or "Name <address>"
	Roots    *x509.CertPool // nil = the system's
	Timeout  time.Duration  // of each step of the conversation; 0 = 10 s
}

// patience is how long the mail server may take for one step of the conversation.
const patience = 10 * time.Second

// Sender sends through one mail server, a connection for each message.
type Sender struct {
	host    string
	options []gomail.Option
	from    *mail.Address
}

// New checks the configuration; it does not connect. Errors name the flag that is wrong and never repeat a password.
func New(c Config) (*Sender, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("--smtp-url: write smtps://user@host:465 or smtp://user@host:587")
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("--mail-from: %q is not an address such as Comanda <orders@example.com>", c.From)
	}
	s := &Sender{host: u.Hostname(), from: from}
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	policy, port := gomail.TLSMandatory, 587
	if loopback(u.Hostname()) {
		policy = gomail.TLSOpportunistic
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: c.Roots}
	if u.Scheme == "smtps" {
		s.options, port = append(s.options, gomail.WithSSL()), 465
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("--smtp-url: the port is not a number")
		}
	}
	s.options = append(s.options, gomail.WithPort(port), gomail.WithTimeout(c.Timeout), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(tlsConfig))
	if name := u.User.Username(); name != "" {
		password, _ := u.User.Password()
		if c.Password != "" {
			password = c.Password
		}
		if password == "" {
			return nil, errors.New("--smtp-url: it names a user but no password; put it into --smtp-password-file")
		}
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(name), gomail.WithPassword(password))
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send implements mail.Sender. An answer of 5xx to the recipient or the message is final.
func (s *Sender) Send(ctx context.Context, m outbox.Message) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	if err := msg.To(m.To); err != nil {
		return fmt.Errorf("%w: the address cannot be written to", outbox.ErrRefused)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(clock.Now())
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	return told(client.DialAndSendWithContext(ctx, msg))
}

// Check connects to the mail server and signs in, as before each message, and sends none.
func (s *Sender) Check(ctx context.Context) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return told(err)
	}
	return told(client.Close())
}

// told is what may be logged of a failure: codes, never the address or the server's words, which often repeat it.
func told(err error) error {
	if err == nil {
		return nil
	}
	failed := (*gomail.SendError)(nil)
	if !errors.As(err, &failed) {
		return fmt.Errorf("smtp: the mail server did not answer as it should: %w", bare(err))
	}
	text := fmt.Errorf("smtp: the mail server answered %d %s", failed.ErrorCode(), failed.EnhancedStatusCode())
	about := failed.Reason == gomail.ErrSMTPRcptTo || failed.Reason == gomail.ErrSMTPData || failed.Reason == gomail.ErrSMTPDataClose
	if about && failed.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", outbox.ErrRefused, text)
	}
	return text
}

// bare reduces an error of the connection to its kind.
func bare(err error) error {
	for _, known := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, known) {
			return known
		}
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op
	}
	if unknown := (*tls.CertificateVerificationError)(nil); errors.As(err, &unknown) {
		return errors.New("its certificate is not trusted")
	}
	return errors.New("no connection, no encryption or no sign-in")
}
