// Package libc tells from an ELF file which code resolves names in a process: which C library it is or holds, of what
// version, and whether it was built by Go. The files come from containers, so they are hostile: every read is bounded,
// nothing is decompressed, and no allocation follows a number in the file beyond these bounds.
package libc
