// visible shows characters that hide, turn or control, as report/visible.go does for what was captured: a hash comes from anybody, too.
export function visible(s: string): string {
  return s.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + (c.codePointAt(0) ?? 0).toString(16) + "}");
}
