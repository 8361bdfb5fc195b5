package app

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comanda/internal/mail"
)

func TestTheMailboxShowsMessagesAsTextOnly(t *testing.T) {
	s := &Server{Mailbox: &mail.Mailbox{}, metrics: newMetrics()}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.admin().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:9090"+path, nil))
		return w
	}
	if w := get("/mailbox"); w.Code != 200 || !strings.Contains(w.Body.String(), "empty") {
		t.Fatal(w.Code, w.Body)
	}
	for _, m := range []mail.Message{
		{To: "ada@example.com", Subject: "first", Text: "PIN 123456"},
		{To: "<b>@example.com", Subject: "<script>alert(1)</script>", Text: "See https://localhost/reset?t=a&u=1\"onclick=x and <img src=x>\njavascript:alert(1)"},
	} {
		if err := s.Mailbox.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	w := get("/mailbox")
	page := w.Body.String()
	for _, want := range []string{"PIN 123456", `<a href="https://localhost/reset?t=a&amp;u=1%22onclick=x"`, "&lt;script&gt;", "&lt;img src=x&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	for _, never := range []string{"<script", "<img", "<b>", `href="javascript`} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if strings.Index(page, "script&gt;") > strings.Index(page, "first") {
		t.Error("the newest is not in front")
	}
	if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error(w.Header())
	}
	w = httptest.NewRecorder()
	s.admin().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://rebound.example.com:9090/mailbox", nil))
	if w.Code != 403 || strings.Contains(w.Body.String(), "PIN") {
		t.Error("a foreign name reads the mailbox")
	}
	var list []mail.Delivered
	if err := json.Unmarshal(get("/mailbox?format=json").Body.Bytes(), &list); err != nil || len(list) != 2 || list[1].Text != "PIN 123456" {
		t.Fatal(list, err)
	}
}

func TestTheMailboxTakesWhatHasNoOtherWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{config: Config{SMTPURL: "smtps://ada@mail.example.com", SMTPPassword: file, MailFrom: "orders@example.com"}}
	ways := func() (mails, texts string) {
		t.Helper()
		by, err := s.channels()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%T", by.Mail), fmt.Sprintf("%T", by.SMS)
	}
	if mails, texts := ways(); mails != "*smtp.Sender" || texts != "*mail.Mailbox" {
		t.Error(mails, texts)
	}
	s.config.SMSURL, s.config.SMSToken = "https://sms.example.com/send", file
	if mails, texts := ways(); mails != "*smtp.Sender" || texts != "*sms.Gateway" {
		t.Error(mails, texts)
	}
	s.config.SMTPURL = ""
	if mails, texts := ways(); mails != "*mail.Mailbox" || texts != "*sms.Gateway" {
		t.Error(mails, texts)
	}
	s.config.SMTPURL = "smtps://ada@mail.example.com"
	s.config.SMSToken += ".not"
	if _, err := s.channels(); err == nil || !strings.HasPrefix(err.Error(), "--sms-token-file") {
		t.Fatal(err)
	}
	s.config.MailFrom = ""
	if _, err := s.channels(); err == nil || !strings.HasPrefix(err.Error(), "--mail-from") {
		t.Fatal(err)
	}
}
