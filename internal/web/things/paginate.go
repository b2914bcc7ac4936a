package things

import (
	"strconv"

	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// Paginate cuts a list that is held whole into pages of [PageSize] by the number
// in the address ("page").
func Paginate[T any](f *site.Frame, all []T) ([]T, shell.Pager, error) {
	n := 1
	if s := f.R.URL.Query().Get("page"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > 1_000_000 {
			return nil, shell.Pager{}, &site.BadRequest{Detail: "page is a number from 1 on"}
		}
	}
	from := min((n-1)*PageSize, len(all))
	to := min(from+PageSize, len(all))
	var p shell.Pager
	if n > 1 {
		p.First, p.Prev = f.With("page", ""), f.With("page", strconv.Itoa(n-1))
	}
	if to < len(all) {
		p.Next = f.With("page", strconv.Itoa(n+1))
	}
	if p.Prev != "" || p.Next != "" {
		p.Summary = f.T("kind.range", "From", from+1, "To", to, "Total", len(all))
	}
	return all[from:to], p, nil
}
