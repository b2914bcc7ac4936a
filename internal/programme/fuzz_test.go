package programme

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"
)

// FuzzLoad puts arbitrary bytes in place of one file of a good programme: Load
// gives a programme whose items bind in order, or faults that name a file; twice
// the same.
func FuzzLoad(f *testing.F) {
	base := small(f)
	var names []string
	for name := range base {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f.Add(uint8(i), base[name].Data)
	}
	f.Add(uint8(0), []byte("- &a [*a]\n"))
	f.Add(uint8(0), []byte("{{{{"))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		files := fstest.MapFS{}
		for name, file := range base {
			files[name] = file
		}
		files[names[int(which)%len(names)]] = &fstest.MapFile{Data: data}
		p, err := Load(files)
		if _, again := Load(files); (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("two loads: %v, then %v", err, again)
		}
		if err == nil {
			appended(t, p)
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 || p != nil {
			t.Fatalf("%v is no list of faults", err)
		}
		for _, one := range problems {
			if one.File == "" || one.Line < 0 || one.Message == "" {
				t.Fatalf("%+v names no place", one)
			}
		}
	})
}
