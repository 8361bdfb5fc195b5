package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"comanda/internal/seal"
)

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	box := newBox(t, seal.NewKey(), "test")
	sealed := box.Seal([]byte("whsec_abc"), "subscription/1")
	if bytes.Contains(sealed, []byte("abc")) {
		t.Error("the sealed value shows the secret")
	}
	if again := box.Seal([]byte("whsec_abc"), "subscription/1"); bytes.Equal(sealed, again) {
		t.Error("sealing twice gave the same bytes: the nonce is not random")
	}
	got, err := box.Open(sealed, "subscription/1")
	if err != nil || string(got) != "whsec_abc" {
		t.Fatal(string(got), err)
	}
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	key := seal.NewKey()
	box := newBox(t, key, "test")
	sealed := box.Seal([]byte("secret"), "subscription/1")
	broken := bytes.Clone(sealed)
	broken[len(broken)-1] ^= 1
	other := bytes.Clone(sealed)
	other[0] = 9
	for name, try := range map[string]func() ([]byte, error){
		"another owner":   func() ([]byte, error) { return box.Open(sealed, "subscription/2") },
		"another key":     func() ([]byte, error) { return newBox(t, seal.NewKey(), "test").Open(sealed, "subscription/1") },
		"another purpose": func() ([]byte, error) { return newBox(t, key, "other").Open(sealed, "subscription/1") },
		"a flipped bit":   func() ([]byte, error) { return box.Open(broken, "subscription/1") },
		"another format":  func() ([]byte, error) { return box.Open(other, "subscription/1") },
		"cut short":       func() ([]byte, error) { return box.Open(sealed[:5], "subscription/1") },
		"nothing":         func() ([]byte, error) { return box.Open(nil, "subscription/1") },
	} {
		if v, err := try(); !errors.Is(err, seal.ErrBroken) || v != nil {
			t.Errorf("%s: %q %v", name, v, err)
		}
	}
}

func TestNewRefusesAShortKey(t *testing.T) {
	if _, err := seal.New(make([]byte, 16), "test"); err == nil {
		t.Error("a 16 byte master key was taken")
	}
}

func newBox(t *testing.T, key []byte, purpose string) *seal.Box {
	t.Helper()
	b, err := seal.New(key, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
