package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/oauth"
)

// SigningKeys lists the keys that sign ID tokens of an installation, running or not.
func SigningKeys(ctx context.Context, c Config) (keys []oauth.Key, err error) {
	key, err := c.readMasterKey()
	if err != nil {
		return nil, err
	}
	d, err := existing(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return keysOf(ctx, d, key, func(*oauth.Server) error { return nil })
}

// RotateSigningKeys makes the next keys sign; in an emergency the active ones are not published any more, so that what they
// signed is good for nothing. On SQLite a running server does it, asked at its --admin address.
func RotateSigningKeys(ctx context.Context, c Config, emergency bool) (keys []oauth.Key, err error) {
	key, err := c.readMasterKey()
	if err != nil {
		return nil, err
	}
	if c.DatabaseURL == "" {
		if _, err := os.Stat(c.Database().Path); err != nil {
			return nil, fmt.Errorf("there is no database at %s: name the installation's folder with --data, or its PostgreSQL with --database-url", c.Database().Path)
		}
		lock, err := db.LockFolder(c.Data)
		if errors.Is(err, db.ErrFolderInUse) {
			if err := askServer(ctx, c, key, emergency); err != nil {
				return nil, err
			}
			return SigningKeys(ctx, c)
		}
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	d, err := db.Open(ctx, c.Database())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return keysOf(ctx, d, key, func(s *oauth.Server) error { return s.RotateKeys(ctx, emergency) })
}

// keysOf does something with an authorization server that is made for nothing else, and returns its keys.
func keysOf(ctx context.Context, d *db.DB, masterKey []byte, do func(*oauth.Server) error) ([]oauth.Key, error) {
	log := event.NewLog(d)
	s, err := oauth.New(d, log, account.New(d, log, account.Config{MasterKey: masterKey}), oauth.Config{MasterKey: masterKey})
	if err != nil {
		return nil, err
	}
	if err := do(s); err != nil {
		return nil, err
	}
	return s.Keys(ctx)
}

const rotatePath = "/keys/rotate"

// adminToken is what shows at the admin address that somebody can read the master key.
func adminToken(masterKey []byte) (string, error) {
	raw, err := hkdf.Key(sha256.New, masterKey, nil, "comanda admin token", sha256.Size)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// askServer lets the running server rotate its keys.
func askServer(ctx context.Context, c Config, masterKey []byte, emergency bool) error {
	if c.Admin == "" {
		return errors.New("the server is running on this folder: name its --admin address, or stop it first")
	}
	token, err := adminToken(masterKey)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("http://%s%s?emergency=%t", c.Admin, rotatePath, emergency)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return fmt.Errorf("--admin: %q is not an address such as 127.0.0.1:9090", c.Admin)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return fmt.Errorf("the server is running on this folder, but does not answer at its admin address %s: name it with --admin, or stop the server first", c.Admin)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		var said struct{ Status string }
		_ = json.NewDecoder(answer.Body).Decode(&said)
		return fmt.Errorf("the server at %s answers %s: %s", c.Admin, answer.Status, said.Status)
	}
	return nil
}

// rotateKeys answers askServer.
func (s *Server) rotateKeys(w http.ResponseWriter, r *http.Request) {
	want, err := adminToken(s.masterKey)
	got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err != nil || subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		report(w, http.StatusForbidden, "this needs the installation's master key: use comanda keys on the machine that has it")
		return
	}
	if err := s.OAuth.RotateKeys(r.Context(), r.URL.Query().Get("emergency") == "true"); err != nil {
		report(w, http.StatusInternalServerError, "the keys were not rotated; the server's log says why")
		slog.ErrorContext(r.Context(), "rotating the signing keys failed", "error", err)
		return
	}
	report(w, http.StatusOK, "rotated")
}
