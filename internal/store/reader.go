package store

import (
	"context"
	"database/sql"
)

// reader runs prepared queries, inside a transaction when it has one: all that is
// read in one transaction is of one moment.
type reader struct {
	s  *Store
	tx *sql.Tx
}

func (s *Store) read(tx *sql.Tx) reader { return reader{s, tx} }

// snapshot runs what reads several times and wants one moment.
func (s *Store) snapshot(ctx context.Context, run func(reader) error) error {
	select {
	case s.snapshots <- struct{}{}:
		defer func() { <-s.snapshots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx, err := s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return run(reader{s, tx})
}

// prepared is a statement that its keeper closes, not its user.
type prepared struct{ *sql.Stmt }

// stmt returns the prepared statement of a query; nil when it is to be run as it is.
func (r reader) stmt(ctx context.Context, query string) (*prepared, error) {
	st, err := r.s.stmts.get(ctx, r.s.rdb, query)
	if st != nil && r.tx != nil {
		st = &prepared{r.tx.StmtContext(ctx, st.Stmt)} // closed with the transaction
	}
	return st, err
}

// query reads rows.
func (r reader) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := r.stmt(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case st != nil:
		return st.QueryContext(ctx, args...)
	case r.tx != nil:
		return r.tx.QueryContext(ctx, query, args...)
	}
	return r.s.rdb.QueryContext(ctx, query, args...)
}

// row reads one row; [sql.ErrNoRows] when there is none.
func (r reader) row(ctx context.Context, query string, args []any, into ...any) error {
	rows, err := r.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return rows.Close()
}

// collect reads all rows of a query with scan.
func collect[T any](ctx context.Context, r reader, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := r.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
