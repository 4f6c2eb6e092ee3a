package ruleset

import (
	"strconv"
	"strings"
)

// A bpfInsn is one instruction of classic BPF: struct sock_filter.
type bpfInsn struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// bpfMatch runs the program of -m bpf --bytecode, which is how Docker from 24.0 on finds the VNI of a vxlan packet.
// Pinned programs are not captured.
func bpfMatch(r *specReader, list []option) bool {
	return r.all("bpf", "the bytes of the packet are not known, or the program does more than is followed", list, func(o *option) func(*state) Tri {
		if o.name != "bytecode" {
			return nil
		}
		prog, ok := bpfProgram(o.arg(0))
		if !ok {
			return nil
		}
		return func(s *state) Tri { return runBPF(prog, &s.p) }
	})
}

// bpfProgram reads "2,48 0 0 9,6 0 0 1": the number of instructions, then each.
func bpfProgram(text string) ([]bpfInsn, bool) {
	list := strings.Split(text, ",")
	if n, err := strconv.Atoi(list[0]); err != nil || n != len(list)-1 || n == 0 {
		return nil, false
	}
	var prog []bpfInsn
	for _, line := range list[1:] {
		f := strings.Fields(line)
		if len(f) != 4 {
			return nil, false
		}
		var n [4]uint64
		for i, bits := range []int{16, 8, 8, 32} {
			var err error
			if n[i], err = strconv.ParseUint(f[i], 10, bits); err != nil {
				return nil, false
			}
		}
		prog = append(prog, bpfInsn{uint16(n[0]), uint8(n[1]), uint8(n[2]), uint32(n[3])})
	}
	return prog, true
}

// runBPF runs a program from the IP header on. Jumps go forward only. The codes are those of linux/bpf_common.h.
func runBPF(prog []bpfInsn, p *Packet) Tri {
	known := func(n uint32) part { return part{n, 0xffffffff} }
	a, x := known(0), known(0)
	for pc := 0; pc < len(prog); pc++ {
		i := prog[pc]
		operand := known(i.k)
		if i.code&8 != 0 && i.code&7 >= 4 { // BPF_X
			operand = x
		}
		switch i.code {
		case 0x20, 0x28, 0x30: // ld [k], word, half word, byte
			a = p.load(i.k, 4>>(i.code>>3&3))
		case 0x40, 0x48, 0x50: // ld [x+k]
			if !x.whole() {
				return Unknown
			}
			a = p.load(x.value+i.k, 4>>(i.code>>3&3))
		case 0xb1: // ldx 4*([k]&0xf)
			x = p.load(i.k, 1).and(0xf).left(2)
		case 0x00:
			a = operand
		case 0x01:
			x = operand
		case 0x07:
			x = a
		case 0x87:
			a = x
		case 0x54, 0x5c: // and
			if !operand.whole() {
				return Unknown
			}
			a = a.and(operand.value)
		case 0x64: // lsh
			a = a.left(i.k & 31)
		case 0x74: // rsh
			a = a.right(i.k & 31)
		case 0x04, 0x0c, 0x14, 0x1c, 0x44, 0x4c: // add, sub, or
			if !a.whole() || !operand.whole() {
				return Unknown
			}
			switch i.code & 0xf0 {
			case 0x00:
				a.value += operand.value
			case 0x10:
				a.value -= operand.value
			default:
				a.value |= operand.value
			}
		case 0x05: // ja
			if uint64(i.k) > uint64(len(prog)) {
				return Unknown
			}
			pc += int(i.k)
		case 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d: // jeq, jgt, jge, jset
			if !operand.whole() {
				return Unknown
			}
			var t Tri
			switch i.code & 0xf0 {
			case 0x10:
				t = a.equals(operand.value)
			case 0x40:
				t = a.and(operand.value).equals(0).not(true)
			default:
				if a.whole() {
					t = Of(a.value > operand.value || i.code&0xf0 == 0x30 && a.value == operand.value)
				}
			}
			switch t {
			case Yes:
				pc += int(i.jt)
			case No:
				pc += int(i.jf)
			default:
				return Unknown
			}
		case 0x06: // ret k
			return Of(i.k != 0)
		case 0x16: // ret a
			return a.equals(0).not(true)
		default:
			return Unknown
		}
	}
	return Unknown
}
