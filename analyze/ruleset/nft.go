package ruleset

// nftables compiles the base chains of nftables that are not iptables-nft's.
func (c *compiler) nftables() {}
