package report

import (
	"bytes"
	"errors"
	"fmt"
)

// check reports what keeps a model from being rendered. A model may come from a
// bundle that a stranger made: whatever it holds, rendering ends, with pages or
// with an error. raw is what it was read from: its one form, so that no reference
// hides under another spelling of its keys.
func (m *Model) check(raw []byte) error {
	again, err := encodeModel(m)
	switch {
	case err != nil:
		return err
	case m.Format != Format:
		return fmt.Errorf("of the form %q; this version renders %q", m.Format, Format)
	case !bytes.Equal(again, raw):
		return errors.New("not in canonical form")
	case m.Charter == nil:
		return ErrNoCharter
	case m.AsOf == nil:
		return errors.New("as_of is missing")
	}
	for i, meeting := range m.Meetings {
		if len(meeting.Records) == 0 {
			return fmt.Errorf("meetings[%d] has no record", i)
		}
	}
	for i, a := range m.Areas {
		if err := m.checkArea(a); err != nil {
			return fmt.Errorf("areas[%d]: %w", i, err)
		}
	}
	return nil
}

func (m *Model) checkArea(a Area) error {
	inside := func(i, least int) error {
		if i < least || i >= len(m.Undertakings) {
			return fmt.Errorf("there is no undertaking %d", i)
		}
		return nil
	}
	for _, list := range [][]int{a.Undertakings, a.Described} {
		for _, i := range list {
			if err := inside(i, 0); err != nil {
				return err
			}
		}
	}
	for _, p := range a.Pairs {
		for _, s := range p.Sides {
			if err := inside(s.Undertaking, -1); err != nil {
				return err
			}
		}
	}
	return nil
}
