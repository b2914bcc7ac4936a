package network

import (
	"context"
	"errors"
	"io/fs"

	"entente/internal/follow"
)

// either is a log that can be read in several ways: what one way fails to give is
// had from the next. That a resource does not exist is an answer.
type either []follow.Source

// Checkpoint implements [follow.Source].
func (e either) Checkpoint(ctx context.Context) ([]byte, error) {
	return e.try(ctx, func(s follow.Source) ([]byte, error) { return s.Checkpoint(ctx) })
}

// Tile implements [follow.Source].
func (e either) Tile(ctx context.Context, level int, index uint64, width int) ([]byte, error) {
	return e.try(ctx, func(s follow.Source) ([]byte, error) { return s.Tile(ctx, level, index, width) })
}

// Bundle implements [follow.Source].
func (e either) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	return e.try(ctx, func(s follow.Source) ([]byte, error) { return s.Bundle(ctx, index, width) })
}

func (e either) try(ctx context.Context, get func(follow.Source) ([]byte, error)) ([]byte, error) {
	var failed error
	for _, s := range e {
		b, err := get(s)
		if err == nil || ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}
