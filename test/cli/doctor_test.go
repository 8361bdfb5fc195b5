package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var adminShown = regexp.MustCompile(`http://(\S+)/mailbox`)

func TestDoctorLooksAtARunningServer(t *testing.T) {
	s := open(t)
	var told struct{ BaseURL string }
	raw, err := os.ReadFile(s.credentials)
	if err == nil {
		err = json.Unmarshal(raw, &told)
	}
	if err != nil {
		t.Fatal(err)
	}
	data, admin := filepath.Dir(s.credentials), adminShown.FindStringSubmatch(s.demo.Output())[1]
	s.credentials = ""
	args := []string{"doctor", "--data", data, "--public-url", told.BaseURL, "--admin", admin, "--webhook-allow", "127.0.0.0/8"}
	s.says([]string{"ok    database        It is sqlite", "ok    public address  " + told.BaseURL + " answers.", "warn  mail", "Name a mail server with --smtp-url.", "ok    webhooks        Every host"}, args...)
	var report struct {
		Version  string
		Findings []struct{ Check, State, Text, Mend string }
	}
	if err := json.Unmarshal([]byte(s.says(nil, append(args, "--json")...)), &report); err != nil || report.Version == "" || len(report.Findings) != 10 {
		t.Error(report, err)
	}
	out, errs, code := s.run("doctor", "--data", data, "--admin", "127.0.0.1:1", "--listen", "127.0.0.1:1")
	if code != 1 || !strings.Contains(out, "fail  server          no server answers at 127.0.0.1:1.\n                      Start it") || !strings.Contains(errs, "2 of 10") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}
