package dbtest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// findServer returns the URL of a PostgreSQL server, or why there is none, and how to stop what was started.
func findServer() (server, missing string, stop func()) {
	nothing := func() {}
	if u := os.Getenv("COMANDA_TEST_POSTGRES"); u != "" {
		return u, "", nothing
	}
	bin := findBin()
	if bin == "" {
		return "", "set COMANDA_TEST_POSTGRES, or install PostgreSQL so that initdb is found", nothing
	}
	dir, err := os.MkdirTemp("", "comanda-pg")
	if err != nil {
		return "", err.Error(), nothing
	}
	run := func(name string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = unprivileged(dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return "", err.Error(), nothing
	}
	opts := "-c listen_addresses='' -c unix_socket_directories='" + dir + "' -c max_connections=200 -c fsync=off"
	if err := run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", opts, "start"); err != nil {
		return "", err.Error(), nothing
	}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String(), "", func() {
		_ = run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
		_ = os.RemoveAll(dir)
	}
}

func findBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p)
	}
	return ""
}

// unprivileged lets root run the server as the system's postgres user, because PostgreSQL refuses root.
func unprivileged(dir string) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	_ = os.Chown(dir, uid, gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
