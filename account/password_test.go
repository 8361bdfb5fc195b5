package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"comanda/internal/fault"
)

func TestHashIsArgon2idOfTheAdvisedStrength(t *testing.T) {
	h := newHasher(Hashing{})
	text, err := h.make(t.Context(), "correct horse")
	if err != nil || !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(text, err)
	}
	if ok, err := h.check(t.Context(), text, "correct horse"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := h.check(t.Context(), text, "correct hors"); ok || err != nil {
		t.Fatal(ok, err)
	}
	if again, _ := h.make(t.Context(), "correct horse"); again == text {
		t.Fatal("two hashes of a password are equal: there is no salt")
	}
}

func TestCheckingNobodyTakesTheSameWork(t *testing.T) {
	h := newHasher(Hashing{})
	cost, _, _, err := decodeHash(h.dummy)
	if err != nil || cost != strong {
		t.Fatalf("the stand-in costs %+v: %v", cost, err)
	}
	// With every slot taken and the caller gone, only a check that does the work fails.
	for range hashesAtOnce {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.check(ctx, "", "whatever"); !errors.Is(err, context.Canceled) {
		t.Fatalf("checking an unknown account skipped the work: %v", err)
	}
}

func TestAnEmptyHashMatchesNothing(t *testing.T) {
	h := newHasher(Hashing{Memory: 8, Passes: 1, Lanes: 1})
	for _, p := range []string{"", "x", string(make([]byte, hashLength))} {
		if ok, err := h.check(t.Context(), "", p); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}

func TestDamagedHashesAreErrors(t *testing.T) {
	h := newHasher(Hashing{Memory: 8, Passes: 1, Lanes: 1})
	for _, text := range []string{"x", "$2a$10$abc", "$argon2id$v=18$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=1$A A$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"} {
		if ok, err := h.check(t.Context(), text, "x"); ok || err == nil {
			t.Errorf("%q: %v %v", text, ok, err)
		}
	}
}

func TestTooManySignInsAreRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(Hashing{Memory: 8, Passes: 1, Lanes: 1})
		for range hashesAtOnce {
			h.slots <- struct{}{}
		}
		done := make(chan error, hashesWaiting)
		for range hashesWaiting {
			go func() {
				_, err := h.make(t.Context(), "correct horse")
				done <- err
			}()
		}
		synctest.Wait()
		if _, err := h.make(t.Context(), "one too many"); fault.KindOf(err) != fault.TooMany {
			t.Errorf("got %v", err)
		}
		for range hashesAtOnce {
			<-h.slots
		}
		for range hashesWaiting {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if _, err := h.make(t.Context(), "room again"); err != nil {
			t.Error(err)
		}
	})
}
