package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/merkle"
	"entente/internal/peer"
	"entente/test/testlog"
)

func cosigner(t testing.TB, l *testlog.Log) note.Signer {
	t.Helper()
	s, err := merkle.NewCosigner(l.Key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHintsArriveTheLatestOnly(t *testing.T) {
	n := newNode(t)
	l, err := peer.NewLink(n.url, n.client(t, n.us), quiet)
	if err != nil {
		t.Fatal(err)
	}
	for size := range uint64(50) {
		l.Hint(usShared, 50-size)
	}
	go l.Run(t.Context())
	wait(t, n.inbox.got)
	if len(n.inbox.hints) != 1 || n.inbox.hints[0] != (peer.Hint{Origin: usShared, Size: 50}) {
		t.Errorf("hints that arrived: %v", n.inbox.hints)
	}
	l.Hint(usShared, 51)
	wait(t, n.inbox.got)
}

func TestCosignaturesJoinTheLatestCheckpoint(t *testing.T) {
	mx := testlog.New(mxShared).Grow(5)
	n := newNode(t, mx)
	l := n.link(t)
	if err := l.Cosign(mx.At(5), cosigner(t, n.usLog)); err != nil {
		t.Fatal(err)
	}
	wait(t, n.inbox.got)
	cp, err := n.inbox.Checkpoint(t.Context(), mxShared)
	if err != nil {
		t.Fatal(err)
	}
	v, err := merkle.NewCosignatureVerifier(n.usLog.VKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, sigs, err := merkle.Open(cp, mxShared, mx.Verifier(), v); err != nil || len(sigs) != 2 {
		t.Errorf("the latest checkpoint carries %d good signatures, %v:\n%s", len(sigs), err, cp)
	}
	if err := l.Cosign([]byte("<html>"), cosigner(t, n.usLog)); err == nil {
		t.Error("a web page was cosigned")
	}
}

// TestMessagesThatDoNotVerifyAreRefused posts each kind of false message as the
// counterpart, whose connection is good.
func TestMessagesThatDoNotVerifyAreRefused(t *testing.T) {
	mx := testlog.New(mxShared).Grow(5)
	n := newNode(t, mx)
	n.inbox.accused = mx
	us, stranger := cosigner(t, n.usLog), cosigner(t, testlog.New("stranger.entente/public"))
	check := merkle.Checkpoint{Origin: mxShared, Size: 5, Root: mx.Root(5)}
	sign := func(c merkle.Checkpoint, s note.Signer) []byte {
		raw, err := merkle.Sign(c, s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	older, other, unknown, inner := check, check, check, check
	older.Size, older.Root = 4, mx.Root(4)
	other.Root = mx.Root(4)
	unknown.Origin, inner.Origin = "demo.xx.entente/shared", mxInner
	growth := merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: mxShared,
		Held: string(mx.At(5)), Shown: string(mx.At(5))}
	slander, err := growth.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c := n.client(t, n.us)
	for name, m := range map[string]struct {
		path string
		body []byte
		want int
	}{
		"hint, not JSON":               {peer.HintPath, []byte("{"), 400},
		"hint, no origin":              {peer.HintPath, []byte(`{"size":3}`), 400},
		"hint, absurd size":            {peer.HintPath, []byte(`{"origin":"a/public","size":18446744073709551615}`), 400},
		"hint, too long":               {peer.HintPath, bytes.Repeat([]byte(" "), 2000), 413},
		"cosignature of a stranger":    {peer.CosignPath, sign(check, stranger), 422},
		"cosignature of an older tree": {peer.CosignPath, sign(older, us), 409},
		"cosignature of another tree":  {peer.CosignPath, sign(other, us), 409},
		"cosignature of no known log":  {peer.CosignPath, sign(unknown, us), 404},
		"cosignature, national log":    {peer.CosignPath, sign(inner, us), 404},
		"cosignature, no note":         {peer.CosignPath, []byte("<html>"), 422},
		"cosignature, too long":        {peer.CosignPath, make([]byte, merkle.MaxNote+1), 413},
		"evidence, not JSON":           {peer.EvidencePath, []byte("<html>"), 422},
		"evidence that shows nothing":  {peer.EvidencePath, slander, 422},
	} {
		res, err := c.Post(n.url+m.path, "application/octet-stream", bytes.NewReader(m.body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != m.want {
			t.Errorf("%s: %s, want %d", name, res.Status, m.want)
		}
	}
	for _, path := range []string{peer.HintPath, peer.CosignPath, peer.EvidencePath} {
		res, err := c.Get(n.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %s", path, res.Status)
		}
	}
	if cp, err := n.inbox.Checkpoint(t.Context(), mxShared); err != nil || !bytes.Equal(cp, mx.At(5)) {
		t.Errorf("the checkpoint has changed: %s", cp)
	}
	if len(n.inbox.hints)+len(n.inbox.evidence) != 0 {
		t.Errorf("taken: %v %v", n.inbox.hints, n.inbox.evidence)
	}
}

func TestEvidenceIsTriedUntilItArrives(t *testing.T) {
	mx := testlog.New(mxShared).Grow(20)
	n := newNode(t, mx)
	n.inbox.accused = mx
	liar := mx.Fork(19).Append([]byte("x"))
	e := merkle.Evidence{Format: merkle.EvidenceFormat, Kind: merkle.EqualSize, Origin: mxShared,
		Held: string(mx.At(20)), Shown: string(liar.At(20)), Observed: time.Unix(0, 0).UTC()}
	n.pins.set(n.usPin, "") // not reachable at first
	l := n.link(t)
	if err := l.Accuse(e); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	n.pins.set(n.usPin, "US")
	wait(t, n.inbox.got)
	if len(n.inbox.evidence) != 1 || n.inbox.evidence[0].Shown != e.Shown {
		t.Errorf("evidence that arrived: %v", n.inbox.evidence)
	}
}

func TestLinksAreToNodes(t *testing.T) {
	for _, bad := range []string{"", "http://host", "https://", "https://host/path", "https://host?x", "host:1"} {
		if _, err := peer.NewLink(bad, http.DefaultClient, quiet); err == nil {
			t.Errorf("%q was taken for a node's address", bad)
		}
	}
	l, err := peer.NewLink("https://host:1/", http.DefaultClient, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.LogURL(mxShared); got != "https://host:1/log/demo.mx.entente/shared" {
		t.Error(got)
	}
	if got := l.MirrorURL(usShared); got != "https://host:1/mirror/demo.us.entente/shared" {
		t.Error(got)
	}
}

func TestCallersAreLimitedEachForItself(t *testing.T) {
	h := peer.RateLimit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), 0.001, 3, peer.ByAddress)
	status := func(address string) int {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for i := range 3 {
		if got := status(fmt.Sprintf("192.0.2.1:%d", i+1)); got != http.StatusNoContent {
			t.Fatal(got)
		}
	}
	if got := status("192.0.2.1:9"); got != http.StatusTooManyRequests {
		t.Errorf("the fourth request is answered %d", got)
	}
	if got := status("192.0.2.2:9"); got != http.StatusNoContent {
		t.Errorf("another caller is answered %d", got)
	}
	for i := range 3 {
		status(fmt.Sprintf("[2001:db8::%d]:1", i))
	}
	if got := status("[2001:db8::ffff]:1"); got != http.StatusTooManyRequests {
		t.Errorf("another address of one network is answered %d", got)
	}
}

// witness plays a tlog-witness that knows one log.
func witness(t *testing.T, l *testlog.Log, key *testlog.Log, size *uint64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if _, err := b.ReadFrom(r.Body); err != nil || r.URL.Path != "/w/add-checkpoint" || r.Method != http.MethodPost {
			t.Errorf("%s %s, %v", r.Method, r.URL.Path, err)
		}
		head, cp, _ := strings.Cut(b.String(), "\n\n")
		lines := strings.Split(head, "\n")
		c, _, err := merkle.Open([]byte(cp), l.Origin, l.Verifier())
		if err != nil {
			t.Errorf("the witness was sent %q: %v", cp, err)
		}
		if lines[0] != fmt.Sprintf("old %d", *size) {
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprintf(w, "%d\n", *size)
			return
		}
		proof := merkle.Proof{}
		for _, line := range lines[1:] {
			h, err := tlog.ParseHash(line)
			if err != nil {
				t.Error(err)
			}
			proof = append(proof, h)
		}
		if err := merkle.VerifyConsistency(proof, c.Size, c.Root, *size, l.Root(*size)); err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		*size = c.Size
		signed, err := merkle.Sign(c, cosigner(t, key))
		if err != nil {
			t.Error(err)
		}
		w.Write([]byte(strings.TrimPrefix(string(signed), c.Text()+"\n")))
	})
}

func TestWitnessesCosign(t *testing.T) {
	l := testlog.New(mxPublic).Grow(10)
	key := testlog.New("witness.example/w1")
	vkey, err := fnote.VKeyToCosignatureV1(key.VKey)
	if err != nil {
		t.Fatal(err)
	}
	known := uint64(7) // from before a restart
	server := httptest.NewServer(witness(t, l, key, &known))
	defer server.Close()
	w, err := peer.NewWitness(server.URL+"/w/", server.Client(), vkey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := merkle.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint64{10, 10, 300} {
		l.Grow(int(size - l.Size()))
		cosigned, err := w.Cosign(t.Context(), l.At(size), l)
		if err != nil {
			t.Fatal(err)
		}
		if _, sigs, err := merkle.Open(cosigned, mxPublic, l.Verifier(), v); err != nil || len(sigs) != 2 {
			t.Errorf("size %d: %d good signatures, %v", size, len(sigs), err)
		}
	}
	if _, err := w.Cosign(t.Context(), l.At(200), l); !errors.Is(err, peer.ErrStale) {
		t.Errorf("an older checkpoint: %v", err)
	}
	if _, err := w.Cosign(t.Context(), l.Fork(250).Append([]byte("x")).Grow(60).At(311), l); err == nil {
		t.Error("a fork was cosigned")
	}
	if _, err := peer.NewWitness(server.URL, server.Client(), key.VKey); err == nil {
		t.Error("a log key was taken for a witness's")
	}
}

func FuzzAddCosignature(f *testing.F) {
	mx := testlog.New(mxShared).Grow(5)
	us := testlog.New(usShared)
	r := newReader(mx)
	good, err := merkle.Sign(merkle.Checkpoint{Origin: mxShared, Size: 5, Root: mx.Root(5)}, cosigner(f, us))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(mx.At(5))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r.cps[mxShared] = mx.At(5)
		if err := peer.AddCosignature(context.Background(), r, mxShared, raw, []string{us.VKey}); err != nil {
			return
		}
		if c, _, err := merkle.Open(r.cps[mxShared], mxShared, mx.Verifier()); err != nil || c.Size != 5 {
			t.Errorf("after %q the checkpoint is %q: %v", raw, r.cps[mxShared], err)
		}
	})
}
