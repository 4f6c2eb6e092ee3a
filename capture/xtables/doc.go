// Package xtables reads rules of iptables from the structures in which the kernel keeps them, and puts them into the
// words of iptables-save.
//
// Both flavours meet here: [Parse] takes the blob that legacy ip_tables answers with, and package nftables builds the
// same [Rule] from what iptables-nft has programmed. [Rule.Row] makes the row. The extensions that are understood are
// in the lists matches (matches.go) and targets (targets.go); the layouts are those of the kernel's own headers,
// include/uapi/linux/netfilter/xt_*.h, of a 64-bit kernel in host byte order.
//
// An extension that is not understood is never dropped and never guessed: it stands in the rule's text as
// [unmodelled name.revision=hex], and in the column unmodelled. The package opens no socket.
package xtables
