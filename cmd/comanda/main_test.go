package main

import (
	"strings"
	"testing"
)

func TestNetworksOnTheCommandLine(t *testing.T) {
	var c commands
	if _, err := newParser(t.Context(), &c).Parse([]string{"serve", "--behind-proxy", "10.0.0.0/8,fd00::/8"}); err != nil || len(c.Serve.BehindProxy) != 2 {
		t.Fatal(c.Serve.BehindProxy, err)
	}
	for _, flag := range []string{"--behind-proxy", "--webhook-allow"} {
		_, err := newParser(t.Context(), new(commands)).Parse([]string{"serve", flag, "zzz"})
		if err == nil || !strings.Contains(err.Error(), flag) || !strings.Contains(err.Error(), `"zzz" is not a network such as 10.0.0.0/8`) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
