package app

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode"

	"comanda/internal/mail"
	"comanda/internal/mail/smtp"
	"comanda/internal/sms"
)

// channels are the ways that messages of this node go: the mail server, the gateway of text messages, and the mailbox, which
// it makes, in place of one that is not there.
func (s *Server) channels() (mail.Channels, error) {
	s.Mailbox = &mail.Mailbox{}
	by := mail.Channels{Mail: s.Mailbox, SMS: s.Mailbox}
	server, err := s.config.mailServer()
	if err != nil {
		return by, err
	}
	if server != nil {
		by.Mail = server
	}
	gateway, err := s.config.smsGateway()
	if err != nil {
		return by, err
	}
	if gateway != nil {
		by.SMS = gateway
	}
	return by, nil
}

// smsGateway is the gateway of a configuration, nil when it names none.
func (c *Config) smsGateway() (*sms.Gateway, error) {
	if c.SMSURL == "" {
		return nil, nil
	}
	token, err := secretFile("--sms-token-file", c.SMSToken)
	if err != nil {
		return nil, err
	}
	return sms.New(sms.Config{URL: c.SMSURL, Token: token, From: c.SMSFrom})
}

// secretFile is the text of the file that a flag names, empty for none.
func secretFile(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// mailServer is the mail server of a configuration, nil when it names none.
func (c *Config) mailServer() (*smtp.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	password, err := secretFile("--smtp-password-file", c.SMTPPassword)
	if err != nil {
		return nil, err
	}
	return smtp.New(smtp.Config{URL: c.SMTPURL, Password: password, From: c.MailFrom})
}

var mailboxPage = template.Must(template.New("mailbox").Funcs(template.FuncMap{"pieces": pieces}).Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mailbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color: #1c1b1a; background: #fff }
article { border-top: 1px solid #cfcac4; padding: 1rem 0 }
h2 { font-size: 1rem; margin: 0 }
p { margin: 0 0 .5rem; color: #5f5a55 }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
</style>
<h1>Mailbox</h1>
<p>What sandbox brands would tell their customers stays here, without a mail server (--smtp-url) all mails, without a gateway (--sms-url) all text messages: the last hundred, until the server stops.</p>
{{range .}}<article>
<h2>{{or .Subject "Text message"}}</h2>
<p>To {{or .Phone .To}}, <time>{{.At.Format "2006-01-02 15:04:05"}}</time> UTC, number {{.Number}}</p>
<pre>{{range pieces .Text}}{{if .Link}}<a href="{{.Text}}" rel="noreferrer">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{end}}</pre>
</article>
{{else}}<p>It is empty.</p>
{{end}}</html>
`))

// piece is a part of a message's text: a link or what is between links.
type piece struct {
	Text string
	Link bool
}

// pieces finds the links of a text.
func pieces(text string) (out []piece) {
	for text != "" {
		i := strings.Index(text, "https://")
		if i < 0 {
			return append(out, piece{Text: text})
		}
		n := strings.IndexFunc(text[i:], unicode.IsSpace)
		if n < 0 {
			n = len(text) - i
		}
		link := text[i : i+n]
		_, err := url.Parse(link)
		out = append(out, piece{Text: text[:i]}, piece{Text: link, Link: err == nil})
		text = text[i+n:]
	}
	return out
}

// mailbox shows the messages that went nowhere, newest first: as a page, or with ?format=json for scripts.
func (s *Server) mailbox(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if host, _, _ := strings.Cut(r.Host, ":"); strings.Contains(host, ".") && net.ParseIP(host) == nil {
		// A foreign page whose name was made to point here must not read people's PINs.
		http.Error(w, "Open the mailbox by IP address or by a name without dots.", http.StatusForbidden)
		return
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	messages := s.Mailbox.Messages()
	var err error
	if r.URL.Query().Get("format") == "json" {
		h.Set("Content-Type", "application/json")
		err = json.NewEncoder(w).Encode(messages)
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = mailboxPage.Execute(w, messages)
	}
	if err != nil {
		slog.DebugContext(r.Context(), "the mailbox page was not taken", "error", err)
	}
}
