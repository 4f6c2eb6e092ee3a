#compdef netmortem
# Completion of netmortem for zsh: source <(netmortem completion zsh), or this file as _netmortem in a directory of $fpath.
_netmortem() {
  local -a lines values
  local directive line
  lines=("${(@f)$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  [[ $directive == <-> ]] || return 1
  lines=("${(@)lines[1,-2]}")
  if (( directive & 16 )); then
    _files -/
  elif (( directive & 8 )); then
    _files -g "*.(${(j:|:)lines})(-.)"
  elif (( directive & 4 )); then
    for line in "${lines[@]}"; do
      line=${line//:/\\:}
      values+=("${line/$'\t'/:}")
    done
    if (( directive & 2 )); then
      _describe -V netmortem values -S ''
    else
      _describe -V netmortem values
    fi
  else
    _files
  fi
}
if [[ $funcstack[1] == _netmortem ]]; then
  _netmortem "$@"
elif (( $+functions[compdef] )); then
  compdef _netmortem netmortem
fi
