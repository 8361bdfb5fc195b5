// Package guides does what the guides of the developer hub say, as a reader would: each guide against a fresh server, its
// commands in their sequence in one shell, its outputs compared.
package guides

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"comanda/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// folder is where the guides stand.
const folder = "../../developers/guides"

// patience is how long a command may take, and how long until what it prints is there.
const patience = 60 * time.Second

// alone are the guides that begin without a server and without anything in the shell's variables.
var alone = map[string]bool{"getting-started": true}

func TestEveryGuideDoesWhatItSays(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "jq", "node", "go", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "guides") {
				t.Fatalf("required by COMANDA_TEST_REQUIRE but missing: %s", tool)
			}
			t.Skipf("SKIPPED: the guides' commands need %s; install it, COMANDA_TEST_REQUIRE=guides makes this a failure", tool)
		}
	}
	files, err := filepath.Glob(folder + "/*.md")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		slug := strings.TrimSuffix(filepath.Base(file), ".md")
		t.Run(slug, func(t *testing.T) {
			follow(t, slug, readBlocks(t, slug))
		})
	}
}

// block is a fenced block of a guide.
type block struct {
	line           int
	language, file string
	text           string
}

// readBlocks reads the fenced blocks of a guide.
func readBlocks(t *testing.T, slug string) (out []block) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, slug+".md"))
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(raw), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 1}
			for _, word := range strings.Fields(info) {
				if name, ok := strings.CutPrefix(word, "file="); ok {
					open.file = name
				} else if open.language == "" {
					open.language = word
				}
			}
		case fence:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("the block of line %d is not closed", open.line)
	}
	return out
}

var comment = regexp.MustCompile(`(?m)(^|\s)#\s`)

// follow runs the commands of a guide. A block of output right behind a command says what that prints; a block with a file's
// name is that file.
func follow(t *testing.T, slug string, all []block) {
	commands := 0
	for _, b := range all {
		if b.language == "bash" {
			commands++
			if b.file == "" && comment.MatchString(b.text) {
				t.Errorf("line %d: zsh takes no comments at its prompt:\n%s", b.line, b.text)
			}
		}
	}
	if commands == 0 {
		return
	}
	sh := newShell(t)
	if !alone[slug] {
		sh.shop()
	}
	for i, b := range all {
		before := len(sh.out.String())
		switch {
		case b.file != "":
			sh.save(b)
		case b.language != "bash":
			continue
		default:
			sh.run(b.line, b.text)
		}
		if i+1 < len(all) && (all[i+1].language == "text" || all[i+1].language == "json") && all[i+1].file == "" {
			sh.prints(all[i+1].line, before, all[i+1].text)
		}
	}
}

// shell is a bash that takes one block after the other, with what it and its background jobs have printed.
type shell struct {
	t      *testing.T
	folder string
	port   string
	cmd    *exec.Cmd
	in     *os.File
	out    program.Printed
	n      int
}

// newShell starts a shell in a folder of its own. The port of the readers' own programs is a free one here.
func newShell(t *testing.T) *shell {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	s := &shell{t: t, folder: t.TempDir(), port: port, cmd: exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "--norc")}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = write, read, &s.out, &s.out, s.folder
	s.cmd.WaitDelay = 10 * time.Second                      // for the programs that the guide left running to end
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that all of them can be told to
	s.cmd.Env = []string{
		"HOME=" + s.folder, "XDG_CONFIG_HOME=" + s.folder, "LANG=C.UTF-8", "GOCACHE=" + goCache(t), "TMPDIR=" + os.TempDir(),
		"PATH=" + filepath.Dir(program.Binary(t)) + string(filepath.ListSeparator) + os.Getenv("PATH"),
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
		_ = s.in.Close()
		if err := s.cmd.Wait(); errors.Is(err, exec.ErrWaitDelay) {
			t.Error("something that the guide started does not end when it is told to")
		}
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the shell printed:\n%s", s.out.String())
		}
	})
	return s
}

// goCache is where Go keeps what it has compiled, so that a reader's program need not compile Go's own packages here.
func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// local puts the free port into a text.
func (s *shell) local(text string) string { return strings.ReplaceAll(text, "3000", s.port) }

// save writes a block to the file that it is to be.
func (s *shell) save(b block) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, b.file), []byte(s.local(b.text)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a block, the last command of which must end well.
func (s *shell) run(line int, text string) {
	s.t.Helper()
	s.n++
	mark := fmt.Sprintf("-- block %d ended with ", s.n)
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\n%s%%d.\\n' $?\n", s.local(text), mark); err != nil {
		s.t.Fatal(err)
	}
	ended := regexp.MustCompile(`\n` + mark + `(\d+)\.\n`)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if m := ended.FindStringSubmatch(s.out.String()); m != nil && m[1] == "0" {
			return
		} else if m != nil {
			s.t.Fatalf("line %d: exit code %s of\n%s", line, m[1], text)
		}
		if time.Now().After(end) {
			s.t.Fatalf("line %d: not at its end after %v:\n%s", line, patience, text)
		}
	}
}

// prints waits until what a guide shows was printed since a place of the output. An ellipsis stands for anything.
func (s *shell) prints(line, since int, text string) {
	s.t.Helper()
	var form strings.Builder
	for i, piece := range strings.Split(strings.TrimSpace(s.local(text)), "…") {
		if i > 0 {
			form.WriteString(`(?s:.*?)`)
		}
		form.WriteString(regexp.QuoteMeta(piece))
	}
	want := regexp.MustCompile(form.String())
	for end := time.Now().Add(patience); !want.MatchString(s.out.String()[since:]); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("line %d: this is not printed:\n%s\nbut\n%s", line, text, s.out.String()[since:])
		}
	}
}

// shop starts the demo and sets the variables that the guide Getting started sets.
func (s *shell) shop() {
	s.t.Helper()
	s.run(0, "comanda demo --data shop --listen 127.0.0.1:0 --no-day &")
	s.prints(0, 0, "Serving until you press Ctrl-C.")
	raw, err := os.ReadFile(filepath.Join(s.folder, "shop", "demo.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var c struct {
		BaseURL, CAFile, AppID, OAuthAppID, ClientSecret, AccessToken string
		StoreID, OrderID                                              int
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		s.t.Fatal(err)
	}
	for _, b := range readBlocks(s.t, "getting-started") {
		if b.file == "place.sh" {
			s.save(b)
		}
	}
	s.run(0, fmt.Sprintf(`export COMANDA_CREDENTIALS=shop/demo.json CURL_CA_BUNDLE=%s
URL=%s APP=%s STORE=%d CLIENT_ID=%s CLIENT_SECRET=%s TOKEN=%s`, c.CAFile, c.BaseURL, c.AppID, c.StoreID, c.OAuthAppID, c.ClientSecret, c.AccessToken))
}
