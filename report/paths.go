package report

// pathsData is what the script needs of paths beside the markup; nil for nothing.
func (p *htmlPage) pathsData(in *texts) any { return nil }
