package dbtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// findServer returns the URL of a PostgreSQL server, or why there is none, and how to stop what was started.
func findServer() (server, missing string, stop func()) {
	nothing := func() {}
	if u := os.Getenv("COMANDA_TEST_POSTGRES"); u != "" {
		return u, "", nothing
	}
	c, missing := newCluster()
	if c == nil {
		return "", missing, nothing
	}
	return c.URL, "", c.remove
}

// Cluster is a PostgreSQL server of a test's own, which may be stopped and started.
type Cluster struct {
	URL string
	dir string
	bin string
}

// NewCluster starts a server that is removed at the end of the test. It skips, or fails where required, when PostgreSQL is
// not installed.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c, missing := newCluster()
	if c == nil {
		skip(t, missing)
	}
	t.Cleanup(c.remove)
	return c
}

// Restart stops the server in a mode of pg_ctl (fast: connections are ended; immediate: as if it crashed) and starts it.
func (c *Cluster) Restart(t testing.TB, mode string) {
	t.Helper()
	if err := errors.Join(c.run("pg_ctl", "-D", c.data(), "-m", mode, "-w", "stop"), c.start()); err != nil {
		t.Fatal(err)
	}
}

// newCluster makes and starts a server, or says what is missing.
func newCluster() (c *Cluster, missing string) {
	c = &Cluster{bin: findBin()}
	if c.bin == "" {
		return nil, "set COMANDA_TEST_POSTGRES, or install PostgreSQL so that initdb is found"
	}
	var err error
	if c.dir, err = os.MkdirTemp("", "comanda-pg"); err != nil {
		return nil, err.Error()
	}
	if err := c.run("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, err.Error()
	}
	if err := c.start(); err != nil {
		return nil, err.Error()
	}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {c.dir}}.Encode()}
	c.URL = u.String()
	return c, ""
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) start() error {
	// Without fsync: tests kill the server, never the machine.
	opts := "-c listen_addresses='' -c unix_socket_directories='" + c.dir + "' -c max_connections=200 -c fsync=off"
	return c.run("pg_ctl", "-D", c.data(), "-w", "-l", filepath.Join(c.dir, "log"), "-o", opts, "start")
}

func (c *Cluster) remove() {
	_ = c.run("pg_ctl", "-D", c.data(), "-m", "immediate", "-w", "stop")
	_ = os.RemoveAll(c.dir)
}

func (c *Cluster) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = unprivileged(c.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
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
