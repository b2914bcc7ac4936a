package payload

import (
	"os"

	"golang.org/x/sys/unix"
)

// stretch is how much of a large file is written before it goes on its way to the disk.
const stretch = 4 << 20

// flow has what is written to a large file go to the disk while more is written, and
// not stay in memory: a node that takes in a gigabyte keeps what else it had there, and
// need not wait for all of it in the end. It is no promise; [os.File.Sync] is.
type flow struct {
	f              *os.File
	at, begun, out int64 // written; on its way; on the disk
}

// wrote notes that n bytes were added to the file.
func (l *flow) wrote(n int) {
	if l.at += int64(n); l.at-l.begun < stretch {
		return
	}
	fd := int(l.f.Fd())
	if unix.SyncFileRange(fd, l.begun, l.at-l.begun, unix.SYNC_FILE_RANGE_WRITE) != nil {
		return // a file system that knows no such thing
	}
	if l.begun > l.out {
		const through = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
		_ = unix.SyncFileRange(fd, l.out, l.begun-l.out, through)
		_ = unix.Fadvise(fd, l.out, l.begun-l.out, unix.FADV_DONTNEED)
	}
	l.out, l.begun = l.begun, l.at
}
