package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child that is measured.
type process struct {
	cmd     *exec.Cmd
	started time.Time
}

func start(stdout *os.File, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), started: time.Now()}
	p.cmd.Stdout, p.cmd.Stderr = stdout, stdout
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p, p.cmd.Start()
}

// stop asks the process to end and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// total is the whole CPU time of an ended process, by getrusage.
func (p *process) total() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill ends the process at once and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// cpu is the CPU time of the running process.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.pid()) }

// cpuOf is the CPU time of a running process and its threads, to the nanosecond of the scheduler's account. A thread
// that has ended takes its time along.
func cpuOf(pid int) (time.Duration, error) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, t := range tasks {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, t.Name()))
		if err != nil {
			continue // a thread that just ended
		}
		first, _, _ := strings.Cut(string(raw), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum), nil
}

// rss is the resident memory in bytes.
func (p *process) rss() (int64, error) { return p.memory("VmRSS:") }

// peak is the most that rss was.
func (p *process) peak() (int64, error) { return p.memory("VmHWM:") }

func (p *process) memory(field string) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(raw, []byte(field))
	if !ok {
		return 0, fmt.Errorf("no %s", field)
	}
	kb, err := strconv.ParseInt(strings.Fields(string(rest))[0], 10, 64)
	return kb << 10, err
}

// cpuOfDatabase is the CPU time of PostgreSQL's processes that serve a database on this machine. What they share, such as
// the writer of the log, is not in it, nor is one that has ended.
func cpuOfDatabase(name string) (sum time.Duration, err error) {
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	for _, file := range all {
		line, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(line, []byte("postgres: ")) || !bytes.Contains(line, []byte(" "+name+" ")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return 0, err
		}
		if used, err := cpuOf(pid); err == nil {
			sum += used
		}
	}
	return sum, nil
}

// ownTime is the CPU time of this process so far, by getrusage.
func ownTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// ownCPU is this process's CPU time in µs for each of n operations.
func ownCPU(n int) (int64, error) {
	used, err := ownTime()
	return used.Microseconds() / int64(n), err
}
