package stack

// A Setting is the value of a sysctl.
type Setting struct {
	Value string

	origin
}

// Ref is the address of the row.
func (v Setting) Ref() string { return v.ref("sysctl") }

// settings are the sysctls of a namespace. A sandbox has a dozen, of which few are asked for: they are looked through. A host's own
// namespace has some for each device, and gets a map at the first question.
type settings struct {
	keys   []string
	values []Setting
	byKey  map[string]int // place of the last with that key
}

// manySettings is from how many on settings get a map.
const manySettings = 64

func putSysctl(s *Space, f []string) {
	s.keys = append(s.keys, f[1])
	s.values = append(s.values, Setting{f[2], origin{s.Host, f[3]}})
}

// Sysctl is the value of a setting in the namespace; ok is false when it was not captured.
func (s *settings) Sysctl(key string) (Setting, bool) {
	if len(s.keys) < manySettings {
		for i := len(s.keys) - 1; i >= 0; i-- {
			if s.keys[i] == key {
				return s.values[i], true
			}
		}
		return Setting{}, false
	}
	if s.byKey == nil {
		s.byKey = make(map[string]int, len(s.keys))
		for i, k := range s.keys {
			s.byKey[k] = i
		}
	}
	i, ok := s.byKey[key]
	if !ok {
		return Setting{}, false
	}
	return s.values[i], true
}
