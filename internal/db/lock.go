package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// FolderLock holds a data folder for one process.
type FolderLock struct{ file *os.File }

// ErrFolderInUse says that another process holds the data folder.
var ErrFolderInUse = errors.New("the data folder is in use")

var errLocked = errors.New("locked")

// LockFolder takes <dir>/lock for this process, which must hold it as long as it writes to a SQLite database in dir. The
// operating system lets go of it when the process ends, in whatever way. When another process holds it, the error wraps
// ErrFolderInUse and is a sentence for the operator.
func LockFolder(dir string) (*FolderLock, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		_ = f.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		holder := "another process"
		if pid, err := os.ReadFile(path); err == nil && len(pid) > 0 {
			holder = "process " + strings.TrimSpace(string(pid))
		}
		return nil, fmt.Errorf("%w: %s is running on %s; stop it first, or name another folder with --data", ErrFolderInUse, holder, dir)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid()) // only for the sentence above
	}
	return &FolderLock{f}, nil
}

// Release lets go of the folder.
func (l *FolderLock) Release() error { return l.file.Close() }
