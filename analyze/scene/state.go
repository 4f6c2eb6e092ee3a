package scene

// pairState is the state of an edge or a path by the verdict of its row in path_pair.
func pairState(verdict string) string {
	if verdict == "some" {
		return Partly
	}
	return verdict
}

// stateRank orders states, the worst first. What was not walked comes after what is delivered.
func stateRank(state string) int {
	switch state {
	case Dropped:
		return 0
	case Partly:
		return 1
	case Unknown:
		return 2
	case Delivered:
		return 3
	}
	return 4
}
