package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// TestStrangersAtThePeerListener are refused in the handshake: without a
// certificate, and with one that is not pinned.
func TestStrangersAtThePeerListener(t *testing.T) {
	d := running(t)
	link := configOf(t, filepath.Join(d.dir, "mx")).Link
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	for name, own := range map[string][]tls.Certificate{
		"no certificate": nil, "own certificate": {{Certificate: [][]byte{cert}, PrivateKey: key}},
	} {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{Certificates: own, InsecureSkipVerify: true}}}
		resp, err := c.Get("https://" + link + "/log/demo.mx.entente/shared/checkpoint")
		if err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	if resp, err := http.Get("http://" + link + "/"); err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("plain HTTP: status %d", resp.StatusCode)
		}
	}
}

// TestStrangersLearnNothing: what is not public is answered as what does not exist.
func TestStrangersLearnNothing(t *testing.T) {
	d := running(t)
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, base := range []string{d.portal, d.mx, d.us} {
		for _, file := range []string{"checkpoint", "tile/0/000", "tile/entries/000", "tile/entries/000.p/1", "tile/0/000.p/1"} {
			unknown, nothing := get(t, c, base+"/log/demo.xx.entente/shared/"+file)
			if unknown != http.StatusNotFound {
				t.Errorf("%s of an unknown log: status %d", file, unknown)
			}
			for _, origin := range []string{"demo.mx.entente/shared", "demo.mx.entente/national", "demo.us.entente/shared", "demo.us.entente/national"} {
				for _, path := range []string{"/log/" + origin + "/" + file, "/mirror/" + origin + "/" + file, "/log/" + url.PathEscape(origin) + "/" + file} {
					if status, body := get(t, c, base+path); status != unknown || body != nothing {
						t.Errorf("%s%s: status %d, %q, an unknown one: %d, %q", base, path, status, body, unknown, nothing)
					}
				}
			}
		}
	}
	// The portal's interface and pages name no entry that is not public.
	unknown, _ := get(t, c, d.portal+"/api/v1/entries/demo.xx.entente/shared/1")
	for _, origin := range []string{"demo.mx.entente/shared", "demo.us.entente/national"} {
		if status, body := get(t, c, d.portal+"/api/v1/entries/"+origin+"/1"); status != unknown || status < 400 || strings.Contains(body, "signature") {
			t.Errorf("%s: status %d, %s", origin, status, body)
		}
	}
}

// TestDeskNeedsASession: without one, pages lead to sign-in and the interface refuses.
func TestDeskNeedsASession(t *testing.T) {
	d := running(t)
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"drafts", "entries", "state", "logs", "commitments", "frontier", "audit", "users"} {
		for _, base := range []string{d.mx, d.us} {
			if status, body := get(t, c, base+"/api/v1/"+path); status != http.StatusUnauthorized && status != http.StatusNotFound || strings.Contains(body, "demo.mx.entente/") {
				t.Errorf("%s: status %d, %s", path, status, body)
			}
		}
	}
	for _, path := range []string{"/es/", "/es/desk/today", "/es/commitments", "/en/desk/audit", "/desk/evidence/x", "/desk/genesis"} {
		resp, err := c.Get(d.mx + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.Contains(to, "/desk/sign-in") {
			t.Errorf("%s: status %d, to %q", path, resp.StatusCode, to)
		}
	}
	for _, path := range []string{"/desk/backup", "/desk/drafts/new", "/api/v1/drafts", "/api/v1/imports"} {
		resp, err := c.Post(d.mx+path, "application/x-www-form-urlencoded", strings.NewReader("type=notice"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode < 300 {
			t.Errorf("POST %s: status %d", path, resp.StatusCode)
		}
	}
}

// TestStockFsck: what is served and what is exported is a log to tools that know
// nothing of this program.
func TestStockFsck(t *testing.T) {
	d := running(t)
	for _, name := range []string{"portal", "mx", "us"} {
		var logs []struct {
			Origin   string
			Audience string
			Own      bool
		}
		if err := json.Unmarshal(entente(t, "log", "list", "--json", "--dir", filepath.Join(d.dir, name)), &logs); err != nil {
			t.Fatal(err)
		}
		web := map[string]string{"portal": d.portal, "mx": d.mx, "us": d.us}[name]
		for _, l := range logs {
			t.Run(name+" "+l.Origin, func(t *testing.T) {
				v := logKey(t, d, l.Origin)
				out := filepath.Join(t.TempDir(), "log")
				entente(t, "log", "export", "--dir", filepath.Join(d.dir, name), l.Origin, out)
				check(t, l.Origin, v, client.FileFetcher{Root: out})
				if l.Own && l.Audience == "public" {
					root, err := url.Parse(web + "/log/" + l.Origin + "/")
					if err != nil {
						t.Fatal(err)
					}
					f, err := client.NewHTTPFetcher(root, nil)
					if err != nil {
						t.Fatal(err)
					}
					check(t, l.Origin, v, f)
				}
			})
		}
	}
}

func check(t *testing.T, origin string, v note.Verifier, f fsck.Fetcher) {
	t.Helper()
	hash := func(raw []byte) ([][]byte, error) {
		b := &api.EntryBundle{}
		if err := b.UnmarshalText(raw); err != nil {
			return nil, err
		}
		var out [][]byte
		for _, e := range b.Entries {
			h := tlog.RecordHash(e)
			out = append(out, h[:])
		}
		return out, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := fsck.New(origin, v, f, hash, fsck.Opts{N: 2}).Check(ctx); err != nil {
		t.Error(err)
	}
}

// logKey is the log key in the genesis of an origin's writer.
func logKey(t *testing.T, d *demo, origin string) note.Verifier {
	t.Helper()
	name := strings.Split(origin, ".")[1]
	v, err := note.NewVerifier(vkey(t, filepath.Join(d.dir, name), "demo."+name+".entente/public"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// vkey reads the log's key from the genesis, which is index 0 of each of its logs.
func vkey(t *testing.T, dir, origin string) string {
	t.Helper()
	var shown []struct{ Note string }
	if err := json.Unmarshal(entente(t, "log", "show", "--json", "--dir", dir, origin+"#0"), &shown); err != nil || len(shown) != 1 {
		t.Fatal(err)
	}
	var header struct {
		Body struct {
			Keys []struct{ Role, Public string }
		}
	}
	if err := json.NewDecoder(strings.NewReader(strings.SplitN(shown[0].Note, "\n", 3)[1])).Decode(&header); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	for _, k := range header.Body.Keys {
		if k.Role == "log" {
			return k.Public
		}
	}
	t.Fatal(fmt.Errorf("the genesis of %s has no log key", origin))
	return ""
}
