// Package path walks packets over the captured state of all hosts: from a client's socket to a service's, and back.
//
// A way is cut into segments, each judged once for what it depends on, so that the work grows with hosts × endpoints of
// the networks that they share, and not with clients × services × backends. Pairs are put together from segments.
//
// Every judgement has three values. Delivered: each step was captured, is modelled, and lets the packet pass. Dropped:
// a row says that it does not get further, or a table that was captured whole lacks the row that it needs. All else is
// "cannot tell", with its reason.
//
// [Judge] judges everything and is what the derived tables path_* are made of; [World.Trace] walks one packet and keeps
// every hop. Both take the same steps.
package path
