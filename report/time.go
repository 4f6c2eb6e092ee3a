package report

// timeData is the timeline whole, for the script; nil for nothing.
func (p *htmlPage) timeData(in *texts) any { return nil }
