//go:build unix

package secret

import (
	"errors"
	"os"
	"syscall"
)

// ErrServed reports that another process serves with the same key.
var ErrServed = errors.New("another palisade serves with this key on this machine, and neither would know what the other has accepted: one ticket would act twice. Stop the other, or give this one a key of its own, with -state or key_file")

// Lock locks a file until the process ends or the lock is closed. It returns [ErrServed] if
// another process holds the lock. It creates the file if the file does not exist.
func Lock(file string) (lock *os.File, err error) {
	lock, err = os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrServed
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}
