// The completion script for bash. The one of @bomb.sh/tab needs the package bash-completion, and
// evaluates what was typed.

/**
 * Needs bash alone (3.2 and later), leaves nothing in the shell but one function, and runs nothing
 * that stands on the line but `rollcall`. Where the program suggests nothing, bash completes file
 * names. A quoted word with blanks counts as several, which changes no suggestion.
 */
export const BASH_SCRIPT = `# bash completion for rollcall
_rollcall() {
  local line=\${COMP_LINE:0:COMP_POINT} cur before value _
  local -a words
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  # Variables that are set for this command alone: A=b rollcall ...
  while [[ \${words[0]} == *=* ]]; do words=("\${words[@]:1}"); done
  cur=\${words[\${#words[@]} - 1]}
  [[ $cur == --*=* ]] && cur=\${cur#*=}
  # Readline puts a reply after the last ":" or "=", so what stands before it must not come again.
  before=
  [[ $cur == *[:=]* ]] && before=\${cur%"\${cur##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    # The last line is not for people: it begins with a colon.
    [[ $value == :* || $value != "$cur"* || -z \${value#"$before"} ]] && continue
    COMPREPLY+=("\${value#"$before"}")
    [[ $value == *[:=] ]] && compopt -o nospace 2>/dev/null
  done < <(rollcall complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _rollcall rollcall
`;
