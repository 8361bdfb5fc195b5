package sink_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"comanda/sink"
)

func TestAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COMANDA_SINK_PASSWORD", "from the environment")
	for _, c := range []struct {
		text           string
		hosts          []string
		user, password string
		path, name     string
		from           sink.Start
		tls            bool
	}{
		{"nats://a", []string{"a"}, "", "", "", "nats", sink.Latest, false},
		{"nats://a:4222?from=oldest&name=eu-1&tls=true", []string{"a:4222"}, "", "", "", "eu-1", sink.Oldest, true},
		{"kafka://u:p%40ss@a:9092,b:9092/topic", []string{"a:9092", "b:9092"}, "u", "p@ss", "topic", "kafka", sink.Latest, false},
		{"kafka://u:p/?@a/topic?from=oldest", []string{"a"}, "u", "p/?", "topic", "kafka", sink.Oldest, false},
		{"kafka://u@[::1]:9092/t", []string{"[::1]:9092"}, "u", "from the environment", "t", "kafka", sink.Latest, false},
		{"kafka://u@a/t?password-file=" + file, []string{"a"}, "u", "from a file", "t", "kafka", sink.Latest, false},
	} {
		a, err := sink.ParseAddress(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !slices.Equal(a.Hosts, c.hosts) || a.User != c.user || a.Password != c.password || a.Path != c.path || a.Name != c.name || a.From != c.from || (a.TLS != nil) != c.tls {
			t.Errorf("%s: %+v", c.text, a)
		}
		if err := a.Unknown(); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

func TestWrongAddressesAreRefusedWithoutTheirSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "a sink is a URL",
		"s3cret":                             "a sink is a URL",
		"nats:s3cret@a":                      "a sink is a URL",
		"nats://":                            "name a host",
		"nats://u:s3cret@":                   "name a host",
		"nats://u:s3cret@a,,b":               "name a host",
		"nats://u:s3cret%zz@a":               "percent-encoded",
		"nats://u:s3cret@a?x=%zz":            "option=value",
		"nats://u:s3cret@a?name=A":           "small letters",
		"nats://u:s3cret@a?from=now":         "latest or oldest",
		"nats://u:s3cret@a?tls=maybe":        "true or false",
		"nats://u:s3cret@a?ca=/nothing":      "no such file",
		"nats://u:s3cret@a?cert=/nothing":    "no such file",
		"nats://u@a?password-file=/nothing1": "no such file",
	} {
		a, err := sink.ParseAddress(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
	}
	a, err := sink.ParseAddress("nats://u:s3cret@a?streem=X&to=Y")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Unknown(); err == nil || err.Error() != `nats sinks have no option "streem, to"` {
		t.Error(err)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("kafka://u:p@a:1,b:2/t?from=oldest&name=x")
	f.Add("nats://@?/@")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "ca=") || strings.Contains(text, "cert") || strings.Contains(text, "%") {
			return // it would read files
		}
		a, err := sink.ParseAddress(text)
		if err == nil && (len(a.Hosts) == 0 || a.Name == "" || slices.Contains(a.Hosts, "")) {
			t.Errorf("%q: %+v", text, a)
		}
	})
}
