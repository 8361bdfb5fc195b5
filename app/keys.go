package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"comanda/internal/db"
	"comanda/internal/seal"
)

// masterKey reads the key that seals secrets at rest, or makes it at the first start. A database remembers the
// fingerprint of the key it was first opened with, because with another key no stored secret could be read.
func masterKey(ctx context.Context, d *db.DB, file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		known, e := remembersKey(ctx, d)
		if e != nil {
			return nil, e
		}
		if known {
			return nil, fmt.Errorf("there is no master key at %s, and this database has one: put the installation's master.key there, or name it with --master-key-file", file)
		}
		key := make([]byte, seal.KeySize)
		_, _ = rand.Read(key) // never fails, by its contract
		raw = []byte(base64.StdEncoding.EncodeToString(key) + "\n")
		err = create(file, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	key, err := decodeMasterKey(raw, file)
	if err != nil {
		return nil, err
	}
	want := fingerprint(key)
	var have string
	err = d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlClaimKey, want); err != nil {
			return err
		}
		return tx.QueryRow(sqlReadKey).Scan(&have)
	})
	if err != nil {
		return nil, err
	}
	if have != want {
		return nil, fmt.Errorf("%s is not the master key of this database: every node needs the same file, see --master-key-file", file)
	}
	return key, nil
}

// fingerprint is what a database remembers of its master key.
func fingerprint(key []byte) string {
	sum := sha256.Sum256(append([]byte("comanda master key "), key...))
	return hex.EncodeToString(sum[:8])
}

func decodeMasterKey(raw []byte, file string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != seal.KeySize {
		return nil, fmt.Errorf("%s does not hold a master key (%d bytes in base64): restore it from your backup of the data folder", file, seal.KeySize)
	}
	return key, nil
}

// readMasterKey reads the key of an installation that is there already.
func (c *Config) readMasterKey() ([]byte, error) {
	file := c.MasterKeyFile
	if file == "" {
		file = filepath.Join(c.Data, "master.key")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("there is no master key at %s: name the installation's folder with --data, or the file with --master-key-file", file)
	}
	return decodeMasterKey(raw, file)
}

// remembersKey reports whether the database was opened with a master key before.
func remembersKey(ctx context.Context, d *db.DB) (bool, error) {
	err := d.Read(ctx, func(tx *db.Tx) error {
		var fingerprint string
		return tx.QueryRow(sqlReadKey).Scan(&fingerprint)
	})
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// create writes a new file for the owner only and makes it durable; it never replaces one.
func create(file string, content []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
