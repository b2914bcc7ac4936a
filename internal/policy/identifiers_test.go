package policy

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestScanFinds(t *testing.T) {
	for text, want := range map[string]Kind{
		"CURP: HEGG560427MVZRRL04.":                             CURP,
		"https://example.mx/consulta?curp=HEGG560427MVZRRL04":   CURP,
		"el contribuyente VECJ880326XX1 informó":                RFC,
		"la empresa GAF940512AB1, proveedora":                   RFC,
		"clave de elector GRMLJN85010109H400":                   VoterKey,
		"alien number A123456789":                               ANumber,
		"A-12345678 was returned":                               ANumber,
		"file A 123 456 789 of the office":                      ANumber,
		"A#098765432":                                           ANumber,
		"pasaporte número G12345678":                            Passport,
		"holder of N01234567":                                   Passport,
		"US passport No. 123456789":                             Passport,
		"number 123-45-6789 issued":                             SSN,
		"llame al 55 1234 5678":                                 Phone,
		"(55) 1234-5678":                                        Phone,
		"+52 664 123 4567":                                      Phone,
		"tel. 5512345678":                                       Phone,
		"+525512345678":                                         Phone,
		"Tel: 55 12 34 56 78":                                   Phone,
		"call (202) 555-0123 today":                             Phone,
		"202.555.0123":                                          Phone,
		"+1 202-555-0123":                                       Phone,
		"escriba a nombre.apellido@dependencia.gob.mx.":         Email,
		"first_last+x@state.gov":                                Email,
		"https://example.org/?mail=someone@example.org&lang=es": Email,
	} {
		found := Scan(text)
		if len(found) == 0 || found[0].Kind != want {
			t.Errorf("%q: found %v, want %s", text, found, want)
			continue
		}
		if f := found[0]; f.Start < 0 || f.End > len(text) || f.Start >= f.End {
			t.Errorf("%q: stretch %d to %d", text, f.Start, f.End)
		}
	}
}

func TestScanLeavesFiguresAlone(t *testing.T) {
	for _, text := range []string{
		"On 3 September 2025; 2025-09-03; 03/09/2025; 26-09-2025",
		"FY 2019-2020-2021, 24 2024 2025, years 20 2024-2025",
		"238,000 rounds; 47,100 rows; 1 234 567 890 pesos; 12,345,678.90",
		"1,234 567 8901", "$123-456-7890.50", "12.345.6789",
		"https://www.gob.mx/sre/prensa/comunicado-202-555-0123-x?id=5512345678",
		"see https://www.dof.gob.mx/nota_detalle.php?codigo=5512345&fecha=03/09/2025 and more",
		"https://medium.com/@ministry/2025", "@SRE_mx said", "an account at x.com/@user",
		"9a3e1c5512345678aa990011", "A08 area", "A12, A13 and A14", "S001 S057 S085", "M1 and R2",
		"S.J.Res. 123, H.R. 5512", "89 FR 12345", "Pub. L. 117-159", "1-800 line", "the 50-50-1000 rule",
		"docket 23-cv-01234", "ATF 3310.4", "UTC 2025-01-02T03:04:05Z", "01 02 03 04 05",
		"coordinates 32.5149, -117.0382", "MX-SON US-AZ", "E00012345", "passports of 2025 and 12 months",
		"se entregaron 55 personas el 12 de agosto de 2025", "200 kg, 1,500 lb, 55 / 59",
	} {
		if found := Scan(text); len(found) > 0 {
			t.Errorf("%q: found %s in %q", text, found[0].Kind, text[found[0].Start:found[0].End])
		}
	}
}

// The programme's own texts, figures and sources are what is appended: none of
// them may be refused.
func TestScanLeavesTheProgrammeAlone(t *testing.T) {
	root := os.DirFS("../../programmes/mx-us-2025")
	files := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, "data/") {
			return err
		}
		b, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		files++
		for i, line := range strings.Split(string(b), "\n") {
			for _, id := range Scan(line) {
				t.Errorf("%s:%d: found %s in %q", path, i+1, id.Kind, line[id.Start:id.End])
			}
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("%d files read: %v", files, err)
	}
}

func TestScanBody(t *testing.T) {
	body := json.RawMessage(`{"title":{"es":"Sin datos"},"sources":[{"url":"https://a.b/c"},{"title":"write to a.b@c.org"}],` +
		`"hidden":"\u0041123456789","break":"https://a.b\nA123456789"}`)
	found := ScanBody(body)
	want := []Found{
		{"sources.1.title", Email, "a.•@•.•••"},
		{"hidden", ANumber, "A1••••••••"},
		{"break", ANumber, "A1••••••••"},
	}
	if len(found) != len(want) {
		t.Fatalf("found %v, want %v", found, want)
	}
	for i := range want {
		if found[i] != want[i] {
			t.Errorf("found %v, want %v", found[i], want[i])
		}
	}
	if f := ScanBody(json.RawMessage(`{"text":"12 meetings, 3 calls","n":5512345678}`)); f != nil {
		t.Errorf("found %v in a body without any", f)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"a@b.co", "A 123 456 789", "+52 55 1234 5678", "https://x.y/z 123-45-6789", "Ñ&A250101AB1", "HEGG560427MVZRRL04"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, id := range Scan(s) {
			if id.Start < 0 || id.Start >= id.End || id.End > len(s) {
				t.Fatalf("%q: %v", s, id)
			}
		}
		b, err := json.Marshal(map[string]string{"x": s})
		if err != nil {
			t.Fatal(err)
		}
		ScanBody(b)
	})
}

func BenchmarkScanBody(b *testing.B) {
	body, err := os.ReadFile("../../programmes/mx-us-2025/charter.yaml")
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(string(body[:8000]))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ScanBody(text)
	}
}
