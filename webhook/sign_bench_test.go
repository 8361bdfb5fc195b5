package webhook

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"
)

// BenchmarkSign measures the signature header of a body of 3,000 bytes, by v1 alone and with v1a beside it.
func BenchmarkSign(b *testing.B) {
	body, at := bytes.Repeat([]byte("x"), 3000), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, v1a := range map[string]bool{"v1": false, "v1+v1a": true} {
		b.Run(name, func(b *testing.B) {
			s := &Subscription{secret: make([]byte, 24), key: ed25519.NewKeyFromSeed(newSeed())}
			s.settings.V1a = v1a
			b.ReportAllocs()
			for b.Loop() {
				s.signature("0199-id", "1777636800", body, at)
			}
		})
	}
}
