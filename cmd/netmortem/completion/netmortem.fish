# Completion of netmortem for fish: netmortem completion fish | source
function __netmortem_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    switch $directive
        case 16
            __fish_complete_directories "$typed"
        case 8
            set -l ends (string join '|' -- (string escape --style=regex -- $lines))
            __fish_complete_path "$typed" | string match -r "^[^\t]*(?:/|\.(?:$ends))(?:\t.*)?\$"
        case 0
            __fish_complete_path "$typed"
        case '*'
            printf '%s\n' $lines
    end
end
complete -c netmortem -f -a '(__netmortem_complete)'
