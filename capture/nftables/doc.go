// Package nftables reads what nf_tables answers to its dumps: tables, chains, rules, sets and elements.
//
// Start at message.go. [Rule.Text] puts a rule into nft's words, as far as its expressions are known (text.go);
// [Rule.IPTables] finds out which rule of iptables-nft it is (iptables.go), so that both flavours of iptables are told
// in the same words by package xtables. An expression that is not known is kept as hex, never dropped.
//
// Numbers are those of the kernel's include/uapi/linux/netfilter/nf_tables.h. The package opens no socket.
package nftables
