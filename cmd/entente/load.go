package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"entente/internal/node/loader"
	"entente/programmes"
)

// load states what this node's writer states of the programme. It is for
// demonstrations only: their officers' passphrases are known.
func (r *running) load(ctx context.Context, asked bool, events *eventWriter) error {
	if !asked {
		return nil
	}
	if !r.node.Demo() {
		return fmt.Errorf("--load states a programme with the officers of a demonstration: %s is none", r.node.Writer().Writer())
	}
	files, err := programmeFiles(r.config.Programme)
	if err != nil {
		return err
	}
	o := loader.Options{Node: r.node, Programme: r.programme, Files: files, Progress: func(p loader.Progress) {
		events.send(event{Event: "progress", Stage: string(p.Step), Done: p.Done, Total: p.Total})
	}}
	if w := r.node.Writer(); w.Party != "" {
		for _, n := range demoWriters() {
			if n.Writer != w {
				continue
			}
			if o.By, err = r.node.UnlockOfficer(ctx, n.Name+"-officer", demoPassword); err != nil {
				return err
			}
			defer o.By.Lock()
			if o.Second, err = r.node.UnlockOfficer(ctx, n.Name+"-releasing", demoPassword); err != nil {
				return err
			}
			defer o.Second.Lock()
		}
	}
	if err := loader.Load(ctx, o); err != nil {
		return fmt.Errorf("loading the programme: %w", err)
	}
	events.send(event{Event: "loaded"})
	return nil
}

// programmeFiles are the files of a programme: a directory's, or the built-in ones.
func programmeFiles(dir string) (fs.FS, error) {
	if dir != "" {
		return os.DirFS(dir), nil
	}
	return fs.Sub(programmes.Files, builtIn)
}
