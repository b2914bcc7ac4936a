package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"entente"
)

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost: about a second.
const DefaultWorkFactor = 18

// workMargin is how much costlier than its own a directory opens files.
const workMargin = 4

// MinPassphrase is the least number of bytes of a passphrase.
const MinPassphrase = 8

// maxKeyFile is the largest key file that is read, in bytes.
const maxKeyFile = 64 << 10

var (
	// ErrPassphrase means that a passphrase does not open a key file.
	ErrPassphrase = errors.New("the passphrase is not the right one")
	// ErrExists means that a key file is already there; keys are never overwritten.
	ErrExists = errors.New("there are keys already; they are never overwritten")
)

// Dir is the directory of a writer's keys. Its methods may be called at once
// from several goroutines.
type Dir struct {
	path string
	work int
}

// OpenDir returns the key directory at path, which need not exist yet.
// workFactor is scrypt's, 0 for [DefaultWorkFactor]; tests set it low.
func OpenDir(path string, workFactor int) *Dir {
	if workFactor == 0 {
		workFactor = DefaultWorkFactor
	}
	return &Dir{path: path, work: workFactor}
}

// Path returns where the directory is.
func (d *Dir) Path() string { return d.path }

// seal encrypts plain to one recipient and writes it as a new file at name.
func (d *Dir) seal(name string, plain []byte, to age.Recipient) error {
	sealed, err := encrypt(plain, to)
	if err != nil {
		return err
	}
	return writeNew(filepath.Join(d.path, name), sealed)
}

// reseal is seal over a file that is there.
func (d *Dir) reseal(name string, plain []byte, to age.Recipient) error {
	sealed, err := encrypt(plain, to)
	if err != nil {
		return err
	}
	return writeOver(filepath.Join(d.path, name), sealed)
}

// open decrypts the file at name.
func (d *Dir) open(name string, with age.Identity) ([]byte, error) {
	path := filepath.Join(d.path, name)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	r, err := age.Decrypt(io.LimitReader(f, maxKeyFile), with)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, fmt.Errorf("%s: %w", path, ErrPassphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is damaged or no key file: %w", path, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxKeyFile))
	if err != nil {
		clear(plain)
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return plain, nil
}

func (d *Dir) recipient(passphrase string) (age.Recipient, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("a passphrase has at least %d characters", MinPassphrase)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(d.work)
	return r, nil
}

func (d *Dir) identity(passphrase string) (age.Identity, error) {
	if passphrase == "" {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(d.work + workMargin) // a file cannot make opening it take minutes
	return id, nil
}

func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// keyFile is the plaintext of a key file.
type keyFile struct {
	Binding entente.KeyBinding `json:"binding"`
	Private []byte             `json:"private"` // base64 in JSON
}

func encodeKey(k *Key) ([]byte, error) {
	return json.Marshal(keyFile{k.binding, k.private})
}

// decodeKey parses the plaintext of a key file and checks that the private key
// is the one of the binding.
func decodeKey(plain []byte) (*Key, error) {
	var f keyFile
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, errors.New("not the content of a key file") // the cause could quote it
	}
	k := &Key{binding: f.Binding, private: f.Private}
	if err := k.check(); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// check holds the private key against the binding.
func (k *Key) check() error {
	if k.binding.Role == roleRoot {
		return k.checkRoot()
	}
	if err := CheckBinding(k.binding); err != nil {
		return err
	}
	var err error
	switch k.binding.Role {
	case entente.RoleTLS:
		_, err = k.TLS()
	case entente.RoleMLDSA:
		err = k.checkMLDSA()
	case entente.RoleSeal:
		err = k.checkSeal()
	default:
		err = k.checkSigner()
	}
	return err
}

// writeNew writes a file that must not be there yet: complete, synced, readable
// by its owner only, or not at all.
func writeNew(path string, content []byte) error {
	tmp, err := writeAside(path, content)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s: %w", path, ErrExists)
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeOver replaces a file, or leaves it as it was.
func writeOver(path string, content []byte) error {
	tmp, err := writeAside(path, content)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeAside(path string, content []byte) (tmp string, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(content); err != nil {
		f.Close()
		return "", err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return "", err
	}
	return f.Name(), f.Close()
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// list returns the names of the key files in a folder of d, in order.
func (d *Dir) list(folder string) ([]string, error) {
	found, err := os.ReadDir(filepath.Join(d.path, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range found {
		if strings.HasSuffix(f.Name(), ".age") && f.Type().IsRegular() {
			names = append(names, folder+"/"+f.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// fileOf is the file name of a key: the part of its name after the slash.
func fileOf(folder, name string) (string, error) {
	base, id, _ := strings.Cut(name, "/")
	if ValidBase(base) != nil || len(id) != 8 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", fmt.Errorf("a key name is <base>/<8 hexadecimal digits>, not %q", name)
	}
	return folder + "/" + id + ".age", nil
}
