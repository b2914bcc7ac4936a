package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Page caches in KiB. The writer's holds the upper levels of the trees that a
// large database inserts into; the readers' are small because there are several.
const (
	writerCache = 24 << 10
	readerCache = 2 << 10
)

// checkpointPages is how many pages the WAL gathers before they are moved into
// the database: pages that change all the time move once for many commits.
const checkpointPages = 16000

// connector opens connections with this package's own driver, which carries the
// collation that lists sort text by.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// wrapConnector lets a test stand between database/sql and SQLite.
type wrapConnector func(driver.Connector) driver.Connector

// newDriver returns a driver with the collation "people".
func newDriver() *sqlite.Driver {
	d := &sqlite.Driver{}
	d.MustRegisterCollationUtf8("people", comparePeople)
	return d
}

// dsn returns the data source name of a database file. Every path is a URI, so
// that no character of it is taken for an option.
func dsn(path string, options ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	return u.String() + "?" + strings.Join(options, "&")
}

func pragma(name string, value any) string { return fmt.Sprintf("_pragma=%s(%v)", name, value) }

// openWriter opens the one connection that writes: WAL, and every commit on disk
// before it returns.
func openWriter(path string, wrap wrapConnector) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	db := openDB(wrap, dsn(path, "_dqs=0", pragma("busy_timeout", 10000), pragma("journal_mode", "WAL"), pragma("synchronous", "FULL"),
		pragma("cache_size", -writerCache), pragma("wal_autocheckpoint", checkpointPages),
		pragma("journal_size_limit", 64<<20), pragma("temp_store", "MEMORY")))
	db.SetMaxOpenConns(1)
	return db, db.Ping()
}

func openReaders(path string, wrap wrapConnector, n int) *sql.DB {
	db := openDB(wrap, dsn(path, "_dqs=0", "_query_only=1", pragma("busy_timeout", 10000), pragma("cache_size", -readerCache),
		pragma("temp_store", "MEMORY")))
	// Three more than there are snapshots at a time: whoever holds one may have a
	// statement prepared, and the writer's witness has one for itself, without waiting
	// for a snapshot to end.
	db.SetMaxOpenConns(n + 3)
	db.SetMaxIdleConns(n + 3)
	return db
}

func openDB(wrap wrapConnector, name string) *sql.DB {
	var c driver.Connector = connector{newDriver(), name}
	if wrap != nil {
		c = wrap(c)
	}
	return sql.OpenDB(c)
}

// migrate brings the durable and the workspace tables up to date.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	return nil
}

// isConstraint reports whether a statement broke a constraint of its table: it
// had no effect, and the transaction goes on.
func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// isDatabase reports whether err came from the database.
func isDatabase(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone)
}
