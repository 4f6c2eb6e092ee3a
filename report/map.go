package report

// mapData is what the script needs of the map beside the markup; nil for nothing.
func (p *htmlPage) mapData(in *texts) any { return nil }
