package stack

import (
	"strconv"
	"testing"
)

// TestSysctl asks few settings and many: of one that is there twice the last counts.
func TestSysctl(t *testing.T) {
	for _, n := range []int{0, 1, manySettings - 2, manySettings, 3 * manySettings} {
		rows := [][]string{{"twice", "0", "1"}, {"twice", "1", "2"}}
		for i := range n {
			rows = append(rows, []string{"key" + strconv.Itoa(i), strconv.Itoa(i), strconv.Itoa(i + 3)})
		}
		s := space(map[string][][]string{"sysctl": rows})
		if v, ok := s.Sysctl("twice"); !ok || v.Value != "1" || v.Ref() != "h/rows/sysctl.jsonl:2" {
			t.Errorf("of %d: %+v %v", n, v, ok)
		}
		if v, ok := s.Sysctl("none"); ok || v.Ref() != "" {
			t.Errorf("of %d there is one that is not: %+v", n, v)
		}
		for i := range n {
			if v, ok := s.Sysctl("key" + strconv.Itoa(i)); !ok || v.Value != strconv.Itoa(i) {
				t.Errorf("of %d: key%d is %+v", n, i, v)
			}
		}
	}
}
