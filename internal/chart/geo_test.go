package chart

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the shapes and the golden files")

// codes of the Mexican states: INEGI's two digits to ISO 3166-2.
var inegi = map[string]string{
	"01": "AGU", "02": "BCN", "03": "BCS", "04": "CAM", "05": "COA", "06": "COL", "07": "CHP", "08": "CHH",
	"09": "CMX", "10": "DUR", "11": "GUA", "12": "GRO", "13": "HID", "14": "JAL", "15": "MEX", "16": "MIC",
	"17": "MOR", "18": "NAY", "19": "NLE", "20": "OAX", "21": "PUE", "22": "QUE", "23": "ROO", "24": "SLP",
	"25": "SIN", "26": "SON", "27": "TAB", "28": "TAM", "29": "TLA", "30": "VER", "31": "YUC", "32": "ZAC",
}

type feature struct {
	Properties struct {
		ISO  string `json:"iso_3166_2"`
		Code string `json:"cve_geo"`
	} `json:"properties"`
	Geometry struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

// project maps degrees to the drawing's pixels.
type project func(lon, lat float64) (x, y float64)

// albers is the Albers equal-area conic projection (Snyder 1987, p. 98) on the sphere, centred and scaled to pixels.
func albers(lat1, lat2, lon0, lat0, scale, cx, cy float64) project {
	rad := math.Pi / 180
	n := (math.Sin(lat1*rad) + math.Sin(lat2*rad)) / 2
	c := math.Pow(math.Cos(lat1*rad), 2) + 2*n*math.Sin(lat1*rad)
	rho := func(lat float64) float64 { return math.Sqrt(c-2*n*math.Sin(lat*rad)) / n }
	return func(lon, lat float64) (float64, float64) {
		d := lon - lon0
		if d > 180 {
			d -= 360 // the Aleutians cross the date line
		}
		theta := n * d * rad
		return cx + scale*rho(lat)*math.Sin(theta), cy - scale*(rho(lat0)-rho(lat)*math.Cos(theta))
	}
}

func usProjection(code string) project {
	switch code {
	case "US-AK":
		return albers(55, 65, -152, 62, 330, 108, 400)
	case "US-HI":
		return albers(8, 18, -157, 20.5, 950, 245, 425)
	}
	return albers(29.5, 45.5, -96, 38.5, 960, 395, 222)
}

func mxProjection(string) project { return albers(17.5, 29.5, -102, 24, 1460, 380, 250) }

// TestShapesAreMadeFromTheSources projects the sources in testdata/geo and compares with the embedded shapes, so that
// what is drawn can be traced to its publisher. -update writes them.
func TestShapesAreMadeFromTheSources(t *testing.T) {
	for _, c := range []struct {
		source, target, embedded string
		projection               func(string) project
		states                   int
		height                   float64
	}{
		{"testdata/geo/ne_110m_admin_1_states_provinces.json", "geo/us.tsv", usShapes, usProjection, 51, usHeight},
		{"testdata/geo/00ent_mexico.geojson", "geo/mx.tsv", mxShapes, mxProjection, 32, mxHeight},
	} {
		made, n := makeShapes(t, c.source, c.projection, c.height)
		if *update {
			if err := os.WriteFile(c.target, []byte(made), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if made != c.embedded {
			t.Errorf("%s is not what %s gives: run go test ./internal/chart -update", c.target, c.source)
		}
		if n != c.states {
			t.Errorf("%s has %d states, want %d", c.target, n, c.states)
		}
		if len(made) > 60_000 {
			t.Errorf("%s has %d bytes, more than 60 kB", c.target, len(made))
		}
	}
}

func makeShapes(t *testing.T, source string, projection func(string) project, height float64) (string, int) {
	t.Helper()
	raw, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Features []feature }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range file.Features {
		code := f.Properties.ISO
		if code == "" {
			code = "MX-" + inegi[f.Properties.Code]
		}
		lines = append(lines, code+"\t"+shapePath(t, f, projection(code), height))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n", len(lines)
}

// shapePath rounds to whole pixels, the same for both sides of a border since they share their points, and drops points
// that fall together.
func shapePath(t *testing.T, f feature, p project, height float64) string {
	t.Helper()
	var polygons [][][][2]float64
	if f.Geometry.Type == "Polygon" {
		var one [][][2]float64
		mustUnmarshal(t, f.Geometry.Coordinates, &one)
		polygons = append(polygons, one)
	} else {
		mustUnmarshal(t, f.Geometry.Coordinates, &polygons)
	}
	var b strings.Builder
	for _, polygon := range polygons {
		for _, ring := range polygon {
			var points [][2]int
			for _, pt := range ring {
				x, y := p(pt[0], pt[1])
				if x < 0 || x > mapWidth || y < 0 || y > height {
					t.Fatalf("%s%s falls outside the drawing: %.0f, %.0f", f.Properties.ISO, f.Properties.Code, x, y)
				}
				q := [2]int{int(math.Round(x * 2)), int(math.Round(y * 2))}
				if len(points) == 0 || points[len(points)-1] != q {
					points = append(points, q)
				}
			}
			if len(points) > 1 && points[0] == points[len(points)-1] {
				points = points[:len(points)-1]
			}
			if len(points) < 3 {
				continue // smaller than a pixel
			}
			fmt.Fprintf(&b, "M%s %s", half(points[0][0]), half(points[0][1]))
			for i := 1; i < len(points); i++ {
				dx, dy := points[i][0]-points[i-1][0], points[i][1]-points[i-1][1]
				b.WriteString(letterOf(i == 1) + half(dx) + " " + half(dy))
			}
			b.WriteString("z")
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), " -", "-"), "l ", "l")
}

// letterOf opens relative lines; the pairs that follow need a space only.
func letterOf(first bool) string {
	if first {
		return "l"
	}
	return " "
}

func half(v int) string {
	s := fmt.Sprint(float64(v) / 2)
	s = strings.Replace(s, "-0.", "-.", 1)
	if strings.HasPrefix(s, "0.") {
		s = s[1:]
	}
	return s
}

func mustUnmarshal(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}
