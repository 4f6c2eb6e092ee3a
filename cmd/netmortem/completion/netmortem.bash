# Completion of netmortem for bash: source <(netmortem completion bash)
_netmortem() {
  local word words=() lines=() ends=() end line directive cur file value
  # bash ends words at =: --flag = value is one again.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if ((${#words[@]})) && [[ ${words[-1]} == --* && ($word == = || ${words[-1]} == *=) ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  cur=${COMP_WORDS[COMP_CWORD]}
  [[ $cur == = ]] && cur=
  COMPREPLY=()
  mapfile -t lines < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  ((${#lines[@]})) || return 0
  directive=${lines[-1]#:}
  unset 'lines[-1]'
  ((directive & 2)) && compopt -o nospace 2>/dev/null
  if ((directive & 16)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
  elif ((directive & 8)); then
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do
      [[ -d $file ]] && COMPREPLY+=("$file") && continue
      for end in "${lines[@]}"; do
        [[ $file == *".$end" ]] && COMPREPLY+=("$file")
      done
    done < <(compgen -f -- "$cur")
  elif ((directive & 4)); then
    for line in "${lines[@]}"; do
      value=${line%%$'\t'*}
      [[ $value == --*=* ]] && value=${value#*=} # what stands before the = is no part of the word
      COMPREPLY+=("$value")
    done
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _netmortem netmortem
