package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comanda/internal/clock"
)

// signIn is what `comanda login` remembers: a person on one brand of one server.
type signIn struct {
	Server  string
	CAFile  string `json:",omitempty"`
	App     string // app id of the brand
	Person  string // e-mail address
	Token   string
	Expires time.Time
}

// signIns are all of a user of this machine, the latest first.
type signIns struct {
	file string
	List []signIn
}

// ownFile is the path of a file that the command line keeps for this user.
func ownFile(name string) (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep sign-ins in: %w", err)
	}
	return filepath.Join(folder, "comanda", name), nil
}

// writeOwn writes a file that only this user can read, in one step.
func writeOwn(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// readSignIns reads them; without a file, or a folder for it, there are none.
func readSignIns() (*signIns, error) {
	all := &signIns{}
	var err error
	if all.file, err = ownFile("signins.json"); err != nil {
		return all, nil
	}
	raw, err := os.ReadFile(all.file)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &all.List); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; delete it and sign in with comanda login", all.file, err)
	}
	return all, nil
}

// save writes them, without those whose time is over.
func (s *signIns) save() error {
	if s.file == "" {
		_, err := ownFile("")
		return err
	}
	s.List = slices.DeleteFunc(s.List, func(one signIn) bool { return !one.Expires.After(clock.Now()) })
	raw, err := json.MarshalIndent(s.List, "", "  ")
	if err != nil {
		return err
	}
	return writeOwn(s.file, append(raw, '\n'))
}

// find returns the place of the latest sign-in to a server and a brand, each of which may be left open; -1 = none.
func (s *signIns) find(server, app string) int {
	server = strings.TrimRight(server, "/")
	return slices.IndexFunc(s.List, func(one signIn) bool {
		return (server == "" || one.Server == server) && (app == "" || strings.EqualFold(one.App, app))
	})
}

// add puts a sign-in first, in place of an earlier one to the same brand.
func (s *signIns) add(one signIn) {
	if i := s.find(one.Server, one.App); i >= 0 {
		s.List = slices.Delete(s.List, i, i+1)
	}
	s.List = slices.Insert(s.List, 0, one)
}
