// Package program builds the comanda binary and runs it as a process of its own, for tests that must prove what the real
// program does: start, stop, be killed.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	once   sync.Once
	folder string
	binary string
	broken error
)

// Main runs a package's tests and then removes the binary that was built for them.
func Main(m *testing.M) {
	code := m.Run()
	Clean()
	os.Exit(code)
}

// Clean removes the binary, for a TestMain of its own.
func Clean() {
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
}

// Binary builds the program once per test process and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	once.Do(func() {
		if folder, broken = os.MkdirTemp("", "comanda-binary"); broken != nil {
			return
		}
		binary = filepath.Join(folder, "comanda")
		if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "comanda/cmd/comanda").CombinedOutput(); err != nil {
			broken = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if broken != nil {
		t.Fatalf("build comanda: %v", broken)
	}
	return binary
}

// Process is a running comanda.
type Process struct {
	t     testing.TB
	cmd   *exec.Cmd
	out   Printed
	ended chan struct{}
	err   error // valid after ended
}

// Start runs the program; what still runs at the end of the test is killed, and its output shown if the test failed.
func Start(t testing.TB, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, cmd: exec.CommandContext(context.Background(), Binary(t), args...), out: Printed{Keep: keptOutput}, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	for _, v := range os.Environ() { // a developer's COMANDA_ settings must not reach it
		if !strings.HasPrefix(v, "COMANDA_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("comanda %s printed:\n%s", strings.Join(args, " "), p.Output())
		}
	})
	return p
}

// Run runs the program to its end and returns its output; it fails the test when the program does not end well.
func Run(t testing.TB, patience time.Duration, args ...string) string {
	t.Helper()
	p := Start(t, args...)
	if err := p.Wait(patience); err != nil {
		t.Fatalf("comanda %s: %v", strings.Join(args, " "), err)
	}
	return p.Output()
}

// Kill ends the process as kill -9 does and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// Stop asks the process to end and returns how it did.
func (p *Process) Stop(patience time.Duration) error {
	p.Signal(syscall.SIGTERM)
	return p.Wait(patience)
}

// Wait waits for the process to end by itself and returns nil for exit code 0.
func (p *Process) Wait(patience time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		return errors.New("it is still running after " + patience.String())
	}
}

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Output is what the process has printed so far, the last 64 KiB of it.
func (p *Process) Output() string { return p.out.String() }

const keptOutput = 64 << 10

// Printed collects what programs print.
type Printed struct {
	Keep int // bytes from the end that are kept; 0 = all

	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (p *Printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf.Write(b)
	if n := p.buf.Len() - p.Keep; p.Keep > 0 && n > 0 {
		p.buf.Next(n)
	}
	return len(b), nil
}

// String is what was printed so far.
func (p *Printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}
