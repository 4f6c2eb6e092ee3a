package analyze

import "testing"

// TestEngineVersion goes through the spellings that packagers and builds use.
func TestEngineVersion(t *testing.T) {
	for version, want := range map[string]int64{
		"1.13.1": 1013001, "17.12.1-ce": 17012001, "18.09.0": 18009000, "20.10.24+dfsg1": 20010024, "29.0.0-rc.1": 29000000,
		"28.0": 28000000, "27.5.1~ubuntu": 27005001, "dev": 0, "": 0, "library-import": 0, "0.0.0-20260823": 0, "12": 0, "7a12bbe5": 0, "20.10.x": 0,
	} {
		v, ok := parseEngineVersion(version)
		if ok != (want != 0) || (ok && v.rank() != want) {
			t.Errorf("%q: got %v %v, want %d", version, v.rank(), ok, want)
		}
	}
}
