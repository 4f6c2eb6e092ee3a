package report

// texts is a list of texts, each once.
type texts struct {
	list []string
	at   map[string]int
}

func newTexts() *texts { return &texts{list: []string{""}, at: map[string]int{"": 0}} }

// of is the place of s, which is added when it is new.
func (t *texts) of(s string) int {
	i, ok := t.at[s]
	if !ok {
		i = len(t.list)
		t.list = append(t.list, s)
		t.at[s] = i
	}
	return i
}

// all are the places of several.
func (t *texts) all(list []string) []int {
	out := make([]int, len(list))
	for i, s := range list {
		out[i] = t.of(s)
	}
	return out
}
